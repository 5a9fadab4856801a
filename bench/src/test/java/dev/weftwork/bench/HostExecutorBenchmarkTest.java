package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.bench.HostExecutorBenchmark.Way;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HostExecutorBenchmarkTest {

    @ParameterizedTest
    @EnumSource
    void everyHostIsBusyWhenItsMemoryIsMeasured(Way way) throws Exception {
        var footprint = HostExecutorBenchmark.measure(way, 2_000);

        assertThat(footprint.busyBytes()).isGreaterThan(footprint.idleBytes());
        assertThat(footprint).asString().contains("hosts=2000 heap-bytes-per-idle-host=");
    }

    @Test
    void thereMustBeAHost() {
        assertThatThrownBy(() -> HostExecutorBenchmark.measure(Way.CALL, 0)).hasMessage("hosts must be >= 1, was 0");
    }
}
