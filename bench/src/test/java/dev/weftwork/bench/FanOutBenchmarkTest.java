package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.bench.FanOutBenchmark.Way;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every way on a few hosts and in this JVM: whether there is a result of every command, not how fast. */
class FanOutBenchmarkTest {

    private final FanOutBenchmark.Costs costs = new FanOutBenchmark.Costs();

    @ParameterizedTest
    @EnumSource
    void aRoundRunsEveryCommandOfEveryHost(Way way) throws Exception {
        var benchmark = new FanOutBenchmark();
        benchmark.hosts = 50;
        benchmark.way = way;
        benchmark.open();

        assertThat(benchmark.commands(costs)).isEqualTo(50L * FanOutBenchmark.COMMANDS);
        assertThat(benchmark.sleeping(costs)).isEqualTo(50);

        assertThat(costs.perHost).isEqualTo(100);
        assertThat(costs.perCommand).isEqualTo(50L * FanOutBenchmark.COMMANDS + 50);
        benchmark.close();
    }

    @Test
    void thereMustBeAHost() {
        assertThatThrownBy(() -> new FanOutBenchmark().open()).hasMessage("hosts must be >= 1, was 0");
    }
}
