package dev.weftwork.session;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One thread that looks at the pipes which no thread is waiting in: the standard error of commands under way, and the
 * streams of shells that were abandoned. It asks whether something is there, which blocks nobody, and sleeps while no command
 * is under way.
 */
final class PipeWatch {

    static final Duration TICK = Duration.ofMillis(10);

    /** How long after the last command it goes on looking: waking it costs more than a look. */
    private static final int IDLE_TICKS = 50;

    private final Set<ProcessChannel> channels = ConcurrentHashMap.newKeySet();
    private final byte[] scratch = new byte[8 * 1024];
    private volatile @Nullable Thread thread;
    private volatile boolean parked;
    private volatile boolean closed;

    void add(ProcessChannel channel) {
        channels.add(channel);
    }

    void remove(ProcessChannel channel) {
        channels.remove(channel);
    }

    /** A command was sent. */
    void wake() {
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    boolean run() {
        thread = Thread.currentThread();
        int idle = 0;
        while (!closed) {
            long now = System.nanoTime();
            boolean busy = false;
            for (ProcessChannel channel : channels) {
                busy |= channel.look(now, scratch) != now;
            }
            idle = busy ? 0 : idle + 1;
            if (idle < IDLE_TICKS) {
                LockSupport.parkNanos(this, TICK.toNanos());
            } else {
                parked = true;
                // Who became active before it could see that this thread sleeps is seen now.
                if (!closed && channels.stream().noneMatch(channel -> channel.look(now, scratch) != now)) {
                    LockSupport.park(this);
                }
                parked = false;
                idle = 0;
            }
        }
        return true;
    }

    /** Ends shells that nobody has closed. */
    void close() {
        channels.forEach(ProcessChannel::close);
        closed = true;
        LockSupport.unpark(thread);
    }
}
