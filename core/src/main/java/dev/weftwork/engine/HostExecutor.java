package dev.weftwork.engine;

import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Runs what is submitted for one host one at a time, in the order of submission, whichever threads submit it.
 *
 * <p>The queue is a Treiber stack: to submit is one compare-and-set of its top. Who finds it idle starts a virtual thread,
 * which takes the whole stack at once, runs it from the bottom up, and ends when nothing came meanwhile. So an idle host
 * costs one reference, no thread is ever parked for work, and the order is that of the compare-and-sets, exactly; a lock
 * lets threads overtake each other before they get it.
 *
 * <p>The top has three forms: null, nobody drains and nothing waits; {@code DRAINING}, a thread drains and nothing waits;
 * a submission, which waits with those below it, and a thread drains.
 *
 * <p>Needs no closing. What a thread did before it submitted happens-before the task, and the task happens-before the
 * return of {@link Submission#await}; so does each task before the next.
 */
final class HostExecutor {

    private static final Submission<?> DRAINING = new Submission<>(() -> {
        throw new AssertionError("only marks the queue as being drained");
    });

    private final AtomicReference<@Nullable Submission<?>> top = new AtomicReference<>();
    private final ThreadFactory threads;

    /** @param threads makes the thread that drains the queue, again whenever it was idle */
    HostExecutor(ThreadFactory threads) {
        this.threads = threads;
    }

    /** Queues a task behind all that were queued before. Doesn't block. */
    <T> Submission<T> submit(Callable<T> task) {
        var submission = new Submission<>(task);
        Submission<?> seen;
        do {
            seen = top.get();
            submission.below = seen == DRAINING ? null : seen;
        } while (!top.compareAndSet(seen, submission));
        if (seen == null) {
            startDraining();
        }
        return submission;
    }

    <T> Optional<T> call(Callable<T> task) {
        return submit(task).await();
    }

    private void startDraining() {
        try {
            threads.newThread(this::drain).start();
        } catch (Throwable e) {
            // Nobody drains now: what was queued fails, and the next submission tries again.
            for (Submission<?> each = top.getAndSet(null); each != null; each = each.below) {
                each.fail(e);
            }
        }
    }

    private void drain() {
        while (true) {
            Submission<?> taken = top.getAndSet(DRAINING);
            if (taken != null && taken != DRAINING) {
                runFromTheBottom(taken);
            } else if (top.compareAndSet(DRAINING, null)) {
                return;
            }
        }
    }

    private static void runFromTheBottom(Submission<?> newest) {
        Submission<?> oldest = null;
        for (Submission<?> each = newest; each != null; ) {
            Submission<?> next = each.below;
            each.below = oldest;
            oldest = each;
            each = next;
        }
        for (Submission<?> each = oldest; each != null; ) {
            Submission<?> next = each.below;
            each.below = null;
            each.run();
            each = next;
        }
    }

    /**
     * A task on its way through the queue.
     *
     * @param <T> what the task returns
     */
    static final class Submission<T> {

        private enum Phase {
            QUEUED,
            RUNNING,
            /** Someone is about to interrupt the thread that runs it, which must not go on before that has happened. */
            INTERRUPTING,
            DONE
        }

        private final Callable<T> task;
        private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.QUEUED);
        private final CompletableFuture<Optional<T>> outcome = new CompletableFuture<>();
        private volatile @Nullable Thread runner;

        /** The one submitted before it while it waits in the stack, the one submitted after it while it is drained. */
        private @Nullable Submission<?> below;

        Submission(Callable<T> task) {
            this.task = task;
        }

        /**
         * Waits for the task. If the waiting thread is interrupted, the task is cancelled: it never runs if it hasn't
         * begun, and is interrupted if it has. Either way this method waits until it has ended, and leaves the thread's
         * interrupt status set.
         *
         * @return what the task returned, or nothing if it never ran
         * @throws CompletionException if the task threw something, which is the cause
         */
        Optional<T> await() {
            try {
                return outcome.get();
            } catch (ExecutionException e) {
                throw new CompletionException(e.getCause());
            } catch (InterruptedException e) {
                cancel();
                try {
                    return outcome.join();
                } finally {
                    Thread.currentThread().interrupt();
                }
            }
        }

        /** Keeps it from running, or interrupts it. Doesn't wait. */
        void cancel() {
            if (phase.compareAndSet(Phase.QUEUED, Phase.DONE)) {
                outcome.complete(Optional.empty());
            } else if (phase.compareAndSet(Phase.RUNNING, Phase.INTERRUPTING)) {
                Thread thread = runner;
                if (thread != null) {
                    thread.interrupt();
                }
                phase.set(Phase.DONE);
            }
        }

        private void fail(Throwable cause) {
            if (phase.compareAndSet(Phase.QUEUED, Phase.DONE)) {
                outcome.completeExceptionally(new CompletionException(cause));
            }
        }

        private void run() {
            runner = Thread.currentThread();
            if (!phase.compareAndSet(Phase.QUEUED, Phase.RUNNING)) {
                return;
            }
            try {
                outcome.complete(Optional.of(task.call()));
            } catch (Throwable e) {
                // Wrapped, because a future treats a CancellationException as if it had been cancelled itself.
                outcome.completeExceptionally(new CompletionException(e));
            } finally {
                if (!phase.compareAndSet(Phase.RUNNING, Phase.DONE)) {
                    while (phase.get() == Phase.INTERRUPTING) {
                        Thread.onSpinWait();
                    }
                }
                // An interrupt was meant for this task; the next one must not see it.
                Thread.interrupted();
            }
        }
    }
}
