package dev.weftwork.listener;

import dev.weftwork.report.RunMode;
import java.util.Locale;

/** How listeners call things, and how they cut long texts. */
final class Words {

    private Words() {}

    static String noun(RunMode mode) {
        return switch (mode) {
            case RUN -> "run";
            case PLAN -> "plan";
            case VERIFY -> "verification";
        };
    }

    /** A constant's name as people and programs outside of Java write it: {@code NOT_RUN} is {@code not-run}. */
    static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Head and tail of a text that is too long, without halves of characters. */
    static String shorten(String text, int limit) {
        if (text.length() <= limit) {
            return text;
        }
        int head = limit / 2;
        int tail = text.length() - (limit - head);
        if (head > 0 && Character.isHighSurrogate(text.charAt(head - 1))) {
            head--;
        }
        if (tail < text.length() && Character.isLowSurrogate(text.charAt(tail))) {
            tail++;
        }
        return text.substring(0, head)
                + "\n[... " + (tail - head) + " characters left out ...]\n"
                + text.substring(tail);
    }
}
