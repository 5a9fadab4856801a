package dev.weftwork.session;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import java.io.File;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands on this computer, each in a shell process of its own.
 *
 * <p>Holds nothing open between commands and needs no closing. One command at a time; the caller, who may be a virtual
 * thread, parks while it runs and holds no carrier.
 */
public final class ShellProcesses {

    private static final SecureRandom RANDOM = new SecureRandom();

    private final String host;
    private final List<String> shell;
    private final List<String> entry;
    private final Path directory;
    private final Map<String, String> environment;
    private final @Nullable String setsid;
    private final String nonce;
    private final AtomicLong commands = new AtomicLong();

    /**
     * @param host whose name results carry
     * @param shell the program and first arguments of a POSIX shell that understands {@code -c}
     * @param entry the program and first arguments that start that shell somewhere else, in a root of its own for
     *     example; usually none
     * @param directory where commands start
     * @param environment the whole of their environment
     */
    public ShellProcesses(
            String host, List<String> shell, List<String> entry, Path directory, Map<String, String> environment) {
        this(host, shell, entry, directory, environment, findSetsid());
    }

    ShellProcesses(
            String host,
            List<String> shell,
            List<String> entry,
            Path directory,
            Map<String, String> environment,
            @Nullable String setsid) {
        this.host = host;
        this.shell = List.copyOf(shell);
        this.entry = List.copyOf(entry);
        this.directory = directory;
        this.environment = Map.copyOf(environment);
        this.setsid = setsid;
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        nonce = FrameReader.NONCE_START + HexFormat.of().formatHex(random);
    }

    /** As {@link dev.weftwork.connector.Connection#execute}. */
    public CommandResult execute(Command command) {
        if (Thread.currentThread().isInterrupted()) {
            return CommandResult.notStarted(host, command, "the run was cancelled before it was sent");
        }
        long begin = System.nanoTime();
        var builder = new ProcessBuilder().directory(directory.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        CommandProcess process;
        try {
            process = new CommandProcess(
                    host, command, nonce + "-" + commands.incrementAndGet(), builder, shell, entry, setsid);
        } catch (OutOfMemoryError e) {
            return CommandResult.notStarted(host, command, "this computer gives no more threads: " + e.getMessage());
        }
        Outcome outcome = await(command, process);
        return new CommandResult(
                host,
                command,
                outcome,
                process.stdout(),
                process.stderr(),
                Duration.ofNanos(System.nanoTime() - begin));
    }

    private static Outcome await(Command command, CommandProcess process) {
        boolean interrupted = false;
        try {
            CommandProcess.End end = command.timeout().isPresent()
                    ? process.end().get(nanos(command.timeout().get()), TimeUnit.NANOSECONDS)
                    : process.end().get();
            return outcomeOf(end, command, process);
        } catch (ExecutionException e) {
            return new Outcome.ConnectionLost("reading its output failed: " + e.getCause());
        } catch (TimeoutException e) {
            boolean gone = getUninterruptibly(process.kill());
            return endedMeanwhile(
                    process, new Outcome.TimedOut(command.timeout().orElseThrow(), gone));
        } catch (InterruptedException e) {
            interrupted = true;
            boolean gone = getUninterruptibly(process.kill());
            return endedMeanwhile(process, new Outcome.Cancelled(gone));
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Some 292 years at most, which is as good as forever. */
    private static long nanos(Duration duration) {
        return TimeUnit.NANOSECONDS.convert(duration);
    }

    /** A command that came to its own end before it could be killed has completed, whatever was about to be said. */
    private static Outcome endedMeanwhile(CommandProcess process, Outcome killed) {
        return process.end().isDone()
                        && !process.end().isCompletedExceptionally()
                        && process.end().join() instanceof CommandProcess.End.Exited exited
                ? new Outcome.Completed(exited.status())
                : killed;
    }

    private static Outcome outcomeOf(CommandProcess.End end, Command command, CommandProcess process) {
        return switch (end) {
            case CommandProcess.End.Exited exited -> new Outcome.Completed(exited.status());
            case CommandProcess.End.PreludeFailed failed ->
                new Outcome.NotStarted("its working directory can't be entered or its environment can't be set: "
                        + command.hideSecretsIn(process.stderr().text().strip()));
            case CommandProcess.End.StartFailed failed -> new Outcome.NotStarted(failed.reason());
            case CommandProcess.End.Vanished vanished -> new Outcome.ConnectionLost(vanished.reason());
        };
    }

    /** For waits that are bounded by themselves; the interrupt status is left as it was found. */
    private static boolean getUninterruptibly(CompletableFuture<Boolean> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    return false;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The program that gives a command a process group of its own, if this computer has it; macOS does not. */
    private static @Nullable String findSetsid() {
        String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
        for (String directory : path.split(File.pathSeparator, -1)) {
            Path candidate = Path.of(directory.isEmpty() ? "." : directory, "setsid");
            if (java.nio.file.Files.isExecutable(candidate)) {
                return candidate.toString();
            }
        }
        return null;
    }
}
