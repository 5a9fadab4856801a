package dev.weftwork.connector.orbstack.fleet;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Where waits between attempts take their time from, so that tests needn't take any. */
interface Pauses {

    /** As {@link System#nanoTime}. */
    long nanoTime();

    /** Returns after that time. */
    void sleep(Duration time) throws InterruptedException;

    /** From 0 to below 1, each as likely. */
    double random();

    Pauses SYSTEM = new Pauses() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public void sleep(Duration time) throws InterruptedException {
            Thread.sleep(time);
        }

        @Override
        public double random() {
            return ThreadLocalRandom.current().nextDouble();
        }
    };
}
