package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator;
import dev.weftwork.connector.orbstack.emulator.Requirements;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of docs/cold-start.md, as they are there, on the JDK of the test. */
class ColdStartTest {

    private static final Path PAGE = Path.of("..", "docs", "cold-start.md");
    private static final String JAR_OF_THE_PAGE = "bench/target/benchmarks.jar";

    private final Path folder;

    ColdStartTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /** The commands in the section of this JDK: the first makes the file, the second uses it. */
    private static List<String> commands() throws IOException {
        String heading = Runtime.version().feature() >= 25 ? "## JDK 25" : "## JDK 21";
        return Files.readString(PAGE)
                .lines()
                .dropWhile(line -> !line.startsWith(heading))
                .skip(1)
                .takeWhile(line -> !line.startsWith("## "))
                .filter(line -> line.startsWith("    java "))
                .map(String::strip)
                .toList();
    }

    /** Classes can be archived from jars only, and a test's class path has folders. */
    private String jars() throws IOException {
        var jars = new ArrayList<String>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            Path path = Path.of(entry);
            if (Files.isDirectory(path)) {
                path = jarOf(path, folder.resolve("classes" + jars.size() + ".jar"));
            }
            if (Files.exists(path)) {
                jars.add(path.toString());
            }
        }
        return String.join(File.pathSeparator, jars);
    }

    private static Path jarOf(Path classes, Path jar) throws IOException {
        List<Path> files;
        try (Stream<Path> found = Files.walk(classes)) {
            files = found.filter(Files::isRegularFile).sorted().toList();
        }
        try (OutputStream out = Files.newOutputStream(jar);
                var entries = new JarOutputStream(out)) {
            for (Path file : files) {
                entries.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                Files.copy(file, entries);
                entries.closeEntry();
            }
        }
        return jar;
    }

    private Path run(OrbStackEmulator orbstack, String command, String jars) throws Exception {
        var words = new ArrayList<String>(List.of(command.split(" ")));
        words.set(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.add(1, "-Xlog:class+load:file=loaded.txt:none:filecount=0");
        words.replaceAll(word -> word.equals(JAR_OF_THE_PAGE) ? jars : word);
        Path stdout = folder.resolve("stdout");
        Path stderr = folder.resolve("stderr");
        var builder = new ProcessBuilder(words)
                .directory(folder.toFile())
                .redirectOutput(stdout.toFile())
                .redirectError(stderr.toFile());
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        builder.environment().put("PATH", orbstack.orbctl().getParent() + File.pathSeparator + System.getenv("PATH"));
        Process process = builder.start();
        if (!process.waitFor(100, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("it did not end: " + command + "\n" + Files.readString(stdout));
        }
        assertThat(process.exitValue())
                .as(() -> command + "\n" + text(stdout) + text(stderr))
                .isZero();
        return stdout;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void theRecipeForThisJdkTakesClassesFromTheFileAndPrintsNothingMore() throws Exception {
        Requirements.root();
        List<String> commands = commands();
        assertThat(commands).hasSize(2);
        String jars = jars();
        try (OrbStackEmulator orbstack = OrbStackEmulator.start()) {
            orbstack.machines(1, "m");
            run(orbstack, commands.get(0), jars);

            Path stdout = run(orbstack, commands.get(1), jars);

            assertThat(folder.resolve("stderr")).isEmptyFile();
            assertThat(Files.readAllLines(stdout))
                    .first()
                    .asString()
                    .startsWith("run of 'published benchmark' begins: ");
            assertThat(Files.readAllLines(stdout))
                    .last()
                    .asString()
                    .startsWith("weftwork: hosts=1 ok=1 failed=0 changed=0 unchanged=4");
            assertThat(Files.readAllLines(folder.resolve("loaded.txt")))
                    .anyMatch(line -> line.matches("dev\\.weftwork\\.engine\\.Engine source: shared objects file.*"));
        }
    }
}
