package dev.weftwork.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsTest {

    private static Options parse(String... args) {
        return Options.parse(args, Path.of("out"));
    }

    @Test
    void withoutAnyEverythingIsCompared() {
        assertThat(parse().ways()).containsExactly(Way.ORBCTL, Way.SSH);
        assertThat(parse().workloads()).containsExactly(Workload.DEPLOY4, Workload.FAN20);
        assertThat(parse().hosts()).containsExactly(1, 5, 25, 100, 250);
        assertThat(parse().runs()).isEqualTo(3);
        assertThat(parse().tools()).isEmpty();
        assertThat(parse().out()).isEqualTo(Path.of("out"));
    }

    @Test
    void eachNarrowsIt() {
        Options options = parse(
                "--quick", "--over", "ssh", "--work", "fan20", "--hosts", "7,2", "--tools", "b,a", "--limit", "5");

        assertThat(options.ways()).containsExactly(Way.SSH);
        assertThat(options.workloads()).containsExactly(Workload.FAN20);
        assertThat(options.hosts()).containsExactly(2, 7);
        assertThat(options.runs()).isOne();
        assertThat(options.tools()).containsExactly("a", "b");
        assertThat(options.limit()).isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void processesAreCountedOnAHundredHostsAtMost() {
        assertThat(parse().countedHosts()).isEqualTo(100);
        assertThat(parse("--hosts", "2,50").countedHosts()).isEqualTo(50);
        assertThat(parse("--hosts", "250").countedHosts()).isEqualTo(250);
    }

    @ParameterizedTest
    @CsvSource({
        "--hosts,0,--hosts must be a whole number > 0",
        "--runs,many,--runs must be a whole number > 0",
        "--over,telnet,'one of [orbctl, ssh] is wanted, not ''telnet'''",
        "--fast,yes,an unknown option: --fast",
    })
    void whatMakesNoSenseIsRefused(String option, String value, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse(option, value))
                .withMessageContaining(message);
    }

    @Test
    void anOptionNeedsItsValue() {
        assertThatIllegalArgumentException().isThrownBy(() -> parse("--runs")).withMessageContaining("--runs");
    }
}
