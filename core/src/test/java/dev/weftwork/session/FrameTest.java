package dev.weftwork.session;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameTest {

    /** The same question as a pattern. */
    private static final Pattern WANTS_OWN_SHELL =
            Pattern.compile("\\$\\$|\\$\\{\\$|PPID|eval|source\\b|(?:^|[\\s;&|({!'])\\.['\\s]");

    private static boolean wantsOwnShell(String text) {
        return Frame.wantsOwnShell(text.getBytes(ISO_8859_1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "echo $$",
                "echo ${$}",
                "kill $PPID",
                "eval x",
                "source ./x",
                "source",
                ". ./x",
                "a; . x",
                "if ! . x",
                "'.' x",
                "{ .\tx"
            })
    void whatMayAskForItsProcessNumberGetsAShellOfItsOwn(String text) {
        assertThat(wantsOwnShell(text)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "$", "${", "echo $x ${x}", "PPI", "sources", "source_x", "a.", "a. b", "./x", "x .y"})
    void whatOnlyLooksLikeThatDoesNot(String text) {
        assertThat(wantsOwnShell(text)).isFalse();
    }

    /** Texts of the pieces that matter, in any order. */
    @Test
    void whatThePatternFindsIsFound() {
        List<String> pieces = List.of(
                "$", "{", "}", "P", "PID", "PPID", "ev", "al", "eval", "source", "s", "_", ".", "'", " ", "\n", "\t",
                "\u000b", "\f", "\r", ";", "&", "|", "(", "!", "x", "0", "\u0085", "\u00e9", "\"", "`", "\u0000");
        var random = new SplittableRandom(29);
        int found = 0;
        for (int i = 0; i < 200_000; i++) {
            var text = new StringBuilder();
            for (int length = random.nextInt(7); length >= 0; length--) {
                text.append(pieces.get(random.nextInt(pieces.size())));
            }
            boolean wanted = WANTS_OWN_SHELL.matcher(text).find();
            found += wanted ? 1 : 0;
            assertThat(wantsOwnShell(text.toString())).as("'%s'", text).isEqualTo(wanted);
        }
        assertThat(found).isBetween(20_000, 180_000);
    }

    @Test
    void onlyBuiltinsByThemselvesAreTakenForBuiltins() throws IOException {
        assertThat(line(Command.of("true"))).startsWith("{ weft_builtin 7 ");
        assertThat(line(Command.of("echo", "x"))).startsWith("{ weft_builtin 7 ");
        assertThat(line(Command.of("[", "-e", "x", "]"))).startsWith("{ weft_builtin 7 ");
        assertThat(line(Command.of("truer"))).startsWith("{ weft_go 7 ");
        assertThat(line(Command.of("echo\tx"))).startsWith("{ weft_go 7 ");
        assertThat(line(Command.of("printf", "x"))).startsWith("{ weft_go 7 ");
        assertThat(line(Command.script("true"))).startsWith("{ weft_go 7 ");
        assertThat(line(Command.of("true").cwd("/"))).startsWith("{ weft_go 7 ");
        assertThat(line(Command.of("echo", "$$"))).startsWith("{ weft_own 7 ");
    }

    @Test
    void aLongTextIsAnnouncedByItsBlocks() {
        assertThat(new String(Frame.load(3, 2 * Frame.BLOCK_BYTES + 5), ISO_8859_1))
                .isEqualTo("{ weft_load 3 65536 2 5;}\n");
    }

    private static String line(Command command) throws IOException {
        return new String(Frame.of(7, command).line, ISO_8859_1);
    }
}
