package dev.weftwork.connector.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.inventory.Host;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalConnectorTest {

    private final Path folder;

    LocalConnectorTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void aHostIsAFolderWithItsOwnHomeAndTemporaryFolder() throws Exception {
        try (var connector = LocalConnector.in(folder);
                var connection = connector.connect(Host.named("web01"))) {
            Path home = connector.folder(Host.named("web01"));

            assertThat(connection
                            .execute(Command.script(
                                    "echo \"$PWD\"; echo \"$HOME\"; echo \"$TMPDIR\"; echo x > relative"))
                            .stdout()
                            .lines())
                    .satisfiesExactly(
                            // Without links, as there are on macOS on the way to temporary files.
                            pwd -> assertThat(pwd).isEqualTo(home.toRealPath().toString()),
                            own -> assertThat(own).isEqualTo(home.toString()),
                            tmp -> assertThat(Path.of(tmp)).isDirectory().startsWith(home.resolve("tmp")));
            assertThat(home).isEqualTo(folder.resolve("web01"));
            assertThat(home.resolve("relative")).exists();
        }
    }

    @Test
    void hostsThatDifferOnlyInCaseAreRefused() throws Exception {
        try (var connector = LocalConnector.in(folder)) {
            connector.connect(Host.named("Web")).close();
            connector.connect(Host.named("Web")).close();

            assertThatThrownBy(() -> connector.connect(Host.named("wEb")))
                    .isInstanceOfSatisfying(
                            ConnectFailedException.class,
                            e -> assertThat(e.host()).isEqualTo("wEb"))
                    .hasMessage("wEb: its folder would be that of host Web where file names ignore case; give one of"
                            + " them another name");
        }
    }

    @Test
    void aFolderThatCannotBeMadeIsAHostThatCannotBeReached() throws Exception {
        Files.writeString(folder.resolve("web01"), "in the way");

        try (var connector = LocalConnector.in(folder)) {
            assertThatThrownBy(() -> connector.connect(Host.named("web01")))
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessageStartingWith("web01: its folder " + folder.resolve("web01") + " can't be made: ");
        }
    }

    @Test
    void onAClosedConnectionNothingRuns() throws Exception {
        try (var connector = LocalConnector.in(folder)) {
            var connection = connector.connect(Host.named("web01"));
            connection.close();
            connection.close();

            assertThat(connection.execute(Command.script("echo x > ran")).describe())
                    .isEqualTo("web01: `echo x > ran` was not started: its connection is closed");
            assertThat(folder.resolve("web01/ran")).doesNotExist();
        }
    }

    @Test
    void aShellThatCannotBeStartedMeansThatNothingRan() throws Exception {
        try (var connector =
                LocalConnector.builder(folder).shell("/no/such/shell").build()) {
            assertThatThrownBy(() -> connector.connect(Host.named("web01")))
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessage(
                            "web01: its shell /no/such/shell isn't there or can't be executed; name one that can be by shell(...)");
        }
        try (var connector =
                LocalConnector.builder(folder).enteredThrough("/no/such/entry").build()) {
            assertThatThrownBy(() -> connector.connect(Host.named("web01")))
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessageStartingWith("web01: a shell can't be opened: ")
                    .hasMessageContaining("/no/such/entry");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LocalConnector.builder(folder).env("A=B", "x"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LocalConnector.builder(folder).shell("bash"))
                .withMessage("shell must be an absolute path, was 'bash'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LocalConnector.builder(folder).enteredThrough("chroot", "/x"))
                .withMessage("program must be an absolute path, was 'chroot'");
    }

    @Test
    void whatAShellSaysMovesNoCursor() throws Exception {
        Path shell = Files.writeString(folder.resolve("sh"), "#!/bin/sh\nprintf '\\033[2Jno' >&2\nexit 3\n");
        Files.setPosixFilePermissions(shell, PosixFilePermissions.fromString("rwxr-xr-x"));

        try (var connector =
                LocalConnector.builder(folder).shell(shell.toString()).build()) {
            assertThatThrownBy(() -> connector.connect(Host.named("web01")))
                    .hasMessageStartingWith("web01: a shell can't be opened: ")
                    .hasMessageContaining("\ufffd[2Jno")
                    .hasMessageNotContaining("\033");
        }
    }

    @Test
    void closingDeletesTemporaryFilesAndFollowsNoLinks() throws Exception {
        Path outside = Files.createDirectory(folder.resolve("outside"));
        Files.writeString(outside.resolve("kept"), "x");
        LocalConnector connector = LocalConnector.temporary();
        try (var connection = connector.connect(Host.named("web01"))) {
            connection
                    .execute(Command.of("ln", "-s", outside.toString(), "link"))
                    .orThrow();
            connection.execute(Command.script("mkdir d && echo x > d/f")).orThrow();
        }
        Path machine = connector.folder(Host.named("web01"));

        connector.close();
        connector.close();
        assertThatThrownBy(() -> connector.connect(Host.named("web01")))
                .hasMessage("web01: the connector of embedded machines is closed");

        assertThat(machine.getParent()).doesNotExist();
        assertThat(outside.resolve("kept")).exists();
    }
}
