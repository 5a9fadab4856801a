package dev.weftwork.connector.local;

import dev.weftwork.connector.Connection;
import dev.weftwork.inventory.Host;
import dev.weftwork.testing.ConnectionContract;
import dev.weftwork.testing.Shells;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("shells")
class LocalConnectionTest extends ConnectionContract {

    static Stream<Shells.Shell> shells() {
        return Shells.all();
    }

    private final LocalConnector connector;

    LocalConnectionTest(Shells.Shell shell, @TempDir Path folder) {
        List<String> words = shell.words();
        connector = LocalConnector.builder(folder)
                .shell(words.get(0), words.subList(1, words.size()).toArray(String[]::new))
                .build();
    }

    @Override
    protected Connection connect() throws Exception {
        return connector.connect(Host.named("web01"));
    }

    @AfterEach
    void closeConnector() {
        connector.close();
    }
}
