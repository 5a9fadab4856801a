package dev.weftwork.engine;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One thread's wait for others, ended once: granted or called off by another thread, or given up on an interrupt.
 *
 * <p>Whoever ends it counts the thread as at work again before that runs, so that a simulated time doesn't pass meanwhile.
 * What was done before {@link #grant} happens-before the return of {@link #await}.
 */
final class Wait {

    private static final AtomicIntegerFieldUpdater<Wait> STATE =
            AtomicIntegerFieldUpdater.newUpdater(Wait.class, "state");

    private static final int WAITING = 0;
    private static final int GRANTED = 1;
    private static final int CALLED_OFF = 2;
    private static final int GIVEN_UP = 3;

    private final @Nullable Thread thread;
    private final TimeSource time;
    private volatile int state;

    /** The next one that waits for the same. */
    @Nullable
    Wait next;

    /** For the current thread. */
    Wait(TimeSource time) {
        this(Thread.currentThread(), time);
    }

    private Wait(@Nullable Thread thread, TimeSource time) {
        this.thread = thread;
        this.time = time;
    }

    /** Nobody's, to tell one thing from another. */
    static Wait mark() {
        return new Wait(null, TimeSource.system());
    }

    /** Lets the thread go on; false if the wait has ended already. */
    boolean grant() {
        return end(GRANTED);
    }

    /** Lets the thread go on without what it waits for; false if the wait has ended already. */
    boolean callOff() {
        return end(CALLED_OFF);
    }

    private boolean end(int how) {
        if (!STATE.compareAndSet(this, WAITING, how)) {
            return false;
        }
        time.wakes(1);
        LockSupport.unpark(thread);
        return true;
    }

    /**
     * Blocks the thread that made it; once.
     *
     * @return false if it was called off
     * @throws InterruptedException if the thread was interrupted first; the wait is neither granted nor called off then
     */
    boolean await() throws InterruptedException {
        time.rests();
        while (state == WAITING) {
            LockSupport.park(this);
            if (Thread.interrupted()) {
                if (STATE.compareAndSet(this, WAITING, GIVEN_UP)) {
                    time.wakes(1);
                    throw new InterruptedException();
                }
                Thread.currentThread().interrupt();
            }
        }
        return state == GRANTED;
    }
}
