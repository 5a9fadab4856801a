package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.bench.StrategyBenchmark.Pace;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every strategy on a few hosts and in this JVM: whether every step is taken, not how fast. */
class StrategyBenchmarkTest {

    @ParameterizedTest
    @EnumSource
    void aRunTakesEveryStepOfEveryHost(Pace pace) {
        var benchmark = new StrategyBenchmark();
        var costs = new StrategyBenchmark.Costs();
        benchmark.hosts = 25;
        benchmark.pace = pace;
        benchmark.open();

        assertThat(benchmark.steps(costs)).isEqualTo(25L * StrategyBenchmark.STEPS);

        assertThat(costs.perStepAndHost).isEqualTo(25L * StrategyBenchmark.STEPS);
        benchmark.close();
    }
}
