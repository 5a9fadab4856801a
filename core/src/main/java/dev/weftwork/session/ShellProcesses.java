package dev.weftwork.session;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands on this computer, each in a shell process of its own.
 *
 * <p>Holds nothing open between commands and needs no closing. One command at a time; the caller, who may be a virtual
 * thread, parks while it runs and holds no carrier.
 */
public final class ShellProcesses {

    private static final SecureRandom RANDOM = new SecureRandom();

    /** The program that gives a command a session of its own, if this computer has it; macOS does not. */
    private static final Optional<String> SETSID = Stream.of(
                    System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(File.pathSeparator, -1))
            .map(directory -> Path.of(directory, "setsid"))
            .filter(program -> program.isAbsolute() && Files.isExecutable(program))
            .map(Path::toString)
            .findFirst();

    private final String host;
    private final List<String> shell;
    private final List<String> entry;
    private final Path directory;
    private final Map<String, String> environment;
    private final PipeThreads threads;
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
     * @param threads does what can block in a pipe; owned by the caller
     */
    public ShellProcesses(
            String host,
            List<String> shell,
            List<String> entry,
            Path directory,
            Map<String, String> environment,
            PipeThreads threads) {
        this(host, shell, entry, directory, environment, threads, SETSID.orElse(null));
    }

    ShellProcesses(
            String host,
            List<String> shell,
            List<String> entry,
            Path directory,
            Map<String, String> environment,
            PipeThreads threads,
            @Nullable String setsid) {
        this.host = host;
        this.shell = List.copyOf(shell);
        this.entry = List.copyOf(entry);
        this.directory = directory;
        this.environment = Map.copyOf(environment);
        this.threads = threads;
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
                    host, command, nonce + "-" + commands.incrementAndGet(), builder, shell, entry, setsid, threads);
        } catch (IllegalStateException e) {
            return CommandResult.notStarted(host, command, String.valueOf(e.getMessage()));
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
                    ? process.end().get(command.timeout().get().toNanos(), TimeUnit.NANOSECONDS)
                    : process.end().get();
            return outcomeOf(end, command);
        } catch (ExecutionException e) {
            return new Outcome.ConnectionLost("reading its output failed: " + e.getCause());
        } catch (TimeoutException e) {
            Duration limit = command.timeout().orElseThrow();
            return end(
                    command,
                    process,
                    confirmed -> new Outcome.TimedOut(limit, confirmed),
                    "its timeout of " + limit.toMillis() + " ms passed before it was started");
        } catch (InterruptedException e) {
            interrupted = true;
            return end(command, process, Outcome.Cancelled::new, "the run was cancelled before it was started");
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Ends a command, unless it came to its own end first: then it has completed, whatever was about to be said. */
    private static Outcome end(
            Command command, CommandProcess process, Function<Boolean, Outcome> killed, String beforeStart) {
        CommandProcess.Death death =
                process.end().isDone() ? CommandProcess.Death.CONFIRMED : uninterruptibly(process.kill());
        if (process.end().isDone()) {
            Outcome own = outcomeOf(process.end().join(), command);
            if (own instanceof Outcome.Completed) {
                return own;
            }
        }
        return switch (death) {
            case CONFIRMED -> killed.apply(true);
            case UNCONFIRMED -> killed.apply(false);
            case BEFORE_START -> new Outcome.NotStarted(beforeStart);
        };
    }

    private static Outcome outcomeOf(CommandProcess.End end, Command command) {
        return switch (end) {
            case CommandProcess.End.Exited exited -> new Outcome.Completed(exited.status());
            case CommandProcess.End.NotStarted notStarted ->
                new Outcome.NotStarted(command.hideSecretsIn(notStarted.reason()));
            case CommandProcess.End.Vanished vanished ->
                new Outcome.ConnectionLost(command.hideSecretsIn(vanished.reason()));
        };
    }

    /** For a wait that is bounded by itself; the interrupt status is left as it was found. */
    private static CommandProcess.Death uninterruptibly(CompletableFuture<CommandProcess.Death> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    return CommandProcess.Death.UNCONFIRMED;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
