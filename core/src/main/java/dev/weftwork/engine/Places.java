package dev.weftwork.engine;

import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** So many at once, the others in the order in which they come: a fair semaphore whose waits can be called off. */
final class Places {

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Wait> queue = new ArrayDeque<>();
    private int free;

    Places(int count) {
        free = count;
    }

    /** Takes a place, or returns a wait that is granted with one. */
    @Nullable
    Wait take(TimeSource time) {
        lock.lock();
        try {
            if (free > 0) {
                free--;
                return null;
            }
            var wait = new Wait(time);
            queue.add(wait);
            return wait;
        } finally {
            lock.unlock();
        }
    }

    /** Gives a place back, to the first who still waits. */
    void giveBack() {
        lock.lock();
        try {
            for (Wait first = queue.poll(); first != null; first = queue.poll()) {
                if (first.grant()) {
                    return;
                }
            }
            free++;
        } finally {
            lock.unlock();
        }
    }
}
