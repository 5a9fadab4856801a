package dev.weftwork.deploy;

import dev.weftwork.fact.HostFacts;
import dev.weftwork.operation.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Steps in the order in which every host takes them.
 *
 * <p>An immutable value, for any number of runs and hosts at once; {@code step} returns a new deploy. Step names are
 * unique within it: they are what results, events and messages speak of.
 *
 * <pre>{@code
 * Deploy deploy = Deploy.named("web tier")
 *     .step(Users.user("app").home("/home/app").shell("/bin/bash"))
 *     .step(Files.file("/var/log/app.log").owner("app").mode("640"))
 *     .step("vhost", host -> Files.content(vhostOf(host)).to("/etc/nginx/conf.d/app.conf"));
 * }</pre>
 */
public final class Deploy {

    private final String name;
    private final List<Step> steps;

    private Deploy(String name, List<Step> steps) {
        this.name = name;
        this.steps = List.copyOf(steps);
    }

    /** A deploy without steps yet. */
    public static Deploy named(String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("deploy name must not be blank");
        }
        return new Deploy(name, List.of());
    }

    /** This deploy with one more step, named by its operation's summary. */
    public Deploy step(Operation operation) {
        return step(Step.of(operation));
    }

    /** This deploy with one more step. */
    public Deploy step(String stepName, Operation operation) {
        return step(Step.of(stepName, operation));
    }

    /** This deploy with one more step, whose operation is made for each host; see {@link Step#of(String, Function)}. */
    public Deploy step(String stepName, Function<HostFacts, Operation> operation) {
        return step(Step.of(stepName, operation));
    }

    /**
     * This deploy with one more step.
     *
     * @throws IllegalArgumentException if it has a step of that name already
     */
    public Deploy step(Step step) {
        if (steps.stream().anyMatch(each -> each.name().equals(step.name()))) {
            throw new IllegalArgumentException("step names must be unique, deploy '" + name + "' already has '"
                    + step.name() + "'; give one of them another name");
        }
        var all = new ArrayList<>(steps);
        all.add(step);
        return new Deploy(name, all);
    }

    public String name() {
        return name;
    }

    public List<Step> steps() {
        return steps;
    }

    @Override
    public String toString() {
        return name;
    }
}
