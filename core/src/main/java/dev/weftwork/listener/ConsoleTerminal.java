package dev.weftwork.listener;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What programs of the system know about the terminal of this process. They are started without input, their errors are
 * dropped, and each has a second to answer.
 */
final class ConsoleTerminal {

    /**
     * How large a terminal is.
     *
     * @param columns at least 1
     * @param rows at least 1
     */
    record Size(int columns, int rows) {

        Size {
            if (columns < 1 || rows < 1) {
                throw new IllegalArgumentException(
                        "a console must have >= 1 columns and rows, was " + columns + " x " + rows);
            }
        }
    }

    private static final Size USUAL = new Size(80, 24);
    private static final Pattern ROWS_AND_COLUMNS = Pattern.compile("(\\d{1,5}) (\\d{1,5})\\s*");
    private static final long PATIENCE_SECONDS = 1;
    private static final File TERMINAL = new File("/dev/tty");
    private static final File NOTHING = new File("/dev/null");

    private ConsoleTerminal() {}

    /**
     * Whether descriptor 1 of this process is a terminal; starts a process. {@code System.console()} answers another
     * question, and not the same in every release: until 21 it is there when both standard input and output are
     * terminals, from 22 on nearly always, with a method that needs that release and means both streams again. A deploy whose input is a
     * pipe or nothing at all has a terminal to paint on all the same.
     */
    static boolean isStandardOutput() {
        return run(new ProcessBuilder("sh", "-c", "test -t 1")
                        .redirectInput(NOTHING)
                        .redirectOutput(ProcessBuilder.Redirect.INHERIT))
                .isPresent();
    }

    /** Whether a terminal of that environment understands more than lines. */
    static boolean canMove(Map<String, String> environment) {
        String kind = environment.getOrDefault("TERM", "");
        return !kind.isEmpty() && !kind.equals("dumb");
    }

    /** Whether colours are wanted in that environment: https://no-color.org. */
    static boolean wantsColours(Map<String, String> environment) {
        return environment.getOrDefault("NO_COLOR", "").isEmpty();
    }

    /** How large the terminal is; nothing if there is none, or it doesn't know. Starts a process. */
    static Optional<Size> askSize() {
        // Of the terminal itself, because only the input of a child can be given to stty.
        return run(new ProcessBuilder("stty", "size").redirectInput(TERMINAL)).flatMap(ConsoleTerminal::parse);
    }

    private static Optional<Size> parse(String answer) {
        Matcher matcher = ROWS_AND_COLUMNS.matcher(answer);
        return matcher.matches() ? size(matcher.group(2), matcher.group(1)) : Optional.empty();
    }

    /** As the environment says, or that of a usual terminal. */
    static Size sizeOf(Map<String, String> environment) {
        return size(environment.getOrDefault("COLUMNS", ""), environment.getOrDefault("LINES", ""))
                .orElse(USUAL);
    }

    private static Optional<Size> size(String columns, String rows) {
        try {
            return Optional.of(new Size(Integer.parseInt(columns), Integer.parseInt(rows)));
        } catch (IllegalArgumentException e) {
            // Not a number, or 0, which terminals say that nobody has told.
            return Optional.empty();
        }
    }

    /** What it wrote, if it ended with 0. */
    private static Optional<String> run(ProcessBuilder builder) {
        Process process;
        try {
            process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            return Optional.empty();
        }
        try {
            if (process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) {
                return Optional.of(new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
            }
        } catch (IOException e) {
            // As if it had written nothing.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
        }
        return Optional.empty();
    }
}
