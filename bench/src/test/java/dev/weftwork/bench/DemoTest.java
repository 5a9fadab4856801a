package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo as its users run it: a program of its own, judged by its streams and exit code. */
class DemoTest {

    private final Path folder;

    DemoTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private record Ended(int exitCode, List<String> stdout, String stderr) {
        String lastLine() {
            return stdout.get(stdout.size() - 1);
        }
    }

    private Ended demo(String... options) throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.add("-Ddemo.dir=" + folder);
        command.addAll(List.of("-classpath", System.getProperty("java.class.path"), "dev.weftwork.bench.Demo"));
        Path stdout = folder.resolve("stdout");
        Path stderr = folder.resolve("stderr");
        Process process = new ProcessBuilder(command)
                .redirectOutput(stdout.toFile())
                .redirectError(stderr.toFile())
                .start();
        if (!process.waitFor(100, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("the demo did not end; it printed " + Files.readString(stdout));
        }
        return new Ended(
                process.exitValue(), Files.readAllLines(stdout), Files.readString(stderr, StandardCharsets.UTF_8));
    }

    @Test
    void changesEverythingInTheFirstPassAndNothingInTheSecond() throws Exception {
        for (int time = 0; time < 2; time++) {
            Ended ended = demo("-Ddemo.hosts=8");

            assertThat(ended.stderr()).isEmpty();
            assertThat(ended.exitCode()).isZero();
            assertThat(ended.lastLine())
                    .matches("weftwork: hosts=8 ok=8 failed=0 changed=56 unchanged=0 second-pass-changed=0"
                            + " elapsed-ms=\\d+");
            assertThat(ended.stdout())
                    .contains(
                            "  web001 listens on port 8001",
                            "  first pass   "
                                    + folder.resolve("weftwork-demo/reports/pass.html")
                                            .toUri());
        }
        Path machine = folder.resolve("weftwork-demo/machines/web008");
        assertThat(folder.resolve("weftwork-demo/reports"))
                .isDirectoryContaining("glob:**/pass.html")
                .isDirectoryContaining("glob:**/pass-2.html");
        assertThat(machine.resolve("app/conf/app.conf")).hasContent("name=web008\nport=8008\nbroken=false");
        assertThat(machine.resolve("current/bin/install")).isExecutable();
        assertThat(machine.resolve("profile")).hasContent("export APP_HOME=$HOME/app");
        assertThat(machine.resolve("app/installed")).hasContent("8008");
        assertThat(machine.resolve("tmp")).doesNotExist();
    }

    @Test
    void showsWhatAFailureLooksLike() throws Exception {
        Ended ended = demo("-Ddemo.hosts=6", "-Ddemo.fail=2");

        assertThat(ended.stderr()).isEmpty();
        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.lastLine())
                .matches(
                        "weftwork: hosts=6 ok=4 failed=2 changed=40 unchanged=0 second-pass-changed=0 elapsed-ms=\\d+");
        assertThat(ended.stdout())
                .contains("  FAILED web001: step 'install': `current/bin/install current/conf/app.conf` exited 3: port"
                        + " 8001 is taken");
    }

    @Test
    void refusesSettingsThatMakeNoSense() throws Exception {
        assertThat(demo("-Ddemo.hosts=0").stderr()).contains("demo.hosts must be a whole number >= 1, was '0'");
        assertThat(demo("-Ddemo.hosts=x").stderr()).contains("demo.hosts must be a whole number >= 1, was 'x'");
        assertThat(demo("-Ddemo.hosts=2", "-Ddemo.fail=3").stderr())
                .isEqualTo("demo.fail must be <= demo.hosts (2), was 3\n");
        assertThat(demo("-Ddemo.hosts=0").exitCode()).isEqualTo(2);
    }
}
