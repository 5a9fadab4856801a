package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.connector.orbstack.OrbStack;
import dev.weftwork.connector.orbstack.OrbStackConnector;
import dev.weftwork.connector.orbstack.Transport;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator;
import dev.weftwork.connector.orbstack.emulator.Requirements;
import dev.weftwork.connector.orbstack.emulator.SshGateway;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.files.Files;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.Waiting;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** 250 machines at once over each way into them: everything done, nothing left, no carrier held. */
@ParameterizedClass
@EnumSource(names = {"SSH", "CLI"})
class OrbStackMachinesTest {

    private static final int MACHINES = 250;

    private final Transport transport;

    OrbStackMachinesTest(Transport transport) {
        this.transport = transport;
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void areProvisionedTwiceByOneConnectionEachAndNothingIsLeft() throws Exception {
        Requirements.root();
        try (var orbstack = OrbStackEmulator.start();
                var gateway = SshGateway.start(orbstack.store())) {
            orbstack.machines(MACHINES, "m");
            var orbctl = OrbCtl.builder().program(orbstack.orbctl()).build();
            Inventory inventory = OrbStack.runningInventory(orbctl);
            assertThat(inventory.size()).isEqualTo(MACHINES);
            OrbStackConnector.Builder builder = OrbStackConnector.builder()
                    .transport(transport)
                    .orbctl(orbctl)
                    .user("root")
                    .gateway("127.0.0.1", gateway.port())
                    .key(gateway.key())
                    .knownHosts(gateway.knownHosts());
            // What is loaded for the first time holds carriers, once.
            try (Engine engine = Engine.of(builder.build())) {
                engine.run(
                                inventory.named("m001"),
                                Deploy.named("warm")
                                        .code("echo", host -> host.run("echo"))
                                        .step(Files.directory("/tmp/warm")))
                        .throwIfFailed();
            }
            int accepted = gateway.connectionsAccepted();
            int calls = orbstack.calls().size();

            try (var carriers = PinnedCarriers.record();
                    Engine engine = Engine.of(builder.build())) {
                RunReport first = engine.run(inventory, OrbStackDemo.deploy());
                first.throwIfFailed();
                assertThat(first.count(StepStatus.CHANGED)).isEqualTo(3L * MACHINES);
                RunReport second = engine.run(inventory, OrbStackDemo.deploy());
                second.throwIfFailed();
                assertThat(second.count(StepStatus.CHANGED)).isZero();
                assertThat(carriers.stop()).isEmpty();
            }

            List<List<String>> made = orbstack.calls();
            made = made.subList(calls, made.size());
            if (transport == Transport.CLI) {
                // One for each machine and run, and nothing else was asked.
                assertThat(made).hasSize(2 * MACHINES).allMatch(call -> call.contains("run"));
            } else {
                assertThat(made).isEmpty();
                assertThat(gateway.connectionsAccepted() - accepted).isEqualTo(2 * MACHINES);
            }
            for (String machine : List.of("m001", "m125", "m250")) {
                Path root = orbstack.rootfs(machine);
                assertThat(root.resolve("etc/passwd")).content().contains("weftwork:");
                assertThat(root.resolve("home/weftwork/test_file.txt"))
                        .hasContent("A small file that is copied to every machine.");
                assertThat(java.nio.file.Files.getPosixFilePermissions(root.resolve("var/log/weftwork.log")))
                        .hasSize(9);
            }
            Waiting.until(() -> gateway.openConnections() == 0, "the gateway saw all connections closed");
            Waiting.until(OrbStackMachinesTest::noThreadIsLeft, "all threads of the connector ended");
            Waiting.until(() -> orbctlProcesses(orbstack.orbctl()) == 0, "all processes of orbctl ended");
        }
    }

    private static boolean noThreadIsLeft() {
        return Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("weftwork-"));
    }

    /** Children of this JVM; what the gateway started for its sessions ends with these. */
    private static long orbctlProcesses(Path orbctl) {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info()
                        .command()
                        .filter(command -> command.equals(orbctl.toString()))
                        .isPresent())
                .filter(child -> !child.info().commandLine().orElse("").contains("--emulator"))
                .count();
    }
}
