package dev.weftwork.connector.orbstack.ssh;

import com.jcraft.jsch.ChannelExec;
import com.jcraft.jsch.Session;
import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ShellChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A connection by JSch, which reads all its channels with one thread. */
final class JschConnection implements SshConnection {

    private final String login;
    private final Session session;
    private final BooleanSupplier lost;
    private final PipeThreads threads;
    private final Consumer<JschConnection> closed;

    /** Those that the server hasn't answered yet. */
    private final Set<ChannelExec> opening = ConcurrentHashMap.newKeySet();

    /** Since when the reader is with a listener, by {@code nanoTime}; 0 if it isn't. Written by the reader alone. */
    private volatile long listeningSince;

    /**
     * @param lost whether the server is gone, asked on the thread that reads
     * @param closed told when this is closed
     */
    JschConnection(
            String login, Session session, BooleanSupplier lost, PipeThreads threads, Consumer<JschConnection> closed) {
        this.login = login;
        this.session = session;
        this.lost = lost;
        this.closed = closed;
        this.threads = threads;
    }

    @Override
    public ShellChannel open(String command, ShellChannel.Listener listener, Duration limit)
            throws IOException, InterruptedException {
        CompletableFuture<JschChannel> outcome;
        try {
            outcome = threads.start("weftwork-open-" + login, () -> {
                var channel = (ChannelExec) session.openChannel("exec");
                var opened = new JschChannel(this, channel, listener);
                channel.setCommand(command);
                opening.add(channel);
                try {
                    channel.connect(JschClient.milliseconds(limit));
                } finally {
                    opening.remove(channel);
                }
                return opened;
            });
        } catch (IllegalStateException e) {
            throw new IOException(e.getMessage(), e);
        }
        boolean opened = false;
        try {
            JschChannel channel = outcome.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            opened = true;
            return channel;
        } catch (TimeoutException e) {
            throw new IOException("the SSH server opened no channel within " + limit.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            throw new IOException("the SSH server opened no channel: " + JschClient.said(e.getCause()), e.getCause());
        } finally {
            if (!opened) {
                var unused = outcome.thenAccept(JschChannel::close);
            }
        }
    }

    /** The library leaves them waiting for the answer of a server that is gone. */
    void wakeThoseWhoOpen() {
        for (ChannelExec channel : opening) {
            // Its own monitor is what the library waits in. Nobody writes to a channel that isn't open yet, so it is
            // free.
            synchronized (channel) {
                channel.notifyAll();
            }
        }
    }

    void listening(boolean now) {
        long time = now ? System.nanoTime() : 0;
        listeningSince = now && time == 0 ? 1 : time;
    }

    /** On the thread that reads: whether it does so no more because nothing comes. */
    boolean isLost() {
        return lost.getAsBoolean() || !isOpen();
    }

    @Override
    public boolean isOpen() {
        return session.isConnected();
    }

    @Override
    public Duration heldUp() {
        long since = listeningSince;
        return since == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - since);
    }

    @Override
    public void close() {
        closed.accept(this);
        session.disconnect();
        wakeThoseWhoOpen();
    }
}
