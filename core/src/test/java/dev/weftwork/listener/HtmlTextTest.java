package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HtmlTextTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u001b[1;31mred\u001b[0m",
                "\u001b]0;title\u0007red",
                "\u001b]8;;https://example.org\u001b\\red\u001b]8;;\u001b\\",
                "\u001b(Bred\u001b[K",
                "\ufffd[31mred\ufffd[0m",
                "red\u001b[?25l\u001b[2J\u001b[10;10H"
            })
    void ordersToTheTerminalAreTakenOut(String text) {
        assertThat(HtmlText.clean(text)).isEqualTo("red");
    }

    @Test
    void whatIsLeftOfControlCharactersIsSeen() {
        assertThat(HtmlText.clean("a\r\nb\rc\u0000\u0007\u001bd\u007f\te"))
                .isEqualTo("a\nb\u240dc\u2400\u2407\u241bd\u2421\te");
        assertThat(HtmlText.clean("a\u0085\u202ecba\u200b\u2028\ufeff"))
                .isEqualTo("a[U+0085][U+202E]cba[U+200B][U+2028][U+FEFF]");
    }

    @Test
    void halvesOfCharactersAreReplacedAndWholeOnesKept() {
        assertThat(HtmlText.clean("\ud83d\ude00 \u00e4 \ud83d x \ude00"))
                .isEqualTo("\ud83d\ude00 \u00e4 \ufffd x \ufffd");
    }

    @Test
    void whatMeansSomethingInAPageIsEscaped() {
        assertThat(HtmlText.escape("<a href=\"x\" id='y'>&</a>"))
                .isEqualTo("&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
        assertThat(HtmlText.escape("plain")).isEqualTo("plain");
    }

    @Test
    void tooLongATextKeepsHeadAndTail() {
        assertThat(Words.shorten("abcdef", 6)).isEqualTo("abcdef");
        assertThat(Words.shorten("abcdefg", 4)).isEqualTo("ab\n[... 3 characters left out ...]\nfg");
        assertThat(Words.shorten("abc", 0)).isEqualTo("\n[... 3 characters left out ...]\n");
        assertThat(Words.shorten("a\ud83d\ude00bcdef\ud83d\ude00g", 4))
                .isEqualTo("a\n[... 9 characters left out ...]\ng");
    }
}
