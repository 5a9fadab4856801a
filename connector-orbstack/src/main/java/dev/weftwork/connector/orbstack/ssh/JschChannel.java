package dev.weftwork.connector.orbstack.ssh;

import com.jcraft.jsch.ChannelExec;
import dev.weftwork.connector.OutputConsumer.Stream;
import dev.weftwork.session.ShellChannel;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/** The streams of one command on an SSH server. Its outputs go into sinks of ours, on the thread that reads the connection. */
final class JschChannel implements ShellChannel {

    /** Every server takes packets far larger than that. */
    private static final int ONE_PACKET = 4 * 1024;

    private final JschConnection connection;
    private final ChannelExec channel;
    private final Listener listener;
    private final OutputStream input;
    private final ReentrantLock writing = new ReentrantLock();

    /** JSch closes both outputs when the channel ends, in whatever way. */
    private final AtomicInteger open = new AtomicInteger(2);

    JschChannel(JschConnection connection, ChannelExec channel, Listener listener) throws IOException {
        this.connection = connection;
        this.channel = channel;
        this.listener = listener;
        channel.setOutputStream(new Sink(Stream.STDOUT));
        channel.setExtOutputStream(new Sink(Stream.STDERR));
        input = channel.getOutputStream();
    }

    /**
     * An SSH packet comes as a whole or not at all. What doesn't fit into one is cut anywhere; so the last two bytes of more
     * than a little go in a packet of their own.
     */
    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
        writing.lock();
        try {
            // JSch itself would lose it without a word.
            if (channel.isClosed() || !connection.isOpen()) {
                throw new IOException("the shell is closed");
            }
            if (count > ONE_PACKET) {
                input.write(bytes, offset, count - 2);
                input.flush();
                input.write(bytes, offset + count - 2, 2);
            } else {
                input.write(bytes, offset, count);
            }
            input.flush();
        } finally {
            writing.unlock();
        }
    }

    @Override
    public void close() {
        // Closing waits for a write, and a write for a reader that there may never be.
        if (writing.tryLock()) {
            try {
                input.close();
            } catch (IOException e) {
                // The channel's end says the same.
            } finally {
                writing.unlock();
            }
        }
        channel.disconnect();
    }

    private void ended() {
        if (open.decrementAndGet() == 0) {
            listener.closed(reason());
        }
    }

    private String reason() {
        int status = channel.getExitStatus();
        if (status >= 0) {
            return "its shell ended" + (status == 0 ? "" : " with status " + status);
        }
        return connection.isLost()
                ? "the SSH connection was lost"
                : "its shell was killed, or the machine stopped (exit status 0xFFFFFFFF)";
    }

    /** One of its outputs. */
    private final class Sink extends OutputStream {
        private final Stream stream;

        /** The reader may come to its end while another thread closes the channel. */
        private final AtomicBoolean closed = new AtomicBoolean();

        Sink(Stream stream) {
            this.stream = stream;
        }

        @Override
        public void write(int value) {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int count) {
            connection.listening(true);
            try {
                // Whether more is wanted or not, the rest must be read: other channels' packets come behind it.
                listener.output(stream, bytes, offset, count);
            } finally {
                connection.listening(false);
            }
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                ended();
            }
        }
    }
}
