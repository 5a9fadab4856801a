package dev.weftwork.session;

import dev.weftwork.connector.OutputConsumer.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pipes of a shell that is a process of this computer.
 *
 * <p>One platform thread starts the process and reads its standard output for as long as it lives. It reads the standard
 * error too, whenever something has come on standard output: the session's shell prints a marker on standard error before
 * the one on standard output, so that nothing a command wrote is missed. In between, {@link PipeWatch} looks whether
 * standard error fills while standard output is silent; only then it gets a thread of its own.
 */
final class ProcessChannel implements ShellChannel {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessChannel.class);

    /** What a pipe takes as a whole or not at all, on every system. */
    private static final int ATOMIC_BYTES = 512;

    /** The JDK's own streams hold 8 KB each: this one only has to take from them. */
    private static final int SMALL_BUFFER = 1024;

    private static final int LARGE_BUFFER = 64 * 1024;

    /** How long a command may leave something on standard error that isn't read. */
    private static final long ERRORS_WAIT_NANOS = Duration.ofMillis(100).toNanos();

    private static final int ERRORS_WAIT_BYTES = 4096;

    /** For a process to end whose streams have ended, and the other way round. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final String host;
    private final boolean leadsSession;
    private final boolean elsewhere;
    private final Listener listener;
    private final PipeThreads threads;
    private final CompletableFuture<Process> started = new CompletableFuture<>();
    private final CompletableFuture<Boolean> ended;
    private final ReentrantLock writing = new ReentrantLock();

    /** Held by who looks at standard error, for a moment; its own thread, once it has one, needs it no more. */
    private final ReentrantLock readingErrors = new ReentrantLock();

    /** Until the process is started; its environment is the largest thing here. */
    private @Nullable ProcessBuilder builder;

    private volatile boolean errorsHaveThread;
    private volatile CompletableFuture<Boolean> errors = CompletableFuture.completedFuture(true);
    private volatile boolean abandoned;
    private volatile boolean closed;

    /** When the command under way was sent, or 0. */
    private volatile long activeSince;

    /** Of the watch alone: when to look next, and how long to wait then. */
    private long nextLook;

    private long lookEvery;
    private long deadSince;

    /**
     * Starts the process.
     *
     * @param leadsSession whether the shell gets a session of processes of its own
     * @param elsewhere whether the process only leads to a shell on another machine
     */
    ProcessChannel(
            String host,
            ProcessBuilder builder,
            boolean leadsSession,
            boolean elsewhere,
            Listener listener,
            PipeThreads threads) {
        this.host = host;
        this.leadsSession = leadsSession;
        this.elsewhere = elsewhere;
        this.listener = listener;
        this.threads = threads;
        this.builder = builder;
        ended = threads.start("weftwork-shell-" + host, this::run);
        var unused = ended.whenComplete((end, failure) -> {
            if (failure != null) {
                started.completeExceptionally(failure);
            }
        });
    }

    CompletableFuture<Process> started() {
        return started;
    }

    private boolean run() throws IOException, InterruptedException {
        ProcessBuilder start = builder;
        builder = null;
        if (start == null || started.isDone()) {
            return false;
        }
        Process process;
        try {
            process = threads.startProcess(start);
        } catch (IOException e) {
            started.completeExceptionally(e);
            return false;
        }
        if (!started.complete(process)) {
            closeStreams(process);
            process.destroyForcibly();
            return false;
        }
        threads.watch().add(this);
        if (elsewhere) {
            // What carries the streams may bring the mark on standard output first.
            errorsHaveThread = true;
            errors = threads.start("weftwork-err-" + host, () -> readErrors(process));
        }
        try {
            if (!readOutput(process)) {
                return false;
            }
        } catch (IOException e) {
            LOG.debug("{}: reading from its shell failed", host, e);
        }
        threads.watch().remove(this);
        process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        drainErrors(process, new byte[SMALL_BUFFER]);
        var unused = errors.handle((end, failure) -> true)
                .completeOnTimeout(true, PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
        listener.closed("its shell ended"
                + (process.isAlive() ? "" : process.exitValue() == 0 ? "" : " with status " + process.exitValue()));
        return true;
    }

    /** Returns whether the stream has ended; if not, nobody wants more of it. */
    private boolean readOutput(Process process) throws IOException {
        InputStream in = process.getInputStream();
        byte[] small = new byte[SMALL_BUFFER];
        byte[] buffer = small;
        while (true) {
            int count = in.read(buffer, 0, buffer.length);
            if (count < 0) {
                return true;
            }
            boolean more = listener.output(Stream.STDOUT, buffer, 0, count);
            drainErrors(process, small);
            if (!more) {
                return false;
            }
            if (count == SMALL_BUFFER) {
                buffer = new byte[LARGE_BUFFER];
            } else if (activeSince == 0) {
                buffer = small;
            }
        }
    }

    /** Reads what is there on standard error, unless another thread is at it. */
    private void drainErrors(Process process, byte[] buffer) throws IOException {
        readingErrors.lock();
        try {
            if (errorsHaveThread) {
                return;
            }
            InputStream err = process.getErrorStream();
            for (int there = err.available(); there > 0; there = there > buffer.length ? err.available() : 0) {
                int count = err.read(buffer, 0, Math.min(there, buffer.length));
                if (count > 0) {
                    listener.output(Stream.STDERR, buffer, 0, count);
                }
            }
        } finally {
            readingErrors.unlock();
        }
    }

    private boolean readErrors(Process process) throws IOException {
        InputStream err = process.getErrorStream();
        byte[] buffer = new byte[SMALL_BUFFER];
        for (int count = err.read(buffer); count >= 0; count = err.read(buffer)) {
            if (!listener.output(Stream.STDERR, buffer, 0, count)) {
                return false;
            }
            if (count == SMALL_BUFFER) {
                buffer = new byte[LARGE_BUFFER];
            }
        }
        return true;
    }

    /**
     * By the watch, again and again while a command is under way, or the channel abandoned.
     *
     * @return when to look again, by {@code nanoTime}; or now, if nothing needs to be looked at
     */
    long look(long now, byte[] scratch) {
        long since = activeSince;
        if (since == 0 && !abandoned) {
            lookEvery = 0;
            return now;
        }
        if (lookEvery == 0) {
            lookEvery = PipeWatch.TICK.toNanos();
            nextLook = now + lookEvery;
        }
        if (now - nextLook < 0) {
            return nextLook;
        }
        lookEvery = Math.min(lookEvery * 2, ERRORS_WAIT_NANOS);
        nextLook = now + lookEvery;
        Process process = started.getNow(null);
        if (process == null || closed) {
            return now;
        }
        try {
            if (abandoned) {
                swallow(process.getInputStream(), scratch);
                swallow(process.getErrorStream(), scratch);
            } else {
                lookAtErrors(process, now - since);
                lookWhetherDead(process, now);
            }
        } catch (IOException e) {
            LOG.trace("{}: looking at its pipes", host, e);
        }
        return nextLook;
    }

    private void lookAtErrors(Process process, long age) throws IOException {
        boolean full;
        // Who reads may be held by a consumer of output; the watch is everybody's.
        if (!readingErrors.tryLock()) {
            return;
        }
        try {
            if (errorsHaveThread) {
                return;
            }
            int there = process.getErrorStream().available();
            full = there >= ERRORS_WAIT_BYTES || (there > 0 && age >= ERRORS_WAIT_NANOS);
            errorsHaveThread = full;
        } finally {
            readingErrors.unlock();
        }
        if (full) {
            errors = threads.start("weftwork-err-" + host, () -> readErrors(process));
        }
    }

    /** A command that killed the shell, and goes on without it, may hold its streams for ever. */
    private void lookWhetherDead(Process process, long now) {
        if (process.isAlive()) {
            deadSince = 0;
        } else if (deadSince == 0) {
            deadSince = now == 0 ? 1 : now;
        } else if (now - deadSince > PATIENCE.toNanos()) {
            activeSince = 0;
            listener.closed("its shell ended with status " + process.exitValue());
        }
    }

    private static void swallow(InputStream stream, byte[] scratch) throws IOException {
        for (int there = stream.available(); there > 0; there = stream.available()) {
            if (stream.read(scratch, 0, Math.min(there, scratch.length)) < 0) {
                return;
            }
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
        Process process = started.getNow(null);
        if (process == null || closed) {
            throw new IOException("the shell is closed");
        }
        writing.lock();
        try {
            OutputStream out = process.getOutputStream();
            if (count > ATOMIC_BYTES) {
                out.write(bytes, offset, count - 2);
                out.flush();
                out.write(bytes, offset + count - 2, 2);
            } else {
                out.write(bytes, offset, count);
            }
            out.flush();
        } finally {
            writing.unlock();
        }
        if (activeSince == 0) {
            long now = System.nanoTime();
            activeSince = now == 0 ? 1 : now;
            threads.watch().wake();
        }
    }

    @Override
    public void settled() {
        activeSince = 0;
    }

    @Override
    public void abandon() {
        abandoned = true;
        threads.watch().wake();
    }

    @Override
    public Optional<Boolean> endProcesses(long shell, boolean seenToLead) throws InterruptedException {
        Process process = started.getNow(null);
        // A number of another machine's that happens to be the same is nobody here.
        return elsewhere || process == null || process.pid() != shell
                ? Optional.empty()
                : Optional.of(ProcessTree.end(process, leadsSession || seenToLead));
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (started.completeExceptionally(new CancellationException("the shell was closed before it was started"))) {
            return;
        }
        threads.watch().remove(this);
        Process process = started.isCompletedExceptionally() ? null : started.getNow(null);
        if (process == null) {
            return;
        }
        // Closing waits for a write, and a write for a reader that there may never be.
        if (writing.tryLock()) {
            try {
                process.getOutputStream().close();
            } catch (IOException e) {
                LOG.trace("{}: closing a pipe", host, e);
            } finally {
                writing.unlock();
            }
        } else {
            process.destroyForcibly();
        }
        if (abandoned) {
            closeQuietly(process.getInputStream());
            closeQuietly(process.getErrorStream());
        } else if (!endedSoon()) {
            LOG.debug("{}: its shell didn't end by itself", host);
            process.destroyForcibly();
        }
    }

    private boolean endedSoon() {
        boolean interrupted = false;
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            while (true) {
                try {
                    ended.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                    return true;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    return true;
                } catch (TimeoutException e) {
                    return false;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void closeStreams(Process process) {
        closeQuietly(process.getOutputStream());
        closeQuietly(process.getInputStream());
        closeQuietly(process.getErrorStream());
    }

    private static void closeQuietly(AutoCloseable stream) {
        try {
            stream.close();
        } catch (Exception e) {
            LOG.trace("closing a pipe", e);
        }
    }
}
