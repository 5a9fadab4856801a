package dev.weftwork.testing;

import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** Keeps all events in the order in which they came, and lets a test wait for some. */
public final class RecordingListener implements RunListener {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private final List<RunEvent> events = new java.util.ArrayList<>();

    @Override
    public void on(RunEvent event) {
        lock.lock();
        try {
            events.add(event);
            more.signalAll();
        } finally {
            lock.unlock();
        }
    }

    public List<RunEvent> events() {
        lock.lock();
        try {
            return List.copyOf(events);
        } finally {
            lock.unlock();
        }
    }

    public <E extends RunEvent> List<E> events(Class<E> type) {
        return events().stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** Waits until so many events of a kind have come. */
    public void await(int count, Predicate<RunEvent> kind, String what) throws InterruptedException {
        long left = Duration.ofSeconds(60).toNanos();
        lock.lock();
        try {
            while (events.stream().filter(kind).count() < count) {
                if (left <= 0) {
                    throw new AssertionError("still not " + count + " of: " + what + "; had "
                            + events.stream().filter(kind).count());
                }
                left = more.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }
}
