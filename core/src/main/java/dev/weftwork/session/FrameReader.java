package dev.weftwork.session;

import dev.weftwork.command.Output;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Tells a command's output from the marker that the shell prints behind it.
 *
 * <p>The marker is a nonce, a space, a status and a newline. What comes before it is the output, byte for byte: no
 * newline is needed or invented. What comes after it, from a child left in the background, is nobody's and stays
 * unread. The nonce begins with a byte that occurs in it only once, so a mismatch never has to look back.
 */
final class FrameReader {

    static final char NONCE_START = 0x1e;
    private static final int BUFFER_BYTES = 8 * 1024;
    private static final int STATUS_LIMIT = 8;

    private final byte[] nonce;
    private final Output.Collector output;
    private int matched;

    FrameReader(String nonce, Output.Collector output) {
        if (nonce.lastIndexOf(NONCE_START) != 0) {
            throw new IllegalArgumentException("a nonce must have its start character once, in front");
        }
        this.nonce = (nonce + " ").getBytes(StandardCharsets.US_ASCII);
        this.output = output;
    }

    /** Reads up to the marker and returns its status, or null if the stream ended without one. */
    @Nullable
    String readToMarker(InputStream in) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            int next = passOn(buffer, count);
            if (matched == nonce.length) {
                return readStatus(buffer, next, count, in);
            }
        }
        output.add(nonce, 0, matched);
        return null;
    }

    /** Hands on what is certainly output; returns the index behind the nonce if it is complete, else the count. */
    private int passOn(byte[] buffer, int count) {
        int start = 0;
        for (int i = 0; i < count; i++) {
            if (buffer[i] == nonce[matched]) {
                if (matched == 0) {
                    output.add(buffer, start, i - start);
                }
                matched++;
                start = i + 1;
                if (matched == nonce.length) {
                    return start;
                }
            } else if (matched > 0) {
                output.add(nonce, 0, matched);
                matched = 0;
                start = i;
                if (buffer[i] == nonce[0]) {
                    matched = 1;
                    start = i + 1;
                }
            }
        }
        output.add(buffer, start, count - start);
        return count;
    }

    private static @Nullable String readStatus(byte[] buffer, int from, int count, InputStream in) throws IOException {
        var status = new ByteArrayOutputStream();
        for (int i = from; i < count; i++) {
            if (buffer[i] == '\n') {
                return status.toString(StandardCharsets.US_ASCII);
            }
            status.write(buffer[i]);
        }
        for (int b = in.read(); b >= 0 && status.size() < STATUS_LIMIT; b = in.read()) {
            if (b == '\n') {
                return status.toString(StandardCharsets.US_ASCII);
            }
            status.write(b);
        }
        return null;
    }
}
