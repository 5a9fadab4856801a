package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MarkerScannerTest {

    private static final String NONCE = MarkerScanner.NONCE_START + "ab12-";

    /** Output as it came, with each marker's words in brackets. */
    private final StringBuilder seen = new StringBuilder();

    private final List<String> markers = new ArrayList<>();

    private final MarkerScanner.Handler recording = new MarkerScanner.Handler() {
        @Override
        public void output(byte[] bytes, int offset, int count) {
            assertThat(count).isPositive();
            seen.append(new String(bytes, offset, count, StandardCharsets.ISO_8859_1));
        }

        @Override
        public void marker(String words) {
            seen.append('[').append(words).append(']');
            markers.add(words);
        }
    };

    private final MarkerScanner scanner = new MarkerScanner(NONCE, recording);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 100})
    void findsMarkersHoweverTheStreamIsCut(int chunk) {
        String look = "\u001e\u001eab12\u001eab12:2 7\nno newline\0\u00ff";

        feed(look + NONCE + "7 17\n" + NONCE + "8 0 left\nbehind", chunk);

        assertThat(seen).hasToString(look + "[7 17][8 0 left]behind");
        assertThat(markers).containsExactly("7 17", "8 0 left");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 100})
    void whatLookedLikeAMarkerAtTheEndOfTheStreamIsOutput(int chunk) {
        feed("partial" + NONCE.substring(0, 4), chunk);

        scanner.end();

        assertThat(seen).hasToString("partial" + NONCE.substring(0, 4));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 100})
    void aMarkerThatIsCutOffIsNone(int chunk) {
        feed("x" + NONCE + "1 1", chunk);

        scanner.end();

        assertThat(seen).hasToString("x");
    }

    @Test
    void aNonceMustHaveItsStartOnce() {
        assertThatIllegalArgumentException().isThrownBy(() -> new MarkerScanner("ab", recording));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MarkerScanner(NONCE + MarkerScanner.NONCE_START, recording));
    }

    private void feed(String stream, int chunk) {
        byte[] bytes = stream.getBytes(StandardCharsets.ISO_8859_1);
        for (int at = 0; at < bytes.length; at += chunk) {
            scanner.accept(bytes, at, Math.min(chunk, bytes.length - at));
        }
    }
}
