package dev.weftwork.command;

import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * What became of one command on one host: how it ended, what it wrote, how long it took. Output is kept in every case,
 * also of a command that timed out, was cancelled or was lost.
 *
 * <p>Immutable. A failure is a value; {@link #orThrow} turns it into an exception where that is handier.
 *
 * <pre>{@code
 * CommandResult result = ...;
 * if (result.succeeded()) {
 *   result.stdout().lines().forEach(...);
 * }
 * }</pre>
 *
 * @param host the name of the host
 * @param command what was run
 * @param outcome how it ended
 * @param stdout what it wrote on standard output
 * @param stderr what it wrote on standard error
 * @param elapsed from the moment the connection took it to its end
 */
public record CommandResult(
        String host, Command command, Outcome outcome, Output stdout, Output stderr, Duration elapsed) {

    private static final int EXCERPT_LINES = 5;
    private static final int EXCERPT_CHARS = 1_000;
    private static final int EXCERPT_WINDOW_BYTES = 64 * 1024;

    /** A result for a command of which provably nothing ran. */
    public static CommandResult notStarted(String host, Command command, String reason) {
        return new CommandResult(
                host, command, new Outcome.NotStarted(reason), Output.empty(), Output.empty(), Duration.ZERO);
    }

    /** Whether it ran to its end with one of the command's success codes. */
    public boolean succeeded() {
        return outcome instanceof Outcome.Completed completed
                && command.successCodes().contains(completed.exitCode());
    }

    /** The exit code of a command that ran to its end. */
    public OptionalInt exitCode() {
        return outcome instanceof Outcome.Completed completed
                ? OptionalInt.of(completed.exitCode())
                : OptionalInt.empty();
    }

    /** Standard output as text, exactly as written. */
    public String stdoutText() {
        return stdout.text();
    }

    /** Standard error as text, exactly as written. */
    public String stderrText() {
        return stderr.text();
    }

    /**
     * This result if it succeeded.
     *
     * @throws CommandFailedException otherwise, with {@link #describe()} as its message
     */
    public CommandResult orThrow() {
        if (!succeeded()) {
            throw new CommandFailedException(this);
        }
        return this;
    }

    /**
     * What it wrote on standard output, for a record that others may read: secrets of the command show as stars, and of
     * a long text there are the beginning and the end.
     *
     * @param limit how many characters at most, a line about what was left out not counted
     * @throws IllegalArgumentException if the limit is below 2
     */
    public String stdoutForRecord(int limit) {
        return forRecord(stdout, limit);
    }

    /** As {@link #stdoutForRecord}, of standard error. */
    public String stderrForRecord(int limit) {
        return forRecord(stderr, limit);
    }

    private String forRecord(Output output, int limit) {
        if (limit < 2) {
            throw new IllegalArgumentException("limit must be >= 2, was " + limit);
        }
        if (!output.truncated() && output.length() <= limit) {
            return command.hideSecretsIn(output.text());
        }
        int half = limit / 2;
        String head = withoutPart(output.headText(half + command.longestSecretBytes()), false);
        String tail = withoutPart(output.endText(limit - half + command.longestSecretBytes()), true);
        head = head.substring(0, Math.min(half, head.length()));
        tail = tail.substring(Math.max(0, tail.length() - (limit - half)));
        return head + "\n[... left out, of " + output.length() + " bytes ...]\n" + tail;
    }

    /** With secrets hidden, and without what may be a part of one where the text was cut. */
    private String withoutPart(String text, boolean atBeginning) {
        String hidden = command.hideSecretsIn(text);
        int part = Math.min(command.longestSecretBytes(), hidden.length());
        return atBeginning ? hidden.substring(part) : hidden.substring(0, hidden.length() - part);
    }

    /**
     * For people: the host, the command, how it ended and the last lines it wrote (at most five of standard error, or
     * of standard output if that is empty). Secrets of the command show as stars.
     */
    public String describe() {
        return host + ": " + describeCommand();
    }

    /** As {@link #describe}, for a message that names the host already. */
    public String describeCommand() {
        String written = stderr.length() > 0 ? excerpt(stderr) : excerpt(stdout);
        return "`" + command + "` " + ending() + (written.isEmpty() ? "" : ": " + written);
    }

    private String ending() {
        return switch (outcome) {
            case Outcome.Completed completed -> "exited " + completed.exitCode();
            case Outcome.TimedOut timedOut ->
                "was ended after "
                        + (command.timeout().filter(timedOut.limit()::equals).isPresent() ? "its timeout of " : "")
                        + timedOut.limit().toMillis() + " ms" + unconfirmed(timedOut.deathConfirmed());
            case Outcome.Cancelled cancelled -> "was cancelled" + unconfirmed(cancelled.deathConfirmed());
            case Outcome.ConnectionLost lost ->
                "lost its connection (" + reason(lost.reason())
                        + "); whether it ran is unknown, look at the machine before running it again";
            case Outcome.NotStarted notStarted -> "was not started: " + reason(notStarted.reason());
        };
    }

    /** It may quote what the machine said. */
    private String reason(String text) {
        return ShellWords.withoutControls(command.hideSecretsIn(text));
    }

    private static String unconfirmed(boolean deathConfirmed) {
        return deathConfirmed ? "" : ", and some of its processes may still be running";
    }

    /** Secrets are hidden before lines are cut, because one may have several; and an output may be too large to read. */
    private String excerpt(Output output) {
        int window = EXCERPT_WINDOW_BYTES + command.longestSecretBytes();
        String end = output.truncated() || output.length() > window
                ? withoutPart(output.endText(window), true)
                : command.hideSecretsIn(output.text());
        String[] lines = end.split("\n", -1);
        int last = lines.length > 0 && lines[lines.length - 1].isEmpty() ? lines.length - 1 : lines.length;
        String text = ShellWords.withoutControls(String.join(
                        "\n", Arrays.asList(lines).subList(Math.max(0, last - EXCERPT_LINES), last))
                .strip());
        return text.length() <= EXCERPT_CHARS ? text : "..." + text.substring(text.length() - EXCERPT_CHARS);
    }

    /** As {@link #describe}: without the output, and without secrets. */
    @Override
    public String toString() {
        return host + ": `" + command + "` " + ending() + ", stdout " + stdout + ", stderr " + stderr;
    }
}
