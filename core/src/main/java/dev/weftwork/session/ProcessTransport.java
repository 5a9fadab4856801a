package dev.weftwork.session;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Shells that are processes of this computer: its own {@code sh}, or a program that leads to a shell elsewhere.
 *
 * <p>Each has one small platform thread that reads its output; see {@link PipeThreads} for why. A shell leads a session of
 * its own, by {@code setsid} or, where there is none as on macOS, by {@code perl}; so a Ctrl-C in this program's terminal
 * doesn't reach it, and it can be ended with everything it started.
 */
public final class ProcessTransport implements ShellTransport {

    private static final List<String> LEAD = lead();

    private final String host;
    private final List<String> argv;
    private final boolean leadsSession;
    private final boolean elsewhere;
    private final Path directory;
    private final Map<String, String> environment;
    private final PipeThreads threads;

    /**
     * @param host whose name threads carry
     * @param shell the words that start a POSIX shell which reads its script from standard input
     * @param directory where it starts
     * @param environment the whole of its environment
     * @param threads reads and writes its pipes; owned by the caller
     */
    public ProcessTransport(
            String host, List<String> shell, Path directory, Map<String, String> environment, PipeThreads threads) {
        this(host, LEAD, shell, false, directory, environment, threads);
    }

    /**
     * Shells of another machine, behind a program of this computer that carries their streams: it may bring the two outputs
     * in any order, and ending it doesn't end them.
     *
     * @param program the words that start such a program
     */
    public static ProcessTransport elsewhere(
            String host, List<String> program, Path directory, Map<String, String> environment, PipeThreads threads) {
        return new ProcessTransport(host, LEAD, program, true, directory, environment, threads);
    }

    ProcessTransport(
            String host,
            List<String> lead,
            List<String> shell,
            boolean elsewhere,
            Path directory,
            Map<String, String> environment,
            PipeThreads threads) {
        this.host = host;
        var words = new ArrayList<>(lead);
        words.addAll(shell);
        argv = List.copyOf(words);
        leadsSession = !lead.isEmpty();
        this.elsewhere = elsewhere;
        this.directory = directory;
        this.environment = Map.copyOf(environment);
        this.threads = threads;
    }

    private static List<String> lead() {
        for (String directory :
                System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(File.pathSeparator, -1)) {
            Path setsid = Path.of(directory, "setsid");
            if (setsid.isAbsolute() && Files.isExecutable(setsid)) {
                return List.of(setsid.toString());
            }
        }
        return perlLead();
    }

    static List<String> perlLead() {
        String perl = "/usr/bin/perl";
        return Files.isExecutable(Path.of(perl))
                ? List.of(
                        perl,
                        "-MPOSIX=setsid",
                        "-e",
                        "setsid(); exec { $ARGV[0] } @ARGV or do { print STDERR \"$ARGV[0]: $!\\n\"; exit 127 }")
                : List.of();
    }

    @Override
    public ShellChannel open(ShellChannel.Listener listener, Duration limit) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(argv).directory(directory.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        ProcessChannel channel;
        try {
            channel = new ProcessChannel(host, builder, leadsSession, elsewhere, listener, threads);
        } catch (IllegalStateException e) {
            throw new IOException(e.getMessage(), e);
        }
        try {
            channel.started().get(limit.toNanos(), TimeUnit.NANOSECONDS);
            return channel;
        } catch (TimeoutException e) {
            channel.close();
            throw new IOException("its program couldn't be started within " + limit.toMillis() + " ms", e);
        } catch (InterruptedException e) {
            channel.close();
            throw e;
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw new IOException(
                    whyNotStarted(
                            cause instanceof IOException ? String.valueOf(cause.getMessage()) : String.valueOf(cause)),
                    cause);
        }
    }

    /**
     * The first line, without the number of a process that is no more; those behind it, from JDK 25 on, are of broken JDKs. The
     * limits that are named are what many hosts at once meet first, in the words of the operating system and of the JDK.
     */
    static String whyNotStarted(String message) {
        String text = message.lines().findFirst().orElse("").strip().replaceAll("pid: \\d+, ", "");
        if (text.contains("Too many open files") || text.contains("exec spawn helper")) {
            return text + "; has this program too many files open? Raise `ulimit -n`";
        }
        return text.contains("Resource temporarily unavailable") || text.contains("unable to create native thread")
                ? text
                        + "; has this user too many processes and threads? Raise `ulimit -u`, or give the computer more memory"
                : text;
    }
}
