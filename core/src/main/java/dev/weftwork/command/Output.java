package dev.weftwork.command;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a command wrote on one stream: bytes, kept whole up to a limit, beyond it the head and the tail.
 *
 * <p>Immutable. Text views decode UTF-8 and show a replacement mark for what isn't; the bytes are always there.
 */
public final class Output {

    /** How much of a stream is kept when nobody says otherwise: 8 MiB. */
    public static final int DEFAULT_LIMIT = 8 * 1024 * 1024;

    private static final byte[] NOTHING = {};
    private static final Output EMPTY = new Output(NOTHING, NOTHING, 0);

    private final byte[] head;
    private final byte[] tail;
    private final long length;

    private Output(byte[] head, byte[] tail, long length) {
        this.head = head;
        this.tail = tail;
        this.length = length;
    }

    public static Output empty() {
        return EMPTY;
    }

    public static Output of(byte[] content) {
        return new Output(content.clone(), NOTHING, content.length);
    }

    /** How many bytes were written, kept or not. */
    public long length() {
        return length;
    }

    /** Whether bytes in the middle were left out; how many is {@code length() - bytes().length}. */
    public boolean truncated() {
        return length > head.length + tail.length;
    }

    /** The bytes that were kept: all of them, or head and tail one behind the other if {@link #truncated()}. */
    public byte[] bytes() {
        byte[] all = Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, all, head.length, tail.length);
        return all;
    }

    /** As text, trailing newline included; a line in brackets says how many bytes were left out, if any. */
    public String text() {
        if (!truncated()) {
            // A character may be in two halves where head and tail meet, so these are decoded together.
            return new String(tail.length == 0 ? head : bytes(), StandardCharsets.UTF_8);
        }
        return new String(head, StandardCharsets.UTF_8)
                + "\n[... " + (length - head.length - tail.length) + " bytes left out ...]\n"
                + new String(tail, StandardCharsets.UTF_8);
    }

    /** As text, the beginning of it, from that many bytes at most; never across what was left out. */
    String headText(int bytes) {
        byte[] kept = truncated() ? head : bytes();
        return new String(kept, 0, Math.min(bytes, kept.length), StandardCharsets.UTF_8);
    }

    /** As text, the end of it, from that many bytes at most; never across what was left out. */
    String endText(int bytes) {
        byte[] kept = truncated() ? tail : bytes();
        int from = Math.max(0, kept.length - bytes);
        return new String(kept, from, kept.length - from, StandardCharsets.UTF_8);
    }

    /** The lines of {@link #text()}; only a newline separates them, and a last one does not begin another line. */
    public List<String> lines() {
        String text = text();
        if (text.isEmpty()) {
            return List.of();
        }
        String body = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        return List.of(body.split("\n", -1));
    }

    /**
     * That text with a replacement mark for each character that a terminal would obey instead of showing it, so that what a
     * machine writes moves no cursor and changes no colour; newlines and tabs stay. The messages of this library are like this
     * already.
     *
     * <pre>{@code
     * System.out.print(Output.printable(result.stdoutText()));
     * }</pre>
     */
    public static String printable(String text) {
        return ShellWords.withoutControls(text);
    }

    @Override
    public String toString() {
        return length + " bytes" + (truncated() ? ", truncated" : "");
    }

    /**
     * Takes the bytes of a stream as they come, in bounded memory.
     *
     * <p>Safe for one writing thread and any readers at once; {@link #soFar()} may be called before the end.
     */
    public static final class Collector {
        private final ReentrantLock lock = new ReentrantLock();
        private final int headLimit;
        private final int tailLimit;

        /** Made when something comes: most commands are silent on one stream. */
        private @Nullable ByteArrayOutputStream head;

        private byte[] ring = NOTHING;
        private long length;

        /**
         * @param limit how many bytes to keep at most, half of them from the head
         * @throws IllegalArgumentException if it is below 0
         */
        public Collector(int limit) {
            if (limit < 0) {
                throw new IllegalArgumentException("limit must be >= 0, was " + limit);
            }
            headLimit = limit / 2;
            tailLimit = limit - headLimit;
        }

        public void add(byte[] bytes, int offset, int count) {
            lock.lock();
            try {
                ByteArrayOutputStream first = head;
                if (first == null) {
                    first = new ByteArrayOutputStream(Math.min(count, headLimit));
                    head = first;
                }
                int toHead = Math.min(count, headLimit - first.size());
                first.write(bytes, offset, toHead);
                if (count > toHead) {
                    addToRing(bytes, offset + toHead, count - toHead);
                }
                length += count;
            } finally {
                lock.unlock();
            }
        }

        private void addToRing(byte[] bytes, int offset, int count) {
            if (tailLimit == 0) {
                return;
            }
            if (ring.length == 0) {
                ring = new byte[tailLimit];
            }
            int keep = Math.min(count, tailLimit);
            long at = Math.max(0, length - headLimit) + (count - keep);
            for (int done = 0; done < keep; ) {
                int position = (int) ((at + done) % tailLimit);
                int chunk = Math.min(keep - done, tailLimit - position);
                System.arraycopy(bytes, offset + count - keep + done, ring, position, chunk);
                done += chunk;
            }
        }

        /** What has come until now. */
        public Output soFar() {
            lock.lock();
            try {
                ByteArrayOutputStream first = head;
                if (first == null) {
                    return EMPTY;
                }
                long beyondHead = Math.max(0, length - headLimit);
                byte[] tail = beyondHead == 0 ? NOTHING : new byte[(int) Math.min(beyondHead, tailLimit)];
                for (int i = 0; i < tail.length; i++) {
                    tail[i] = ring[(int) ((beyondHead - tail.length + i) % tailLimit)];
                }
                return new Output(first.toByteArray(), tail, length);
            } finally {
                lock.unlock();
            }
        }
    }
}
