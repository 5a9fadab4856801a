package dev.weftwork.connector.orbstack;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The places for shells in the making: each {@code orbctl run} makes a connection to OrbStack of its own, and hundreds of
 * those at once have failed.
 *
 * <p>One that stays silent is not being connected any more, but waits for its machine to start, or for one that hangs. Its
 * place goes to the next one then, or a few machines that hang would keep all others out.
 */
final class Handshakes {

    /** Where those who have the places aren't known, or not yet. */
    private static final long LOOK_AGAIN_NANOS = Duration.ofMillis(250).toNanos();

    private final Semaphore places;
    private final long longestNanos;

    /** In their order, the oldest first. */
    private final ConcurrentLinkedQueue<Place> taken = new ConcurrentLinkedQueue<>();

    /** @param longest how long a place is kept while others wait for it */
    Handshakes(Semaphore places, Duration longest) {
        this.places = places;
        this.longestNanos = longest.toNanos();
    }

    /** A place, as soon as there is one. */
    Place take() throws InterruptedException {
        while (true) {
            Optional<Place> place = takeWithin(Long.MAX_VALUE);
            if (place.isPresent()) {
                return place.get();
            }
        }
    }

    /**
     * A place, if there is one in time.
     *
     * @throws IOException if there isn't
     */
    Place take(Duration limit) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            long left = deadline - System.nanoTime();
            Optional<Place> place = takeWithin(left);
            if (place.isPresent()) {
                return place.get();
            } else if (left <= 0) {
                throw new IOException("other shells were being opened for all of " + limit.toMillis()
                        + " ms; raise connectTimeout, or find out why they take so long");
            }
        }
    }

    /**
     * Waits no longer than the oldest place may be kept: then there is one, and until then hundreds who wait needn't look.
     */
    private Optional<Place> takeWithin(long nanos) throws InterruptedException {
        Place first = taken.peek();
        long kept = first == null ? LOOK_AGAIN_NANOS : Math.max(1, first.since + longestNanos - System.nanoTime());
        if (!places.tryAcquire(Math.min(nanos, kept), TimeUnit.NANOSECONDS)) {
            Place oldest = taken.peek();
            if (oldest != null && System.nanoTime() - oldest.since >= longestNanos) {
                oldest.giveUp();
            }
            return Optional.empty();
        }
        var place = new Place();
        taken.add(place);
        return Optional.of(place);
    }

    /** Held by one shell. */
    final class Place {
        private final long since = System.nanoTime();
        private final AtomicBoolean over = new AtomicBoolean();

        /** It isn't needed any more; a second call does nothing. */
        void giveUp() {
            if (!over.get() && over.compareAndSet(false, true)) {
                taken.remove(this);
                places.release();
            }
        }
    }
}
