package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.engine.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A first run loads the classes that there are to load before the second one is watched, on Java 21 as on 25. */
class PinningTest {

    private final Path folder;

    PinningTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void aRunPinsNoCarrierForAsLongAs20Milliseconds() throws Exception {
        Path script =
                Files.writeString(folder.resolve("install.sh"), "#!/bin/sh\nsleep 0.2; cp \"$1\" app/installed\n");
        run(folder.resolve("first"), script);

        try (var carriers = PinnedCarriers.record()) {
            run(folder.resolve("second"), script);

            assertThat(carriers.stop()).isEmpty();
        }
    }

    private static void run(Path machines, Path script) {
        try (var engine = Engine.of(LocalConnector.in(machines))) {
            engine.run(Demo.inventory(40, 0), Demo.deploy(script)).throwIfFailed();
        }
    }
}
