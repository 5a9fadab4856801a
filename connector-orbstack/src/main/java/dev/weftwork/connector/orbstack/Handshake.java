package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.session.ShellChannel;
import dev.weftwork.session.ShellTransport;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A shell that is being opened, and holds one of a limited number of places until it says its first word: each
 * {@code orbctl run} makes a connection to OrbStack of its own, and hundreds of those at once have failed.
 */
final class Handshake implements ShellChannel, ShellChannel.Listener {

    private final ShellChannel.Listener listener;
    private final Semaphore places;
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile @Nullable ShellChannel channel;

    private Handshake(ShellChannel.Listener listener, Semaphore places) {
        this.listener = listener;
        this.places = places;
    }

    /** As {@link ShellTransport#open}, once there is a place. */
    static ShellChannel open(ShellTransport transport, ShellChannel.Listener listener, Semaphore places, Duration limit)
            throws IOException, InterruptedException {
        if (!places.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new IOException("other shells were being opened for all of " + limit.toMillis() + " ms");
        }
        var handshake = new Handshake(listener, places);
        boolean opened = false;
        try {
            handshake.channel = transport.open(handshake, limit);
            opened = true;
            return handshake;
        } finally {
            if (!opened) {
                handshake.over();
            }
        }
    }

    private ShellChannel channel() {
        return Objects.requireNonNull(channel, "the channel is open");
    }

    private void over() {
        if (!over.get() && over.compareAndSet(false, true)) {
            places.release();
        }
    }

    @Override
    public boolean output(OutputConsumer.Stream stream, byte[] bytes, int offset, int count) {
        over();
        return listener.output(stream, bytes, offset, count);
    }

    @Override
    public void closed(String reason) {
        over();
        listener.closed(reason);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
        channel().write(bytes, offset, count);
    }

    @Override
    public void settled() {
        channel().settled();
    }

    @Override
    public void abandon() {
        channel().abandon();
    }

    @Override
    public Optional<Boolean> endProcesses(long shell, boolean leadsSession) throws InterruptedException {
        return channel().endProcesses(shell, leadsSession);
    }

    @Override
    public void close() {
        over();
        channel().close();
    }
}
