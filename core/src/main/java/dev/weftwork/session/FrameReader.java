package dev.weftwork.session;

import dev.weftwork.command.Output;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Tells a command's output from the markers that the shells print before and behind it.
 *
 * <p>A marker is a nonce, a space, a word and a newline. What comes before it is output, byte for byte: no newline is
 * needed or invented. What comes after the last one, from a child left in the background, is nobody's and stays unread.
 * The nonce begins with a byte that occurs in it only once, so a mismatch never has to look back.
 */
final class FrameReader {

    static final char NONCE_START = 0x1e;
    private static final int BUFFER_BYTES = 8 * 1024;
    private static final int WORD_LIMIT = 8;

    private final InputStream in;
    private final byte[] nonce;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;

    FrameReader(InputStream in, String nonce) {
        if (nonce.lastIndexOf(NONCE_START) != 0) {
            throw new IllegalArgumentException("a nonce must have its start character once, in front");
        }
        this.in = in;
        this.nonce = (nonce + " ").getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads up to the next marker and returns its word, or null if the stream ended without one. */
    @Nullable
    String readToMarker(Output.Collector output) throws IOException {
        int matched = 0;
        while (fill()) {
            int start = position;
            while (position < limit) {
                byte next = buffer[position];
                if (next == nonce[matched]) {
                    if (matched == 0) {
                        output.add(buffer, start, position - start);
                    }
                    position++;
                    start = position;
                    matched++;
                    if (matched == nonce.length) {
                        return readWord();
                    }
                } else if (matched > 0) {
                    // This byte is looked at again: it may begin the nonce itself.
                    output.add(nonce, 0, matched);
                    matched = 0;
                    start = position;
                } else {
                    position++;
                }
            }
            if (matched == 0) {
                output.add(buffer, start, limit - start);
            }
        }
        output.add(nonce, 0, matched);
        return null;
    }

    private @Nullable String readWord() throws IOException {
        var word = new ByteArrayOutputStream();
        while (word.size() < WORD_LIMIT && fill()) {
            byte next = buffer[position++];
            if (next == '\n') {
                return word.toString(StandardCharsets.US_ASCII);
            }
            word.write(next);
        }
        return null;
    }

    /** Whether there is something to look at; blocks until there is, or the stream has ended. */
    private boolean fill() throws IOException {
        if (position == limit) {
            position = 0;
            limit = Math.max(0, in.read(buffer));
        }
        return position < limit;
    }
}
