package dev.weftwork.session;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a command's standard input behind its frame, in chunks whose lengths go before them, so that the shell finds its
 * next frame wherever the input ends. Stops early when the command has ended without reading all of it.
 *
 * <p>Runs on a thread of {@link PipeThreads}, because the command may be slow to read.
 */
final class InputFeed {

    /** What is announced at once of an input whose length is known; nothing of it is held in memory. */
    private static final long CHUNK_BLOCKS = 64;

    /** What is read ahead of an input whose length isn't known, to be able to announce it. */
    private static final int UNKNOWN_CHUNK_BYTES = 128 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(InputFeed.class);

    private final ShellChannel channel;
    private final Exchange exchange;
    private final String nonce;

    /** Held while a chunk is sent. */
    private final ReentrantLock chunk = new ReentrantLock();

    private boolean finished;

    InputFeed(ShellChannel channel, Exchange exchange, String nonce) {
        this.channel = channel;
        this.exchange = exchange;
        this.nonce = nonce;
    }

    /** The source could not be read to the end; part of it has been sent. */
    private static final class SourceFailedException extends IOException {
        private static final long serialVersionUID = 1L;

        SourceFailedException(Exception cause) {
            super("its standard input could not be read to the end: " + cause, cause);
        }
    }

    /** Sends all of it, or as much as is wanted. What goes wrong, the exchange is told. */
    void send(InputStream in, OptionalLong length) {
        // A source may block for ever; then the end is sent by who hears that the command has ended.
        exchange.onEnough(this::finishIfBetweenChunks);
        try {
            if (length.isPresent()) {
                sendKnown(in, length.getAsLong());
            } else {
                sendUnknown(in);
            }
            chunk.lock();
            try {
                finish();
            } finally {
                chunk.unlock();
            }
        } catch (SourceFailedException e) {
            exchange.inputFailed(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            // Where the shell is gone its other streams say so too; where they don't, nobody else would.
            if (!exchange.enough()) {
                exchange.inputFailed("its standard input could not be sent: " + e.getMessage());
            }
        }
    }

    private void finishIfBetweenChunks() {
        // Who sends a chunk looks for the command's end behind it.
        if (chunk.tryLock()) {
            try {
                finish();
            } catch (IOException e) {
                LOG.trace("sending the end of a command's standard input", e);
            } finally {
                chunk.unlock();
            }
        }
    }

    /** The nonce is how the shell knows that what comes next are frames again, and not what is left of the input. */
    private void finish() throws IOException {
        if (!finished) {
            finished = true;
            line("0 0\n" + nonce + "\n");
        }
    }

    private void sendKnown(InputStream in, long length) throws IOException {
        byte[] buffer = new byte[(int) Math.min(length, Frame.BLOCK_BYTES)];
        long left = length;
        while (left > 0 && !exchange.enough()) {
            long blocks = Math.min(left / Frame.BLOCK_BYTES, CHUNK_BLOCKS);
            long bytes = blocks == 0 ? left : blocks * Frame.BLOCK_BYTES;
            chunk.lock();
            try {
                if (finished) {
                    return;
                }
                line(blocks == 0 ? bytes + " 1\n" : Frame.BLOCK_BYTES + " " + blocks + "\n");
                for (long sent = 0; sent < bytes; ) {
                    int count = readOrPad(in, buffer, (int) Math.min(buffer.length, bytes - sent));
                    if (count <= 0) {
                        throw new SourceFailedException(
                                new EOFException("it has become shorter than the " + length + " bytes it had"));
                    }
                    channel.write(buffer, 0, count);
                    sent += count;
                }
            } finally {
                chunk.unlock();
            }
            left -= bytes;
        }
    }

    private void sendUnknown(InputStream in) throws IOException {
        byte[] buffer = new byte[UNKNOWN_CHUNK_BYTES];
        while (!exchange.enough()) {
            // Whatever is there is sent at once: a command may answer to it, and its input may take hours to end.
            int count = read(in, buffer, buffer.length);
            if (count < 0) {
                return;
            }
            chunk.lock();
            try {
                if (finished) {
                    return;
                }
                if (count > 0) {
                    line(count + " 1\n");
                    channel.write(buffer, 0, count);
                }
            } finally {
                chunk.unlock();
            }
        }
    }

    /** A chunk that was announced must be filled, also when nobody reads it any more. */
    private int readOrPad(InputStream in, byte[] buffer, int count) throws SourceFailedException {
        try {
            int got = read(in, buffer, count);
            return got <= 0 && exchange.enough() ? count : got;
        } catch (SourceFailedException e) {
            if (exchange.enough()) {
                return count;
            }
            throw e;
        }
    }

    private static int read(InputStream in, byte[] buffer, int count) throws SourceFailedException {
        try {
            return in.read(buffer, 0, count);
        } catch (IOException | RuntimeException e) {
            throw new SourceFailedException(e);
        }
    }

    private void line(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        channel.write(bytes, 0, bytes.length);
    }
}
