package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator;
import dev.weftwork.connector.orbstack.emulator.Requirements;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every Java sample of every page compiles and runs: programs as processes, tests by JUnit, statements on machines of their own,
 * those of OrbStack with the emulated one. What a sample {@code // prints ...} it prints.
 */
class DocumentationSamplesTest {

    private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
    private static final int COMPILED_ONLY_LIMIT = 5;
    private static final long LIMIT_SECONDS = 40;

    /** What the pages speak of without showing it. */
    private static final Map<String, String> FILES = Map.of(
            "install.sh", "#!/bin/sh\ncat \"$1\" > app/installed\n",
            "app.conf", "port=8080\n",
            "web.yaml", "#cloud-config\n");

    private final Path folder;

    DocumentationSamplesTest(@TempDir Path folder) {
        this.folder = folder;
    }

    static Stream<SamplePage> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(TOP.resolve("docs"))) {
            return Stream.concat(
                            Stream.of(TOP.resolve("README.md")),
                            docs.filter(file -> file.toString().endsWith(".md")))
                    .sorted()
                    .toList()
                    .stream()
                    .map(DocumentationSamplesTest::page)
                    .filter(page -> !page.samples().isEmpty());
        }
    }

    private static SamplePage page(Path file) {
        try {
            return SamplePage.read(file, TOP.relativize(file).toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<SamplePage> pagesOfOrbStack() throws IOException {
        return pages().filter(page -> page.samples().stream().anyMatch(each -> each.isRun() && each.isOfOrbStack()));
    }

    @ParameterizedTest
    @MethodSource("pages")
    void samplesRun(SamplePage page) throws Exception {
        run(page, sample -> !sample.isOfOrbStack(), System.getenv("PATH"));
    }

    /** Each with an OrbStack of its own. */
    @ParameterizedTest
    @MethodSource("pagesOfOrbStack")
    void samplesOfOrbStackRun(SamplePage page) throws Exception {
        Requirements.root();
        for (SamplePage.Sample sample : page.samples()) {
            if (sample.isRun() && sample.isOfOrbStack()) {
                try (var orbStack = OrbStackEmulator.start()) {
                    for (String machine : List.of("web01", "web02")) {
                        orbStack.machine(machine);
                        Path program = orbStack.rootfs(machine).resolve("usr/bin/cloud-init");
                        Files.writeString(program, "#!/bin/sh\necho status: done\n");
                        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
                    }
                    run(page, sample::equals, orbStack.orbctl().getParent() + ":" + System.getenv("PATH"));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void typesAreUsedByAnotherSample(SamplePage page) {
        for (SamplePage.Sample sample : page.samples()) {
            if (sample.sort() == SamplePage.Sort.TYPES && sample.compiledOnly().isEmpty()) {
                List<SamplePage.Sample> others = page.samples().stream()
                        .filter(each -> each.number() > sample.number() && each.isRun())
                        .toList();
                assertThat(sample.types())
                        .as("types of %s that a later one runs", sample)
                        .anyMatch(type -> others.stream().anyMatch(each -> mentions(each.text(), type)));
            }
        }
    }

    private static boolean mentions(String text, String word) {
        return Pattern.compile("\\b" + word + "\\b").matcher(text).find();
    }

    @Test
    void fewSamplesAreOnlyCompiled() throws IOException {
        List<String> compiledOnly = pages().flatMap(page -> page.samples().stream())
                .filter(sample -> sample.compiledOnly().isPresent())
                .map(SamplePage.Sample::toString)
                .toList();

        assertThat(compiledOnly).hasSizeLessThanOrEqualTo(COMPILED_ONLY_LIMIT);
    }

    private void runPage(String text) throws Exception {
        Path file = Files.writeString(folder.resolve("page.md"), text);
        run(SamplePage.read(file, "docs/page.md"), sample -> true, System.getenv("PATH"));
    }

    @Test
    void aSampleThatDoesNotCompileIsNamedByItsLine() {
        assertThatThrownBy(() -> runPage("text\n\n```java\nint one = 1;\nint two = three;\n```\n"))
                .hasMessageContaining("docs.page.md.1.java:5: error: cannot find symbol");
    }

    @Test
    void aSampleThatThrowsFails() {
        String throwing = "```java\nCommand.of(\"\");\n```\n";

        assertThatThrownBy(() -> runPage(throwing))
                .hasMessageContaining("docs/page.md, sample 1 (line 2)")
                .hasMessageContaining("program must not be empty");
    }

    @Test
    void aSampleThatIsToThrowMust() throws Exception {
        runPage("<!-- throws: IllegalArgumentException -->\n```java\nCommand.of(\"\");\n```\n");
    }

    @Test
    void aSampleThatPrintsSomethingElseFails() {
        assertThatThrownBy(() -> runPage("```java\nSystem.out.println(1 + 1); // prints 3\n```\n"))
                .hasMessageContaining("it prints\n2\nand not\n3");
    }

    @Test
    void aDeployThatIsOnlyBuiltIsRun() {
        assertThatThrownBy(() -> runPage("""
                        ```java
                        Deploy wrong = Deploy.named("wrong")
                            .step("one", host -> Shell.run(host.data("nothing", String.class)));
                        ```
                        """)).hasMessageContaining("no data 'nothing'");
    }

    @Test
    void aCommentBeforeASampleMustBeKnownAndSayWhy() {
        assertThatThrownBy(() -> runPage("<!-- skipped: no -->\n```java\nint one = 1;\n```\n"))
                .hasMessageContaining("the comment before it must begin with one of");
        assertThatThrownBy(() -> runPage("<!-- compiled only: -->\n```java\nint one = 1;\n```\n"))
                .hasMessageContaining("must say what or why");
    }

    private void run(SamplePage page, Predicate<SamplePage.Sample> wanted, String searchPath) throws Exception {
        Path classes = Files.createTempDirectory(folder, "classes");
        page.compile(classes);
        List<SamplePage.Sample> samples = page.samples().stream()
                .filter(sample -> sample.isRun() && wanted.test(sample))
                .toList();
        var failures = new ArrayList<String>();
        samples.stream()
                .filter(SamplePage.Sample::touchesThisComputer)
                .forEach(sample -> failures.add(sample + ": it changes this computer; take relative paths"));
        if (failures.isEmpty()) {
            failures.addAll(runTogether(page, samples, classes, searchPath));
            for (SamplePage.Sample sample : samples) {
                if (sample.sort() == SamplePage.Sort.PROGRAM) {
                    failures.addAll(runAlone(page, sample, classes, searchPath));
                }
            }
        }
        assertThat(failures)
                .as(() -> "samples that fail:\n" + String.join("\n", failures))
                .isEmpty();
    }

    private List<String> runTogether(SamplePage page, List<SamplePage.Sample> all, Path classes, String searchPath)
            throws Exception {
        List<SamplePage.Sample> samples = all.stream()
                .filter(sample -> sample.sort() != SamplePage.Sort.PROGRAM)
                .toList();
        if (samples.isEmpty()) {
            return List.of();
        }
        Path files = Files.createTempDirectory(folder, "files");
        lay(FILES, files);
        lay(page.files(), files);
        Path answers = Files.createTempDirectory(folder, "answers");
        var arguments = new ArrayList<>(List.of(files.toString(), answers.toString()));
        for (SamplePage.Sample sample : samples) {
            Files.writeString(answers.resolve(sample.number() + ".text"), sample.text());
            arguments.addAll(List.of(
                    Integer.toString(sample.number()),
                    sample.sort().name(),
                    sample.mainClass(),
                    Boolean.toString(sample.isInMemory()),
                    sample.wantedException().orElse("-")));
        }
        Path here = Files.createTempDirectory(folder, "here");
        long limit = LIMIT_SECONDS * samples.size();
        Ended ended = java(here, classes, searchPath, limit, SampleRuns.class.getName(), arguments);
        assertThat(ended.exitCode).as("%s: %s", page.name(), ended.stderr).isZero();
        var failures = new ArrayList<String>();
        for (SamplePage.Sample sample : samples) {
            Path failure = answers.resolve(sample.number() + ".failure");
            if (Files.exists(failure)) {
                failures.add(sample + ": " + Files.readString(failure));
            } else {
                failures.addAll(misprints(sample, Files.readString(answers.resolve(sample.number() + ".out"))));
            }
        }
        return failures;
    }

    /** A program as its reader runs it. */
    private List<String> runAlone(SamplePage page, SamplePage.Sample sample, Path classes, String searchPath)
            throws Exception {
        Path here = Files.createTempDirectory(folder, "here");
        lay(page.files(), here);
        Ended ended = java(here, classes, searchPath, LIMIT_SECONDS, sample.mainClass(), List.of());
        if (ended.exitCode != 0 || !ended.stderr.isEmpty()) {
            return List.of(sample + ": exit code " + ended.exitCode + ", on standard error: " + ended.stderr);
        }
        return misprints(sample, ended.stdout);
    }

    private static List<String> misprints(SamplePage.Sample sample, String stdout) {
        if (sample.prints().isEmpty()) {
            return List.of();
        }
        List<String> printed = stdout.lines().toList();
        boolean same = printed.size() == sample.prints().size();
        for (int i = 0; same && i < printed.size(); i++) {
            String regex = Stream.of(sample.prints().get(i).split("\\.\\.\\.", -1))
                    .map(Pattern::quote)
                    .collect(Collectors.joining(".*"));
            same = printed.get(i).strip().matches(regex);
        }
        return same
                ? List.of()
                : List.of(sample + ": it prints\n" + stdout + "and not\n" + String.join("\n", sample.prints()));
    }

    private static void lay(Map<String, String> files, Path into) throws IOException {
        for (Map.Entry<String, String> file : files.entrySet()) {
            Files.writeString(into.resolve(file.getKey()), file.getValue());
        }
    }

    private record Ended(int exitCode, String stdout, String stderr) {}

    private Ended java(Path here, Path classes, String searchPath, long limit, String mainClass, List<String> arguments)
            throws IOException, InterruptedException {
        Path stdout = folder.resolve("stdout");
        Path stderr = folder.resolve("stderr");
        var command = new ArrayList<String>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Duser.home=" + here,
                "-classpath",
                classes + ":" + System.getProperty("java.class.path"),
                mainClass));
        command.addAll(arguments);
        var builder = new ProcessBuilder(command)
                .directory(here.toFile())
                .redirectOutput(stdout.toFile())
                .redirectError(stderr.toFile());
        builder.environment().put("PATH", searchPath);
        Process process = builder.start();
        if (!process.waitFor(limit, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(mainClass + " hasn't ended after " + limit + " s; it printed "
                    + Files.readString(stdout) + Files.readString(stderr));
        }
        return new Ended(process.exitValue(), Files.readString(stdout), Files.readString(stderr));
    }
}
