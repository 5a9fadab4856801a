package dev.weftwork.connector.orbstack.ssh;

import com.jcraft.jsch.ChannelExec;
import com.jcraft.jsch.Session;
import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ShellChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A connection by JSch, which reads all its channels with one thread. */
final class JschConnection implements SshConnection {

    private final String login;
    private final Session session;
    private final PipeThreads threads;

    /** Since when the reader is with a listener, by {@code nanoTime}; 0 if it isn't. Written by the reader alone. */
    private volatile long listeningSince;

    JschConnection(String login, Session session, PipeThreads threads) {
        this.login = login;
        this.session = session;
        this.threads = threads;
    }

    @Override
    public ShellChannel open(String command, ShellChannel.Listener listener, Duration limit)
            throws IOException, InterruptedException {
        CompletableFuture<JschChannel> opening;
        try {
            opening = threads.start("weftwork-open-" + login, () -> {
                var channel = (ChannelExec) session.openChannel("exec");
                var opened = new JschChannel(this, channel, listener);
                channel.setCommand(command);
                channel.connect(JschClient.milliseconds(limit));
                return opened;
            });
        } catch (IllegalStateException e) {
            throw new IOException(e.getMessage(), e);
        }
        boolean opened = false;
        try {
            JschChannel channel = opening.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            opened = true;
            return channel;
        } catch (TimeoutException e) {
            throw new IOException("the SSH server opened no channel within " + limit.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            throw new IOException("the SSH server opened no channel: " + JschClient.said(e.getCause()), e.getCause());
        } finally {
            if (!opened) {
                var unused = opening.thenAccept(JschChannel::close);
            }
        }
    }

    void listening(boolean now) {
        long time = now ? System.nanoTime() : 0;
        listeningSince = now && time == 0 ? 1 : time;
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
        session.disconnect();
    }
}
