package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LargeTransfersTest {

    @Test
    void aGibibyteOfOutputAndFilesLargerThanTheHeapPassThroughALittleMemory(@TempDir Path folder) throws Exception {
        Process jvm = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LargeTransfers.class.getName(),
                        folder.toString(),
                        "1024",
                        "200")
                .redirectErrorStream(true)
                .start();

        String said = new String(jvm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(jvm.waitFor()).as(said).isZero();
        assertThat(said).contains("output 1024 MiB, kept 8388608 of 1073741824", "files same");
    }
}
