package dev.weftwork.deploy;

import dev.weftwork.fact.HostFacts;
import dev.weftwork.inventory.Host;
import dev.weftwork.operation.Operation;
import dev.weftwork.report.StepStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A place in a deploy: its name, what is done there, on which hosts it applies, and how it runs.
 *
 * <p>What is done is an operation, an operation made for each host, or plain code. An immutable value; every option
 * returns a new step. Conditions are evaluated just before the step, on the host's thread, and all of them must hold.
 *
 * <pre>{@code
 * Step.of("vhost", host -> Files.content(vhostOf(host)).to("/etc/nginx/conf.d/app.conf"))
 *     .onlyIf(host -> host.host().groups().contains("web"))
 *     .as("root").retry(Retry.attempts(3));
 * Step.of("reload", Shell.run("nginx -s reload")).onlyIfChanged("vhost");
 * Step.code("healthy", host -> host.run("curl -fsS localhost/health")).timeout(Duration.ofSeconds(30));
 * }</pre>
 */
public final class Step implements Optioned<Step> {

    // In a plan a step may be unknown; what asks for it may apply then, and is unknown too.
    private static boolean mayHaveChanged(EarlierSteps.End end) {
        return end.changed() || end.status() == StepStatus.UNKNOWN;
    }

    private static boolean mayHaveFailed(EarlierSteps.End end) {
        return hasFailed(end) || end.status() == StepStatus.UNKNOWN;
    }

    private static boolean hasFailed(EarlierSteps.End end) {
        return end.status() == StepStatus.FAILED || end.status() == StepStatus.FAILURE_IGNORED;
    }

    /** What a step does. */
    public sealed interface Body {
        /**
         * Brings a host into a state.
         *
         * @param operation makes the operation for a host
         */
        record Planned(Function<? super HostFacts, ? extends Operation> operation) implements Body {}

        /**
         * Runs code.
         *
         * @param code what
         */
        record Code(HostCode<?> code) implements Body {}
    }

    private final String name;
    private final Body body;
    private final List<Condition> conditions;
    private final boolean once;
    private final @Nullable Host delegate;
    private final @Nullable String delegateName;
    private final StepOptions options;

    private Step(Draft draft) {
        if (draft.name.isBlank()) {
            throw new IllegalArgumentException("step name must not be blank");
        }
        name = draft.name;
        body = draft.body;
        conditions = List.copyOf(draft.conditions);
        once = draft.once;
        delegate = draft.delegate;
        delegateName = draft.delegateName;
        options = draft.options;
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
     * function throws fails the step on that host. It must change nothing itself: a plan calls it too.
     */
    public static Step of(String name, Function<? super HostFacts, ? extends Operation> operation) {
        Objects.requireNonNull(operation, "operation must not be null");
        return new Step(new Draft(name, new Body.Planned(operation)));
    }

    /** A step that runs code on each host. Nobody can tell what it would do, so a plan doesn't call it and says so. */
    public static Step code(String name, HostCode<?> code) {
        Objects.requireNonNull(code, "code must not be null");
        return new Step(new Draft(name, new Body.Code(code)));
    }

    /** This step only where {@code condition} holds; what it throws fails the step on that host. */
    public Step onlyIf(Predicate<? super HostFacts> condition) {
        Objects.requireNonNull(condition, "condition must not be null");
        return with(draft -> draft.conditions.add(new Condition.OfHost(condition::test)));
    }

    /**
     * This step only where one of these earlier steps has changed something on the same host; also if it failed then and its
     * errors are ignored.
     */
    public Step onlyIfChanged(String... steps) {
        List<String> names = namesOf(steps);
        return with(draft -> draft.conditions.add(new Condition.OneOf(names, Step::mayHaveChanged, false)));
    }

    /**
     * This step only if one of these earlier steps has changed something on any host that has ended it by now. With lockstep
     * these are all hosts; otherwise those that happen to be ahead, and with batches those of earlier ones.
     */
    public Step onlyIfChangedAnywhere(String... steps) {
        List<String> names = namesOf(steps);
        return with(draft -> draft.conditions.add(new Condition.OneOf(names, Step::mayHaveChanged, true)));
    }

    /** This step only where one of these earlier steps has failed, which the host can only have survived if ignored. */
    public Step onlyIfFailed(String... steps) {
        List<String> names = namesOf(steps);
        return with(draft -> draft.conditions.add(new Condition.OneOf(names, Step::mayHaveFailed, false)));
    }

    /** This step only if one of these earlier steps has failed on any host that has ended it by now. */
    public Step onlyIfFailedAnywhere(String... steps) {
        List<String> names = namesOf(steps);
        return with(draft -> draft.conditions.add(new Condition.OneOf(names, Step::mayHaveFailed, true)));
    }

    /** This step only where none of these earlier steps has failed, whose errors are ignored otherwise. */
    public Step unlessFailed(String... steps) {
        List<String> names = namesOf(steps);
        return with(draft -> draft.conditions.add(new Condition.NoneOf(names, Step::hasFailed, false)));
    }

    /** This step unless one of these earlier steps has failed on any host that has ended it by now. */
    public Step unlessFailedAnywhere(String... steps) {
        List<String> names = namesOf(steps);
        return with(draft -> draft.conditions.add(new Condition.NoneOf(names, Step::hasFailed, true)));
    }

    private static List<String> namesOf(String... steps) {
        if (steps.length == 0) {
            throw new IllegalArgumentException("steps must name at least one earlier step, none was given");
        }
        return List.of(steps);
    }

    /**
     * This step on one host only, for all: the first host to come to it of those where its conditions hold. The others wait
     * until it has ended there, and then go on; if it failed there, they fail too, unless its errors are ignored. Which host
     * it will be is left to chance unless the strategy says it; {@link #delegateTo} names one.
     */
    public Step runOnce() {
        return with(draft -> draft.once = true);
    }

    /**
     * This step's facts and commands on another machine, once for every host; the operation still sees the data of the host
     * that it is done for. Options in host data are those of the other machine. One after the other: no
     * two steps are in progress on that machine at the same time, its own included.
     *
     * @param host the name of a host of the run's inventory
     */
    public Step delegateTo(String host) {
        Objects.requireNonNull(host, "host must not be null");
        return with(draft -> {
            draft.delegateName = host;
            draft.delegate = null;
        });
    }

    /**
     * As {@link #delegateTo(String)}, for a host that need not be in the run's inventory. If it has one of that name, that one
     * is meant, with its data.
     */
    public Step delegateTo(Host host) {
        return with(draft -> {
            draft.delegateName = host.name();
            draft.delegate = host;
        });
    }

    /** The same within another deploy, whose name goes in front of its own and of those it refers to. */
    Step within(String deploy) {
        return with(draft -> {
            draft.name = inDeploy(deploy, name);
            draft.conditions.replaceAll(condition -> condition.renamed(step -> inDeploy(deploy, step)));
        });
    }

    private static String inDeploy(String deploy, String step) {
        return deploy + "/" + step;
    }

    /** The same with what its deploy says for all its steps. */
    Step under(StepOptions defaults, List<Condition> common) {
        return with(draft -> {
            draft.options = options.over(defaults);
            draft.conditions.addAll(0, common);
        });
    }

    /** The names of the earlier steps that its conditions ask for. */
    public List<String> earlierSteps() {
        return conditions.stream()
                .flatMap(condition -> condition.steps().stream())
                .toList();
    }

    public String name() {
        return name;
    }

    public Body body() {
        return body;
    }

    /** Whether it applies to that host; throws what a condition throws. */
    public boolean appliesTo(HostFacts facts, EarlierSteps earlier) {
        for (Condition condition : conditions) {
            if (!condition.holds(facts, earlier)) {
                return false;
            }
        }
        return true;
    }

    /** Whether {@link #runOnce} was said. */
    public boolean runsOnce() {
        return once;
    }

    /** The machine of {@link #delegateTo}, by name. */
    public Optional<String> delegateName() {
        return Optional.ofNullable(delegateName);
    }

    /** The machine of {@link #delegateTo(Host)}, if it was given as such. */
    public Optional<Host> delegate() {
        return Optional.ofNullable(delegate);
    }

    @Override
    public StepOptions options() {
        return options;
    }

    @Override
    public Step options(StepOptions options) {
        return with(draft -> draft.options = options);
    }

    @Override
    public String toString() {
        return name;
    }

    private Step with(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return new Step(draft);
    }

    /** The mutable form, alive only within one option method. */
    private static final class Draft {
        private String name;
        private final Body body;
        private final List<Condition> conditions = new ArrayList<>();
        private boolean once;
        private @Nullable Host delegate;
        private @Nullable String delegateName;
        private StepOptions options = StepOptions.none();

        Draft(String name, Body body) {
            this.name = name;
            this.body = body;
        }

        Draft(Step step) {
            this(step.name, step.body);
            conditions.addAll(step.conditions);
            once = step.once;
            delegate = step.delegate;
            delegateName = step.delegateName;
            options = step.options;
        }
    }
}
