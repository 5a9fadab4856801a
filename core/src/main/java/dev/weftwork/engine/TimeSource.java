package dev.weftwork.engine;

import java.time.Duration;

/**
 * Where an engine takes its time from: what it measures, how long it waits between attempts, when a limit passes. The
 * system's, but in a simulation, where hours pass in seconds.
 *
 * <p>Lifetime: the user's; one may serve several engines. Any thread may call its methods.
 *
 * <p>A simulated time passes only while nobody is at work. So that it knows, the engine says how many activities, hosts for
 * the most part, are at work: {@link #wakes} before one begins or goes on, {@link #rests} when it waits for another or
 * has ended. Whoever lets another one go on says {@code wakes} for it, before that one runs.
 *
 * <pre>{@code
 * Engine.builder(connector).time(time).build();
 * }</pre>
 */
public interface TimeSource {

    /** The system's time. */
    static TimeSource system() {
        return SystemTime.INSTANCE;
    }

    /** As {@link System#nanoTime}. */
    long nanoTime();

    /** Returns after that time; an activity at work rests meanwhile. */
    void sleep(Duration time) throws InterruptedException;

    /** For the limits of one run, which closes it at its end. */
    Timer timer();

    /** So many activities are at work from now on that weren't before. */
    default void wakes(int activities) {}

    /** One activity isn't at work any more. */
    default void rests() {}

    /** Runs tasks when their time has come. */
    interface Timer extends AutoCloseable {

        /**
         * Runs a task, which doesn't block, on some thread, once {@link TimeSource#nanoTime} has come to that value.
         *
         * @return keeps it from running, if it isn't under way
         */
        Runnable at(long nanoTime, Runnable task);

        /** Forgets all tasks, and waits for one that is under way. */
        @Override
        void close();
    }
}
