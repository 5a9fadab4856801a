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
 * @param changes what was tried, in order; all of it succeeded but for the last one of a step that failed or was
 *     cancelled
 * @param notMade what was planned too and not tried after that
 * @param failure why it failed or was cut short
 * @param elapsed from its beginning on this host to its end; zero if it didn't run
 */
public record StepResult(
        String step,
        StepStatus status,
        List<ChangeResult> changes,
        List<Change> notMade,
        Optional<Failure> failure,
        Duration elapsed) {

    public StepResult {
        changes = List.copyOf(changes);
        notMade = List.copyOf(notMade);
    }

    /** A step that a host never came to. */
    public static StepResult notRun(String step) {
        return new StepResult(step, StepStatus.NOT_RUN, List.of(), List.of(), Optional.empty(), Duration.ZERO);
    }

    /** What the commands of its changes wrote on standard output, one behind the other. */
    public String stdoutText() {
        return changes.stream().map(change -> change.command().stdoutText()).collect(Collectors.joining());
    }
}
