package dev.weftwork.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutputTest {

    @Test
    void keepsEverythingUpToTheLimit() {
        var collector = new Output.Collector(6);

        collector.add("abcdef".getBytes(StandardCharsets.UTF_8), 0, 6);

        assertThat(collector.soFar().text()).isEqualTo("abcdef");
        assertThat(collector.soFar().truncated()).isFalse();
    }

    @Test
    void keepsHeadAndTailBeyondTheLimitAndSaysSo() {
        var collector = new Output.Collector(6);

        collector.add("0abcdefghi".getBytes(StandardCharsets.UTF_8), 1, 9);

        Output output = collector.soFar();
        assertThat(output.text()).isEqualTo("abc\n[... 3 bytes left out ...]\nghi");
        assertThat(output.bytes()).asString().isEqualTo("abcghi");
        assertThat(output.length()).isEqualTo(9);
        assertThat(output.truncated()).isTrue();
        assertThat(output).hasToString("9 bytes, truncated");
    }

    @Test
    void isTheSameHoweverTheBytesCame() {
        var random = new Random(1);
        for (int round = 0; round < 2_000; round++) {
            int limit = 2 + random.nextInt(40);
            var collector = new Output.Collector(limit);
            var all = new ByteArrayOutputStream();
            int chunks = random.nextInt(12);
            for (int i = 0; i < chunks; i++) {
                byte[] chunk = new byte[random.nextInt(30)];
                random.nextBytes(chunk);
                collector.add(chunk, 0, chunk.length);
                all.writeBytes(chunk);
            }

            byte[] whole = all.toByteArray();
            byte[] expected = whole;
            if (whole.length > limit) {
                int head = limit / 2;
                int tail = limit - head;
                expected = Arrays.copyOf(whole, limit);
                System.arraycopy(whole, whole.length - tail, expected, head, tail);
            }
            Output output = collector.soFar();
            assertThat(output.bytes()).as("round %d", round).isEqualTo(expected);
            assertThat(output.length()).isEqualTo(whole.length);
            assertThat(output.truncated()).isEqualTo(whole.length > limit);
        }
    }

    @Test
    void onlyNewlinesSeparateLines() {
        assertThat(Output.of("a\rb\fc\u000bd\u2028e\n\nf\n".getBytes(StandardCharsets.UTF_8))
                        .lines())
                .containsExactly("a\rb\fc\u000bd\u2028e", "", "f");
        assertThat(Output.of("a\n\n".getBytes(StandardCharsets.UTF_8)).lines()).containsExactly("a", "");
        assertThat(Output.empty().lines()).isEmpty();
    }

    @Test
    void bytesThatAreNotTextShowAsReplacementMarks() {
        Output output = Output.of(new byte[] {'a', (byte) 0xff, 0, 'b'});

        assertThat(output.text()).isEqualTo("a\ufffd\0b");
        assertThat(output.bytes()).containsExactly('a', 0xff, 0, 'b');
    }

    @Test
    void aLimitBelowZeroIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Output.Collector(-1))
                .withMessage("limit must be >= 0, was -1");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void theSmallestLimitsCountAllTheSame(int limit) {
        var collector = new Output.Collector(limit);

        collector.add("ab".getBytes(StandardCharsets.UTF_8), 0, 2);
        collector.add("cdef".getBytes(StandardCharsets.UTF_8), 0, 4);

        assertThat(collector.soFar().length()).isEqualTo(6);
        assertThat(collector.soFar().bytes())
                .isEqualTo(List.of("", "f", "af", "aef").get(limit).getBytes(StandardCharsets.UTF_8));
    }
}
