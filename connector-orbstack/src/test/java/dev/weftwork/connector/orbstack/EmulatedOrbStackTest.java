package dev.weftwork.connector.orbstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weftwork.connector.orbstack.cli.Arch;
import dev.weftwork.connector.orbstack.cli.Machine;
import dev.weftwork.connector.orbstack.cli.MachineInfo;
import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.MachineSpec;
import dev.weftwork.connector.orbstack.cli.MachineState;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.cli.OrbCtlException;
import dev.weftwork.connector.orbstack.cli.OrbCtlException.Kind;
import dev.weftwork.connector.orbstack.cli.OrbStackStatus;
import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator;
import dev.weftwork.connector.orbstack.fleet.EnsuredMachine;
import dev.weftwork.connector.orbstack.fleet.EnsuredMachine.Action;
import dev.weftwork.connector.orbstack.fleet.Fleet;
import dev.weftwork.connector.orbstack.fleet.FleetReport;
import dev.weftwork.inventory.Host;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The client, inventories and fleets against an emulated OrbStack, whose machines run commands. */
class EmulatedOrbStackTest {

    private static final MachineName WEB = new MachineName("web01");
    private static final MachineName DB = new MachineName("db01");

    private final OrbStackEmulator orbStack = OrbStackEmulator.start();
    private final OrbCtl orbctl = OrbCtl.builder().program(orbStack.orbctl()).build();

    @AfterEach
    void close() {
        orbStack.close();
    }

    private OrbCtl impatientCreator() {
        return OrbCtl.builder()
                .program(orbStack.orbctl())
                .createTimeout(Duration.ofSeconds(5))
                .build();
    }

    // Trap 13: without a terminal nothing asks. Trap 16: the version that was asked for isn't the one listed.
    @Test
    void aMachineLivesThroughAllThatTheClientOffers() throws InterruptedException {
        orbctl.create(MachineSpec.builder("web01", "ubuntu:22.04")
                .arch(Arch.AMD64)
                .user("app")
                .build());

        MachineInfo info = orbctl.info(WEB);
        assertThat(info.machine().image().version()).isEqualTo("jammy");
        assertThat(info.machine().image().arch()).isEqualTo("amd64");
        assertThat(info.machine().defaultUser()).contains("app");
        assertThat(info.machine().isRunning()).isTrue();
        assertThat(info.ip4()).isPresent();
        assertThat(orbctl.answers(WEB)).isTrue();
        assertThat(orbctl.ssh(WEB).login()).isEqualTo("app@web01");

        orbctl.stop(WEB);
        orbctl.stop(WEB);
        assertThat(orbctl.info(WEB).machine().state()).isEqualTo(MachineState.STOPPED);
        assertThat(orbctl.info(WEB).ip4()).isEmpty();
        assertThat(orbctl.listRunning()).isEmpty();

        orbctl.clone(WEB, DB);
        assertThat(orbctl.info(DB).machine().state()).isEqualTo(MachineState.STOPPED);
        orbctl.start(WEB, DB);
        orbctl.restart(WEB);
        assertThat(orbctl.listRunning()).extracting(Machine::name).containsExactlyInAnyOrder("web01", "db01");

        orbctl.rename(DB, new MachineName("db02"));
        assertThat(orbctl.findInfo(DB)).isEmpty();

        orbctl.delete(WEB, new MachineName("db02"));
        assertThat(orbctl.list()).isEmpty();
        assertThat(orbctl.findInfo(info.machine().id())).isEmpty();
    }

    // Trap 17.
    @Test
    void anIdStaysWithARenamedMachine() throws InterruptedException {
        orbStack.machine("web01");
        Machine machine = orbctl.info(WEB).machine();

        orbctl.rename(WEB, DB);

        assertThat(orbctl.info(machine.id()).machine().name()).isEqualTo("db01");
    }

    @ParameterizedTest
    @ValueSource(strings = {"new", "old"})
    void failuresAreToldApartWhateverTheWords(String words) {
        orbStack.knob("not-found", words);
        orbStack.knob("usage-exit", words.equals("old") ? "0" : "1");
        orbStack.machine("web01");

        assertThat(kind(client -> client.info(DB))).isEqualTo(Kind.MACHINE_NOT_FOUND);
        assertThat(kind(client -> client.start(DB))).isEqualTo(Kind.MACHINE_NOT_FOUND);
        assertThat(kind(client -> client.stop(DB))).isEqualTo(Kind.MACHINE_NOT_FOUND);
        assertThat(kind(client -> client.delete(WEB, DB))).isEqualTo(Kind.MACHINE_NOT_FOUND);
        assertThat(kind(client -> client.create(MachineSpec.of("web01", "ubuntu"))))
                .isEqualTo(Kind.MACHINE_ALREADY_EXISTS);
        assertThat(kind(client -> client.create(MachineSpec.of("db01", "nosuch"))))
                .isEqualTo(Kind.REFUSED_ARGUMENTS);
    }

    private interface Calling {
        void call(OrbCtl orbctl) throws InterruptedException;
    }

    private Kind kind(Calling calling) {
        return catchThrowableOfType(OrbCtlException.Failed.class, () -> calling.call(orbctl))
                .kind();
    }

    @Test
    void transientFailuresOfCreateAreKnown() {
        MachineSpec spec = MachineSpec.of("web01", "ubuntu");

        orbStack.knob("create-mode", "no-network");
        assertThat(kind(client -> client.create(spec))).isEqualTo(Kind.MISSING_IP_ADDRESS);
        orbStack.knob("create-mode", "fetch-timeout");
        assertThat(kind(client -> client.create(spec))).isEqualTo(Kind.DOWNLOAD_FAILED);
        orbStack.knob("create-mode", "eof");
        assertThat(kind(client -> client.create(spec))).isEqualTo(Kind.DOWNLOAD_FAILED);
        orbStack.knob("create-mode", "crash");
        assertThat(kind(client -> client.create(spec))).isEqualTo(Kind.OTHER);
    }

    // Trap 22: to look starts OrbStack; status, stop and restart don't.
    @Test
    void onlyStatusLooksWithoutStartingOrbStack() throws Exception {
        orbStack.machine("web01");
        Files.writeString(orbStack.store().resolve("up"), "Stopped\n");

        assertThat(orbctl.status()).isEqualTo(OrbStackStatus.STOPPED);
        orbctl.stop(WEB);
        assertThat(kind(client -> client.restart(WEB))).isEqualTo(Kind.NOT_RUNNING);
        assertThat(orbctl.status()).isEqualTo(OrbStackStatus.STOPPED);

        orbctl.list();
        assertThat(orbctl.status()).isEqualTo(OrbStackStatus.RUNNING);
    }

    // Trap 27.
    @Test
    void aDaemonThatHangsIsNotWaitedForLongerThanAllowed() {
        orbStack.knob("hang", "all");
        OrbCtl impatient = OrbCtl.builder()
                .program(orbStack.orbctl())
                .timeout(Duration.ofSeconds(1))
                .build();

        assertThatThrownBy(impatient::list).isInstanceOf(OrbCtlException.TimedOut.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "list"})
    void settingsAreReadInEitherShape(String shape) throws InterruptedException {
        orbStack.knob("config-get", shape);
        orbStack.machine("web01");

        orbctl.configSet("memory_mib", "8192");
        orbctl.setDefaultUser(WEB, "root");

        assertThat(orbctl.configGet("memory_mib")).contains("8192");
        assertThat(orbctl.configShow()).containsEntry("memory_mib", "8192");
        assertThat(orbctl.defaultUser(WEB)).contains("root");
    }

    @Test
    void oldAndNewRecordsAreRead() throws InterruptedException {
        orbStack.machine("web01");
        orbctl.stop(WEB);
        orbStack.knob("ip-null", "1");
        orbStack.knob("json-old", "1");

        MachineInfo info = orbctl.info(WEB);

        assertThat(info.ip4()).isEmpty();
        assertThat(info.machine().defaultUser()).isPresent();
        assertThat(orbctl.version().isAtLeast(2, 2)).isTrue();
    }

    @Test
    void filesAndMachinesAreCarried(@TempDir Path folder) throws Exception {
        orbStack.machine("web01");
        Path sent = Files.writeString(folder.resolve("sent file"), "it's here");
        Path back = folder.resolve("back");

        orbctl.push(WEB, sent, "there");
        orbctl.pull(WEB, "there", back);
        orbctl.setDefault(WEB);
        orbctl.exportTo(WEB, folder.resolve("web01.tar.zst"));
        orbctl.importFrom(folder.resolve("web01.tar.zst"), DB);

        assertThat(back).hasContent("it's here");
        assertThat(orbctl.defaultMachine()).contains("web01");
        assertThat(orbctl.findInfo(DB)).isPresent();
        assertThat(orbctl.logs(WEB)).isNotNull();
    }

    @Test
    void theInventoryHasWhatIsThere() throws InterruptedException {
        orbStack.machines(3, "web");
        orbctl.stop(new MachineName("web002"));

        assertThat(OrbStack.inventory(orbctl).inGroup("orbstack_stopped"))
                .extracting(Host::name)
                .containsExactly("web002");
        assertThat(OrbStack.runningInventory(orbctl)).extracting(Host::name).containsExactly("web001", "web003");
    }

    // Traps 14 and 23.
    @Test
    void aFleetComesToBeWhateverHappensMeanwhile() throws InterruptedException {
        orbStack.machines(2, "old");
        orbctl.stop(new MachineName("old002"));
        orbStack.knob("create-mode.flaky", "no-network:1");
        orbStack.knob("create-mode.hung", "hang");
        orbStack.knob("create-mode.broken", "crash");
        orbStack.knob("ip-delay", "300");

        FleetReport report = OrbStack.ensure(
                impatientCreator(),
                Fleet.of(List.of(
                        MachineSpec.of("old001", "ubuntu"),
                        MachineSpec.of("old002", "ubuntu"),
                        MachineSpec.of("flaky", "ubuntu"),
                        MachineSpec.of("hung", "debian"),
                        MachineSpec.of("broken", "ubuntu"),
                        MachineSpec.of("fresh", "ubuntu"))));

        assertThat(report.machines())
                .extracting(EnsuredMachine::action)
                .containsExactly(
                        Action.EXISTED, Action.STARTED, Action.CREATED, Action.ADOPTED, Action.FAILED, Action.CREATED);
        assertThat(report.machines().get(2).attempts()).isEqualTo(2);
        assertThat(orbctl.listRunning())
                .extracting(Machine::name)
                .containsExactlyInAnyOrder("old001", "old002", "flaky", "hung", "fresh");
    }

    @Test
    void aMachineThatStaysInProvisioningIsGivenUp() throws InterruptedException {
        orbStack.knob("create-mode", "stuck");

        FleetReport report = OrbStack.ensure(
                impatientCreator(), Fleet.of(MachineSpec.of("web01", "ubuntu")).readyTimeout(Duration.ofSeconds(1)));

        assertThat(report.failed().getFirst().failure())
                .hasValueSatisfying(reason -> assertThat(reason).contains("it is still provisioning"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ubuntu", "alpine"})
    void namesAreResolvedOnAnyMachine(String distro) {
        orbStack.call("create", distro, "web01");
        String script = new String(Connectivity.resolve("localhost").shellText(), StandardCharsets.UTF_8);

        var result = orbStack.call("run", "-m", "web01", "sh", "-c", script);

        assertThat(result.stdout() + result.stderr()).containsAnyOf("127.0.0.1", "::1");
    }
}
