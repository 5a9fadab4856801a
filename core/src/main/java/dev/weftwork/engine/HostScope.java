package dev.weftwork.engine;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Virtual threads that live within a block: none outlives {@link #close}.
 *
 * <p>Its semantics are those of the JDK's {@code StructuredTaskScope}, which is a preview with another shape in 21 than in
 * 25. The thread that makes a scope owns it, forks into it, joins it and closes it; {@link #cancel} may be called by
 * anyone. What a task throws cancels the scope; {@link #join} throws the first such failure, later ones are suppressed in
 * it. What the owner did before a fork happens-before the task; what a task did happens-before the return of join.
 *
 * <pre>{@code
 * try (var scope = new HostScope()) {
 *   hosts.forEach(host -> scope.fork("host-" + host.name(), number -> results.set(number, run(host))));
 *   scope.join();
 * }
 * }</pre>
 */
final class HostScope implements AutoCloseable {

    private final Thread owner = Thread.currentThread();

    /** Each in the place of its fork until it has ended; replaced by the owner when there is no room for more. */
    private volatile AtomicReferenceArray<@Nullable Thread> running;

    private int forks;
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean cancelled;

    HostScope() {
        this(0);
    }

    /** @param tasks about how many there will be; room for them is made at once, and not while they run */
    HostScope(int tasks) {
        running = new AtomicReferenceArray<>(Math.max(tasks, 8));
    }

    /**
     * Starts a task on a virtual thread of that name. It is told how many were started before it, so that one task can
     * serve all of them.
     *
     * @return false if the scope is cancelled; the task doesn't run then
     */
    boolean fork(String name, IntConsumer task) {
        requireOwner();
        if (cancelled) {
            return false;
        }
        int place = forks++;
        Thread thread = Thread.ofVirtual().name(name).unstarted(() -> run(task, place));
        unfinished.incrementAndGet();
        roomFor(place).set(place, thread);
        try {
            thread.start();
        } catch (Throwable e) {
            running.set(place, null);
            unfinished.decrementAndGet();
            throw e;
        }
        if (cancelled) {
            thread.interrupt();
        }
        return true;
    }

    private AtomicReferenceArray<@Nullable Thread> roomFor(int place) {
        AtomicReferenceArray<@Nullable Thread> known = running;
        if (place < known.length()) {
            return known;
        }
        // One that ends meanwhile may stay in it: to interrupt it does no harm.
        var larger = new AtomicReferenceArray<@Nullable Thread>(2 * known.length());
        for (int i = 0; i < known.length(); i++) {
            larger.set(i, known.get(i));
        }
        running = larger;
        return larger;
    }

    private void run(IntConsumer task, int place) {
        try {
            task.accept(place);
        } catch (Throwable e) {
            Throwable first = failure.compareAndExchange(null, e);
            if (first != null && !first.equals(e)) {
                first.addSuppressed(e);
            }
            cancel();
        } finally {
            running.setRelease(place, null);
            if (unfinished.decrementAndGet() == 0) {
                LockSupport.unpark(owner);
            }
        }
    }

    /**
     * Waits until all tasks have ended.
     *
     * @throws InterruptedException if the owner is interrupted while it waits; the tasks go on
     * @throws TaskFailedException if a task threw something
     */
    void join() throws InterruptedException {
        requireOwner();
        while (unfinished.get() > 0) {
            LockSupport.park(this);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        Throwable first = failure.get();
        if (first != null) {
            throw new TaskFailedException(first);
        }
    }

    /** Interrupts all tasks, and lets no more begin. Doesn't wait. */
    void cancel() {
        cancelled = true;
        AtomicReferenceArray<@Nullable Thread> known = running;
        for (int i = 0; i < known.length(); i++) {
            Thread thread = known.get(i);
            if (thread != null) {
                thread.interrupt();
            }
        }
    }

    /** Whether it is the owner, or runs a task of this scope. */
    boolean isOf(Thread thread) {
        AtomicReferenceArray<@Nullable Thread> known = running;
        for (int i = 0; i < known.length(); i++) {
            if (thread.equals(known.get(i))) {
                return true;
            }
        }
        return thread.equals(owner);
    }

    boolean cancelled() {
        return cancelled;
    }

    /** Cancels what still runs and waits for it, however long it takes; an interrupt is kept for later. */
    @Override
    public void close() {
        requireOwner();
        if (unfinished.get() > 0) {
            cancel();
        }
        boolean interrupted = false;
        while (unfinished.get() > 0) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            owner.interrupt();
        }
    }

    private void requireOwner() {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException(
                    "a scope is used by the thread that made it, " + owner + ", not by " + Thread.currentThread());
        }
    }

    /** A task of a scope threw the cause. */
    static final class TaskFailedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TaskFailedException(Throwable cause) {
            super("a task threw " + Thrown.text(cause), cause);
        }
    }
}
