package dev.weftwork.session;

import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;

/**
 * The platform threads on which everything happens that can block in a process's pipe: starting it, writing to it,
 * reading from it, ending it.
 *
 * <p>Why: the JDK reads a pipe with a plain {@code read(2)}. On a virtual thread that call holds the carrier; the
 * scheduler makes up for it with another carrier, but only up to {@code jdk.virtualThreadScheduler.maxPoolSize}, 256
 * unless set. With 256 such reads blocked at once no other virtual thread of the whole JVM runs any more. On a platform
 * thread a blocked read costs a small stack and nothing else. Who waits for the outcome does so on a future, where a
 * virtual thread parks as it should.
 *
 * <p>Starting a platform thread holds the carrier too, until the system has scheduled the new thread, which on a busy
 * computer can take long: one thread of this class does nothing but start the others.
 *
 * <p>Owned by a connector and closed by it. A thread lives for one task and ends with it; all are daemons, so that none
 * keeps a program from ending.
 */
public final class PipeThreads implements AutoCloseable {

    /** Processes started by more threads at once than there are cores only get in each other's way: three times slower. */
    private static final Semaphore STARTS = new Semaphore(Runtime.getRuntime().availableProcessors());

    /** Enough for starting a process and for reading into a buffer; virtual memory until touched. */
    private static final long STACK_BYTES = 256 * 1024;

    /** How long {@link #close} waits for threads whose pipe a process without an end still holds. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private record Start(Thread thread, CompletableFuture<?> outcome) {}

    private final LinkedBlockingQueue<Start> starts = new LinkedBlockingQueue<>();
    private final Set<Thread> running = ConcurrentHashMap.newKeySet();
    private final Thread starter;
    private final PipeWatch watch = new PipeWatch();
    private volatile boolean closed;

    public PipeThreads() {
        starter = Thread.ofPlatform()
                .name("weftwork-pipes")
                .daemon()
                .stackSize(STACK_BYTES)
                .start(this::startAll);
        var unused = start("weftwork-watch", watch::run);
    }

    /** On a thread of these only: it holds its thread while the system makes the process. */
    Process startProcess(ProcessBuilder builder) throws IOException, InterruptedException {
        STARTS.acquire();
        try {
            return builder.start();
        } finally {
            STARTS.release();
        }
    }

    PipeWatch watch() {
        return watch;
    }

    private void startAll() {
        while (true) {
            Start next;
            try {
                next = starts.take();
            } catch (InterruptedException e) {
                return;
            }
            running.add(next.thread);
            try {
                next.thread.start();
            } catch (Throwable e) {
                running.remove(next.thread);
                next.outcome.completeExceptionally(e);
            }
        }
    }

    /**
     * Runs {@code task} on a thread of its own; the future has its value, or what it threw, also that the thread couldn't
     * be started. Doesn't block.
     *
     * @throws IllegalStateException if these threads are closed
     */
    public <T> CompletableFuture<T> start(String name, Callable<T> task) {
        if (closed) {
            throw new IllegalStateException("the connector is closed");
        }
        var outcome = new CompletableFuture<T>();
        Thread thread =
                Thread.ofPlatform().name(name).daemon().stackSize(STACK_BYTES).unstarted(() -> run(task, outcome));
        var start = new Start(thread, outcome);
        starts.add(start);
        if (closed && starts.remove(start)) {
            refuse(start);
        }
        return outcome;
    }

    private static void refuse(Start start) {
        start.outcome.completeExceptionally(new IllegalStateException("the connector is closed"));
    }

    private <T> void run(Callable<T> task, CompletableFuture<T> outcome) {
        try {
            outcome.complete(task.call());
        } catch (Throwable e) {
            outcome.completeExceptionally(e);
        } finally {
            running.remove(Thread.currentThread());
        }
    }

    /**
     * Ends the shells that are still open and the starting of threads, and waits for those that are still at their ends. One whose pipe is held by a process
     * that escaped from its command is left to that process's end.
     */
    @Override
    public void close() {
        watch.close();
        closed = true;
        starter.interrupt();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        boolean interrupted = Thread.interrupted();
        // The starter first: after it every thread has been started, or never will be.
        interrupted |= !joined(starter, deadline);
        for (Start start = starts.poll(); start != null; start = starts.poll()) {
            refuse(start);
        }
        for (Thread thread : running) {
            interrupted |= !joined(thread, deadline);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether that could be waited for without an interrupt. */
    private static boolean joined(Thread thread, long deadline) {
        try {
            if (thread.getState() != Thread.State.NEW) {
                thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            }
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }
}
