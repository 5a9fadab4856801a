package dev.weftwork.connector.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.command.StandardInput;
import dev.weftwork.connector.Connection;
import dev.weftwork.inventory.Host;
import dev.weftwork.testing.ConnectionContract;
import dev.weftwork.testing.Shells;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
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

    @Test
    void aFolderThatIsMadeAgainIsWhereCommandsStart() throws Exception {
        try (Connection connection = connect()) {
            connection
                    .execute(Command.script("rm -rf \"$HOME\"; mkdir -p \"$HOME\""))
                    .orThrow();

            assertThat(connection
                            .execute(Command.script("echo x > file; cat \"$HOME/file\""))
                            .stdoutText())
                    .isEqualTo("x\n");
        }
    }

    @Test
    void aFileOfTheSystemIsReadThoughItSaysThatItIsEmpty() throws Exception {
        Path made = Path.of("/proc/self/status");
        if (!Files.exists(made)) {
            // Only Linux has such files.
            return;
        }
        try (Connection connection = connect()) {
            assertThat(connection
                            .execute(Command.of("cat").stdin(new StandardInput.LocalFile(made)))
                            .stdoutText())
                    .contains("Name:");
        }
    }

    @Test
    void afterItsConnectorIsClosedNothingRuns() throws Exception {
        Connection connection = connect();
        connector.close();

        assertThat(connection.execute(Command.of("true")).describe()).contains("was not started: ");
        connection.close();
    }

    @AfterEach
    void closeConnector() {
        connector.close();
    }
}
