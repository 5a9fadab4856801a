package dev.weftwork.engine;

import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One thread's wait for others, ended once: granted or called off by another thread, or given up on an interrupt.
 *
 * <p>Whoever ends it counts the thread as at work again before that runs, so that a simulated time doesn't pass meanwhile.
 * What was done before {@link #grant} happens-before the return of {@link #await}.
 */
final class Wait {

    private static final AtomicReferenceFieldUpdater<Wait, Object> STATE =
            AtomicReferenceFieldUpdater.newUpdater(Wait.class, Object.class, "state");

    private enum End {
        GRANTED,
        CALLED_OFF,
        GIVEN_UP
    }

    private final TimeSource time;

    /** The thread that waits, and then how that ended: one field, because there is a wait for each host. */
    private volatile Object state;

    /** The next one that waits for the same. */
    @Nullable
    Wait next;

    /** For the current thread. */
    Wait(TimeSource time) {
        this(Thread.currentThread(), time);
    }

    private Wait(Object state, TimeSource time) {
        this.state = state;
        this.time = time;
    }

    /** Nobody's, to tell one thing from another. */
    static Wait mark() {
        return new Wait(End.GRANTED, TimeSource.system());
    }

    /** Lets the thread go on; false if the wait has ended already. */
    boolean grant() {
        return end(End.GRANTED);
    }

    /** Lets the thread go on without what it waits for; false if the wait has ended already. */
    boolean callOff() {
        return end(End.CALLED_OFF);
    }

    private boolean end(End how) {
        if (!(state instanceof Thread thread) || !STATE.compareAndSet(this, thread, how)) {
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
        while (state instanceof Thread thread) {
            LockSupport.park(this);
            if (Thread.interrupted()) {
                if (STATE.compareAndSet(this, thread, End.GIVEN_UP)) {
                    time.wakes(1);
                    throw new InterruptedException();
                }
                thread.interrupt();
            }
        }
        return state == End.GRANTED;
    }
}
