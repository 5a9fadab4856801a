package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Every benchmark that the jar has, by the harness, for a moment and in this JVM: whether it runs, finds its own results
 * right and gives a score, not how fast. Of parameters that are numbers each takes its smallest one, of others all.
 */
class SmokeTest {

    private static final TimeValue MOMENT = TimeValue.milliseconds(20);
    private static final int COMMANDS = 40;

    @BeforeAll
    static void settings() {
        // Another run on this computer makes scores wrong, which nobody looks at here.
        System.setProperty("jmh.ignoreLock", "true");
        System.setProperty(SessionBenchmark.COMMANDS_PROPERTY, Integer.toString(COMMANDS));
    }

    @AfterAll
    static void settingsOfOthers() {
        System.clearProperty("jmh.ignoreLock");
        System.clearProperty(SessionBenchmark.COMMANDS_PROPERTY);
    }

    /** What the harness finds in the jar. */
    static Set<BenchmarkListEntry> benchmarks() {
        OutputFormat silent = OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT);
        return BenchmarkList.defaultList().getAll(silent, List.of());
    }

    static Stream<String> names() {
        return benchmarks().stream().map(BenchmarkListEntry::getUsername);
    }

    @Test
    void benchmarksAreFound() {
        assertThat(names())
                .contains(SessionBenchmark.class.getName() + ".echo", FanOutBenchmark.class.getName() + ".commands");
    }

    @ParameterizedTest
    @MethodSource("benchmarks")
    void everyBenchmarkGivesAScoreAndHoldsNoCarrier(BenchmarkListEntry benchmark) throws Exception {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("^" + Pattern.quote(benchmark.getUsername()) + "$")
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(MOMENT)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT);
        Map<String, String[]> parameters = benchmark.getParams().orElse(Map.of());
        int combinations = 1;
        for (Map.Entry<String, String[]> parameter : parameters.entrySet()) {
            String[] values = smoke(parameter.getValue());
            options.param(parameter.getKey(), values);
            combinations *= values.length;
        }

        Collection<RunResult> results;
        try (var carriers = PinnedCarriers.record()) {
            results = new Runner(options.build()).run();
            assertThat(carriers.stop()).isEmpty();
        }

        assertThat(results).hasSize(combinations).allSatisfy(result -> {
            assertThat(result.getPrimaryResult().getScore()).isFinite().isPositive();
            // The CPU time of a moment may be nothing.
            result.getSecondaryResults()
                    .forEach((name, other) ->
                            assertThat(other.getScore()).as(name).isFinite().isNotNegative());
        });
    }

    private static String[] smoke(String[] values) {
        boolean numbers = Arrays.stream(values).allMatch(value -> value.matches("\\d+"));
        return numbers
                ? Arrays.stream(values)
                        .sorted(Comparator.comparingLong(Long::parseLong))
                        .limit(1)
                        .toArray(String[]::new)
                : values;
    }
}
