package dev.weftwork.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.connector.orbstack.emulator.Requirements;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program that measures, on programs of which everything is known. */
class MeterTest {

    @TempDir
    Path folder;

    private Path measure;

    @BeforeEach
    void compile() throws Exception {
        Requirements.require(System.getProperty("os.name").equals("Linux"), "not Linux: nothing is measured here");
        measure = folder.resolve("measure");
        Programs.run(List.of("cc", "-std=c11", "-O2", "-o", measure.toString(), "src/compare/measure.c"));
    }

    private Meter meter(Duration limit) {
        return new Meter(measure, folder, limit);
    }

    private static List<String> shell(String script) {
        return List.of("sh", "-c", script);
    }

    @Test
    void saysHowAProgramEndedAndWhatItPrinted() throws Exception {
        Meter meter = meter(Duration.ofMinutes(1));

        Measured measured = meter.run(shell("echo $WORD; echo no >&2; exit 3"), Map.of("WORD", "hello"));

        assertThat(measured.exit()).isEqualTo(3);
        assertThat(measured.wall()).isPositive();
        assertThat(measured.peakKiB()).isPositive();
        assertThat(meter.printed()).isEqualTo("hello\nno\n");
    }

    @Test
    void cpuTimeIsOfTheProgramAndOfItsChildren() throws Exception {
        String work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";

        Measured alone = meter(Duration.ofMinutes(1)).run(shell(work), Map.of());
        Measured child = meter(Duration.ofMinutes(1)).run(shell("(" + work + "); true"), Map.of());

        assertThat(alone.cpu()).isPositive();
        // In hundredths of a second, so that it may be a little more.
        assertThat(alone.ownCpu()).isPositive().isLessThan(alone.cpu() + 0.02);
        assertThat(child.cpu()).isPositive();
        assertThat(child.ownCpu()).isLessThan(child.cpu() / 2);
    }

    @Test
    void countsEveryProcess() throws Exception {
        Counted counted = meter(Duration.ofMinutes(1))
                .count(shell("(true); (true); /bin/true; /bin/true | /bin/true; exit 0"), Map.of());

        assertThat(counted.processes()).isEqualTo(1 + 2 + 1 + 2);
    }

    @Test
    void whatAProgramLeavesIsEndedAndBelongsToIt() throws Exception {
        Path pid = folder.resolve("pid");

        Measured measured = meter(Duration.ofMinutes(1))
                .run(
                        shell("setsid sh -c 'echo $$ > " + pid + "; exec sleep 100' & until [ -s " + pid
                                + " ]; do :; done"),
                        Map.of());

        assertThat(measured.exit()).isZero();
        assertThat(measured.wall()).isLessThan(50);
        long left = Long.parseLong(Files.readString(pid).strip());
        assertThat(ProcessHandle.of(left).filter(ProcessHandle::isAlive)).isEmpty();
    }

    @Test
    void whatTakesTooLongIsEndedWithAllItStarted() throws Exception {
        Path pid = folder.resolve("pid");

        assertThatThrownBy(() -> meter(Duration.ofSeconds(2))
                        .run(shell("sh -c 'echo $$ > " + pid + "; exec sleep 100'; true"), Map.of()))
                .isInstanceOf(Meter.TookTooLong.class);

        long left = Long.parseLong(Files.readString(pid).strip());
        assertThat(ProcessHandle.of(left).filter(ProcessHandle::isAlive)).isEmpty();
    }
}
