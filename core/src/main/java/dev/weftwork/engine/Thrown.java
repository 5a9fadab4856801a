package dev.weftwork.engine;

import java.util.ArrayList;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** What was thrown by code that isn't ours, and may be as broken as that: nothing here throws, whatever it does. */
final class Thrown {

    /** Causes of causes that are looked at; they may go round in a circle. */
    private static final int DEEPEST = 16;

    private Thrown() {}

    /** What it says of itself, even if it can't. */
    static String text(Throwable e) {
        try {
            return e.toString();
        } catch (Throwable broken) {
            return e.getClass().getName();
        }
    }

    /**
     * The same, unless its text, or that of what it is caused by or has suppressed, has something to hide: then one that
     * says what remains, at the same place.
     */
    static Throwable hiding(Throwable e, UnaryOperator<String> hide) {
        try {
            return hiding(e, hide, DEEPEST);
        } catch (Throwable broken) {
            return new Hidden(hide.apply(text(e)), null);
        }
    }

    private static Throwable hiding(Throwable e, UnaryOperator<String> hide, int deepest) {
        if (deepest == 0) {
            return e;
        }
        String text = text(e);
        String shown = hide.apply(text);
        boolean same = shown.equals(text);
        Throwable cause = e.getCause();
        Throwable shownCause = cause == null ? null : hiding(cause, hide, deepest - 1);
        same &= Objects.equals(shownCause, cause);
        var shownSuppressed = new ArrayList<Throwable>();
        for (Throwable suppressed : e.getSuppressed()) {
            Throwable each = hiding(suppressed, hide, deepest - 1);
            same &= each.equals(suppressed);
            shownSuppressed.add(each);
        }
        if (same) {
            return e;
        }
        var hidden = new Hidden(shown, shownCause);
        hidden.setStackTrace(e.getStackTrace());
        shownSuppressed.forEach(hidden::addSuppressed);
        return hidden;
    }

    /** Stands for one whose message has a secret in it. */
    @SuppressWarnings("OverrideThrowableToString") // it is to look like the other one
    private static final class Hidden extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final String text;

        Hidden(String text, @Nullable Throwable cause) {
            super(text, cause);
            this.text = text;
        }

        /** Which names the class of the other one. */
        @Override
        public String toString() {
            return text;
        }
    }

    /** Logs it as far as it can be: its message may throw when it is asked for, and so may an appender. */
    static void warn(Logger log, String text, Throwable e) {
        try {
            log.warn(text, e);
        } catch (Throwable broken) {
            try {
                log.warn("{} ({}, which can't be logged)", text, e.getClass().getName());
            } catch (Throwable alsoBroken) {
                // There is nobody left to tell.
            }
        }
    }
}
