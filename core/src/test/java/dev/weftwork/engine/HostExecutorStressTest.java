package dev.weftwork.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.openjdk.jcstress.Main;

/**
 * Runs {@link HostExecutorStress} in JVMs of its own, for about half a minute. What they print, and a page with every
 * outcome's count, are in {@code target/jcstress}.
 *
 * <p>Less than jcstress does by default, which is minutes for each test: one JVM mode, and every test in two JVMs.
 */
class HostExecutorStressTest {

    private static final long MINUTES = 8;
    private static final int RACES = 11;

    @Test
    void noRaceHasAForbiddenOutcome() throws Exception {
        Path directory = Path.of("target", "jcstress").toAbsolutePath();
        Files.createDirectories(directory);
        File log = directory.resolve("log.txt").toFile();
        var command = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                Main.class.getName(),
                "-t",
                HostExecutorStress.class.getName(),
                "-r",
                directory.resolve("results").toString(),
                // Two threads for each test, whatever the computer has; they are placed by the system.
                "-c",
                "2",
                "-af",
                "NONE",
                "-sc",
                "false",
                "-f",
                "1",
                "-fsm",
                "1",
                "-iters",
                "2",
                "-time",
                "300",
                "-hs",
                "256",
                "-jvmArgs",
                "-Xmx256m");
        // Not an argument: the JVMs that are started from there inherit it, too.
        command.environment().put("CLASSPATH", System.getProperty("java.class.path"));

        Process process = command.directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        boolean ended;
        try {
            ended = process.waitFor(MINUTES, TimeUnit.MINUTES);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }

        String output = Files.readString(log.toPath());
        assertThat(ended).as("the end of all races; so far: %s", output).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        assertThat(output)
                .contains(
                        "(Results: %d planned; %d passed, 0 failed, 0 soft errs, 0 hard errs)".formatted(RACES, RACES));
    }
}
