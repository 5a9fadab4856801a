package dev.weftwork.connector.orbstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.inventory.Host;
import dev.weftwork.testing.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Those who wait for a place are neither kept out by ones that hang nor late for it. */
class HandshakesTest {

    private final Path folder;

    HandshakesTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private OrbStackConnector.Builder builder(String orbctl) throws IOException {
        Path program = folder.resolve("orbctl");
        Files.writeString(program, "#!/bin/sh\n" + orbctl);
        assertThat(program.toFile().setExecutable(true)).isTrue();
        return OrbStackConnector.builder()
                .transport(Transport.CLI)
                .orbctl(OrbCtl.builder().program(program).build());
    }

    private static CompletableFuture<String> connect(OrbStackConnector connector, String machine) {
        var said = new CompletableFuture<String>();
        Thread.ofVirtual().start(() -> {
            try (Connection connection = connector.connect(Host.named(machine))) {
                said.complete(
                        connection.execute(Command.script("echo " + machine)).stdoutText());
            } catch (Throwable e) {
                said.completeExceptionally(e);
            }
        });
        return said;
    }

    @Test
    @Timeout(60)
    void waitingForOthersIsNotTheTimeToConnect() throws Exception {
        try (var connector = builder("sleep 1; exec sh\n")
                .maxHandshakes(1)
                .connectTimeout(Duration.ofSeconds(4))
                .build()) {
            var machines = List.of("web01", "web02", "web03", "web04", "web05", "web06");
            var said = machines.stream().map(each -> connect(connector, each)).toList();

            for (int i = 0; i < machines.size(); i++) {
                assertThat(Waiting.await(said.get(i), "a machine answered").strip())
                        .isEqualTo(machines.get(i));
            }
        }
    }

    @Test
    @Timeout(60)
    void machinesThatHangKeepNobodyOut() throws Exception {
        var hanging = new ArrayList<CompletableFuture<String>>();
        try (var connector = builder("case $3 in hangs*) : >\"$0-$3\"; exec sleep 600 ;; esac; exec sh\n")
                .maxHandshakes(2)
                .connectTimeout(Duration.ofSeconds(50))
                .build()) {
            for (int i = 1; i <= 2; i++) {
                hanging.add(connect(connector, "hangs" + i));
                Path begun = folder.resolve("orbctl-hangs" + i);
                Waiting.until(() -> Files.exists(begun), "a machine that hangs has a place");
            }

            assertThat(Waiting.await(connect(connector, "web01"), "a machine answered"))
                    .isEqualTo("web01\n");
            assertThat(hanging).noneMatch(CompletableFuture::isDone);
        }
        for (CompletableFuture<String> each : hanging) {
            assertThatThrownBy(() -> Waiting.await(each, "it was given up"))
                    .hasCauseInstanceOf(ConnectFailedException.class);
        }
    }

    @Test
    @Timeout(60)
    void aPlaceThatWasTakenAwayIsNotGivenUpTwice() throws Exception {
        var places = new Semaphore(1, true);
        var handshakes = new Handshakes(places, Duration.ofMillis(50));
        Handshakes.Place first = handshakes.take();

        Handshakes.Place second = handshakes.take();

        first.giveUp();
        assertThat(places.availablePermits()).isZero();
        second.giveUp();
        second.giveUp();
        assertThat(places.availablePermits()).isEqualTo(1);
    }
}
