package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class PinnedCarriersTest {

    private static final Duration LONG_ENOUGH = Duration.ofMillis(40);

    /** What is initialized holds its carrier on every release of Java. */
    private static final class SlowToInitialize {
        static final long DONE;

        static {
            long begin = System.nanoTime();
            while (System.nanoTime() - begin < LONG_ENOUGH.toNanos()) {
                LockSupport.parkNanos(LONG_ENOUGH.toNanos());
            }
            DONE = System.nanoTime();
        }
    }

    @Test
    void aThreadThatHoldsItsCarrierIsSeen() throws Exception {
        try (var carriers = PinnedCarriers.record()) {
            Thread.ofVirtual()
                    .start(() -> assertThat(SlowToInitialize.DONE).isNotZero())
                    .join();

            assertThat(carriers.stop()).isNotEmpty();
        }
    }
}
