package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class IdleSessionHeapTest {

    @Test
    void measuresConnectionsToRealMachines() throws Exception {
        var footprint = IdleSessionHeap.measure(2);

        assertThat(footprint.sessions()).isEqualTo(2);
        assertThat(footprint.threads().values()).allMatch(count -> count > 0);
    }

    @Test
    void saysWhatOneSessionHolds() {
        var footprint = new IdleSessionHeap.Footprint(4, 4_100, Map.of("process reaper", 4, "a-N", 2));

        assertThat(footprint.toString().lines())
                .containsExactly(
                        "weftwork: sessions=4 heap-bytes-per-session=1025 platform-threads-per-session=1.50",
                        "       2 a-N",
                        "       4 process reaper");
    }
}
