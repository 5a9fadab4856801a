package dev.weftwork.connector.orbstack.cli;

import dev.weftwork.command.Command;
import dev.weftwork.command.Output;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A call of {@code orbctl} didn't do what was asked. The message says what was called, what came back and what to do.
 *
 * <pre>{@code
 * try {
 *   orbctl.create(spec);
 * } catch (OrbCtlException.Failed e) {
 *   if (e.kind() != OrbCtlException.Kind.MACHINE_ALREADY_EXISTS) {
 *     throw e;
 *   }
 * }
 * }</pre>
 */
public abstract sealed class OrbCtlException extends RuntimeException {

    private static final long serialVersionUID = 1L;
    private static final Pattern COLOUR = Pattern.compile("\u001b\\[[0-9;]*m");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

    private final transient List<String> argv;

    private OrbCtlException(List<String> argv, String message, Throwable cause) {
        super(message, cause);
        this.argv = List.copyOf(argv);
    }

    private OrbCtlException(List<String> argv, String message) {
        super(message);
        this.argv = List.copyOf(argv);
    }

    /** The words that were called; empty if there was nothing to call. */
    public List<String> argv() {
        return argv;
    }

    /** As a user would type it. */
    static String typed(List<String> argv) {
        String program = argv.get(0);
        return Stream.concat(
                        Stream.of(program.substring(program.lastIndexOf('/') + 1)),
                        argv.stream().skip(1))
                .map(word -> PLAIN.matcher(word).matches() ? word : Command.quote(word))
                .collect(Collectors.joining(" ", "`", "`"));
    }

    /** There is no {@code orbctl}, or it can't be started. Nothing happened. */
    public static final class NotInstalled extends OrbCtlException {
        private static final long serialVersionUID = 1L;

        NotInstalled(String message) {
            super(List.of(), message);
        }

        NotInstalled(List<String> argv, Throwable cause) {
            super(
                    argv,
                    typed(argv) + " could not be started: " + cause.getMessage() + "; is OrbStack installed, and "
                            + argv.get(0) + " its orbctl?",
                    cause);
        }
    }

    /** It gave no answer in time and was ended. What it was asked to do may still happen, or have happened. */
    public static final class TimedOut extends OrbCtlException {
        private static final long serialVersionUID = 1L;

        private final Duration limit;

        TimedOut(List<String> argv, Duration limit) {
            super(
                    argv,
                    typed(argv) + " gave no answer within " + limit.toMillis() + " ms and was ended; what it asked for"
                            + " may still happen. The daemon may hang: try `orbctl status`, and restart OrbStack if"
                            + " that hangs too");
            this.limit = limit;
        }

        /** How long it had. */
        public Duration limit() {
            return limit;
        }
    }

    /** It answered, but nothing that could be understood. */
    public static final class Unreadable extends OrbCtlException {
        private static final long serialVersionUID = 1L;

        Unreadable(List<String> argv, String what, Throwable cause) {
            super(argv, message(argv, what), cause);
        }

        Unreadable(List<String> argv, String what) {
            super(argv, message(argv, what));
        }

        private static String message(List<String> argv, String what) {
            return typed(argv) + " answered what isn't understood: " + Output.printable(what)
                    + "; does this version of OrbStack fit (`orbctl version`)?";
        }
    }

    /** It said that it failed. */
    public static final class Failed extends OrbCtlException {
        private static final long serialVersionUID = 1L;

        private final int exitCode;
        private final String stderr;
        private final Kind kind;

        Failed(List<String> argv, int exitCode, String stderr) {
            this(argv, exitCode, stderr, Kind.of(stderr));
        }

        private Failed(List<String> argv, int exitCode, String stderr, Kind kind) {
            super(
                    argv,
                    typed(argv) + " exited " + exitCode + ": "
                            + stderr.lines()
                                    .map(Failed::printable)
                                    .filter(line -> !line.isEmpty())
                                    .findFirst()
                                    .orElse("it wrote nothing on standard error")
                            + kind.advice);
            this.exitCode = exitCode;
            this.stderr = stderr;
            this.kind = kind;
        }

        private static String printable(String line) {
            return Output.printable(COLOUR.matcher(line).replaceAll("").strip());
        }

        /** The exit code; 0 where only the text says that it failed. */
        public int exitCode() {
            return exitCode;
        }

        /** What it wrote on standard error, unchanged. */
        public String stderr() {
            return stderr;
        }

        public Kind kind() {
            return kind;
        }
    }

    /**
     * Why it failed, as far as its text is known. Found by words, because the codes in front of them say nothing and have
     * changed.
     */
    public enum Kind {
        MACHINE_NOT_FOUND("; `orbctl list` shows what there is"),
        MACHINE_ALREADY_EXISTS("; delete it first, or take another name"),
        INVALID_NAME(""),
        /** The machine started, but got no address within OrbStack's own 30 s. It often does the next time. */
        MISSING_IP_ADDRESS("; try again, and if it stays so restart the Mac: OrbStack is known to run into this"),
        /** Its image couldn't be fetched. */
        DOWNLOAD_FAILED("; is the network up? Try again"),
        /** OrbStack itself is down. */
        NOT_RUNNING("; start it with `orbctl start`"),
        /** OrbStack is going down, as it does when it restarts for an update. */
        STOPPING("; try again, and if it stays down start it with `orbctl start`"),
        /** The machine is in a state that doesn't allow it, such as one that is being created. */
        WRONG_STATE("; wait until it has settled"),
        /** OrbStack didn't get the machine down. */
        STOP_TIMED_OUT("; try again"),
        /** This {@code orbctl} has no such option or command. */
        UNKNOWN_OPTION("; this orbctl doesn't know the option, so it needs a newer OrbStack: isolated, isolateNetwork,"
                + " mounts, forwardSshAgent, cpus, memory and disk came with 2.1 and 2.2"),
        /** Another complaint about the words it was called with. */
        REFUSED_ARGUMENTS(""),
        OTHER("");

        private static final Pattern STOP_TIMEOUT = Pattern.compile("stop '[^']*': timeout");

        private final String advice;

        Kind(String advice) {
            this.advice = advice;
        }

        /** Whether the same call may well succeed a little later, with nothing done about it. */
        public boolean isTransient() {
            return this == MISSING_IP_ADDRESS || this == DOWNLOAD_FAILED || this == STOPPING;
        }

        static Kind of(String stderr) {
            String text = stderr.toLowerCase(Locale.ROOT);
            if (text.contains("machine not found") || text.contains("no machine found")) {
                return MACHINE_NOT_FOUND;
            } else if (text.contains("machine already exists")) {
                return MACHINE_ALREADY_EXISTS;
            } else if (text.contains("invalid machine name")) {
                return INVALID_NAME;
            } else if (text.contains("missing ip address")) {
                return MISSING_IP_ADDRESS;
            } else if (text.contains("fetch index:") || text.contains("download rootfs:")) {
                return DOWNLOAD_FAILED;
            } else if (text.contains("orbstack is not running")) {
                return NOT_RUNNING;
            } else if (text.contains("machine manager is stopping")) {
                return STOPPING;
            } else if (text.contains("cannot transition from")) {
                return WRONG_STATE;
            } else if (STOP_TIMEOUT.matcher(text).find()) {
                return STOP_TIMED_OUT;
            } else if (text.contains("unknown flag")
                    || text.contains("unknown shorthand flag")
                    || text.contains("unknown command")) {
                return UNKNOWN_OPTION;
            } else if (isUsageError(stderr)) {
                return REFUSED_ARGUMENTS;
            }
            return OTHER;
        }

        /** Such an error may come with exit code 0. */
        static boolean isUsageError(String stderr) {
            return stderr.stripLeading().regionMatches(true, 0, "Error: ", 0, "Error: ".length());
        }
    }
}
