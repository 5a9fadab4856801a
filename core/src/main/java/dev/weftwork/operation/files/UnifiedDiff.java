package dev.weftwork.operation.files;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/*
 * Lines are compared as in Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), in the variant of its
 * section 4b: from both ends to a point in the middle of a shortest way, and then each half for itself, in memory linear
 * in the number of differences.
 *
 * Other than there the effort is bounded. A search that has found no middle after MAX_COST differences from each end goes
 * on from the furthest point that it has come to; when MAX_EFFORT is spent, what is left counts as replaced as a whole.
 * Either way the result is correct, but not the shortest one.
 *
 * A group of lines that are only removed, or only added, is moved down as far as it is the same change, as diff does it:
 * a new block then shows its own end and not that of the block before.
 */

/**
 * The difference between two contents of a file as {@code diff -u} prints it, without times.
 *
 * <p>For people: control characters, line separators and what turns the direction of writing are escaped, such as
 * {@code \x1b}, so that a terminal doesn't obey them; the lines of a file with CRLF end with {@code \r}.
 */
final class UnifiedDiff {

    /** A content of more bytes isn't compared. */
    static final int MAX_BYTES = 1024 * 1024;

    private static final int CONTEXT = 3;

    private final Lines before;
    private final Lines after;
    private final StringBuilder out = new StringBuilder();

    private UnifiedDiff(String before, String after) {
        this.before = new Lines(before);
        this.after = new Lines(after);
    }

    /**
     * Ends with a newline; empty if there is nothing to see. One line that says the sizes if a content is larger than
     * {@link #MAX_BYTES}, has a NUL byte or isn't UTF-8.
     *
     * @param before null if there is no such file yet
     */
    static String of(String path, byte @Nullable [] before, byte[] after) {
        if (before != null && Arrays.equals(before, after)) {
            return "";
        }
        OptionalLong length = before == null ? OptionalLong.empty() : OptionalLong.of(before.length);
        if (after.length > MAX_BYTES || length.orElse(0) > MAX_BYTES) {
            return tooLarge(length, after.length);
        }
        Optional<String> old = text(before == null ? new byte[0] : before);
        Optional<String> wanted = text(after);
        if (old.isEmpty() || wanted.isEmpty()) {
            return sizes(before == null ? "binary content" : "binary content differs", length, after.length);
        }
        return new UnifiedDiff(old.get(), wanted.get()).print(before == null ? "/dev/null" : shown(path), shown(path));
    }

    /**
     * In place of a diff of contents that are too large for one.
     *
     * @param before empty if there is no such file yet
     */
    static String tooLarge(OptionalLong before, long after) {
        return sizes("content too large for a diff", before, after);
    }

    /**
     * In place of a diff that nobody may see.
     *
     * @param before empty if there is no such file yet
     */
    static String hidden(OptionalLong before, long after) {
        return sizes("content not shown", before, after);
    }

    private static String sizes(String what, OptionalLong before, long after) {
        return before.isPresent()
                ? "%s, %s -> %s bytes\n".formatted(what, before.getAsLong(), after)
                : "%s, %s bytes\n".formatted(what, after);
    }

    private static Optional<String> text(byte[] bytes) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return text.indexOf('\0') >= 0 ? Optional.empty() : Optional.of(text);
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static String shown(String path) {
        var shown = new StringBuilder();
        appendShown(shown, path, 0, path.length(), "");
        return shown.toString();
    }

    private static void appendShown(StringBuilder out, String text, int from, int to, String kept) {
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (!isObeyed(c) || kept.indexOf(c) >= 0) {
                out.append(c);
            } else {
                switch (c) {
                    case '\n' -> out.append("\\n");
                    case '\r' -> out.append("\\r");
                    case '\t' -> out.append("\\t");
                    default -> out.append((c < 0x100 ? "\\x%02x" : "\\u%04x").formatted((int) c));
                }
            }
        }
    }

    /** Controls, the byte order mark, separators of lines and paragraphs, marks of direction. */
    private static boolean isObeyed(char c) {
        return Character.isISOControl(c)
                || c == 0xfeff
                || c == 0x61c
                || c == 0x200e
                || c == 0x200f
                || (c >= 0x2028 && c <= 0x202e)
                || (c >= 0x2066 && c <= 0x2069);
    }

    private String print(String from, String to) {
        List<Edit> edits = movedDown(new Comparison(before, after).edits());
        for (int first = 0; first < edits.size(); ) {
            int end = first + 1;
            while (end < edits.size() && edits.get(end).from - edits.get(end - 1).to <= 2 * CONTEXT) {
                end++;
            }
            if (first == 0) {
                out.append("--- ").append(from).append("\n+++ ").append(to).append('\n');
            }
            hunk(edits.subList(first, end));
            first = end;
        }
        return out.toString();
    }

    private void hunk(List<Edit> edits) {
        Edit first = edits.getFirst();
        Edit last = edits.getLast();
        int above = Math.min(CONTEXT, first.from);
        int below = Math.min(CONTEXT, before.count - last.to);
        out.append("@@ -");
        range(first.from - above, last.to + below);
        out.append(" +");
        range(first.newFrom - above, last.newTo + below);
        out.append(" @@\n");
        int at = first.from - above;
        for (Edit edit : edits) {
            lines(' ', before, at, edit.from);
            lines('-', before, edit.from, edit.to);
            lines('+', after, edit.newFrom, edit.newTo);
            at = edit.to;
        }
        lines(' ', before, at, at + below);
    }

    /** Counted from 1; an empty one is named by the line before it. */
    private void range(int from, int to) {
        int count = to - from;
        out.append(count == 0 ? from : from + 1);
        if (count != 1) {
            out.append(',').append(count);
        }
    }

    private void lines(char mark, Lines lines, int from, int to) {
        for (int i = from; i < to; i++) {
            out.append(mark);
            appendShown(out, lines.text, lines.start(i), lines.start(i + 1), "\t\n");
            if (lines.text.charAt(lines.start(i + 1) - 1) != '\n') {
                out.append("\n\\ No newline at end of file\n");
            }
        }
    }

    private List<Edit> movedDown(List<Edit> edits) {
        var moved = new ArrayList<Edit>();
        for (int i = 0; i < edits.size(); i++) {
            Edit edit = edits.get(i);
            boolean touches = !moved.isEmpty() && moved.getLast().to == edit.from;
            if (touches) {
                Edit above = moved.removeLast();
                edit = new Edit(above.from, edit.to, above.newFrom, edit.newTo);
            }
            int room = (i + 1 < edits.size() ? edits.get(i + 1).from : before.count) - edit.to;
            int by = 0;
            if (edit.newFrom == edit.newTo) {
                while (by < room && before.same(edit.from + by, before, edit.to + by)) {
                    by++;
                }
            } else if (edit.from == edit.to) {
                while (by < room && after.same(edit.newFrom + by, after, edit.newTo + by)) {
                    by++;
                }
            }
            moved.add(new Edit(edit.from + by, edit.to + by, edit.newFrom + by, edit.newTo + by));
        }
        return moved;
    }

    /** Lines {@code from} to {@code to} of the old text, without the latter, become those of the new text. */
    private record Edit(int from, int to, int newFrom, int newTo) {}

    /** Where the lines of a text are. A line has its newline with it, so that one without differs. */
    private static final class Lines {
        final String text;
        final int count;
        private final int[] starts;
        private final int[] hashes;

        Lines(String text) {
            this.text = text;
            int ended = (int) text.chars().filter(c -> c == '\n').count();
            count = text.isEmpty() || text.endsWith("\n") ? ended : ended + 1;
            starts = new int[count + 1];
            hashes = new int[count];
            int at = 0;
            for (int i = 0; i < count; i++) {
                int newline = text.indexOf('\n', at);
                int end = newline < 0 ? text.length() : newline + 1;
                int hash = 0;
                for (; at < end; at++) {
                    hash = 31 * hash + text.charAt(at);
                }
                hashes[i] = hash;
                starts[i + 1] = end;
            }
        }

        int start(int line) {
            return starts[line];
        }

        int length(int line) {
            return starts[line + 1] - starts[line];
        }

        boolean same(int line, Lines others, int other) {
            return hashes[line] == others.hashes[other]
                    && length(line) == others.length(other)
                    && text.regionMatches(starts[line], others.text, others.starts[other], length(line));
        }
    }

    /** Used once. What is x and y in the paper: a line of the old text, a line of the new one. */
    private static final class Comparison {
        /** Differences from each end until the search for the middle is cut short. */
        private static final int MAX_COST = 1024;

        /** Diagonals visited and characters compared; some tenths of a second. */
        private static final long MAX_EFFORT = 1L << 25;

        private final Lines a;
        private final Lines b;
        private final BitSet removed = new BitSet();
        private final BitSet added = new BitSet();
        private final int limit;
        /** The furthest x on each diagonal x - y, around that of the start. */
        private final int[] forward;
        /** As {@link #forward}, from the end. */
        private final int[] backward;

        private long effort = MAX_EFFORT;
        private int middleX;
        private int middleY;

        Comparison(Lines a, Lines b) {
            this.a = a;
            this.b = b;
            limit = Math.min(MAX_COST, a.count + b.count);
            forward = new int[2 * limit + 5];
            backward = new int[2 * limit + 5];
        }

        List<Edit> edits() {
            compare(0, a.count, 0, b.count);
            var edits = new ArrayList<Edit>();
            int x = 0;
            int y = 0;
            while (x < a.count || y < b.count) {
                int endX = removed.nextClearBit(x);
                int endY = added.nextClearBit(y);
                if (endX > x || endY > y) {
                    edits.add(new Edit(x, endX, y, endY));
                    x = endX;
                    y = endY;
                } else {
                    x++;
                    y++;
                }
            }
            return edits;
        }

        /** Recurses into the first half only, which has half of the differences or at most MAX_COST. */
        private void compare(int fromX, int toX, int fromY, int toY) {
            int x = fromX;
            int y = fromY;
            while (true) {
                while (x < toX && y < toY && same(x, y)) {
                    x++;
                    y++;
                }
                int endX = toX;
                int endY = toY;
                while (x < endX && y < endY && same(endX - 1, endY - 1)) {
                    endX--;
                    endY--;
                }
                if (x == endX || y == endY || !findMiddle(x, endX, y, endY)) {
                    removed.set(x, endX);
                    added.set(y, endY);
                    return;
                }
                int nextX = middleX;
                int nextY = middleY;
                compare(x, nextX, y, nextY);
                x = nextX;
                y = nextY;
            }
        }

        private boolean same(int x, int y) {
            boolean same = a.same(x, b, y);
            effort -= same ? a.length(x) : 1;
            return same;
        }

        /** Whether there is effort left for it. The first lines differ, and the last ones do. */
        private boolean findMiddle(int fromX, int toX, int fromY, int toY) {
            int min = fromX - toY;
            int max = toX - fromY;
            int start = fromX - fromY;
            int end = toX - toY;
            int f = limit + 2 - start;
            int g = limit + 2 - end;
            boolean odd = ((start - end) & 1) != 0;
            int forwardMin = start;
            int forwardMax = start;
            int backwardMin = end;
            int backwardMax = end;
            forward[start + f] = fromX;
            backward[end + g] = toX;
            for (int cost = 1; cost <= limit; cost++) {
                // A diagonal out of the rectangle is left out; the one beside it has its turn again next time.
                if (forwardMin > min) {
                    forwardMin--;
                    forward[forwardMin - 1 + f] = -1;
                } else {
                    forwardMin++;
                }
                if (forwardMax < max) {
                    forwardMax++;
                    forward[forwardMax + 1 + f] = -1;
                } else {
                    forwardMax--;
                }
                for (int d = forwardMax; d >= forwardMin; d -= 2) {
                    int x = Math.max(forward[d - 1 + f] + 1, forward[d + 1 + f]);
                    while (x < toX && x - d < toY && same(x, x - d)) {
                        x++;
                    }
                    forward[d + f] = x;
                    if (odd && backwardMin <= d && d <= backwardMax && backward[d + g] <= x) {
                        return middle(x, d);
                    }
                    if (--effort < 0) {
                        return false;
                    }
                }
                if (backwardMin > min) {
                    backwardMin--;
                    backward[backwardMin - 1 + g] = Integer.MAX_VALUE;
                } else {
                    backwardMin++;
                }
                if (backwardMax < max) {
                    backwardMax++;
                    backward[backwardMax + 1 + g] = Integer.MAX_VALUE;
                } else {
                    backwardMax--;
                }
                for (int d = backwardMax; d >= backwardMin; d -= 2) {
                    int x = Math.min(backward[d - 1 + g], backward[d + 1 + g] - 1);
                    while (fromX < x && fromY < x - d && same(x - 1, x - 1 - d)) {
                        x--;
                    }
                    backward[d + g] = x;
                    if (!odd && forwardMin <= d && d <= forwardMax && x <= forward[d + f]) {
                        return middle(x, d);
                    }
                    if (--effort < 0) {
                        return false;
                    }
                }
            }
            furthest(forwardMin, forwardMax, f, toX, toY);
            return true;
        }

        private boolean middle(int x, int diagonal) {
            middleX = x;
            middleY = x - diagonal;
            return true;
        }

        private void furthest(int min, int max, int f, int toX, int toY) {
            int best = -1;
            for (int d = min; d <= max; d += 2) {
                int x = Math.min(Math.min(forward[d + f], toX), toY + d);
                if (2 * x - d > best) {
                    best = 2 * x - d;
                    middle(x, d);
                }
            }
        }
    }
}
