package dev.weftwork.engine;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Interrupts a host's thread when a limit passes while it runs something that knows nothing of limits: a plan, a condition,
 * code, a connector that connects. Commands know their limit; while one runs the interrupt is held back.
 *
 * <p>Made, used and ended by the host's thread; only the interrupt comes from the timer's. An interrupt never comes after
 * {@link #end}.
 */
final class LimitGuard {

    /** For what has no limit. */
    static final LimitGuard NONE = new LimitGuard(null);

    private enum Phase {
        ARMED,
        COMMAND,
        /** The limit passed while a command ran. */
        HELD_BACK,
        /** The timer is about to interrupt, which must be over before the thread goes on. */
        INTERRUPTING,
        FIRED,
        ENDED
    }

    private final Thread thread = Thread.currentThread();
    private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.ARMED);
    private final @Nullable Limit limit;
    private Runnable disarm = () -> {};

    private LimitGuard(@Nullable Limit limit) {
        this.limit = limit;
    }

    static LimitGuard of(@Nullable Limit limit, TimeSource.Timer timer) {
        if (limit == null) {
            return NONE;
        }
        var guard = new LimitGuard(limit);
        guard.disarm = timer.at(limit.at(), guard::passed);
        return guard;
    }

    private void passed() {
        if (phase.compareAndSet(Phase.ARMED, Phase.INTERRUPTING)) {
            thread.interrupt();
            phase.set(Phase.FIRED);
        } else {
            phase.compareAndSet(Phase.COMMAND, Phase.HELD_BACK);
        }
    }

    void commandBegins() {
        if (limit != null) {
            phase.compareAndSet(Phase.ARMED, Phase.COMMAND);
            settle();
        }
    }

    void commandEnds() {
        if (limit != null
                && !phase.compareAndSet(Phase.COMMAND, Phase.ARMED)
                && phase.compareAndSet(Phase.HELD_BACK, Phase.FIRED)) {
            thread.interrupt();
        }
    }

    /** The limit, if it has passed and the thread was interrupted for that. */
    @Nullable
    Limit fired() {
        return limit != null && settle() == Phase.FIRED ? limit : null;
    }

    /** Nothing is interrupted any more, and an interrupt that came from here is gone. */
    @Nullable
    Limit end() {
        if (limit == null) {
            return null;
        }
        disarm.run();
        if (phase.compareAndSet(Phase.ARMED, Phase.ENDED) || settle() != Phase.FIRED) {
            return null;
        }
        Thread.interrupted();
        return limit;
    }

    private Phase settle() {
        Phase now = phase.get();
        while (now == Phase.INTERRUPTING) {
            Thread.onSpinWait();
            now = phase.get();
        }
        return now;
    }
}
