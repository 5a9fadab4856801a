package dev.weftwork.engine;

import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * Runs what is submitted for one host one at a time, in the order of submission, whichever threads submit it.
 *
 * <p>The queue is a Treiber stack: to submit is one compare-and-set of its top. Who finds it idle starts a virtual thread,
 * which takes the whole stack at once, runs it from the bottom up, and ends when nothing came meanwhile. So an idle host
 * costs one reference, no thread is ever parked for work, and the order is that of the compare-and-sets, exactly; a lock
 * lets threads overtake each other before they get it.
 *
 * <p>Who waits for the task anyway says so with {@link #call}, which runs it on the calling thread if the queue is idle:
 * no thread is started and none is parked and woken, which is more than ten times the commands/s if they do nothing
 * ({@code HostExecutorBenchmark}). What others submit meanwhile isn't the caller's to run: a new thread does that.
 *
 * <p>The top has four forms: null, nobody runs anything and nothing waits; {@code BUSY}, a thread runs tasks and nothing
 * waits; a submission, which waits with those below it, and a thread runs tasks; {@code CLOSED}, for ever.
 *
 * <p>Needs no closing; {@link #close} is for those who want nothing more to begin. What a thread did before it submitted
 * happens-before the task, and the task happens-before the return of {@link Submission#await} and of {@link #call}; so
 * does each task before the next.
 */
final class HostExecutor {

    private static final Submission<?> BUSY = marker();
    private static final Submission<?> CLOSED = marker();

    @SuppressWarnings("rawtypes") // a class literal has no type arguments
    private static final AtomicReferenceFieldUpdater<HostExecutor, @Nullable Submission> TOP =
            AtomicReferenceFieldUpdater.newUpdater(HostExecutor.class, Submission.class, "top");

    private volatile @Nullable Submission<?> top;
    private final ThreadFactory threads;

    /**
     * The thread that runs tasks, while it does. A plain field is enough: a thread asks only whether it is that one
     * itself, and what it reads then is what it wrote last.
     */
    private @Nullable Thread owner;

    /** @param threads makes the thread that drains the queue, again whenever it was idle */
    HostExecutor(ThreadFactory threads) {
        this.threads = threads;
    }

    private static Submission<?> marker() {
        return new Submission<>(() -> {
            throw new AssertionError("only marks a state of the queue");
        });
    }

    /** Queues a task behind all that were queued before; after {@link #close}, cancels it. Doesn't block. */
    <T> Submission<T> submit(Callable<T> task) {
        var submission = new Submission<>(task);
        Submission<?> seen;
        do {
            seen = top;
            if (seen == CLOSED) {
                submission.below = null;
                submission.cancel();
                return submission;
            }
            submission.below = seen == BUSY ? null : seen;
        } while (!TOP.compareAndSet(this, seen, submission));
        if (seen == null) {
            startDraining();
        }
        return submission;
    }

    /**
     * Runs a task behind all that were queued before, and waits for it: {@code submit(task).await()}, but on the calling
     * thread if nothing is queued. There an interrupt reaches the task itself, and the interrupt status stays as the task
     * leaves it. If the thread is interrupted already, the task never runs.
     *
     * @return what the task returned, or nothing if it never ran
     * @throws CompletionException if the task threw something, which is the cause
     * @throws IllegalStateException if a task of this executor is what calls, and would wait for its own end
     */
    <T> Optional<T> call(Callable<T> task) {
        Thread caller = Thread.currentThread();
        if (owner == caller) {
            throw new IllegalStateException(
                    "a task must not wait for another one of the same host, which waits for it");
        }
        if (caller.isInterrupted()) {
            return Optional.empty();
        }
        if (!TOP.compareAndSet(this, null, BUSY)) {
            return submit(task).await();
        }
        owner = caller;
        try {
            return Optional.of(task.call());
        } catch (Throwable e) {
            throw new CompletionException(e);
        } finally {
            owner = null;
            if (!TOP.compareAndSet(this, BUSY, null) && top != CLOSED) {
                startDraining();
            }
        }
    }

    /**
     * Keeps anything more from beginning: what is queued is cancelled, and so is what is submitted from now on. The task
     * that is under way, or just about to be, goes on. Doesn't wait.
     */
    void close() {
        for (Submission<?> each = TOP.getAndSet(this, CLOSED); each != null; each = each.below) {
            // Cancels neither marker: nobody waits for one.
            if (each != BUSY && each != CLOSED) {
                each.cancel();
            }
        }
    }

    private void startDraining() {
        try {
            threads.newThread(this::drain).start();
        } catch (Throwable e) {
            // Nobody drains now: what was queued fails, and the next submission tries again.
            for (Submission<?> each = take(null); each != null; each = each.below) {
                each.fail(e);
            }
        }
    }

    private void drain() {
        while (true) {
            Submission<?> taken = take(BUSY);
            if (taken == null) {
                return;
            }
            owner = Thread.currentThread();
            runFromTheBottom(taken);
            // Before others can get in, who then are the owner.
            owner = null;
            if (TOP.compareAndSet(this, BUSY, null)) {
                return;
            }
        }
    }

    /** Takes what is queued, and leaves that instead; null if it is closed. Only for who lets nobody else run tasks. */
    private @Nullable Submission<?> take(@Nullable Submission<?> left) {
        Submission<?> seen;
        do {
            seen = top;
            if (seen == CLOSED) {
                return null;
            }
        } while (!TOP.compareAndSet(this, seen, left));
        return seen;
    }

    private void runFromTheBottom(Submission<?> newest) {
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
            if (top == CLOSED) {
                each.cancel();
            }
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
         * <p>In a task of the same executor it never returns, because that task is in its way.
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
