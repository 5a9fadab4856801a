package dev.weftwork.report;

import dev.weftwork.operation.Change;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What became of one step on one host. Immutable.
 *
 * @param step the step's name
 * @param status how it ended
 * @param changes what was tried, in order, over all attempts; of code, the commands that it ran
 * @param notMade what was planned too and not tried; in a plan all of it
 * @param failure why it failed, was cut short or can't be known
 * @param earlierFailures why it was tried again, one for each attempt before the last
 * @param value what its code returned
 * @param elapsed from its beginning on this host to its end, waits between attempts included; zero if it didn't run
 */
public record StepResult(
        String step,
        StepStatus status,
        List<ChangeResult> changes,
        List<Change> notMade,
        Optional<Failure> failure,
        List<Failure> earlierFailures,
        Optional<Object> value,
        Duration elapsed) {

    public StepResult {
        changes = List.copyOf(changes);
        notMade = List.copyOf(notMade);
        earlierFailures = List.copyOf(earlierFailures);
    }

    /** A step that a host never came to. */
    public static StepResult notRun(String step) {
        return of(step, StepStatus.NOT_RUN, Duration.ZERO);
    }

    /** A step that ended so without doing anything. */
    public static StepResult of(String step, StepStatus status, Duration elapsed) {
        return new StepResult(
                step, status, List.of(), List.of(), Optional.empty(), List.of(), Optional.empty(), elapsed);
    }

    /** Whether it changed something, or may have: also if it failed on the way. In a plan, whether it would. */
    public boolean changed() {
        return status == StepStatus.CHANGED || status == StepStatus.WOULD_CHANGE || mayHaveRun();
    }

    /** A loop and no stream, because every step that finds nothing to do asks. */
    private boolean mayHaveRun() {
        for (ChangeResult change : changes) {
            if (change.mayHaveRun()) {
                return true;
            }
        }
        return false;
    }

    /** How often it was tried; 0 if it didn't run. */
    public int attempts() {
        return status == StepStatus.NOT_RUN || status == StepStatus.SKIPPED ? 0 : earlierFailures.size() + 1;
    }

    /**
     * What its code returned.
     *
     * @throws IllegalArgumentException if it returned nothing, or something of another type
     */
    public <T> T value(Class<T> type) {
        return value.filter(type::isInstance)
                .map(type::cast)
                .orElseThrow(() -> new IllegalArgumentException("step '" + step + "' (" + status + ") has "
                        + value.map(it -> "a " + it.getClass().getSimpleName()).orElse("no value") + ", not a "
                        + type.getSimpleName()));
    }

    /** What the commands of its changes wrote on standard output, one behind the other. */
    public String stdoutText() {
        return changes.stream().map(change -> change.command().stdoutText()).collect(Collectors.joining());
    }
}
