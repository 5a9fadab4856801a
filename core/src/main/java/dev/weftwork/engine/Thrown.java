package dev.weftwork.engine;

import org.slf4j.Logger;

/** What was thrown by code that isn't ours, and may be as broken as that: nothing here throws, whatever it does. */
final class Thrown {

    private Thrown() {}

    /** What it says of itself, even if it can't. */
    static String text(Throwable e) {
        try {
            return e.toString();
        } catch (Throwable broken) {
            return e.getClass().getName();
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
