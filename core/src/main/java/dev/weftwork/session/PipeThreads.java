package dev.weftwork.session;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/**
 * The platform threads on which everything happens that can block in a process's pipe: starting it, writing to it,
 * reading from it.
 *
 * <p>Why: the JDK reads a pipe with a plain {@code read(2)}. On a virtual thread that call holds the carrier; the
 * scheduler makes up for it with another carrier, but only up to {@code jdk.virtualThreadScheduler.maxPoolSize}, 256
 * unless set. With 256 such reads blocked at once no other virtual thread of the whole JVM runs any more. On a platform
 * thread a blocked read costs a small stack and nothing else. Who waits for the outcome does so on a future, where a
 * virtual thread parks as it should.
 *
 * <p>A thread lives for one task and ends with it; all are daemons, so that none keeps a program from ending.
 */
final class PipeThreads {

    /** Enough for starting a process and for reading into a buffer; virtual memory until touched. */
    private static final long STACK_BYTES = 256 * 1024;

    private PipeThreads() {}

    /** Runs {@code task} on a thread of its own; the future has its value, or what it threw. */
    static <T> CompletableFuture<T> start(String name, Callable<T> task) {
        var outcome = new CompletableFuture<T>();
        Thread.ofPlatform().name(name).daemon().stackSize(STACK_BYTES).start(() -> {
            try {
                outcome.complete(task.call());
            } catch (Throwable e) {
                outcome.completeExceptionally(e);
            }
        });
        return outcome;
    }
}
