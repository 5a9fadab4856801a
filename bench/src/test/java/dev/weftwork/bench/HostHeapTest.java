package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostHeapTest {

    @Test
    void everyHostWaitsWhenItsMemoryIsMeasured() throws Exception {
        var footprint = HostHeap.measure(2_000);

        assertThat(footprint.idle()).isGreaterThan(200).isLessThan(20_000);
        assertThat(footprint.busy()).isGreaterThan(footprint.bareBusy()).isLessThan(20_000);
        assertThat(footprint.bareIdle()).isGreaterThan(200);
    }

    @Test
    void saysWhatAHostHolds() {
        assertThat(new HostHeap.Footprint(2, 30, 10, 40, 20))
                .hasToString("hosts=2 heap-bytes-per-idle-host=30 of-bare-thread=10"
                        + " heap-bytes-per-busy-host=40 of-bare-thread=20");
    }
}
