package dev.weftwork.session;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Tells what commands write from the markers that the session's shell prints, in one stream, whatever the pieces in which
 * it comes.
 *
 * <p>A marker is the session's nonce, a few words and a newline. What isn't part of one is output, byte for byte: no newline
 * is needed or invented. The nonce begins with a byte that occurs in it only once, so a mismatch never has to look back.
 *
 * <p>Fed by one thread at a time.
 */
final class MarkerScanner {

    static final char NONCE_START = 0x1e;

    /** Markers are far shorter. */
    private static final int WORDS_LIMIT = 120;

    /** Takes what was told apart, in the order of the stream, on the thread that feeds the scanner. */
    interface Handler {
        void output(byte[] bytes, int offset, int count);

        /** The words of a marker, without the nonce. */
        void marker(String words);
    }

    private final byte[] nonce;
    private final Handler handler;
    private int matched;
    private final ByteArrayOutputStream words = new ByteArrayOutputStream(16);

    MarkerScanner(String nonce, Handler handler) {
        if (nonce.lastIndexOf(NONCE_START) != 0) {
            throw new IllegalArgumentException("a nonce must have its start character once, in front");
        }
        this.nonce = nonce.getBytes(StandardCharsets.US_ASCII);
        this.handler = handler;
    }

    void accept(byte[] bytes, int offset, int count) {
        int limit = offset + count;
        int start = offset;
        int position = offset;
        while (position < limit) {
            byte next = bytes[position];
            if (matched == nonce.length) {
                position = takeWords(bytes, position, limit);
                start = position;
            } else if (next == nonce[matched]) {
                if (matched == 0 && position > start) {
                    handler.output(bytes, start, position - start);
                }
                matched++;
                position++;
                start = position;
            } else if (matched > 0) {
                // This byte is looked at again: it may begin the nonce itself.
                giveBackPrefix();
                start = position;
            } else {
                position++;
            }
        }
        if (matched == 0 && limit > start) {
            handler.output(bytes, start, limit - start);
        }
    }

    private int takeWords(byte[] bytes, int from, int limit) {
        for (int position = from; position < limit; position++) {
            if (bytes[position] == '\n') {
                String text = words.toString(StandardCharsets.US_ASCII);
                words.reset();
                matched = 0;
                handler.marker(text);
                return position + 1;
            }
            if (words.size() < WORDS_LIMIT) {
                words.write(bytes[position]);
            }
        }
        return limit;
    }

    /** The stream has ended: what looked like the beginning of a nonce was output. */
    void end() {
        if (matched > 0 && matched < nonce.length) {
            giveBackPrefix();
        }
    }

    private void giveBackPrefix() {
        int count = matched;
        matched = 0;
        handler.output(nonce, 0, count);
    }
}
