package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostHeapTest {

    private static final int ROUNDS = 5;
    private static final Pattern LINE = Pattern.compile("hosts=2000 heap-bytes-per-idle-host=(-?\\d+)"
            + " of-bare-thread=(-?\\d+) heap-bytes-per-busy-host=(-?\\d+) of-bare-thread=(-?\\d+)");

    /** In a JVM of its own, as users run it: in this one the garbage of other tests would go while it measures. */
    @Test
    void everyHostWaitsWhenItsMemoryIsMeasured(@TempDir Path folder) throws Exception {
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-classpath",
                        System.getProperty("java.class.path"),
                        HostHeap.class.getName(),
                        "2000")
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("it ended").isTrue();
        } finally {
            process.destroyForcibly();
        }
        String text = Files.readString(output);

        List<MatchResult> lines = LINE.matcher(text).results().toList();

        assertThat(lines).as(text).hasSize(ROUNDS);
        MatchResult last = lines.get(ROUNDS - 1);
        long idle = Long.parseLong(last.group(1));
        long busy = Long.parseLong(last.group(3));
        assertThat(idle).as(text).isGreaterThan(Long.parseLong(last.group(2))).isLessThan(20_000);
        assertThat(busy).as(text).isGreaterThan(Long.parseLong(last.group(4))).isLessThan(20_000);
        assertThat(Long.parseLong(last.group(2))).as(text).isGreaterThan(200);
    }

    @Test
    void saysWhatAHostHolds() {
        assertThat(new HostHeap.Footprint(2, 30, 10, 40, 20))
                .hasToString("hosts=2 heap-bytes-per-idle-host=30 of-bare-thread=10"
                        + " heap-bytes-per-busy-host=40 of-bare-thread=20");
    }
}
