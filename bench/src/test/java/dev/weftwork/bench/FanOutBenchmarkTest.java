package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class FanOutBenchmarkTest {

    @Test
    void thereMustBeAHost() {
        assertThatThrownBy(() -> new FanOutBenchmark().open()).hasMessage("hosts must be >= 1, was 0");
    }
}
