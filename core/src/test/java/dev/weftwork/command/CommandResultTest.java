package dev.weftwork.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandResultTest {

    private static final String SECRET = "k7Q2z9Xw4Rt1Vb6Ny3Mc";

    private static final Command COMMAND = Command.of("printer").secretEnv("TOKEN", Secret.of(SECRET));

    private static CommandResult wrote(String text, int kept) {
        var collector = new Output.Collector(kept);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        collector.add(bytes, 0, bytes.length);
        return new CommandResult(
                "web01", COMMAND, new Outcome.Completed(3), collector.soFar(), collector.soFar(), Duration.ofMillis(1));
    }

    @Test
    void aRecordHasAShortTextWholeWithStarsForSecrets() {
        assertThat(wrote("a " + SECRET + " b\n", 1000).stdoutForRecord(100)).isEqualTo("a ****** b\n");
    }

    @Test
    void aRecordHasBeginningAndEndOfALongText() {
        String text = "a".repeat(40) + "x".repeat(5000) + "b".repeat(40);

        assertThat(wrote(text, 100_000).stderrForRecord(20))
                .isEqualTo("aaaaaaaaaa\n[... left out, of 5080 bytes ...]\nbbbbbbbbbb");
    }

    @Test
    void aRecordOfNothingIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> wrote("", 10).stdoutForRecord(1))
                .withMessage("limit must be >= 2, was 1");
    }

    private static void assertThatNoPartOfTheSecretIsIn(String shown) {
        for (int from = 0; from + 4 <= SECRET.length(); from++) {
            assertThat(shown).doesNotContain(SECRET.substring(from, from + 4));
        }
    }

    /** Wherever the secret lies, also across the cut of what was kept, and across that of what is shown. */
    @ParameterizedTest
    @ValueSource(ints = {1000, 200, 100, 61, 40, 21, 4})
    void aPartOfASecretIsNeverShown(int kept) {
        for (int at = 0; at <= 200; at++) {
            String text = ".".repeat(at) + SECRET + ".".repeat(200 - at);

            CommandResult result = wrote(text, kept);

            for (int limit : new int[] {2, 10, 50, 120, 219}) {
                assertThatNoPartOfTheSecretIsIn(result.stdoutForRecord(limit));
            }
            assertThatNoPartOfTheSecretIsIn(result.describe());
        }
    }

    @Test
    void aPartOfASecretIsNeverShownAmongManyOthers() {
        String text = (SECRET + " ").repeat(500);

        for (int limit = 2; limit < 400; limit++) {
            assertThatNoPartOfTheSecretIsIn(wrote(text, 100_000).stdoutForRecord(limit));
            assertThatNoPartOfTheSecretIsIn(wrote(text, 333).stdoutForRecord(limit));
        }
    }
}
