package dev.weftwork.command;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * For the engine: several commands that change nothing, such as facts, as one command, and so in one round trip.
 *
 * <p>Each part runs in a subshell of its own, with its directory and environment, and empty standard input. Behind it the
 * batch writes a marker that nobody can guess on both streams, by which the result is taken apart byte for byte. A part can't
 * hurt another one by what it does to its own shell. One that leaves a process with its output open, or puts a stream into
 * non-blocking mode, ends the batch: the parts that follow don't run, and there is nothing to {@link #split}.
 *
 * <p>That is seen only on machines that have {@code /proc}. A left process is missed if it has closed the descriptor 7 that it
 * inherited, or if the shell is a bash before 5.1; what it writes then can get into another part's output.
 *
 * <p>An immutable value, for one execution.
 *
 * <pre>{@code
 * CommandBatch batch = CommandBatch.of(commands);
 * List<CommandResult> results = batch.split(connection.execute(batch.command()))
 *     .orElseGet(() -> commands.stream().map(connection::execute).toList());
 * }</pre>
 */
public final class CommandBatch {

    private static final SecureRandom RANDOM = new SecureRandom();

    /** What a batch keeps of a stream at most, however many parts it has: they are all in memory at once. */
    private static final int LARGEST_LIMIT = 4 * Output.DEFAULT_LIMIT;

    /** More than the markers of a part take. */
    private static final int MARKER_ROOM = 128;

    /**
     * Arguments: the nonce, then prelude and text of each part. The calls for these are put behind it: a loop would be
     * one that a part's {@code break} means.
     *
     * <p>Descriptors: 2 is nowhere, so that the shell's own remarks about a part's death get into no output, and 9 is the
     * standard error. Every part inherits 7, the reading end of a pipe: nobody is left when a byte written into 8 meets no
     * reader. It is the one of a here-document, as a pipeline's would have the shell that starts it as another reader for a
     * while; bash before 5.1 has a file there, and then nobody is looked for.
     *
     * <p>A session that reads {@code eval} in a text takes it for one that hides what it asks for, and gives it a shell of
     * its own, which costs a program start. Here nothing is hidden: the texts are among the arguments.
     */
    private static final String SCRIPT = """
            exec </dev/null 9>&2 2>/dev/null
            weft_nonce=$1 weft_watch=
            weft_enter() { e\\val "$1"; }
            weft_part() {
              trap - PIPE
              exec 2>&9 8>&- 9>&-
              if [ -n "$1" ]; then
                weft_enter "$1" || exit 1
                printf '\\036%s begin\\n' "$weft_nonce" >&2
              fi
              unset weft_nonce weft_watch weft_x weft_flags
              e\\val "$2"
            }
            weft_nobody() {
              exec 7<&-
              if printf x >&8; then return 1; fi
              exec 7</proc/self/fd/8
            }
            weft_calm() {
              for weft_x in 1 9; do
                weft_flags=
                { read -r weft_flags && read -r weft_flags weft_flags; } </proc/self/fdinfo/$weft_x
                case $weft_flags in *[4567]???) return 1 ;; esac
              done
            }
            weft_run() {
              (weft_part "$@")
              set -- "$?"
              [ -z "$weft_watch" ] || weft_nobody || exit 1
              weft_calm || exit 1
              printf '\\036%s %s\\n' "$weft_nonce" "$1" >&9
              printf '\\036%s %s\\n' "$weft_nonce" "$1"
            }
            trap : PIPE
            exec 7<<X
            x
            X
            if [ -e /proc/self/fd/7 ] && command exec 8>/proc/self/fd/7 && weft_nobody; then
              weft_watch=yes
            else
              exec 7<&- 8>&-
            fi
            """;

    /** In the place of an exit code: the part's prelude succeeded. */
    private static final String BEGIN = "begin";

    private final List<Command> parts;
    private final String nonce;

    private CommandBatch(List<Command> parts, String nonce) {
        this.parts = parts;
        this.nonce = nonce;
    }

    /**
     * Whether a command can be a part: it has empty standard input, and no timeout, user or output limit of its own.
     * Whether it changes nothing is for the caller to know.
     */
    public static boolean fits(Command command) {
        return command.stdin() instanceof StandardInput.Empty
                && command.timeout().isEmpty()
                && command.user().isEmpty()
                && command.outputLimit() == Output.DEFAULT_LIMIT;
    }

    /**
     * These commands, in this order.
     *
     * @throws IllegalArgumentException if there are none, or if one doesn't {@linkplain #fits fit}
     */
    public static CommandBatch of(List<Command> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("parts must not be empty");
        }
        for (Command part : parts) {
            if (!fits(part)) {
                throw new IllegalArgumentException("parts must have no standard input, timeout, user or output limit of"
                        + " their own, `" + part + "` has");
            }
        }
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        return new CommandBatch(List.copyOf(parts), HexFormat.of().formatHex(random));
    }

    /** What runs all parts, by the session's shell; it has no timeout and no user. */
    public Command command() {
        var script = new StringBuilder(SCRIPT);
        for (int i = 0; i < parts.size(); i++) {
            // Not %d, which writes the digits of the computer's language.
            script.append("weft_run \"${" + (2 * i + 2) + "}\" \"${" + (2 * i + 3) + "}\"\n");
        }
        Command command = Command.script(script.toString(), nonce);
        for (Command part : parts) {
            command = command.carrying(part);
        }
        long limit = (long) parts.size() * (Output.DEFAULT_LIMIT + MARKER_ROOM);
        return command.inSessionShell()
                .outputLimit((int) Math.min(limit, LARGEST_LIMIT))
                .describedAs("read " + parts.size() + (parts.size() == 1 ? " fact" : " facts"));
    }

    /**
     * The result of each part, in their order, as if it had been executed by itself, but for the time: it is the whole
     * batch's.
     *
     * @param result of {@link #command}
     * @return nothing if it can't be taken apart, because the batch or its output isn't complete; the parts can be executed
     *     one by one then, as they change nothing
     */
    public Optional<List<CommandResult>> split(CommandResult result) {
        if (!(result.outcome() instanceof Outcome.Completed)
                || result.stdout().truncated()
                || result.stderr().truncated()) {
            return Optional.empty();
        }
        var stdout = new Stream(result.stdout());
        var stderr = new Stream(result.stderr());
        var results = new ArrayList<CommandResult>();
        for (Command part : parts) {
            Piece out = stdout.next();
            Piece err = stderr.next();
            if (out == null || err == null || out.exitCode != err.exitCode) {
                return Optional.empty();
            }
            results.add(
                    err.begun || part.shellPrelude().length == 0
                            ? result(result, part, new Outcome.Completed(out.exitCode), out.output, err.output)
                            : result(result, part, notStarted(part, err.output), out.output, Output.empty()));
        }
        // What comes behind the last marker, nobody knows of whom it is.
        return stdout.atEnd() && stderr.atEnd() ? Optional.of(List.copyOf(results)) : Optional.empty();
    }

    private static Outcome notStarted(Command part, Output said) {
        return new Outcome.NotStarted("its directory, environment or shell can't be used: "
                + part.hideSecretsIn(said.text().strip()));
    }

    private static CommandResult result(
            CommandResult batch, Command part, Outcome outcome, Output stdout, Output stderr) {
        return new CommandResult(batch.host(), part, outcome, stdout, stderr, batch.elapsed());
    }

    /** What one part wrote on one stream, the exit code in the marker behind it, and whether it said that it begins. */
    private record Piece(Output output, int exitCode, boolean begun) {}

    /** One stream of the batch's result, from marker to marker. */
    private final class Stream {
        private final byte[] bytes;
        private final String text;
        private final String marker = "\036" + nonce + " ";
        private int position;

        Stream(Output output) {
            bytes = output.bytes();
            text = new String(bytes, StandardCharsets.ISO_8859_1);
        }

        /** Up to the next part's marker with an exit code. */
        @Nullable
        Piece next() {
            boolean begun = false;
            while (true) {
                int end = text.indexOf(marker, position);
                int newline = end < 0 ? -1 : text.indexOf('\n', end);
                if (newline < 0) {
                    return null;
                }
                int start = position;
                position = newline + 1;
                String word = text.substring(end + marker.length(), newline);
                if (word.equals(BEGIN) && !begun) {
                    // What the prelude said before that is no output of the command.
                    begun = true;
                } else if (word.matches("[0-9]{1,3}")) {
                    var output = new Output.Collector(Output.DEFAULT_LIMIT);
                    output.add(bytes, start, end - start);
                    return new Piece(output.soFar(), Integer.parseInt(word), begun);
                } else {
                    return null;
                }
            }
        }

        boolean atEnd() {
            return position == bytes.length;
        }
    }
}
