package dev.weftwork.listener;

import dev.weftwork.report.RunMode;
import java.util.Locale;
import java.util.regex.Pattern;

/** How listeners call things, and what they let through to people. */
final class Words {

    /** All but newline and tab: what would move the cursor or change the colours of a terminal. */
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}&&[^\n\t]]");

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

    static String withoutControls(String text) {
        return CONTROL.matcher(text).replaceAll("\ufffd");
    }
}
