package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.engine.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The JVM itself records where a virtual thread blocks while it holds its carrier, on Java 21 as on 25.
 *
 * <p>It does so too while it loads a class, which happens once and is nobody's to avoid: a first run loads what there is
 * to load before the recording begins, and what a class loader still does then isn't counted.
 */
class PinningTest {

    private final Path folder;

    PinningTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void aRunPinsNoCarrierForAsLongAs20Milliseconds() throws Exception {
        Path script =
                Files.writeString(folder.resolve("install.sh"), "#!/bin/sh\nsleep 0.2; cp \"$1\" app/installed\n");
        Path recorded = folder.resolve("pinned.jfr");
        run(folder.resolve("first"), script);

        try (var recording = new Recording()) {
            recording
                    .enable("jdk.VirtualThreadPinned")
                    .withThreshold(Duration.ofMillis(20))
                    .withStackTrace();
            recording.start();
            run(folder.resolve("second"), script);
            recording.stop();
            recording.dump(recorded);
        }

        assertThat(RecordingFile.readAllEvents(recorded)).allMatch(PinningTest::isClassLoading);
    }

    private static void run(Path machines, Path script) {
        try (var engine = Engine.of(LocalConnector.in(machines))) {
            engine.run(Demo.inventory(40, 0), Demo.deploy(script)).throwIfFailed();
        }
    }

    private static boolean isClassLoading(RecordedEvent event) {
        return event.getStackTrace() != null
                && event.getStackTrace().getFrames().stream()
                        .anyMatch(frame -> frame.getMethod().getType().getName().equals("java.lang.ClassLoader"));
    }
}
