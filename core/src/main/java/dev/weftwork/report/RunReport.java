package dev.weftwork.report;

import dev.weftwork.operation.Change;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What became of a run: a result for every host of the inventory and for every step of the deploy on it, also when hosts
 * failed or the run was cancelled. Immutable.
 *
 * <pre>{@code
 * RunReport report = engine.run(inventory, deploy);
 * report.failedHosts().forEach(host -> System.err.println(host.failure().orElseThrow()));
 * report.throwIfFailed();
 * }</pre>
 */
public final class RunReport {

    /**
     * Why a run ended before all hosts had taken all steps.
     *
     * @param cancelled whether it was cut short, by a cancel or by its limit; if not, too many hosts failed, and the
     *     others left after the step they were in
     * @param reason for people
     * @param first the first failure, where one was the reason
     */
    public record EarlyEnd(boolean cancelled, String reason, Optional<Failure> first) {}

    private final String deploy;
    private final RunMode mode;
    private final List<HostResult> hosts;
    private final @Nullable EarlyEnd earlyEnd;
    private final @Nullable Failure firstFailure;
    private final Duration elapsed;

    /** Made when it is first asked for, which most reports never are, maybe by several threads at once. */
    private volatile @Nullable Map<String, HostResult> byName;

    /**
     * @param hosts one result for every host, in inventory order
     * @param firstFailure the failure that came first
     */
    public RunReport(
            String deploy,
            RunMode mode,
            List<HostResult> hosts,
            Optional<EarlyEnd> earlyEnd,
            Optional<Failure> firstFailure,
            Duration elapsed) {
        this.deploy = deploy;
        this.mode = mode;
        this.hosts = List.copyOf(hosts);
        this.earlyEnd = earlyEnd.orElse(null);
        this.firstFailure = firstFailure.orElse(null);
        this.elapsed = elapsed;
    }

    /** The deploy's name. */
    public String deploy() {
        return deploy;
    }

    public RunMode mode() {
        return mode;
    }

    /** One result for every host, in inventory order. */
    public List<HostResult> hosts() {
        return hosts;
    }

    /** From the start of the run to its end. */
    public Duration elapsed() {
        return elapsed;
    }

    /** Whether the run was cancelled, or its limit passed, before its end. */
    public boolean cancelled() {
        return earlyEnd != null && earlyEnd.cancelled();
    }

    /** Why it ended before all hosts had taken all steps; nothing if single hosts failed and the others went on. */
    public Optional<EarlyEnd> earlyEnd() {
        return Optional.ofNullable(earlyEnd);
    }

    /** The failure that came first, of all hosts. */
    public Optional<Failure> firstFailure() {
        return Optional.ofNullable(firstFailure);
    }

    /** Whether every host succeeded. */
    public boolean succeeded() {
        return hosts.stream().allMatch(host -> host.status() == HostStatus.SUCCEEDED);
    }

    /**
     * Of a plan: whether every host succeeded, no failure was ignored, and there is nothing that would be changed. Steps that are
     * {@link StepStatus#UNKNOWN} say nothing for or against it.
     */
    public boolean converged() {
        return succeeded() && count(StepStatus.WOULD_CHANGE) == 0 && count(StepStatus.FAILURE_IGNORED) == 0;
    }

    /** The hosts that did not succeed, whatever the reason. */
    public List<HostResult> failedHosts() {
        return hosts.stream()
                .filter(host -> host.status() != HostStatus.SUCCEEDED)
                .toList();
    }

    /**
     * The result of the host of that name.
     *
     * @throws IllegalArgumentException if it wasn't part of the run
     */
    public HostResult host(String name) {
        HostResult host = byName().get(name);
        if (host == null) {
            throw new IllegalArgumentException("host '" + name + "' was not part of the run; it had "
                    + fewOf(hosts.stream().map(each -> each.host().name()).toList()));
        }
        return host;
    }

    private Map<String, HostResult> byName() {
        Map<String, HostResult> known = byName;
        if (known == null) {
            known = HashMap.newHashMap(hosts.size());
            for (HostResult host : hosts) {
                known.put(host.host().name(), host);
            }
            byName = known;
        }
        return known;
    }

    /** How many hosts ended that way. */
    public long count(HostStatus wanted) {
        return hosts.stream().filter(host -> host.status() == wanted).count();
    }

    /** How many steps ended that way, over all hosts. */
    public long count(StepStatus wanted) {
        return hosts.stream().mapToLong(host -> host.count(wanted)).sum();
    }

    /**
     * What the code of that step returned, by the name of the host; of hosts where it returned nothing, nothing.
     *
     * @throws IllegalArgumentException if something was returned of another type
     */
    public <T> Map<String, T> values(String step, Class<T> type) {
        var values = new LinkedHashMap<String, T>();
        for (HostResult host : hosts) {
            StepResult result = host.step(step);
            if (result.value().isPresent()) {
                values.put(host.host().name(), result.value(type));
            }
        }
        return values;
    }

    /**
     * Does nothing if every host succeeded.
     *
     * @throws RunFailedException otherwise; its message names every host that didn't, and why
     */
    public void throwIfFailed() {
        if (!succeeded()) {
            throw new RunFailedException(this);
        }
    }

    /**
     * For people: a line of numbers, and why hosts did not succeed. Three or more hosts whose failures are the same but for the
     * host's name share one, with all their names below it; where that name was it says {@code <host>}. Those that were stopped
     * come last, for the reason in the first line.
     */
    public String describe() {
        List<HostResult> failed = failedHosts();
        String head = noun() + " of '" + deploy + "'"
                + (earlyEnd == null ? "" : (earlyEnd.cancelled() ? " was cancelled" : " was stopped") + whyEarly())
                + ": "
                + (hosts.size() - failed.size()) + " of " + hosts.size() + " hosts succeeded" + ignored() + planned();
        return head + FailureGroups.describe(failed);
    }

    private static String fewOf(List<String> names) {
        int shown = Math.min(names.size(), 10);
        return String.join(", ", names.subList(0, shown))
                + (names.size() == shown ? "" : " and " + (names.size() - shown) + " more");
    }

    private String noun() {
        return switch (mode) {
            case RUN -> "run";
            case PLAN -> "plan";
            case VERIFY -> "verification";
        };
    }

    private String whyEarly() {
        return earlyEnd == null || earlyEnd.reason().isEmpty() ? "" : " (" + earlyEnd.reason() + ")";
    }

    private String ignored() {
        long count = count(StepStatus.FAILURE_IGNORED);
        return count == 0 ? "" : ", failures ignored: " + count;
    }

    private String planned() {
        if (mode == RunMode.RUN) {
            return "";
        }
        long changes = hosts.stream()
                .flatMap(host -> host.steps().stream())
                .filter(step -> step.status() == StepStatus.WOULD_CHANGE)
                .mapToLong(step -> step.notMade().size())
                .sum();
        long unknown = count(StepStatus.UNKNOWN);
        return ", " + (mode == RunMode.VERIFY ? "changes still to make: " : "changes to make: ") + changes
                + (unknown == 0 ? "" : ", steps that can't be known: " + unknown);
    }

    /**
     * For people: {@link #describe()}, and for each host what every step changed, would change or can't say, with the diffs
     * there are. Steps with nothing to say are left out.
     */
    public String describeChanges() {
        var text = new StringBuilder(describe());
        for (HostResult host : hosts) {
            String steps = host.steps().stream().map(RunReport::describe).collect(Collectors.joining());
            if (!steps.isEmpty()) {
                text.append('\n').append(host.host()).append(steps);
            }
        }
        return text.toString();
    }

    private static String describe(StepResult step) {
        String head = "\n  " + step.step() + ": ";
        var text = new StringBuilder();
        for (ChangeResult made : step.changes()) {
            text.append(head).append(made.succeeded() ? "" : "not succeeded: ").append(describe(made.change()));
        }
        switch (step.status()) {
            case UNCHANGED, SKIPPED, NOT_RUN, CHANGED -> {}
            case UNKNOWN, FAILURE_IGNORED, FAILED, CANCELLED ->
                text.append(head)
                        .append(step.status())
                        .append(step.failure()
                                .map(failure -> " " + failure.message().replace("\n", "\n    "))
                                .orElse(""));
            case WOULD_CHANGE ->
                step.notMade().forEach(change -> text.append(head).append(describe(change)));
        }
        return text.toString();
    }

    private static String describe(Change change) {
        return change.summary()
                + (change.everyTime() ? " (every time)" : "")
                + change.diff()
                        .map(diff -> "\n    " + diff.stripTrailing().replace("\n", "\n    "))
                        .orElse("");
    }

    @Override
    public String toString() {
        return describe();
    }
}
