package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.bench.HostExecutorBenchmark.Way;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every way on a few hosts and in this JVM: whether all commands run, not how fast. */
class HostExecutorBenchmarkTest {

    @ParameterizedTest
    @EnumSource
    void aRoundRunsEveryCommandOfEveryHost(Way way) throws Exception {
        var benchmark = new HostExecutorBenchmark();
        benchmark.hosts = 50;
        benchmark.way = way;
        benchmark.open();

        assertThat(benchmark.round()).isEqualTo(50L * HostExecutorBenchmark.COMMANDS);
        assertThat(benchmark.round()).isEqualTo(50L * HostExecutorBenchmark.COMMANDS);
        benchmark.close();
    }

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
