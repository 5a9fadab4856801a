package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Each row of the page of compatibility says by which test it is known, or why it is expected, and those tests exist, as do
 * those that decisions name.
 */
class CompatibilityPageTest {

    private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern TEST = Pattern.compile("`([A-Z]\\w*(?:Test|Contract))((?:\\.\\w+)*)`");
    private static final Pattern WITHOUT_TEST =
            Pattern.compile("every test|the same|expected|\\*{0,2}not tried|does not start");

    private static List<String> lines() throws IOException {
        return Files.readAllLines(TOP.resolve("docs/compatibility.md"));
    }

    @Test
    void testsThatAreNamedAreThere() throws IOException {
        Map<String, Path> classes = new HashMap<>();
        for (String folder :
                List.of("core/src/test", "core/src/testing", "connector-orbstack/src/test", "bench/src/test")) {
            try (Stream<Path> files = Files.walk(TOP.resolve(folder))) {
                files.filter(file -> file.toString().endsWith(".java"))
                        .forEach(file ->
                                classes.put(file.getFileName().toString().replace(".java", ""), file));
            }
        }
        List<String> lines = new ArrayList<>(lines());
        try (Stream<Path> decisions = Files.list(TOP.resolve("docs/adr"))) {
            for (Path decision : decisions.toList()) {
                lines.addAll(Files.readAllLines(decision));
            }
        }
        int named = 0;
        for (String line : lines) {
            for (var test : TEST.matcher(line).results().toList()) {
                assertThat(classes).as(test.group()).containsKey(test.group(1));
                String source = Files.readString(classes.get(test.group(1)));
                List<String> words = new ArrayList<>(List.of(test.group(2).split("\\.", -1)));
                words.removeFirst();
                for (String word : words) {
                    assertThat(source).as(test.group()).containsAnyOf(" void " + word + "(", " class " + word + " {");
                }
                named++;
            }
        }

        assertThat(named).isGreaterThan(40);
    }

    @Test
    void everyRowSaysHowItIsKnown() throws IOException {
        boolean header = true;
        int rows = 0;
        for (String line : lines()) {
            if (!line.startsWith("|")) {
                header = true;
                continue;
            }
            List<String> cells = List.of(line.split("\\|", -1));
            String last = cells.get(cells.size() - 2).strip();
            if (header) {
                assertThat(last).as(line).isEqualTo("tested or expected");
                header = false;
            } else if (!line.startsWith("|---")) {
                assertThat(TEST.matcher(last).find()
                                || WITHOUT_TEST.matcher(last).lookingAt())
                        .as("a test, or why it is expected, in: %s", line)
                        .isTrue();
                rows++;
            }
        }

        assertThat(rows).isGreaterThan(50);
    }
}
