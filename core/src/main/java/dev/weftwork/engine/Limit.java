package dev.weftwork.engine;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A time that something may take, and when that is over.
 *
 * @param of whose it is
 * @param length how long
 * @param at when it passes, by the run's time
 */
record Limit(Of of, Duration length, long at) {

    enum Of {
        RUN,
        HOST,
        STEP
    }

    static @Nullable Limit earlier(@Nullable Limit one, @Nullable Limit other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return one.at - other.at <= 0 ? one : other;
    }

    String passed() {
        String whose = switch (of) {
            case RUN -> "run";
            case HOST -> "host";
            case STEP -> "step";
        };
        return "the " + whose + "'s limit of " + text(length) + " passed";
    }

    static String text(Duration length) {
        long millis = length.toMillis();
        return millis > 0 && millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }
}
