package dev.weftwork.deploy;

import dev.weftwork.fact.HostFacts;
import dev.weftwork.operation.Operation;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * An operation's place in a deploy: its name, on which hosts it applies, and the operation, which may depend on the host.
 *
 * <p>An immutable value; every option returns a new step.
 *
 * <pre>{@code
 * Step.of("vhost", host -> Files.content(vhostOf(host)).to("/etc/nginx/conf.d/app.conf"))
 *     .onlyIf(host -> host.host().groups().contains("web"));
 * }</pre>
 */
public final class Step {

    private final String name;
    private final Function<HostFacts, Operation> operation;
    private final Predicate<HostFacts> condition;

    private Step(String name, Function<HostFacts, Operation> operation, Predicate<HostFacts> condition) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("step name must not be blank");
        }
        this.name = name;
        Objects.requireNonNull(operation, "operation must not be null");
        this.operation = operation;
        this.condition = condition;
    }

    /** A step named by its operation's summary. */
    public static Step of(Operation operation) {
        return of(operation.summary(), operation);
    }

    /** A step of that name. */
    public static Step of(String name, Operation operation) {
        Objects.requireNonNull(operation, "operation must not be null");
        return of(name, facts -> operation);
    }

    /**
     * A step whose operation is made for each host, just before the step runs there and on that host's thread. What the
     * function throws fails the step on that host.
     */
    public static Step of(String name, Function<HostFacts, Operation> operation) {
        return new Step(name, operation, facts -> true);
    }

    /**
     * This step only where {@code condition} holds, besides conditions it has already; elsewhere it is skipped.
     * Evaluated just before the step, on the host's thread; what it throws fails the step on that host.
     */
    public Step onlyIf(Predicate<HostFacts> condition) {
        return new Step(name, operation, this.condition.and(condition));
    }

    public String name() {
        return name;
    }

    /** The operation for that host, or nothing if the step doesn't apply to it. */
    public Optional<Operation> operationFor(HostFacts facts) {
        return condition.test(facts) ? Optional.of(operation.apply(facts)) : Optional.empty();
    }

    @Override
    public String toString() {
        return name;
    }
}
