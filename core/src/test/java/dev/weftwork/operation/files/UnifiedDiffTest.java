package dev.weftwork.operation.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnifiedDiffTest {

    private static final Pattern HUNK = Pattern.compile("@@ -(\\d+)(?:,(\\d+))? \\+(\\d+)(?:,(\\d+))? @@");
    private static final String OPEN_END = "\\ No newline at end of file";

    private static String diff(@Nullable String before, String after) {
        return UnifiedDiff.of("f", before == null ? null : before.getBytes(UTF_8), after.getBytes(UTF_8));
    }

    /** Lines of that text for each number from 1. */
    private static String lines(int count, IntFunction<String> line) {
        return IntStream.rangeClosed(1, count).mapToObj(line).collect(Collectors.joining("\n", "", "\n"));
    }

    /** What the diff makes of a text, which must hold every line that the diff says it does. */
    private static String applied(String diff, String before) {
        if (diff.isEmpty()) {
            return before;
        }
        List<String> old = split(before);
        List<String> parts = diff.lines().toList();
        assertThat(parts.getFirst()).startsWith("--- ");
        assertThat(parts.get(1)).startsWith("+++ ");
        var result = new ArrayList<String>();
        int at = 0;
        for (int i = 2; i < parts.size(); ) {
            Matcher hunk = HUNK.matcher(parts.get(i++));
            assertThat(hunk.matches())
                    .as("a hunk begins at line %d of %s", i, diff)
                    .isTrue();
            int removed = count(hunk.group(2));
            int added = count(hunk.group(4));
            int from = Integer.parseInt(hunk.group(1)) - (removed == 0 ? 0 : 1);
            result.addAll(old.subList(at, from));
            assertThat(Integer.parseInt(hunk.group(3)) - (added == 0 ? 0 : 1)).isEqualTo(result.size());
            at = from;
            while (removed > 0 || added > 0) {
                String part = parts.get(i++);
                boolean open = i < parts.size() && parts.get(i).equals(OPEN_END);
                String line = part.substring(1) + (open ? "" : "\n");
                i += open ? 1 : 0;
                if (part.charAt(0) != '+') {
                    assertThat(old.get(at++)).isEqualTo(line);
                    removed--;
                }
                if (part.charAt(0) != '-') {
                    result.add(line);
                    added--;
                }
            }
            assertThat(removed + added).as("lines too many in %s", diff).isZero();
        }
        result.addAll(old.subList(at, old.size()));
        return String.join("", result);
    }

    private static int count(@Nullable String group) {
        return group == null ? 1 : Integer.parseInt(group);
    }

    private static List<String> split(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split("(?<=\n)"));
    }

    private static long changedLines(String diff) {
        return diff.lines()
                .skip(2)
                .filter(line -> line.startsWith("-") || line.startsWith("+"))
                .count();
    }

    /** How few lines have to be removed and added, by the longest common subsequence. */
    private static long fewest(List<String> a, List<String> b) {
        int[][] common = new int[a.size() + 1][b.size() + 1];
        for (int x = 1; x <= a.size(); x++) {
            for (int y = 1; y <= b.size(); y++) {
                common[x][y] = a.get(x - 1).equals(b.get(y - 1))
                        ? common[x - 1][y - 1] + 1
                        : Math.max(common[x - 1][y], common[x][y - 1]);
            }
        }
        return a.size() + b.size() - 2L * common[a.size()][b.size()];
    }

    @Nested
    class Text {
        @Test
        void hasThreeLinesOfContext() {
            String before = lines(9, i -> "line " + i);

            assertThat(diff(before, before.replace("line 5", "LINE 5"))).isEqualTo("""
                    --- f
                    +++ f
                    @@ -2,7 +2,7 @@
                     line 2
                     line 3
                     line 4
                    -line 5
                    +LINE 5
                     line 6
                     line 7
                     line 8
                    """);
        }

        @Test
        void sixLinesApartIsOneHunkAndSevenAreTwo() {
            String before = lines(30, i -> "line " + i);
            String near = before.replace("line 10\n", "").replace("line 17\n", "");
            String far = before.replace("line 10\n", "").replace("line 18\n", "");

            assertThat(diff(before, near).lines().filter(line -> line.startsWith("@@")))
                    .containsExactly("@@ -7,14 +7,12 @@");
            assertThat(diff(before, far).lines().filter(line -> line.startsWith("@@")))
                    .containsExactly("@@ -7,7 +7,6 @@", "@@ -15,7 +14,6 @@");
        }

        @Test
        void thatIsNewComesFromNowhere() {
            assertThat(diff(null, "a\nb\n")).isEqualTo("""
                    --- /dev/null
                    +++ f
                    @@ -0,0 +1,2 @@
                    +a
                    +b
                    """);
            assertThat(diff(null, "")).isEmpty();
        }

        @Test
        void thatGoesAndThatComes() {
            assertThat(diff("a\n", "")).isEqualTo("--- f\n+++ f\n@@ -1 +0,0 @@\n-a\n");
            assertThat(diff("", "a\n")).isEqualTo("--- f\n+++ f\n@@ -0,0 +1 @@\n+a\n");
        }

        @Test
        void thatIsTheSameHasNone() {
            assertThat(diff("a\n", "a\n")).isEmpty();
            assertThat(diff("", "")).isEmpty();
        }

        @Test
        void withoutANewlineAtItsEnd() {
            assertThat(diff("a\nb", "a\nb\n"))
                    .isEqualTo("--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n" + OPEN_END + "\n+b\n");
            assertThat(diff("a\nb\n", "a\nb"))
                    .isEqualTo("--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n+b\n" + OPEN_END + "\n");
            assertThat(diff("a\nb", "c\nb")).isEqualTo("--- f\n+++ f\n@@ -1,2 +1,2 @@\n-a\n+c\n b\n" + OPEN_END + "\n");
        }

        @Test
        void ofANewBlockShowsItsOwnEnd() {
            assertThat(diff("{\n  a\n}\n", "{\n  a\n}\n{\n  b\n}\n"))
                    .isEqualTo("--- f\n+++ f\n@@ -1,3 +1,6 @@\n {\n   a\n }\n+{\n+  b\n+}\n");
            assertThat(diff("x\nx\ny\n", "x\ny\n")).isEqualTo("--- f\n+++ f\n@@ -1,3 +1,2 @@\n x\n-x\n y\n");
        }

        @Test
        void withCarriageReturnsShowsThem() {
            assertThat(diff("a\r\nb\r\n", "a\r\nc\n")).isEqualTo("--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\\r\n-b\\r\n+c\n");
        }
    }

    @Nested
    class Terminals {
        @Test
        void getNoControls() {
            assertThat(diff("", "\033[2J\t\b\177\u009b1m\u202eä😀\u2028\ufeff\n"))
                    .endsWith("@@ -0,0 +1 @@\n+\\x1b[2J\t\\x08\\x7f\\x9b1m\\u202eä😀\\u2028\\ufeff\n");
        }

        @Test
        void getNoControlsOfAPath() {
            assertThat(UnifiedDiff.of("a\nb\tc\033", new byte[0], new byte[] {'x', '\n'}))
                    .startsWith("--- a\\nb\\tc\\x1b\n+++ a\\nb\\tc\\x1b\n@@ -0,0 +1 @@\n");
        }
    }

    @Nested
    class OneLine {
        @Test
        void isSaidOfBytesThatAreNoText() {
            assertThat(UnifiedDiff.of("f", "a\0b".getBytes(UTF_8), "text".getBytes(UTF_8)))
                    .isEqualTo("binary content differs, 3 -> 4 bytes\n");
            assertThat(UnifiedDiff.of("f", "text".getBytes(UTF_8), new byte[] {(byte) 0xe4}))
                    .isEqualTo("binary content differs, 4 -> 1 bytes\n");
            assertThat(UnifiedDiff.of("f", null, new byte[] {0})).isEqualTo("binary content, 1 bytes\n");
        }

        @Test
        void isSaidOfWhatIsTooLarge() {
            byte[] large = "x".repeat(UnifiedDiff.MAX_BYTES + 1).getBytes(UTF_8);

            assertThat(UnifiedDiff.of("f", new byte[2], large))
                    .isEqualTo("content too large for a diff, 2 -> 1048577 bytes\n");
            assertThat(UnifiedDiff.of("f", large, new byte[2]))
                    .isEqualTo("content too large for a diff, 1048577 -> 2 bytes\n");
            assertThat(UnifiedDiff.of("f", null, large)).isEqualTo("content too large for a diff, 1048577 bytes\n");
        }
    }

    @Nested
    class Randomly {
        private final long seed = Long.getLong("weftwork.seed", System.nanoTime());
        private final Random random = new Random(seed);

        @Test
        void changedTextComesOutAndTheWayIsTheShortest() {
            for (int round = 0; round < 5000; round++) {
                String before = text(random.nextInt(40), 1 + random.nextInt(8));
                String after = random.nextBoolean() ? text(random.nextInt(40), 1 + random.nextInt(8)) : edited(before);

                String diff = diff(before, after);

                String at = "-Dweftwork.seed=%d, round %d, from <%s> to <%s>: %s"
                        .formatted(seed, round, before, after, diff);
                assertThat(applied(diff, before)).as(at).isEqualTo(after);
                assertThat(changedLines(diff)).as(at).isEqualTo(fewest(split(before), split(after)));
            }
        }

        /** The program's hunks may lie elsewhere where several ways are equally short. */
        @Test
        void changesNoMoreLinesThanTheProgram(@TempDir Path folder) throws Exception {
            for (int round = 0; round < 100; round++) {
                String before = text(random.nextInt(60), 1 + random.nextInt(30));
                String after = edited(before);

                String expected = program(folder, before, after);

                String diff = diff(before, after);
                assertThat(changedLines(diff))
                        .as("-Dweftwork.seed=%d, round %d: %s\nand not %s", seed, round, diff, expected)
                        .isEqualTo(changedLines(expected));
            }
        }

        /** Lines that are there once only leave one shortest way, and nothing to choose. */
        @Test
        void printsWhatTheProgramPrints(@TempDir Path folder) throws Exception {
            for (int round = 0; round < 100; round++) {
                var old = new ArrayList<String>();
                var wanted = new ArrayList<String>();
                for (int i = 0; i < 60; i++) {
                    int kind = random.nextInt(16);
                    if (kind != 0) {
                        old.add("line " + i + "\n");
                    }
                    if (kind != 1) {
                        wanted.add((kind == 2 ? "LINE " : "line ") + i + "\n");
                    }
                }
                String before = ended(String.join("", old));
                String after = ended(String.join("", wanted));

                String expected = program(folder, before, after);

                assertThat(withoutHeader(diff(before, after)))
                        .as("-Dweftwork.seed=%d, round %d", seed, round)
                        .isEqualTo(withoutHeader(expected));
            }
        }

        private String program(Path folder, String before, String after) throws IOException, InterruptedException {
            Path old = Files.writeString(folder.resolve("before"), before);
            Path wanted = Files.writeString(folder.resolve("after"), after);
            Process process = new ProcessBuilder("diff", "-u", "-d", old.toString(), wanted.toString())
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).as("diff ends").isTrue();
            assertThat(process.exitValue()).as(output).isIn(0, 1);
            return output;
        }

        private static String withoutHeader(String diff) {
            return diff.lines().skip(2).collect(Collectors.joining("\n"));
        }

        private String text(int count, int kinds) {
            return count == 0 ? "" : ended(lines(count, i -> "line " + random.nextInt(kinds)));
        }

        /** Now and then without the last newline. */
        private String ended(String text) {
            return random.nextInt(4) == 0 && text.length() > 1 ? text.substring(0, text.length() - 1) : text;
        }

        private String edited(String text) {
            var lines = new ArrayList<>(split(text));
            for (int edits = random.nextInt(8); edits > 0; edits--) {
                int at = random.nextInt(lines.size() + 1);
                if (at < lines.size() && random.nextBoolean()) {
                    lines.remove(at);
                } else {
                    lines.add(at, "line " + random.nextInt(10) + "\n");
                }
            }
            return String.join(
                    "",
                    lines.stream()
                            .map(line -> line.endsWith("\n") ? line : line + "\n")
                            .toList());
        }
    }

    /** As large as is compared at all. Minutes would be needed for the shortest way. */
    @Nested
    @Timeout(60)
    class Bounds {
        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 1000, Integer.MAX_VALUE})
        void endWhatIsRandom(int kinds) {
            var random = new Random(kinds);
            String before = random(random, kinds);
            String after = random(random, kinds);

            String diff = diff(before, after);

            assertThat(applied(diff, before).equals(after)).isTrue();
        }

        @Test
        void stillFindTwoThousandChangesInManyLines() {
            String before = lines(40_000, i -> "the line " + i);
            String after = lines(40_000, i -> i % 20 == 0 ? "another " + i : "the line " + i);

            String diff = diff(before, after);

            assertThat(applied(diff, before).equals(after)).isTrue();
            assertThat(changedLines(diff)).isBetween(4_000L, 5_000L);
        }

        @Test
        void endLongEqualLines() {
            String text = ("x".repeat(5000) + "\n").repeat(200);
            String before = text + "a\n".repeat(500);
            String after = "b\n".repeat(500) + text;

            assertThat(applied(diff(before, after), before).equals(after)).isTrue();
        }

        private static String random(Random random, int kinds) {
            var text = new StringBuilder();
            while (text.length() < UnifiedDiff.MAX_BYTES - 20) {
                text.append(random.nextInt(kinds)).append('\n');
            }
            return text.toString();
        }
    }
}
