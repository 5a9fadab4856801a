package dev.weftwork.engine;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** What was thrown by code that isn't ours, and may be as broken as that: nothing here throws, whatever it does. */
final class Thrown {

    private Thrown() {}

    /** What it says of itself, even if it can't. */
    static String text(Throwable e) {
        String text = null;
        try {
            text = e.toString();
        } catch (Throwable broken) {
            // As if it said nothing.
        }
        return text == null ? e.getClass().getName() : text;
    }

    /**
     * The same, unless its text, or that of what it is caused by or has suppressed, has something to hide: then one that
     * says what remains, at the same place, and so for each of those that have.
     */
    static Throwable hiding(Throwable e, UnaryOperator<String> hide) {
        try {
            return shown(e, hide, newSet());
        } catch (Throwable broken) {
            return new Hidden(hide.apply(text(e)), null);
        }
    }

    private static Set<Throwable> newSet() {
        return Collections.newSetFromMap(new IdentityHashMap<>());
    }

    /**
     * @param seen those that were looked at already; causes may go round in a circle
     */
    private static boolean hidesNothing(Throwable e, UnaryOperator<String> hide, Set<Throwable> seen) {
        if (!seen.add(e)) {
            return true;
        }
        String text = text(e);
        if (!hide.apply(text).equals(text)) {
            return false;
        }
        Throwable cause = e.getCause();
        if (cause != null && !hidesNothing(cause, hide, seen)) {
            return false;
        }
        for (Throwable suppressed : e.getSuppressed()) {
            if (!hidesNothing(suppressed, hide, seen)) {
                return false;
            }
        }
        return true;
    }

    private static Throwable shown(Throwable e, UnaryOperator<String> hide, Set<Throwable> seen) {
        if (hidesNothing(e, hide, newSet())) {
            return e;
        }
        if (!seen.add(e)) {
            return new Hidden(hide.apply(text(e)), null);
        }
        Throwable cause = e.getCause();
        var hidden = new Hidden(hide.apply(text(e)), cause == null ? null : shown(cause, hide, seen));
        hidden.setStackTrace(e.getStackTrace());
        for (Throwable suppressed : e.getSuppressed()) {
            hidden.addSuppressed(shown(suppressed, hide, seen));
        }
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
