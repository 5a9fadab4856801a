package dev.weftwork.testing;

import dev.weftwork.engine.TimeSource;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A time that passes only while nobody is at work: hours of waiting are over in seconds, and a run takes the same time
 * again.
 *
 * <p>It counts the activities at work. The thread that brings the count to 0 moves the clock to the next moment for which
 * someone sleeps or a timer waits, and lets all go on that wait for it, in the order in which they came. They are counted
 * before they go on, so the clock stands until each of them rests again. If nobody waits, nothing happens, until {@link
 * #wakes} says that something does.
 *
 * <p>Only an activity that is counted may sleep. An engine counts its hosts itself; a test that uses the time by hand does
 * so with {@link #run} and {@link #start}. An activity that waits for another one otherwise than by sleeping must {@link
 * #rests rest} meanwhile, or the clock stands for ever.
 *
 * <p>A sleeper that is interrupted counts as at work from the moment in which it has noticed, or in which the clock would
 * have come to its time. Until then the clock may move past the time of the interrupt, if who interrupted rests at once.
 *
 * <p>Tasks of timers run on the thread that moves the clock, as one activity; what they throw goes to that thread's handler
 * of uncaught exceptions. A task whose time has already come runs when the count falls to 0 the next time.
 *
 * <p>Lifetime: the user's; holds no thread and needs no closing. Any thread may call its methods. What a thread did before
 * it rested happens-before what those do that go on at a later time.
 *
 * <pre>{@code
 * var time = new VirtualTime();
 * time.run(() -> time.sleep(Duration.ofHours(1)));
 * assertThat(time.elapsed()).isEqualTo(Duration.ofHours(1));
 * }</pre>
 */
public final class VirtualTime implements TimeSource {

    /** What is done at work. */
    @FunctionalInterface
    public interface Activity {
        void run() throws InterruptedException;
    }

    private final long start;
    private final AtomicLong atWork = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();

    /** All that waits; under the lock. */
    private final Queue queue = new Queue();

    /** Since the start; written under the lock. */
    private volatile long passed;

    /** Begins at 0. */
    public VirtualTime() {
        this(0);
    }

    /** @param nanoTime the first value of {@link #nanoTime} */
    public VirtualTime(long nanoTime) {
        start = nanoTime;
    }

    @Override
    public long nanoTime() {
        return start + passed;
    }

    /** How much of it has passed. */
    public Duration elapsed() {
        return Duration.ofNanos(passed);
    }

    /** How many activities are at work; 0 once all have ended. */
    public int atWork() {
        return Math.toIntExact(atWork.get());
    }

    @Override
    public void wakes(int activities) {
        if (activities < 0) {
            throw new IllegalArgumentException("activities must be >= 0, was " + activities);
        }
        atWork.addAndGet(activities);
    }

    /** @throws IllegalStateException if none is at work */
    @Override
    public void rests() {
        if (leave()) {
            letGo(nextDue());
        }
    }

    /** Runs it on this thread, counted as at work. */
    public void run(Activity activity) throws InterruptedException {
        wakes(1);
        try {
            activity.run();
        } finally {
            rests();
        }
    }

    /**
     * Runs it on a virtual thread, counted as at work before this method returns. An interrupt ends it quietly.
     *
     * @return the thread, which has been started
     */
    public Thread start(String name, Activity activity) {
        wakes(1);
        return Thread.ofVirtual().name(name).start(() -> {
            try {
                activity.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                rests();
            }
        });
    }

    /** @throws IllegalStateException if the thread isn't counted, as far as that can be seen: no activity is at work */
    @Override
    public void sleep(Duration time) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (!time.isPositive()) {
            return;
        }
        long nanos = saturatedNanos(time);
        var sleeper = new Waiter(Thread.currentThread(), null, () -> {});
        Waiter due;
        lock.lock();
        try {
            boolean last = leave();
            queue.add(sleeper, later(passed, nanos));
            due = last ? takeDue() : null;
        } finally {
            lock.unlock();
        }
        letGo(due);
        while (sleeper.state == Waiter.WAITING) {
            LockSupport.park(this);
            if (Thread.currentThread().isInterrupted() && giveUp(sleeper)) {
                break;
            }
        }
        if (sleeper.state == Waiter.INTERRUPTED) {
            Thread.interrupted();
            throw new InterruptedException();
        }
    }

    private boolean giveUp(Waiter sleeper) {
        // A lock that has to be waited for takes the interrupt status away meanwhile.
        sleeper.noticed = true;
        lock.lock();
        try {
            if (sleeper.state != Waiter.WAITING) {
                return false;
            }
            queue.remove(sleeper);
            sleeper.state = Waiter.INTERRUPTED;
            atWork.incrementAndGet();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Tasks that wait when it is closed don't hold the clock, nor move it. */
    @Override
    public Timer timer() {
        return new VirtualTimer();
    }

    /** Takes one from the count, and says whether it was the last. */
    private boolean leave() {
        long left = atWork.decrementAndGet();
        if (left < 0) {
            atWork.incrementAndGet();
            throw new IllegalStateException("no activity is at work: say wakes before one begins, or use run or start");
        }
        return left == 0;
    }

    private @Nullable Waiter nextDue() {
        lock.lock();
        try {
            return takeDue();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Under the lock: if nobody is at work, moves the clock, and takes out of the queue and counts all who wait for that
     * moment, linked in their order. One whose thread is interrupted goes on without the clock being moved.
     */
    private @Nullable Waiter takeDue() {
        Waiter first = queue.first();
        // Someone may have begun since the count was 0; who brings it there again comes here again.
        if (first == null || atWork.get() != 0) {
            return null;
        }
        if (first.interrupted()) {
            queue.remove(first);
            first.state = Waiter.INTERRUPTED;
            atWork.incrementAndGet();
            return first;
        }
        long now = Math.max(passed, queue.firstTime());
        passed = now;
        Waiter last = null;
        int sleepers = 0;
        boolean tasks = false;
        for (Waiter each = first; each != null && queue.firstTime() <= now; each = queue.first()) {
            queue.remove(each);
            if (each.timer == null) {
                sleepers++;
            } else {
                tasks = true;
            }
            if (last != null) {
                last.next = each;
            }
            last = each;
        }
        atWork.addAndGet(tasks ? sleepers + 1 : sleepers);
        for (Waiter each = first; each != null; each = each.next) {
            each.state = each.interrupted() ? Waiter.INTERRUPTED : Waiter.DUE;
        }
        return first;
    }

    /** Without the lock, so that nobody who goes on has to wait for it. */
    private void letGo(@Nullable Waiter first) {
        Waiter due = first;
        while (due != null) {
            boolean tasks = false;
            for (Waiter each = due; each != null; each = each.next) {
                if (each.timer != null) {
                    tasks = true;
                    each.timer.run(each);
                } else if (each.thread != Thread.currentThread()) {
                    LockSupport.unpark(each.thread);
                }
            }
            due = tasks && leave() ? nextDue() : null;
        }
    }

    private static long saturatedNanos(Duration time) {
        return time.compareTo(Duration.ofNanos(Long.MAX_VALUE)) < 0 ? time.toNanos() : Long.MAX_VALUE;
    }

    private static long later(long passed, long nanos) {
        return passed > Long.MAX_VALUE - nanos ? Long.MAX_VALUE : passed + nanos;
    }

    private final class VirtualTimer implements Timer {
        /** Those in the queue; under the lock, as all here. */
        private final Set<Waiter> waiting = new LinkedHashSet<>();

        private final Condition noneRuns = lock.newCondition();
        private int running;
        private boolean closed;

        @Override
        public Runnable at(long nanoTime, Runnable task) {
            var waiter = new Waiter(null, this, task);
            lock.lock();
            try {
                if (closed) {
                    throw new RejectedExecutionException("the timer is closed");
                }
                waiting.add(waiter);
                queue.add(waiter, Math.max(0, nanoTime - start));
            } finally {
                lock.unlock();
            }
            return () -> forget(waiter);
        }

        private void forget(Waiter waiter) {
            lock.lock();
            try {
                waiting.remove(waiter);
                drop(waiter);
            } finally {
                lock.unlock();
            }
        }

        private void drop(Waiter waiter) {
            if (waiter.state == Waiter.WAITING) {
                queue.remove(waiter);
            }
            waiter.state = Waiter.FORGOTTEN;
        }

        void run(Waiter waiter) {
            lock.lock();
            try {
                if (waiter.state == Waiter.FORGOTTEN) {
                    return;
                }
                waiting.remove(waiter);
                running++;
            } finally {
                lock.unlock();
            }
            try {
                waiter.task.run();
            } catch (Throwable e) {
                Thread thread = Thread.currentThread();
                thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
            } finally {
                lock.lock();
                try {
                    running--;
                    noneRuns.signalAll();
                } finally {
                    lock.unlock();
                }
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                closed = true;
                waiting.forEach(this::drop);
                waiting.clear();
                while (running > 0) {
                    noneRuns.awaitUninterruptibly();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** A sleeping thread, or a task of a timer. */
    private static final class Waiter {
        static final int WAITING = 0;
        static final int DUE = 1;
        static final int INTERRUPTED = 2;
        static final int FORGOTTEN = 3;

        final @Nullable Thread thread;
        final @Nullable VirtualTimer timer;
        final Runnable task;
        volatile int state;

        /** Its thread has seen that it is interrupted. */
        volatile boolean noticed;

        long number;
        int place;

        /** The one that goes on after it. */
        @Nullable
        Waiter next;

        Waiter(@Nullable Thread thread, @Nullable VirtualTimer timer, Runnable task) {
            this.thread = thread;
            this.timer = timer;
            this.task = task;
        }

        boolean interrupted() {
            return thread != null && (noticed || thread.isInterrupted());
        }
    }

    /**
     * A heap in which each has four below it, ordered by time and number. The times lie in an array of their own: to find
     * the way for a waiter one looks at these, and at another waiter only if its time is the same.
     */
    private static final class Queue {
        private long[] times = new long[64];
        private Waiter[] waiters = new Waiter[64];
        private int size;
        private long added;

        @Nullable
        Waiter first() {
            return size == 0 ? null : waiters[0];
        }

        long firstTime() {
            return times[0];
        }

        void add(Waiter waiter, long time) {
            if (size == times.length) {
                times = Arrays.copyOf(times, size * 2);
                waiters = Arrays.copyOf(waiters, size * 2);
            }
            waiter.number = added++;
            moveUp(size++, waiter, time);
        }

        @SuppressWarnings("NullAway") // places from size on are empty
        void remove(Waiter waiter) {
            int place = waiter.place;
            size--;
            Waiter moved = waiters[size];
            long time = times[size];
            waiters[size] = null;
            if (moved == waiter) {
                return;
            }
            int settled = moveDown(place, moved, time);
            if (settled == place) {
                moveUp(place, moved, time);
            }
        }

        private void moveUp(int from, Waiter waiter, long time) {
            int place = from;
            while (place > 0) {
                int above = (place - 1) >>> 2;
                if (!before(time, waiter, above)) {
                    break;
                }
                put(place, waiters[above], times[above]);
                place = above;
            }
            put(place, waiter, time);
        }

        private int moveDown(int from, Waiter waiter, long time) {
            int place = from;
            while (true) {
                int first = (place << 2) + 1;
                if (first >= size) {
                    break;
                }
                int least = first;
                int end = Math.min(first + 4, size);
                for (int each = first + 1; each < end; each++) {
                    if (before(times[each], waiters[each], least)) {
                        least = each;
                    }
                }
                if (before(time, waiter, least)) {
                    break;
                }
                put(place, waiters[least], times[least]);
                place = least;
            }
            put(place, waiter, time);
            return place;
        }

        private boolean before(long time, Waiter waiter, int place) {
            return time < times[place] || (time == times[place] && waiter.number < waiters[place].number);
        }

        private void put(int place, Waiter waiter, long time) {
            waiters[place] = waiter;
            times[place] = time;
            waiter.place = place;
        }
    }
}
