package dev.weftwork.listener;

import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What text becomes on a terminal: how many columns it takes, what of it may be shown at all, where it is cut. Widths are
 * those that terminals agree on; where they don't, the larger one, so that nothing is ever wider than was thought.
 *
 * <p>Used by one thread at a time, because an encoder is.
 */
final class ConsoleText {

    /** Of more than so many marks on one character the rest is left out: they would be drawn over other lines. */
    private static final int MARKS_ON_ONE = 3;

    /** First and last of the characters that take two columns, in order. */
    private static final int[] WIDE = {
        0x1100, 0x115f, 0x231a, 0x231b, 0x2329, 0x232a, 0x23e9, 0x23ec, 0x23f0, 0x23f0, 0x23f3, 0x23f3, 0x25fd, 0x25fe,
        0x2614, 0x2615, 0x2648, 0x2653, 0x267f, 0x267f, 0x2693, 0x2693, 0x26a1, 0x26a1, 0x26aa, 0x26ab, 0x26bd, 0x26be,
        0x26c4, 0x26c5, 0x26ce, 0x26ce, 0x26d4, 0x26d4, 0x26ea, 0x26ea, 0x26f2, 0x26f3, 0x26f5, 0x26f5, 0x26fa, 0x26fa,
        0x26fd, 0x26fd, 0x2705, 0x2705, 0x270a, 0x270b, 0x2728, 0x2728, 0x274c, 0x274c, 0x274e, 0x274e, 0x2753, 0x2755,
        0x2757, 0x2757, 0x2795, 0x2797, 0x27b0, 0x27b0, 0x27bf, 0x27bf, 0x2b1b, 0x2b1c, 0x2b50, 0x2b50, 0x2b55, 0x2b55,
        0x2e80, 0x303e, 0x3041, 0xa4cf, 0xa960, 0xa97f, 0xac00, 0xd7a3, 0xf900, 0xfaff, 0xfe10, 0xfe19, 0xfe30, 0xfe6f,
        0xff01, 0xff60, 0xffe0, 0xffe6, 0x16fe0, 0x1b2ff, 0x1f000, 0x1f0ff, 0x1f18e, 0x1f18e, 0x1f191, 0x1f19a, 0x1f1e6,
        0x1f265, 0x1f300, 0x1f64f, 0x1f680, 0x1f6ff, 0x1f7e0, 0x1f7f0, 0x1f900, 0x1faff, 0x20000, 0x3fffd
    };

    private final CharsetEncoder encoder;
    private final int replacement;
    private final String ellipsis;

    ConsoleText(Charset charset) {
        encoder = charset.canEncode()
                ? charset.newEncoder()
                : Charset.forName("US-ASCII").newEncoder();
        replacement = encoder.canEncode('\ufffd') ? 0xfffd : '?';
        ellipsis = encoder.canEncode('\u2026') ? "\u2026" : "~";
    }

    /** How many columns a cleaned text takes. */
    static int width(String text) {
        int width = 0;
        for (int i = 0; i < text.length(); ) {
            int character = text.codePointAt(i);
            width += width(character);
            i += Character.charCount(character);
        }
        return width;
    }

    private static int width(int character) {
        if (character < 0x300) {
            return 1;
        }
        if (isMark(character)) {
            return 0;
        }
        int low = 0;
        int high = WIDE.length / 2 - 1;
        while (low <= high) {
            int middle = (low + high) / 2;
            if (character < WIDE[2 * middle]) {
                high = middle - 1;
            } else if (character > WIDE[2 * middle + 1]) {
                low = middle + 1;
            } else {
                return 2;
            }
        }
        return 1;
    }

    private static boolean isMark(int character) {
        int type = Character.getType(character);
        return type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK;
    }

    /**
     * On one line, and without what would do anything but show: controls, and what turns the direction of writing or
     * joins characters, which terminals do each in their own way. What the terminal's character set lacks is replaced.
     */
    String clean(String text) {
        StringBuilder cleaned = null;
        int marks = 0;
        for (int i = 0; i < text.length(); ) {
            int character = text.codePointAt(i);
            int next = i + Character.charCount(character);
            marks = character >= 0x300 && isMark(character) ? marks + 1 : 0;
            int shown = marks > MARKS_ON_ONE ? 0 : shown(character);
            if (shown != character && cleaned == null) {
                cleaned = new StringBuilder(text.length()).append(text, 0, i);
            }
            if (cleaned != null && shown != 0) {
                cleaned.appendCodePoint(shown);
            }
            i = next;
        }
        return cleaned == null ? text : cleaned.toString();
    }

    /** 0 for nothing. */
    private int shown(int character) {
        if (character >= ' ' && character <= '~') {
            return character;
        }
        if (character == '\n' || character == '\t') {
            return ' ';
        }
        // They change the width of what stands before them, in some terminals.
        if ((character >= 0xfe00 && character <= 0xfe0f) || (character >= 0xe0100 && character <= 0xe01ef)) {
            return 0;
        }
        return switch (Character.getType(character)) {
            case Character.FORMAT -> 0;
            case Character.CONTROL,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.UNASSIGNED -> replacement;
            default -> encoder.canEncode(Character.toString(character)) ? character : replacement;
        };
    }

    /** A cleaned text in so many columns, with a sign where it was cut. */
    String cut(String text, int columns) {
        if (width(text) <= columns) {
            return text;
        }
        return columns < 1 ? "" : text.substring(0, fitting(text, 0, columns - 1)) + ellipsis;
    }

    /** The end of what fits from there on. */
    private static int fitting(String text, int from, int columns) {
        int end = from;
        int width = 0;
        while (end < text.length()) {
            int character = text.codePointAt(end);
            width += width(character);
            if (width > columns) {
                return end;
            }
            end += Character.charCount(character);
        }
        return end;
    }

    /**
     * A text of several lines, cleaned, each of them in as many of so many columns as it needs, where that can be broken at
     * spaces; what goes on is indented.
     */
    List<String> fold(String text, String indent, int columns) {
        var folded = new ArrayList<String>();
        for (String line : text.split("\n", -1)) {
            String cleaned = clean(line);
            String before = "";
            int begin = 0;
            do {
                int end = breakAfter(cleaned, begin, Math.max(1, columns - before.length()));
                folded.add(before + cleaned.substring(begin, end).stripTrailing());
                begin = end;
                before = indent;
            } while (begin < cleaned.length());
        }
        return folded;
    }

    /** Never where it begins, so that there is an end. */
    private static int breakAfter(String text, int from, int columns) {
        int end = fitting(text, from, columns);
        if (end == text.length()) {
            return end;
        }
        if (end == from) {
            return text.offsetByCodePoints(from, 1);
        }
        int space = text.lastIndexOf(' ', end);
        return space > from + (end - from) / 2 ? space + 1 : end;
    }

    // ---- time

    /** For something that goes on: whole seconds. */
    static String running(long nanos) {
        long seconds = Math.max(0, nanos) / 1_000_000_000;
        if (seconds < 60) {
            return seconds + " s";
        }
        String rest = (seconds < 3600 ? "" : seconds / 3600 + ":")
                + twoDigits(seconds / 60 % 60, seconds >= 3600)
                + ":"
                + twoDigits(seconds % 60, true);
        return rest;
    }

    private static String twoDigits(long number, boolean always) {
        return (always && number < 10 ? "0" : "") + number;
    }

    /** For something that is over. */
    static String took(Duration time) {
        long millis = time.toMillis();
        if (millis < 1000) {
            return millis + " ms";
        }
        return millis < 10_000 ? String.format(Locale.ROOT, "%.1f s", millis / 1000.0) : running(time.toNanos());
    }
}
