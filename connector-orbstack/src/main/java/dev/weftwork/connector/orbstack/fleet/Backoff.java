package dev.weftwork.connector.orbstack.fleet;

import java.time.Duration;

/**
 * Waits that become longer: each twice the one before until the longest, give or take a quarter, so that many machines
 * don't come back all at once. For one thread.
 */
final class Backoff {

    private final Pauses pauses;
    private final Duration longest;
    private Duration next;

    Backoff(Pauses pauses, Duration first, Duration longest) {
        this.pauses = pauses;
        this.longest = longest;
        next = first;
    }

    /** @param most the wait is cut off at that */
    void await(Duration most) throws InterruptedException {
        double factor = 0.75 + pauses.random() / 2;
        Duration wait = Duration.ofNanos((long) (next.toNanos() * factor));
        Duration twice = next.multipliedBy(2);
        next = twice.compareTo(longest) < 0 ? twice : longest;
        Duration cut = wait.compareTo(most) < 0 ? wait : most;
        if (cut.isPositive()) {
            pauses.sleep(cut);
        }
    }
}
