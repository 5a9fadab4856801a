package dev.weftwork.connector.orbstack.cli;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@code orbctl}, from its start to its end.
 *
 * <p>Three small platform threads live as long as the process: one starts it and waits for it, one reads each of its
 * streams. All of that holds a carrier if it is done on a virtual thread; the caller, who often is one, waits on futures
 * only. They are daemons and end with the process; but where the process has left its streams to another one, as when it
 * has started OrbStack, the readers end with that one, and nobody waits for them.
 *
 * <p>No stream is a terminal, and standard input is {@code /dev/null}: with a terminal {@code orbctl} asks, draws and
 * prints headers, and any other input it would swallow.
 */
final class OrbCtlProcess {

    private static final File NOTHING = new File("/dev/null");
    private static final long STACK_BYTES = 256 * 1024;
    private static final int OUTPUT_LIMIT = 16 * 1024 * 1024;

    /** From TERM to KILL, and from the end of the process to that of its streams. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /**
     * What came back.
     *
     * @param stdout as UTF-8
     * @param stderr as UTF-8
     */
    record Answer(int exitCode, String stdout, String stderr) {}

    private final List<String> argv;
    private final Map<String, String> environment;
    private final Captured stdout = new Captured();
    private final Captured stderr = new Captured();
    private final CompletableFuture<Process> started = new CompletableFuture<>();
    private final CompletableFuture<Integer> exited = new CompletableFuture<>();
    private final CompletableFuture<Integer> flooded = new CompletableFuture<>();

    private OrbCtlProcess(List<String> argv, Map<String, String> environment) {
        this.argv = argv;
        this.environment = environment;
    }

    /**
     * Runs it to its end, or ends it.
     *
     * @param environment in addition to that of this JVM
     * @throws InterruptedException if the caller is interrupted; the process is ended then
     */
    static Answer run(List<String> argv, Map<String, String> environment, Duration timeout)
            throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        return new OrbCtlProcess(argv, environment).await(timeout);
    }

    private Answer await(Duration timeout) throws InterruptedException {
        thread("weftwork-orbctl", this::live);
        try {
            CompletableFuture.anyOf(exited, flooded).get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            end();
            throw new OrbCtlException.TimedOut(argv, timeout);
        } catch (InterruptedException e) {
            end();
            throw e;
        } catch (ExecutionException e) {
            throw new OrbCtlException.NotInstalled(argv, e.getCause() == null ? e : e.getCause());
        }
        if (!flooded.isDone()) {
            awaitStreams();
        }
        if (flooded.isDone()) {
            end();
            throw new OrbCtlException.Unreadable(argv, "more than " + OUTPUT_LIMIT / 1024 / 1024 + " MiB");
        }
        return new Answer(exited.getNow(-1), stdout.text(), stderr.text());
    }

    private void awaitStreams() throws InterruptedException {
        try {
            CompletableFuture.allOf(stdout.ended, stderr.ended).get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            // A process it has left behind holds them; all that it wrote itself has been read long since.
        }
    }

    private void live() {
        Process process;
        try {
            var builder = new ProcessBuilder(argv).redirectInput(ProcessBuilder.Redirect.from(NOTHING));
            builder.environment().putAll(environment);
            process = builder.start();
        } catch (IOException | RuntimeException e) {
            exited.completeExceptionally(e);
            return;
        }
        started.complete(process);
        thread("weftwork-orbctl-out", () -> read(process.getInputStream(), stdout));
        thread("weftwork-orbctl-err", () -> read(process.getErrorStream(), stderr));
        while (!exited.isDone()) {
            try {
                exited.complete(process.waitFor());
            } catch (InterruptedException e) {
                // Nobody has a reason to; and the answer is waited for.
            }
        }
    }

    private void read(InputStream stream, Captured captured) {
        byte[] buffer = new byte[8 * 1024];
        try (stream) {
            for (int count = stream.read(buffer); count >= 0; count = stream.read(buffer)) {
                if (!captured.add(buffer, count)) {
                    flooded.complete(0);
                    return;
                }
            }
        } catch (IOException e) {
            // As good as its end: what matters is the exit code.
        } finally {
            captured.ended.complete(null);
        }
    }

    /**
     * TERM, and KILL where that isn't enough: {@code orbctl} passes TERM on to the machine instead of ending. Never what
     * it has started: that may be OrbStack.
     */
    private void end() {
        boolean interrupted = false;
        // Where it is still being started, this happens as soon as it can.
        var unusedTerm = started.thenAccept(process -> process.toHandle().destroy());
        interrupted |= exitsInTime();
        if (!exited.isDone()) {
            var unusedKill = started.thenAccept(process -> process.toHandle().destroyForcibly());
            interrupted |= exitsInTime();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether there was an interrupt meanwhile. */
    private boolean exitsInTime() {
        boolean interrupted = false;
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!exited.isDone() && System.nanoTime() - deadline < 0) {
            try {
                exited.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            } catch (TimeoutException | ExecutionException e) {
                break;
            }
        }
        return interrupted;
    }

    private static void thread(String name, Runnable task) {
        Thread.ofPlatform().name(name).daemon().stackSize(STACK_BYTES).start(task);
    }

    /** What a stream has brought so far, and its end. */
    private static final class Captured {
        private final ReentrantLock lock = new ReentrantLock();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();

        /** Whether there was room for it. */
        boolean add(byte[] buffer, int count) {
            lock.lock();
            try {
                if (bytes.size() + count > OUTPUT_LIMIT) {
                    return false;
                }
                bytes.write(buffer, 0, count);
                return true;
            } finally {
                lock.unlock();
            }
        }

        String text() {
            lock.lock();
            try {
                return bytes.toString(StandardCharsets.UTF_8);
            } finally {
                lock.unlock();
            }
        }
    }
}
