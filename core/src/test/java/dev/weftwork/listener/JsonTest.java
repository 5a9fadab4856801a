package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {

    @Test
    void writesValuesOfAllKindsInEachOther() {
        String text = Json.text(json -> json.field("a", "x")
                .field("b", -1L)
                .field("c", true)
                .object("d", inner -> {})
                .array(
                        "e",
                        array -> array.value("y")
                                .value(2)
                                .object(inner -> inner.field("f", "z"))
                                .array(inner -> inner.value(3)))
                .field("g", 4));

        assertThat(text)
                .isEqualTo("{\"a\":\"x\",\"b\":-1,\"c\":true,\"d\":{},\"e\":[\"y\",2,{\"f\":\"z\"},[3]],\"g\":4}");
    }

    @Test
    void escapesWhatElsewhereHasAMeaning() {
        Map<String, String> written = Map.ofEntries(
                Map.entry("a\"b", "a\\\"b"),
                Map.entry("a\\b", "a\\\\b"),
                Map.entry("a\nb", "a\\nb"),
                Map.entry("a\tb", "a\\tb"),
                Map.entry("a\rb", "a\\u000db"),
                Map.entry("a\u001b[0m", "a\\u001b[0m"),
                Map.entry("a\u007f", "a\\u007f"),
                Map.entry("</script>", "\\u003c/script>"),
                Map.entry("\u00e4\u2028", "\\u00e4\\u2028"),
                Map.entry("\ud83d\ude00", "\\ud83d\\ude00"),
                Map.entry("a\ud83d", "a\\ufffd"),
                Map.entry("\ude00a", "\\ufffda"),
                Map.entry("\ud83d\ud83d\ude00", "\\ufffd\\ud83d\\ude00"));

        written.forEach((text, expected) ->
                assertThat(Json.text(json -> json.field("t", text))).isEqualTo("{\"t\":\"" + expected + "\"}"));
    }
}
