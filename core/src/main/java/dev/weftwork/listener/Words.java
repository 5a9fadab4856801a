package dev.weftwork.listener;

import dev.weftwork.report.RunMode;
import java.util.Locale;

/** How listeners call things. */
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
}
