package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the pages say: code in tables that compiles, links that lead somewhere; {@link DocumentationSamplesTest} has the samples. */
class DocumentationTest {

    private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern SAMPLE = Pattern.compile("(?ms)^```java\n(.*?)^```$");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#]*)(?:#([^)]*))?\\)");

    private final Path folder;

    DocumentationTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private static String sample(Path page) throws IOException {
        Matcher matcher = SAMPLE.matcher(Files.readString(page));
        assertThat(matcher.find()).as("a sample in %s", page).isTrue();
        return matcher.group(1);
    }

    /** Compiles a class, runs it in the temporary folder, and gives what it printed on both streams. */
    private String run(String name, String source) throws IOException, InterruptedException {
        SamplePage.compile(folder, name, source);
        String classPath = System.getProperty("java.class.path");
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-classpath",
                        folder + ":" + classPath,
                        name)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor()).as(Files.readString(output)).isZero();
        return Files.readString(output);
    }

    @Test
    void theSampleOfTheReadmeRuns() throws Exception {
        Files.writeString(folder.resolve("install.sh"), "#!/bin/sh\ncat \"$1\" > app/installed\n");

        String output = run("Sample", """
                import dev.weftwork.connector.local.LocalConnector;
                import dev.weftwork.deploy.Deploy;
                import dev.weftwork.engine.Engine;
                import dev.weftwork.inventory.Host;
                import dev.weftwork.inventory.Inventory;
                import dev.weftwork.operation.files.Files;
                import dev.weftwork.operation.shell.Shell;
                import dev.weftwork.report.RunReport;
                import java.nio.file.Path;
                import java.util.stream.IntStream;

                class Sample {
                  public static void main(String[] args) {
                %s
                  }
                }
                """.formatted(sample(TOP.resolve("README.md"))));

        assertThat(output).isEmpty();
        assertThat(folder.resolve("machines/web050/app/installed")).hasContent("port=8050");
    }

    @Test
    void theSampleOfGettingStartedRunsAndChangesOnlyOnce() throws Exception {
        String source = sample(TOP.resolve("docs/getting-started.md"));

        assertThat(run("First", source).lines())
                .contains("web01: config: CHANGED", "web02: config: CHANGED")
                .anyMatch(line -> line.matches("hello from .*/machines/web02, port=8081"));
        assertThat(run("First", source).lines())
                .contains("web01: directory app: UNCHANGED", "web02: config: UNCHANGED", "web02: greet: CHANGED");
    }

    /** Maven 3.8 takes a compiler by itself that is too old for the page's settings, and nothing else builds that pom. */
    @Test
    void thePomOfGettingStartedNamesTheVersionsThatAreTried() throws IOException {
        String page = Files.readString(TOP.resolve("docs/getting-started.md"));
        String build = Files.readString(TOP.resolve("pom.xml"));

        for (String[] each :
                new String[][] {{"maven-compiler-plugin", "compiler.plugin.version"}, {"slf4j-nop", "slf4j.version"}}) {
            String open = "<" + each[1] + ">";
            String version = build.substring(build.indexOf(open) + open.length(), build.indexOf("</" + each[1] + ">"));
            assertThat(page.lines().map(String::strip))
                    .containsSequence("<artifactId>" + each[0] + "</artifactId>", "<version>" + version + "</version>");
        }
    }

    /** Each on its own, over the things that the pages take for granted. */
    private static String withSetting(List<String> samples) {
        var methods = new StringBuilder();
        for (int i = 0; i < samples.size(); i++) {
            methods.append("void sample%d() throws Exception {%n%s%n}%n".formatted(i, samples.get(i)));
        }
        return SamplePage.imports("") + "\nabstract class Samples extends SampleSetting {\n" + methods + "}\n";
    }

    /** Code in the columns that are headed with our name. */
    @ParameterizedTest
    @CsvSource({"pyinfra, 100", "orbstack, 40", "ansible, 60"})
    void whatStandsBesideAnotherToolCompiles(String page, int atLeast) throws IOException {
        var samples = new ArrayList<String>();
        int ours = -1;
        for (String line : Files.readAllLines(TOP.resolve("docs/" + page + ".md"))) {
            List<String> cells = List.of(line.split("\\|", -1));
            if (!line.startsWith("|")) {
                ours = -1;
            } else if (ours < 0) {
                ours = cells.stream().map(String::strip).toList().indexOf("Weftwork");
                ours = ours < 0 ? Integer.MAX_VALUE : ours;
            } else if (ours < cells.size()) {
                CODE.matcher(cells.get(ours)).results().forEach(code -> samples.add(code.group(1) + ";"));
            }
        }

        assertThat(samples).hasSizeGreaterThan(atLeast);
        SamplePage.compile(folder, "Samples", withSetting(samples));
    }

    /** The tests that the page on OrbStack names, as Class.method or Class.Nested.method. */
    @Test
    void testsThatShowWhatIsDoneAboutTrapsAreThere() throws IOException {
        Path tests = TOP.resolve("connector-orbstack/src/test/java/dev/weftwork/connector/orbstack");
        Path shared = TOP.resolve("core/src/testing/java/dev/weftwork/testing");
        List<String> named = Files.readAllLines(TOP.resolve("docs/orbstack.md")).stream()
                .flatMap(line -> CODE.matcher(line).results())
                .map(found -> found.group(1))
                .filter(code -> code.matches("[A-Z]\\w*(Test|Contract)(\\.\\w+)+"))
                .toList();

        assertThat(named).hasSizeGreaterThan(29);
        for (String test : named) {
            List<String> words = List.of(test.split("\\."));
            Path file = Stream.of(tests, tests.resolve("cli"), tests.resolve("fleet"), shared)
                    .map(folder -> folder.resolve(words.get(0) + ".java"))
                    .filter(Files::exists)
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no class of " + test));
            assertThat(Files.readString(file)).as(test).contains(" void " + words.get(words.size() - 1) + "(");
        }
    }

    /** Benchmarks as the harness finds them, and what has a main method. */
    @Test
    void everythingThatMeasuresIsOnThePageOfBenchmarks() throws IOException {
        List<Path> sources;
        try (Stream<Path> files = Files.list(TOP.resolve("bench/src/main/java/dev/weftwork/bench"))) {
            sources = files.filter(Files::isRegularFile).toList();
        }
        var names = new ArrayList<String>();
        for (Path source : sources) {
            if (Files.readString(source).contains("public static void main(")) {
                names.add(source.getFileName().toString().replace(".java", ""));
            }
        }
        SmokeTest.names().forEach(name -> {
            List<String> words = List.of(name.split("\\."));
            names.addAll(words.subList(words.size() - 2, words.size()));
        });

        assertThat(names).contains("HostHeap", "SessionBenchmark", "spawnPerCommand");
        assertThat(Files.readString(TOP.resolve("docs/benchmarks.md"))).contains(names);
    }

    static Stream<Path> pages() throws IOException {
        return Stream.concat(
                Stream.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "connector-orbstack/src/emulator/README.md")
                        .map(TOP::resolve),
                Stream.concat(pagesIn("docs"), pagesIn(".github")));
    }

    private static Stream<Path> pagesIn(String folder) throws IOException {
        try (Stream<Path> files = Files.walk(TOP.resolve(folder))) {
            return files.filter(file -> file.toString().endsWith(".md")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void linksLeadSomewhere(Path page) throws IOException {
        Matcher matcher = LINK.matcher(Files.readString(page));
        while (matcher.find()) {
            String target = matcher.group(1);
            if (!target.startsWith("https://")) {
                Path file = target.isEmpty() ? page : page.resolveSibling(target);
                assertThat(file).as("link in %s", page).exists();
                if (matcher.group(2) != null) {
                    assertThat(anchors(file))
                            .as("link in %s to %s", page, target)
                            .contains(matcher.group(2));
                }
            }
        }
    }

    /** What headings of a page are called in links: the second of the same words gets a 1, and so on. */
    private static List<String> anchors(Path page) throws IOException {
        var anchors = new ArrayList<String>();
        boolean code = false;
        for (String line : Files.readAllLines(page)) {
            if (line.strip().startsWith("```")) {
                code = !code;
            } else if (!code && line.matches("#+ .*")) {
                String name = line.replaceFirst("#+ ", "")
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-');
                String anchor = name;
                for (int i = 1; anchors.contains(anchor); i++) {
                    anchor = name + "-" + i;
                }
                anchors.add(anchor);
            }
        }
        return anchors;
    }

    @Test
    void headingsAreCalledAsGitHubCallsThem() throws IOException {
        Path page = Files.writeString(folder.resolve("page.md"), """
                # The `one` & only
                ## Options
                ```sh
                # a comment
                ```
                ### Options
                ## Options
                """);

        assertThat(anchors(page)).containsExactly("the-one--only", "options", "options-1", "options-2");
    }
}
