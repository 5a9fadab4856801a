package dev.weftwork.listener;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes lines of many threads to one stream, each whole. Who comes while another writes leaves its line to that one,
 * unless too many wait: then it waits too, so that a slow disk slows the run rather than filling memory.
 *
 * <p>When writing fails, that is logged once, and what comes later is counted and dropped.
 */
final class LineWriter {

    /** Lines that wait at most, but for those of threads that wait themselves. */
    static final int MOST_WAITING = 10_000;

    /** Written at once at most, in bytes, if a line isn't longer. */
    private static final int CHUNK = 64 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(LineWriter.class);

    interface Opened {
        OutputStream open() throws IOException;
    }

    private final String name;
    private final Opened opened;
    private final ConcurrentLinkedQueue<String> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final ReentrantLock lock = new ReentrantLock();

    // ---- with the lock held

    private @Nullable OutputStream stream;
    private boolean failed;
    private long dropped;

    /**
     * @param name of where the lines go, for messages
     * @param opened opens it, when the first line is written
     */
    LineWriter(String name, Opened opened) {
        this.name = name;
        this.opened = opened;
    }

    void add(String line) {
        waiting.add(line);
        if (count.incrementAndGet() > MOST_WAITING) {
            flush();
        }
        // Who holds the lock may have looked for the last time before this line came, so it is looked for again.
        while (!waiting.isEmpty() && lock.tryLock()) {
            try {
                drain();
            } finally {
                lock.unlock();
            }
        }
    }

    private void flush() {
        lock.lock();
        try {
            drain();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns when every line that was added before has been written, or dropped; says how many were dropped, and tries
     * again from then on.
     *
     * @param closes whether to close the stream, which a later line opens again
     */
    void endOfRun(boolean closes) {
        lock.lock();
        try {
            drain();
            OutputStream open = stream;
            if (closes && open != null) {
                stream = null;
                try {
                    open.close();
                } catch (IOException e) {
                    failed(e);
                }
            }
            if (failed) {
                LOG.warn("{}: {} lines about a run were not written, see above", name, dropped);
            }
            failed = false;
            dropped = 0;
        } finally {
            lock.unlock();
        }
    }

    private void drain() {
        var chunk = new ByteArrayOutputStream();
        int lines = 0;
        for (String line = waiting.poll(); line != null; line = waiting.poll()) {
            count.decrementAndGet();
            chunk.writeBytes(line.getBytes(StandardCharsets.UTF_8));
            chunk.write('\n');
            lines++;
            if (chunk.size() >= CHUNK) {
                write(chunk, lines);
                lines = 0;
            }
        }
        if (lines > 0) {
            write(chunk, lines);
        }
    }

    private void write(ByteArrayOutputStream chunk, int lines) {
        if (failed) {
            dropped += lines;
        } else {
            try {
                OutputStream to = stream;
                if (to == null) {
                    to = opened.open();
                    stream = to;
                }
                to.write(chunk.toByteArray());
                to.flush();
            } catch (IOException | RuntimeException e) {
                // How much of the chunk was written nobody knows.
                dropped += lines;
                failed(e);
            }
        }
        chunk.reset();
    }

    private void failed(Exception e) {
        failed = true;
        LOG.error("{}: can't be written, what comes next about this run is dropped; the run goes on", name, e);
    }
}
