package dev.weftwork.testing;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits that end: each has a limit, far above what is ever needed, and says what didn't happen. */
public final class Waiting {

    private static final long SECONDS = 60;

    private Waiting() {}

    public static void await(CountDownLatch latch, String what) throws InterruptedException {
        if (!latch.await(SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("didn't happen: " + what + "; still missing " + latch.getCount());
        }
    }

    public static <T> T await(CompletableFuture<T> future, String what) throws Exception {
        try {
            return future.get(SECONDS, TimeUnit.SECONDS);
        } catch (java.util.concurrent.TimeoutException e) {
            throw new AssertionError("didn't happen: " + what, e);
        }
    }

    public static void join(Thread thread) throws InterruptedException {
        if (!thread.join(java.time.Duration.ofSeconds(SECONDS))) {
            throw new AssertionError("still running: " + thread);
        }
    }

    /** Looks again and again until it is true; for what nothing tells of. */
    public static void until(BooleanSupplier condition, String what) {
        long begun = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(SECONDS)) {
                throw new AssertionError("didn't happen: " + what);
            }
            Thread.onSpinWait();
        }
    }
}
