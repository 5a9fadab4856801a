package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.session.ShellChannel;
import dev.weftwork.session.ShellTransport;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A shell that is being opened, and holds a {@linkplain Handshakes place} until it says its first word. */
final class Handshake implements ShellChannel, ShellChannel.Listener {

    private final ShellChannel.Listener listener;
    private final Handshakes.Place place;
    private volatile @Nullable ShellChannel channel;

    private Handshake(ShellChannel.Listener listener, Handshakes.Place place) {
        this.listener = listener;
        this.place = place;
    }

    /** As {@link ShellTransport#open}, and gives up the place in the end, whatever happens. */
    static ShellChannel open(
            ShellTransport transport, ShellChannel.Listener listener, Handshakes.Place place, Duration limit)
            throws IOException, InterruptedException {
        var handshake = new Handshake(listener, place);
        boolean opened = false;
        try {
            handshake.channel = transport.open(handshake, limit);
            opened = true;
            return handshake;
        } finally {
            if (!opened) {
                place.giveUp();
            }
        }
    }

    private ShellChannel channel() {
        return Objects.requireNonNull(channel, "the channel is open");
    }

    @Override
    public boolean output(OutputConsumer.Stream stream, byte[] bytes, int offset, int count) {
        place.giveUp();
        return listener.output(stream, bytes, offset, count);
    }

    @Override
    public void closed(String reason) {
        place.giveUp();
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
        place.giveUp();
        channel().close();
    }
}
