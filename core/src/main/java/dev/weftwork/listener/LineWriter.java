package dev.weftwork.listener;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes lines of many threads, of any number of runs, to one stream, each whole. Who adds a line leaves it to a thread of
 * the writer and goes on, unless {@link #MOST_WAITING} bytes wait: then it waits too, whether interrupted or not, until half
 * of them are written, so that a slow disk slows the run rather than filling memory.
 *
 * <p>Lifetime: as long as its listener; its thread, a daemon called {@code weftwork-lines}, is there only while runs are
 * under way: the first one starts it, it ends itself with the last one, and the end of that run waits for it. Only this
 * thread opens, writes and closes the stream, so an interrupt of a run's threads doesn't reach it.
 *
 * <p>When writing fails, that is logged once for the runs of whose lines some are lost; what comes of these is counted and
 * dropped. Lines of other runs are tried.
 */
final class LineWriter {

    /** Bytes that wait at most, but for a line of each thread that waits itself. */
    static final int MOST_WAITING = 8 * 1024 * 1024;

    /** Written at once at most, in bytes, if a line isn't longer. */
    private static final int CHUNK = 64 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(LineWriter.class);

    interface Opened {
        OutputStream open() throws IOException;
    }

    /** A line of a run with the end of the line, or, without one, the end of the run. */
    private static final class Entry {
        private final OfRun run;
        private final byte @Nullable [] line;

        Entry(OfRun run, byte @Nullable [] line) {
            this.run = run;
            this.line = line;
        }
    }

    private final String name;
    private final Opened opened;
    private final boolean closes;

    private final ConcurrentLinkedQueue<Entry> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicLong waitingBytes = new AtomicLong();
    private final AtomicInteger waitingThreads = new AtomicInteger();

    /** Whether the thread sleeps, or is about to. */
    private final AtomicBoolean idle = new AtomicBoolean();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final Condition ended = lock.newCondition();

    /** With the lock: those that have begun and not ended. */
    private final Set<OfRun> runs = new HashSet<>();

    /** Set with the lock. */
    private volatile @Nullable Thread thread;

    // ---- by the thread

    private @Nullable OutputStream stream;

    /** Whether the stream may end within a line. */
    private boolean torn;

    private final ByteArrayOutputStream chunk = new ByteArrayOutputStream();
    private final Map<OfRun, Integer> linesOfChunk = new HashMap<>();

    /**
     * @param name of where the lines go, for messages
     * @param opened opens it, when the first line is written
     * @param closes whether to close it with the last of the runs that are under way; a later line opens it again
     */
    LineWriter(String name, Opened opened, boolean closes) {
        this.name = name;
        this.opened = opened;
        this.closes = closes;
    }

    /** For the lines of one run, which begins with the first of them. */
    OfRun run() {
        return new OfRun();
    }

    /** Of one run. */
    final class OfRun {
        /** Set with the lock. */
        private volatile boolean begun;

        /** Set with the lock, by the thread. */
        private volatile boolean over;

        // By the thread, and behind the end of the run by who waited for that.
        private boolean failed;
        private long dropped;

        private OfRun() {}

        /** By any thread; what each adds is written in its order. */
        void add(String line) {
            if (!begun) {
                begin(this);
            }
            byte[] text = line.getBytes(StandardCharsets.UTF_8);
            byte[] whole = Arrays.copyOf(text, text.length + 1);
            whole[text.length] = '\n';
            LineWriter.this.add(new Entry(this, whole));
        }

        /**
         * Returns when every line that was added before has been written, or dropped, and says how many were dropped; an
         * interrupt is kept for later. Nothing may be added any more.
         */
        void end() {
            if (begun) {
                LineWriter.this.end(this);
            }
        }
    }

    // ---- by the threads of runs

    private void begin(OfRun run) {
        lock.lock();
        try {
            if (run.begun) {
                return;
            }
            if (thread == null) {
                Thread writer =
                        Thread.ofPlatform().daemon().name("weftwork-lines").unstarted(this::writeWhileThereAreRuns);
                writer.start();
                thread = writer;
            }
            runs.add(run);
            run.begun = true;
        } finally {
            lock.unlock();
        }
    }

    private void add(Entry entry) {
        if (entry.run.over) {
            return;
        }
        waiting.add(entry);
        long bytes = entry.line == null ? 0 : waitingBytes.addAndGet(entry.line.length);
        if (idle.get() && idle.compareAndSet(true, false)) {
            LockSupport.unpark(thread);
        }
        if (bytes > MOST_WAITING) {
            waitForRoom(entry.run);
        }
    }

    private void waitForRoom(OfRun run) {
        lock.lock();
        waitingThreads.incrementAndGet();
        try {
            while (waitingBytes.get() > MOST_WAITING / 2 && !run.over) {
                room.awaitUninterruptibly();
            }
        } finally {
            waitingThreads.decrementAndGet();
            lock.unlock();
        }
    }

    private void end(OfRun run) {
        Thread writer = thread;
        add(new Entry(run, null));
        boolean last;
        lock.lock();
        try {
            while (!run.over) {
                ended.awaitUninterruptibly();
            }
            last = thread != writer;
        } finally {
            lock.unlock();
        }
        if (last && writer != null) {
            joinUninterruptibly(writer);
        }
        if (run.failed) {
            LOG.warn("{}: {} lines about a run were not written, see above", name, run.dropped);
        }
    }

    static void joinUninterruptibly(Thread ending) {
        boolean interrupted = false;
        while (ending.isAlive()) {
            try {
                ending.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- by the thread

    private void writeWhileThereAreRuns() {
        try {
            boolean goesOn = true;
            while (goesOn) {
                Entry next = waiting.poll();
                if (next == null) {
                    writeChunk();
                    sleepIfNothingWaits();
                } else if (next.line == null) {
                    writeChunk();
                    goesOn = endOf(next.run);
                } else {
                    take(next.run, next.line);
                }
            }
        } finally {
            letGoOfAll();
        }
    }

    private void sleepIfNothingWaits() {
        idle.set(true);
        if (waiting.isEmpty()) {
            LockSupport.park(this);
            // Who wrote to a stream of somebody else's may have been left interrupted by it, and would never sleep
            // again.
            Thread.interrupted();
        }
        idle.set(false);
    }

    private void take(OfRun run, byte[] line) {
        if (run.failed) {
            run.dropped++;
            written(line.length);
            return;
        }
        chunk.writeBytes(line);
        linesOfChunk.merge(run, 1, Integer::sum);
        if (chunk.size() >= CHUNK) {
            writeChunk();
        }
    }

    private void writeChunk() {
        int bytes = chunk.size();
        if (bytes == 0) {
            return;
        }
        try {
            OutputStream to = stream;
            if (to == null) {
                to = opened.open();
                stream = to;
                torn = false;
            }
            byte[] lines = chunk.toByteArray();
            boolean wasTorn = torn;
            // How much of it is written when that throws nobody knows.
            torn = true;
            if (wasTorn) {
                // Or the next line would be lost with the half of another one.
                to.write('\n');
            }
            to.write(lines);
            to.flush();
            torn = false;
        } catch (Throwable e) {
            linesOfChunk.forEach((run, lines) -> {
                run.failed = true;
                run.dropped += lines;
            });
            say(e, linesOfChunk.size());
        }
        linesOfChunk.clear();
        chunk.reset();
        written(bytes);
    }

    private void written(int bytes) {
        if (waitingBytes.addAndGet(-bytes) <= MOST_WAITING / 2 && waitingThreads.get() > 0) {
            lock.lock();
            try {
                room.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Whether other runs are under way. */
    private boolean endOf(OfRun run) {
        // Without the lock, because it may take its time, and another run may begin; for that one it is opened again.
        if (isLast(run)) {
            close(run);
        }
        lock.lock();
        try {
            boolean last = runs.isEmpty();
            if (last) {
                thread = null;
            }
            run.over = true;
            ended.signalAll();
            return !last;
        } finally {
            lock.unlock();
        }
    }

    private boolean isLast(OfRun run) {
        lock.lock();
        try {
            runs.remove(run);
            return runs.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void close(OfRun run) {
        OutputStream open = stream;
        if (closes && open != null) {
            stream = null;
            try {
                open.close();
            } catch (Throwable e) {
                run.failed = true;
                say(e, 1);
            }
        }
    }

    /** Nobody may wait for a thread that has died of something; where it has ended as it should nothing is left. */
    private void letGoOfAll() {
        lock.lock();
        try {
            if (thread == Thread.currentThread()) {
                thread = null;
                runs.forEach(run -> {
                    run.failed = true;
                    run.over = true;
                });
                runs.clear();
                waiting.clear();
                waitingBytes.set(0);
                room.signalAll();
                ended.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** A log that throws must not end the thread. */
    private void say(Throwable e, int ofRuns) {
        try {
            LOG.error(
                    "{}: can't be written, what comes next about {} is dropped; the run goes on",
                    name,
                    ofRuns == 1 ? "this run" : "these " + ofRuns + " runs",
                    e);
        } catch (Throwable broken) {
            // The end of the run says it again.
        }
    }
}
