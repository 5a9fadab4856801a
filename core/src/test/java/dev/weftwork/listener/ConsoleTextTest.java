package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConsoleTextTest {

    private final ConsoleText text = new ConsoleText(StandardCharsets.UTF_8);

    @ParameterizedTest
    @CsvSource({
        "abc, 3",
        "'', 0",
        "caf\u00e9, 4",
        "cafe\u0301, 4",
        "\u6f22\u5b57, 4",
        "\uac00, 2",
        "\uff21, 2",
        "\ud83d\ude00, 2",
        "\u2713, 1",
        "\u2705, 2",
        "\ud83c\udde9\ud83c\uddea, 4"
    })
    void charactersTakeNoneOneOrTwoColumns(String characters, int columns) {
        assertThat(ConsoleText.width(text.clean(characters))).isEqualTo(columns);
    }

    @Test
    void whatIsInvisibleIsLeftOutAndWhatIsDangerousReplaced() {
        assertThat(text.clean("as it is \u2026")).isEqualTo("as it is \u2026");
        assertThat(text.clean("a\nb\tc")).isEqualTo("a b c");
        assertThat(text.clean("\u0007\u001b\u007f\u009b\r")).isEqualTo("\ufffd".repeat(5));
        // Joiners, marks of direction, selectors of variants, half a pair.
        assertThat(text.clean("a\u200d\u202e\u2066\ufeff\ufe0fb\ud800")).isEqualTo("ab\ufffd");
        assertThat(text.clean("e" + "\u0301".repeat(50) + "x\u0301")).isEqualTo("e\u0301\u0301\u0301x\u0301");
        assertThat(new ConsoleText(StandardCharsets.ISO_8859_1).clean("\u00e9\u0301\u6f22"))
                .isEqualTo("\u00e9??");
    }

    @Test
    void aTextIsCutWithASign() {
        assertThat(text.cut("abcdef", 6)).isEqualTo("abcdef");
        assertThat(text.cut("abcdef", 5)).isEqualTo("abcd\u2026");
        assertThat(text.cut("\u6f22\u5b57\u6f22", 5)).isEqualTo("\u6f22\u5b57\u2026");
        assertThat(text.cut("\u6f22\u5b57\u6f22", 4)).isEqualTo("\u6f22\u2026");
        assertThat(text.cut("abc", 1)).isEqualTo("\u2026");
        assertThat(text.cut("abc", 0)).isEmpty();
        assertThat(new ConsoleText(StandardCharsets.US_ASCII).cut("abcdef", 5)).isEqualTo("abcd~");
    }

    @Test
    void aTextIsFoldedAtSpacesWhereItCan() {
        assertThat(text.fold("one two three\nfour", "  ", 8)).containsExactly("one two", "  three", "four");
        assertThat(text.fold("abcdefghijkl", "  ", 5)).containsExactly("abcde", "  fgh", "  ijk", "  l");
        assertThat(text.fold("\u6f22\u5b57", "    ", 1)).containsExactly("\u6f22", "    \u5b57");
        assertThat(text.fold("", "  ", 5)).containsExactly("");
    }

    @Test
    void timesAreShort() {
        assertThat(ConsoleText.running(-1)).isEqualTo("0 s");
        assertThat(ConsoleText.running(59_999_999_999L)).isEqualTo("59 s");
        assertThat(ConsoleText.running(61_000_000_000L)).isEqualTo("1:01");
        assertThat(ConsoleText.running(Duration.ofHours(11).plusSeconds(65).toNanos()))
                .isEqualTo("11:01:05");
        assertThat(ConsoleText.took(Duration.ofMillis(999))).isEqualTo("999 ms");
        assertThat(ConsoleText.took(Duration.ofMillis(1250))).isEqualTo("1.3 s");
        assertThat(ConsoleText.took(Duration.ofSeconds(10))).isEqualTo("10 s");
    }
}
