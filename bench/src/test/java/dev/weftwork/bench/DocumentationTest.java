package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the pages say: samples that compile and run, links that lead somewhere. */
class DocumentationTest {

    private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern SAMPLE = Pattern.compile("(?ms)^```java\n(.*?)^```$");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#]+)(#[^)]*)?\\)");

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
        Path file = Files.writeString(folder.resolve(name + ".java"), source);
        String classPath = System.getProperty("java.class.path");
        var messages = new StringWriter();
        var compiler = ToolProvider.getSystemJavaCompiler();
        try (var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            boolean compiled = compiler.getTask(
                            messages,
                            files,
                            null,
                            List.of("-d", folder.toString(), "-classpath", classPath, "-Xlint:all,-processing,-path"),
                            null,
                            files.getJavaFileObjects(file))
                    .call();
            assertThat(compiled).as(messages.toString()).isTrue();
        }
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

    static Stream<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(TOP.resolve("docs"))) {
            return Stream.concat(
                    Stream.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md").map(TOP::resolve),
                    docs.filter(file -> file.toString().endsWith(".md")))
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void linksLeadSomewhere(Path page) throws IOException {
        Matcher matcher = LINK.matcher(Files.readString(page));
        while (matcher.find()) {
            String target = matcher.group(1);
            if (!target.startsWith("https://")) {
                assertThat(page.resolveSibling(target)).as("link in %s", page).exists();
            }
        }
    }
}
