package dev.weftwork.command;

import java.time.Duration;

/**
 * How a command ended; exactly one of five ways, so that nobody has to guess from words in its output.
 *
 * <pre>{@code
 * switch (result.outcome()) {
 *   case Outcome.Completed completed -> use(completed.exitCode());
 *   case Outcome.NotStarted notStarted -> retryLater();                 // nothing ran
 *   case Outcome.ConnectionLost lost -> askTheMachine();                // it may have run, wholly or in part
 *   case Outcome.TimedOut timedOut -> complain(timedOut.limit());
 *   case Outcome.Cancelled cancelled -> cleanUp();
 * }
 * }</pre>
 */
public sealed interface Outcome {

    /**
     * It ran to its end. An exit code other than 0 is a value like any other.
     *
     * @param exitCode 0 to 255; 128 + n when signal n killed it
     */
    record Completed(int exitCode) implements Outcome {}

    /**
     * It ran longer than allowed and was ended.
     *
     * @param limit the limit that passed
     * @param deathConfirmed whether its processes were seen to be gone; if not, some may still be running
     */
    record TimedOut(Duration limit, boolean deathConfirmed) implements Outcome {}

    /**
     * It was running when the run was cancelled, and was ended.
     *
     * @param deathConfirmed whether its processes were seen to be gone; if not, some may still be running
     */
    record Cancelled(boolean deathConfirmed) implements Outcome {}

    /**
     * The way to the machine broke in the middle: whether it ran, and how far, is unknown. Never run again silently.
     *
     * @param reason what was seen
     */
    record ConnectionLost(String reason) implements Outcome {}

    /**
     * Provably nothing of it ran.
     *
     * @param reason why not
     */
    record NotStarted(String reason) implements Outcome {}
}
