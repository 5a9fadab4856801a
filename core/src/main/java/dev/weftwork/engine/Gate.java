package dev.weftwork.engine;

import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What hosts of a run wait at until they may go on. A {@link Strategy} makes it, and opens it once, or shuts it for good;
 * the engine lets the threads of hosts wait at it.
 *
 * <p>Lives as long as its run. Any thread may open or shut it; neither blocks, and only the first of them has an effect.
 * What happened before that happens-before what hosts do behind the gate.
 */
public final class Gate {

    private static final Wait OPEN = Wait.mark();
    private static final Wait SHUT = Wait.mark();
    private static final Gate OPENED = new Gate();

    static {
        OPENED.open();
    }

    /** Those that wait, as a stack, or one of the two marks. */
    private final AtomicReference<@Nullable Wait> waiting = new AtomicReference<>();

    private volatile @Nullable String reason;

    /** A gate that is neither open nor shut yet. */
    public Gate() {}

    /** A gate that nobody waits at. */
    public static Gate opened() {
        return OPENED;
    }

    /** Lets all pass, those who wait and those who will come. */
    public void open() {
        end(OPEN);
    }

    /**
     * Lets nobody pass any more: hosts that wait here or come here leave the run.
     *
     * @param why for people; part of what the report says of these hosts
     */
    public void shut(String why) {
        Objects.requireNonNull(why, "why must not be null");
        if (reason == null) {
            reason = why;
        }
        end(SHUT);
    }

    private void end(Wait mark) {
        Wait top;
        do {
            top = waiting.get();
            if (top == OPEN || top == SHUT) {
                return;
            }
        } while (!waiting.compareAndSet(top, mark));
        for (Wait each = top; each != null; ) {
            Wait next = each.next;
            each.next = null;
            each.grant();
            each = next;
        }
    }

    boolean isOpen() {
        return waiting.get() == OPEN;
    }

    /** Why nobody passes any more. */
    Optional<String> shutBecause() {
        return waiting.get() == SHUT ? Optional.ofNullable(reason) : Optional.empty();
    }

    /** Queues a wait, which is granted when the gate is opened or shut; false if it is already. */
    boolean queue(Wait wait) {
        Wait top;
        do {
            top = waiting.get();
            if (top == OPEN || top == SHUT) {
                return false;
            }
            wait.next = top;
        } while (!waiting.compareAndSet(top, wait));
        return true;
    }
}
