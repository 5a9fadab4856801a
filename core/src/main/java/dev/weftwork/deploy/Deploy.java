package dev.weftwork.deploy;

import dev.weftwork.fact.HostFacts;
import dev.weftwork.operation.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Steps in the order in which every host takes them, with options that hold for all of them.
 *
 * <p>An immutable value, for any number of runs and hosts at once; every method returns a new deploy. Step names are
 * unique within it: they are what results, events, messages and conditions speak of. A deploy can include others; their
 * steps are then called {@code inner deploy/step}, and keep the options of theirs.
 *
 * <pre>{@code
 * Deploy app = Deploy.named("app").as("deployer")
 *     .step(Files.directory("/srv/app"))
 *     .step("config", host -> Files.content(configOf(host)).to("/srv/app/app.conf"))
 *     .step(Step.of("restart", Shell.run("/srv/app/restart")).onlyIfChanged("config"));
 * Deploy site = Deploy.named("site").as("root")
 *     .step(Users.user("deployer").home("/home/deployer").shell("/bin/bash"))
 *     .include(app)
 *     .code("healthy", host -> host.run("curl -fsS localhost/health"));
 * }</pre>
 */
public final class Deploy implements Optioned<Deploy> {

    private final String name;
    private final List<Step> steps;
    private final StepOptions options;
    private final List<Condition> conditions;

    private Deploy(String name, List<Step> steps, StepOptions options, List<Condition> conditions) {
        this.name = name;
        this.steps = List.copyOf(steps);
        this.options = options;
        this.conditions = List.copyOf(conditions);
    }

    /** A deploy without steps yet. */
    public static Deploy named(String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("deploy name must not be blank");
        }
        return new Deploy(name, List.of(), StepOptions.none(), List.of());
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
    public Deploy step(String stepName, Function<? super HostFacts, ? extends Operation> operation) {
        return step(Step.of(stepName, operation));
    }

    /** This deploy with one more step that runs code; see {@link Step#code}. */
    public Deploy code(String stepName, HostCode<?> code) {
        return step(Step.code(stepName, code));
    }

    /**
     * This deploy with one more step.
     *
     * @throws IllegalArgumentException if it has a step of that name already, or not one that the step's conditions ask for
     */
    public Deploy step(Step step) {
        return add(Stream.of(step));
    }

    /**
     * This deploy with all steps of another one, called {@code inner deploy/step} here. Where a step of it says nothing, its
     * own deploy's options hold, and then this one's.
     *
     * @throws IllegalArgumentException if it has a step of such a name already
     */
    public Deploy include(Deploy inner) {
        return add(inner.steps().stream().map(step -> step.within(inner.name)));
    }

    private Deploy add(Stream<Step> more) {
        var all = new ArrayList<>(steps);
        more.forEach(step -> {
            if (all.stream().anyMatch(each -> each.name().equals(step.name()))) {
                throw new IllegalArgumentException("step names must be unique, deploy '" + name + "' already has '"
                        + step.name() + "'; give one of them another name");
            }
            step.earlierSteps().stream()
                    .filter(wanted -> all.stream().noneMatch(each -> each.name().equals(wanted)))
                    .findFirst()
                    .ifPresent(missing -> {
                        throw new IllegalArgumentException("step '" + step.name() + "' asks for the result of '"
                                + missing + "', which is no earlier step of deploy '" + name + "'; "
                                + (all.isEmpty()
                                        ? "there is none before it"
                                        : "these are "
                                                + all.stream().map(Step::name).toList()));
                    });
            all.add(step);
        });
        return new Deploy(name, all, options, conditions);
    }

    /** This deploy, of which every step applies only where {@code condition} holds too; it is asked before each. */
    public Deploy onlyIf(Predicate<? super HostFacts> condition) {
        var all = new ArrayList<>(conditions);
        all.add(new Condition.OfHost(condition::test));
        return new Deploy(name, steps, options, all);
    }

    public String name() {
        return name;
    }

    /** The steps, with what the deploy says for all of them. */
    public List<Step> steps() {
        return steps.stream().map(step -> step.under(options, conditions)).toList();
    }

    @Override
    public StepOptions options() {
        return options;
    }

    @Override
    public Deploy options(StepOptions options) {
        return new Deploy(name, steps, options, conditions);
    }

    @Override
    public String toString() {
        return name;
    }
}
