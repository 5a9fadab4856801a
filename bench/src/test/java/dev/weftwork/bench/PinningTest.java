package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.engine.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The JVM itself records where a virtual thread blocks while it holds its carrier, on Java 21 as on 25. */
class PinningTest {

    @Test
    void aRunPinsNoCarrierForAsLongAs20Milliseconds(@TempDir Path folder) throws Exception {
        Path recorded = folder.resolve("pinned.jfr");
        Path script =
                Files.writeString(folder.resolve("install.sh"), "#!/bin/sh\nsleep 0.2; cp \"$1\" app/installed\n");
        try (var recording = new Recording()) {
            recording
                    .enable("jdk.VirtualThreadPinned")
                    .withThreshold(Duration.ofMillis(20))
                    .withStackTrace();
            recording.start();
            try (var engine = Engine.of(LocalConnector.in(folder.resolve("machines")))) {
                engine.run(Demo.inventory(40, 0), Demo.deploy(script)).throwIfFailed();
            }
            recording.stop();
            recording.dump(recorded);
        }

        assertThat(RecordingFile.readAllEvents(recorded)).isEmpty();
    }
}
