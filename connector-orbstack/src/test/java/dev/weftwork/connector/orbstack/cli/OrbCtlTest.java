package dev.weftwork.connector.orbstack.cli;

import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.fails;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.hangs;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.hangsStubbornly;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.id;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.info;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.list;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.prints;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.record;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.succeeds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weftwork.connector.orbstack.cli.OrbCtlException.Failed;
import dev.weftwork.connector.orbstack.cli.OrbCtlException.Kind;
import dev.weftwork.connector.orbstack.cli.OrbCtlException.NotInstalled;
import dev.weftwork.connector.orbstack.cli.OrbCtlException.TimedOut;
import dev.weftwork.connector.orbstack.cli.OrbCtlException.Unreadable;
import dev.weftwork.testing.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each call passes, reads and refuses. The traps named by number are those of the OrbStack reference. */
class OrbCtlTest {

    private static final MachineName WEB = new MachineName("web01");
    private static final MachineName DB = new MachineName("db01");

    private final ScriptedOrbCtl scripted = new ScriptedOrbCtl();
    private final OrbCtl orbctl = scripted.client();

    @AfterEach
    void close() {
        scripted.close();
    }

    /** A call of the client that may be interrupted. */
    private interface Calling {
        void call(OrbCtl orbctl) throws InterruptedException;
    }

    private String lineOf(Calling calling) throws InterruptedException {
        calling.call(orbctl);
        return scripted.lines().getLast();
    }

    @Nested
    class Looking {

        @ParameterizedTest
        @CsvSource({"Running, 0, RUNNING", "Stopped, 1, STOPPED", "Starting, 2, STARTING"})
        void statusIsReadFromItsText(String text, int exitCode, OrbStackStatus expected) throws InterruptedException {
            scripted.on("status", prints(text + "\n") + "exit " + exitCode);

            assertThat(orbctl.status()).isEqualTo(expected);

            // Trap 22: all else would start OrbStack.
            assertThat(scripted.lines()).containsExactly("status");
        }

        @Test
        void statusThatFailsIsNotTakenForStopped() {
            scripted.on("status", fails(1, "[-32098] no daemon"));

            assertThatThrownBy(orbctl::status)
                    .isInstanceOf(Failed.class)
                    .hasMessageContaining("`orbctl status` exited 1: [-32098] no daemon");
        }

        @Test
        void versionIsReadFromItsLines() throws InterruptedException {
            scripted.on("version", prints("Version: 2.0.5 (2000500)\nCommit: 0a1b2c (v2.0.5)\n"));

            OrbStackVersion version = orbctl.version();

            assertThat(version).isEqualTo(new OrbStackVersion("2.0.5", Optional.of("0a1b2c (v2.0.5)")));
            assertThat(version.isAtLeast(2, 0)).isTrue();
            assertThat(version.isAtLeast(2, 1)).isFalse();
            assertThat(version.isAtLeast(1, 9)).isTrue();
        }

        // Trap 15: as JSON, not by the columns of a table.
        @Test
        void machinesAreListed() throws InterruptedException {
            scripted.on(
                    "list -f json",
                    prints(list(
                            record(1, "web01", "running"),
                            record(2, "db01", "debian", "bookworm", "amd64", "stopped"))));

            assertThat(orbctl.list())
                    .containsExactly(
                            new Machine(
                                    new MachineId(id(1)),
                                    "web01",
                                    new Image("ubuntu", "noble", "arm64", "default"),
                                    Optional.of("me"),
                                    false,
                                    false,
                                    MachineState.RUNNING,
                                    "running"),
                            new Machine(
                                    new MachineId(id(2)),
                                    "db01",
                                    new Image("debian", "bookworm", "amd64", "default"),
                                    Optional.of("me"),
                                    false,
                                    false,
                                    MachineState.STOPPED,
                                    "stopped"));
        }

        @Test
        void noMachinesAreAnEmptyList() throws InterruptedException {
            scripted.on("list -r -f json", prints("[]\n"));

            assertThat(orbctl.listRunning()).isEmpty();
        }

        @Test
        void infoIsReadWithAllThatNewerVersionsTell() throws InterruptedException {
            scripted.on("info web01 -f json", prints("""
                    {
                      "record": {"id":"01KTK0Z32XA8Y4R8MVY2F4TZKN","name":"web01","later":[1],
                        "image":{"distro":"ubuntu","version":"noble","arch":"arm64","variant":"cloud"},
                        "config":{"isolated":true,"default_username":"me","memory_limit_mib":4096,
                          "mounts":[{"source":"/Users/me/x","destination":"/x"},{"source":"~/y:z"}]},
                        "builtin":false,"state":"running"},
                      "disk_usage": 997879808, "ip4": "192.168.139.198", "ip6": "fd07:b51a:cc66::2", "more": {}
                    }
                    """));

            MachineInfo info = orbctl.info(WEB);

            assertThat(info.machine().isolated()).isTrue();
            assertThat(info.machine().image().variant()).isEqualTo("cloud");
            assertThat(info.machine().domain()).isEqualTo("web01.orb.local");
            assertThat(info.diskBytes()).hasValue(997_879_808);
            assertThat(info.ip4()).contains("192.168.139.198");
            assertThat(info.ip6()).contains("fd07:b51a:cc66::2");
            assertThat(info.memoryLimitMib()).hasValue(4096);
            assertThat(info.mounts())
                    .containsExactly(Mount.of("/Users/me/x", "/x"), new Mount("~/y:z", Optional.empty()));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    // 2.0.x knew two settings
                    "{\"record\":{\"id\":\"01KTK0Z32XA8Y4R8MVY2F4T001\",\"name\":\"web01\","
                            + "\"image\":{\"distro\":\"ubuntu\",\"version\":\"jammy\",\"arch\":\"arm64\"},"
                            + "\"config\":{\"isolated\":false,\"default_username\":\"me\"},\"state\":\"stopped\"},"
                            + "\"disk_size\":null,\"ip4\":null,\"ip6\":null}",
                    // bare
                    "{\"id\":\"01KTK0Z32XA8Y4R8MVY2F4T001\",\"name\":\"web01\","
                            + "\"config\":{\"default_username\":\"me\"},\"state\":\"stopped\"}"
                })
        void whatIsMissingOrNullIsNotThere(String json) throws InterruptedException {
            scripted.on("info web01", prints(json));

            MachineInfo info = orbctl.info(WEB);

            assertThat(info.machine().defaultUser()).contains("me");
            assertThat(info.machine().state()).isEqualTo(MachineState.STOPPED);
            assertThat(info.diskBytes()).isEmpty();
            assertThat(info.ip4()).isEmpty();
            assertThat(info.ip6()).isEmpty();
            assertThat(info.mounts()).isEmpty();
        }

        @Test
        void aStateOfALaterVersionKeepsItsText() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "hibernating"))));

            Machine machine = orbctl.list().getFirst();

            assertThat(machine.state()).isEqualTo(MachineState.UNKNOWN);
            assertThat(machine.stateText()).isEqualTo("hibernating");
        }

        @ParameterizedTest
        @EnumSource(value = MachineState.class, mode = EnumSource.Mode.EXCLUDE, names = "UNKNOWN")
        void everyStateIsKnownByItsWord(MachineState state) {
            assertThat(MachineState.of(state.name().toLowerCase(java.util.Locale.ROOT)))
                    .isEqualTo(state);
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "NAME STATE|A JSONArray text must start with",
                    "{}|A JSONArray text must start with",
                    "[{\"name\":\"web01\",\"state\":\"running\"}]|a machine has no id",
                    "''|A JSONArray text must start with",
                    "[] trailing|Strict mode error: Unparsed characters found",
                    "[{\"id\":\"a\",\"id\":\"b\"}]|Duplicate key"
                })
        void anythingElseIsUnreadable(String text, String reason) {
            scripted.on("list", prints(text));

            assertThatThrownBy(orbctl::list)
                    .isInstanceOf(Unreadable.class)
                    .hasMessageContaining("`orbctl list -f json` answered what isn't understood: " + reason);
        }

        // Trap 17: a name may be another machine's by now, an id never.
        @Test
        void aMachineIsFoundByItsId() throws InterruptedException {
            scripted.on("info " + id(1), prints(info(record(1, "renamed", "running"), Optional.empty())));

            assertThat(orbctl.info(new MachineId(id(1))).machine().name()).isEqualTo("renamed");
            assertThat(scripted.lines()).containsExactly("info " + id(1) + " -f json");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "[-32098] machine not found: 'web01'",
                    "[-32602] no machine found: 'web01'",
                    "Machine Not Found: web01"
                })
        void aMachineThatIsNotThereIsNothing(String stderr) throws InterruptedException {
            scripted.on("info", fails(1, stderr));

            assertThat(orbctl.findInfo(WEB)).isEmpty();
            assertThat(orbctl.findInfo(new MachineId(id(1)))).isEmpty();
        }

        @Test
        void anotherFailureIsNotTakenForAMissingMachine() {
            scripted.on("info", fails(1, "[-32098] something else"));

            assertThatThrownBy(() -> orbctl.findInfo(WEB)).isInstanceOf(Failed.class);
        }

        @Test
        void theDefaultMachineMayBeNone() throws InterruptedException {
            scripted.on("default", "echo web01", "echo me@web01", "echo 'no default machine' >&2");

            assertThat(orbctl.defaultMachine()).contains("web01");
            assertThat(orbctl.defaultMachine()).contains("web01");
            assertThat(orbctl.defaultMachine()).isEmpty();
        }

        @Test
        void logsArePassedOn() throws InterruptedException {
            scripted.on("logs web01", prints("short\n")).on("logs -a web01", prints("long\n"));

            assertThat(orbctl.logs(WEB)).isEqualTo("short\n");
            assertThat(orbctl.allLogs(WEB)).isEqualTo("long\n");
        }

        // Trap 6: not the name of the Mac's user. Trap 5: never a login of one part.
        @Test
        void sshIsForTheUserThatTheMachineHas() throws InterruptedException {
            scripted.on("info web01", prints(info(record(1, "web01", "running"), Optional.empty())));

            SshAccess ssh = orbctl.ssh(WEB);

            assertThat(ssh.login()).isEqualTo("me@web01");
            assertThat(ssh.host()).isEqualTo("127.0.0.1");
            assertThat(ssh.port()).isEqualTo(32222);
            assertThat(ssh.identityFile()).endsWithRaw(Path.of(".orbstack/ssh/id_ed25519"));
            assertThat(ssh.connectString()).isEqualTo("ssh me@web01@orb");
            assertThat(orbctl.defaultUser(WEB)).contains("me");
        }
    }

    @Nested
    class Configuration {

        private static final String ALL = "cpu: 8\nmachine.web01.username: app\nmemory_mib: 8192\nrosetta: \n";

        @Test
        void isShownAsAMap() throws InterruptedException {
            scripted.on("config show", prints(ALL));

            assertThat(orbctl.configShow())
                    .containsExactly(
                            Map.entry("cpu", "8"),
                            Map.entry("machine.web01.username", "app"),
                            Map.entry("memory_mib", "8192"),
                            Map.entry("rosetta", ""));
        }

        @Test
        void aKeyIsFoundInEitherShapeOfTheAnswer() throws InterruptedException {
            scripted.on("config get", prints("8192\n"), prints(ALL), prints("memory_mib: 8192\n"));

            assertThat(orbctl.configGet("memory_mib")).contains("8192");
            assertThat(orbctl.configGet("memory_mib")).contains("8192");
            assertThat(orbctl.configGet("memory_mib")).contains("8192");
        }

        @Test
        void aKeyThatIsNotSetIsNothing() throws InterruptedException {
            scripted.on("config get", prints("\n"), prints(ALL), prints(ALL));

            assertThat(orbctl.configGet("network.subnet4")).isEmpty();
            assertThat(orbctl.configGet("network.subnet4")).isEmpty();
            assertThat(orbctl.configGet("rosetta")).isEmpty();
        }

        @Test
        void isSet() throws InterruptedException {
            scripted.on("config set", succeeds());

            assertThat(lineOf(client -> client.configSet("memory_mib", "8192")))
                    .isEqualTo("config set memory_mib 8192");
            assertThat(lineOf(client -> client.setDefaultUser(WEB, "app")))
                    .isEqualTo("config set machine.web01.username app");
        }

        @Test
        void wordsThatWouldBeOptionsAreRefused() {
            assertThatIllegalArgumentException().isThrownBy(() -> orbctl.configGet("--help"));
            assertThatIllegalArgumentException().isThrownBy(() -> orbctl.configSet("cpu", "-1"));
            assertThatIllegalArgumentException().isThrownBy(() -> orbctl.setDefaultUser(WEB, "-u"));
            assertThat(scripted.calls()).isEmpty();
        }
    }

    @Nested
    class Lives {

        // Trap 12: none of these can be called without a machine. Trap 13: delete never asks.
        @Test
        void machinesAreNamedInEveryCall() throws InterruptedException {
            for (String word : List.of("start", "stop", "restart", "delete", "clone", "rename", "default")) {
                scripted.on(word, succeeds());
            }

            assertThat(lineOf(client -> client.start(WEB, DB))).isEqualTo("start web01 db01");
            assertThat(lineOf(client -> client.stop(WEB))).isEqualTo("stop web01");
            assertThat(lineOf(client -> client.restart(WEB))).isEqualTo("restart web01");
            assertThat(lineOf(client -> client.delete(WEB, DB))).isEqualTo("delete -f web01 db01");
            assertThat(lineOf(client -> client.clone(WEB, DB))).isEqualTo("clone web01 db01");
            assertThat(lineOf(client -> client.rename(WEB, DB))).isEqualTo("rename web01 db01");
            assertThat(lineOf(client -> client.setDefault(WEB))).isEqualTo("default web01");
        }

        @Test
        void filesAreNamedByAbsolutePaths() throws InterruptedException {
            for (String word : List.of("export", "import", "push", "pull")) {
                scripted.on(word, succeeds());
            }
            String file = Path.of("-it's here").toAbsolutePath().toString();
            Path given = Path.of("-it's here");

            // Trap 29: the machine is always named.
            assertThat(lineOf(client -> client.exportTo(WEB, given))).isEqualTo("export web01 " + file);
            assertThat(lineOf(client -> client.importFrom(given, WEB))).isEqualTo("import -n web01 " + file);
            assertThat(lineOf(client -> client.push(WEB, given, "etc"))).isEqualTo("push -m web01 " + file + " etc");
            assertThat(lineOf(client -> client.pull(WEB, "etc/x", given))).isEqualTo("pull -m web01 etc/x " + file);
            assertThatIllegalArgumentException().isThrownBy(() -> orbctl.push(WEB, given, "-r"));
            assertThatIllegalArgumentException().isThrownBy(() -> orbctl.pull(WEB, "", given));
        }

        @Test
        void createPassesWhatIsSetAndNothingElse() throws InterruptedException {
            scripted.on("create", succeeds());

            assertThat(lineOf(client -> client.create(MachineSpec.of("web01", "ubuntu"))))
                    .isEqualTo("create ubuntu web01");
            assertThat(lineOf(client -> client.create(MachineSpec.builder("web01", "ubuntu:22.04")
                            .arch(Arch.AMD64)
                            .user("app")
                            .userData(Path.of("/tmp/data.yaml"))
                            .isolated()
                            .isolateNetwork()
                            .forwardSshAgent()
                            .cpus(2)
                            .memory("4G")
                            .disk("64G")
                            .mount(Mount.of("/Users/me/a b", "/data"))
                            .mount(new Mount("/Users/me/c", Optional.empty()))
                            .build())))
                    .isEqualTo("create --arch amd64 --user app --user-data /tmp/data.yaml --isolated --isolate-network"
                            + " --forward-ssh-agent --cpus 2 --memory 4G --disk 64G --mount /Users/me/a b:/data"
                            + " --mount /Users/me/c ubuntu:22.04 web01");
            assertThat(scripted.calls().getLast().words()).contains("/Users/me/a b:/data");
        }

        @Test
        void userDataGoesThroughAPrivateFileThatIsDeleted(@TempDir Path folder) throws Exception {
            Path seen = folder.resolve("seen");
            scripted.on("create", "ls -l \"$3\" >" + seen + "; cat \"$3\" >>" + seen + "; exit 1");

            assertThatThrownBy(() -> orbctl.create(MachineSpec.builder("web01", "ubuntu")
                            .userData("#cloud-config\npassword: x\n")
                            .build()))
                    .isInstanceOf(Failed.class);

            assertThat(Files.readString(seen)).startsWith("-rw-------").endsWith("#cloud-config\npassword: x\n");
            assertThat(Path.of(scripted.calls().getFirst().words().get(2))).doesNotExist();
        }

        @Test
        void stopIsContentWithOrbStackDownButRestartIsNot() throws InterruptedException {
            scripted.on("stop", "echo 'OrbStack is not running' >&2")
                    .on("restart", "echo 'OrbStack is not running' >&2");

            orbctl.stop(WEB);

            Failed failure = catchThrowableOfType(Failed.class, () -> orbctl.restart(WEB));
            assertThat(failure.kind()).isEqualTo(Kind.NOT_RUNNING);
        }

        @Test
        void aMachineAnswersIfACommandRunsOnIt() throws InterruptedException {
            scripted.on(
                    "run",
                    succeeds(),
                    fails(0, "Error: what the profile of a login shell says"),
                    "exit 1",
                    fails(0, "Error: unknown flag -u"));

            assertThat(orbctl.answers(WEB)).isTrue();
            assertThat(orbctl.answers(WEB)).isTrue();
            assertThat(orbctl.answers(WEB)).isFalse();
            assertThat(orbctl.answers(WEB)).isFalse();
            assertThat(scripted.calls().getFirst().words())
                    .containsExactly("run", "-m", "web01", "-u", "root", "sh", "-c", "true");
        }
    }

    @Nested
    class Failing {

        // Trap 26: by their text, whatever the code before it.
        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "[-32098] machine not found: 'web01'|MACHINE_NOT_FOUND",
                    "[-32602] no machine found: 'web01'|MACHINE_NOT_FOUND",
                    "[-32098] create 'web01': machine already exists: 'web01'|MACHINE_ALREADY_EXISTS",
                    "[-32098] create 'a_b': invalid machine name 'a_b'|INVALID_NAME",
                    "[-1] create 'x1': setup: machine didn't start in 30s (missing IP address)|MISSING_IP_ADDRESS",
                    "[-32098] create 'x1': make rootfs: fetch index: Get https://x: context deadline exceeded|DOWNLOAD_FAILED",
                    "create 'x1': make rootfs: download rootfs: stream to file: unexpected EOF|DOWNLOAD_FAILED",
                    "[-32098] cannot transition from creating to starting|WRONG_STATE",
                    "[-32098] stop 'web01': timeout|STOP_TIMED_OUT",
                    "Error: unknown flag: --isolated|UNKNOWN_OPTION",
                    "Error: invalid distro: X|REFUSED_ARGUMENTS",
                    "[-32098] CREATE 'x1': MACHINE ALREADY EXISTS: 'x1'|MACHINE_ALREADY_EXISTS",
                    "[-32098] create 'x1': machine manager is stopping|STOPPING",
                    "[-32098] create 'x1': machine crashed on startup|OTHER"
                })
        void isToldApartByItsText(String stderr, Kind kind) {
            scripted.on("create", fails(1, "\n" + stderr + "\nsecond line"));

            Failed failure = catchThrowableOfType(Failed.class, () -> orbctl.create(MachineSpec.of("web01", "ubuntu")));

            assertThat(failure.kind()).isEqualTo(kind);
            assertThat(failure.stderr()).isEqualTo("\n" + stderr + "\nsecond line\n");
            assertThat(failure.exitCode()).isEqualTo(1);
            assertThat(failure).hasMessageStartingWith("`orbctl create ubuntu web01` exited 1: " + stderr);
            assertThat(failure.argv()).endsWith("create", "ubuntu", "web01");
        }

        @Test
        void coloursAndControlsStayOutOfTheMessage() {
            scripted.on("start", "printf '\\033[31m[-32098] no\\007\\033[0m\\n' >&2; exit 1");

            assertThatThrownBy(() -> orbctl.start(WEB)).hasMessage("`orbctl start web01` exited 1: [-32098] no\ufffd");
        }

        @Test
        void onlyAddressAndDownloadTroubleAndARestartMayPass() {
            assertThat(Kind.values())
                    .filteredOn(Kind::isTransient)
                    .containsExactly(Kind.MISSING_IP_ADDRESS, Kind.DOWNLOAD_FAILED, Kind.STOPPING);
        }

        @Test
        void aWrongWordIsAFailureWhateverTheExitCode() {
            scripted.on("create", fails(0, "Error: unknown flag: --isolated\nUsage:\n  orbctl create"));

            assertThatThrownBy(() -> orbctl.create(
                            MachineSpec.builder("web01", "ubuntu").isolated().build()))
                    .isInstanceOf(Failed.class)
                    .hasMessage(
                            "`orbctl create --isolated ubuntu web01` exited 0: Error: unknown flag: --isolated; this"
                                    + " orbctl doesn't know the option, so it needs a newer OrbStack: isolated, isolateNetwork,"
                                    + " mounts, forwardSshAgent, cpus, memory and disk came with 2.1 and 2.2");
        }

        // Trap 3.
        @Test
        void silenceIsSaidToBeSilence() {
            scripted.on("start", "exit 1");

            assertThatThrownBy(() -> orbctl.start(WEB))
                    .hasMessage("`orbctl start web01` exited 1: it wrote nothing on standard error");
        }

        @Test
        void tooMuchOutputIsRefused() {
            scripted.on("logs", "head -c 17000000 /dev/zero");

            assertThatThrownBy(() -> orbctl.logs(WEB))
                    .isInstanceOf(Unreadable.class)
                    .hasMessageContaining("more than 16 MiB");
        }

        @Test
        void aLongAnswerOnBothStreamsIsReadWhole() throws InterruptedException {
            scripted.on("logs", "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero | tr '\\0' x");

            assertThat(orbctl.logs(WEB)).hasSize(1_000_000);
        }
    }

    @Nested
    class Processes {

        // Traps 10 and 11.
        @Test
        void haveNothingToReadAndNoTerminal() throws InterruptedException {
            scripted.on("list", prints("[]"));

            orbctl.list();

            assertThat(scripted.calls().getFirst().stdin()).isEmpty();
            assertThat(scripted.calls().getFirst().terminals()).isEmpty();
        }

        @Test
        void haveTheEnvironmentOfThisJvmAndWhatIsAdded() throws InterruptedException {
            OrbCtl client = scripted.builder().env("WEFT_TEST", "a b").build();
            scripted.on("logs", "printf '%s|%s' \"$WEFT_TEST\" \"$PATH\"");

            assertThat(client.logs(WEB)).isEqualTo("a b|" + System.getenv("PATH"));
        }

        // Trap 27.
        @Test
        void areEndedWhenTheirTimeIsUp() {
            scripted.on("list", hangs());
            OrbCtl client = scripted.builder().timeout(Duration.ofSeconds(3)).build();

            assertThatThrownBy(client::list)
                    .isInstanceOf(TimedOut.class)
                    .hasMessage(
                            "`orbctl list -f json` gave no answer within 3000 ms and was ended; what it asked for may"
                                    + " still happen. The daemon may hang: try `orbctl status`, and restart OrbStack if that"
                                    + " hangs too");

            assertNoneIsLeft();
        }

        // Trap 9: TERM may not end it.
        @Test
        void areKilledIfTheyIgnoreThat() {
            scripted.on("list", hangsStubbornly());
            OrbCtl client = scripted.builder().timeout(Duration.ofSeconds(3)).build();

            assertThatThrownBy(client::list).isInstanceOf(TimedOut.class);

            assertThat(scripted.isStubborn()).isTrue();
            assertNoneIsLeft();
        }

        @Test
        void areEndedWhenTheCallerIsInterrupted() throws Exception {
            scripted.on("list", hangs());
            var thrown = new CompletableFuture<Throwable>();
            Thread caller = Thread.ofVirtual().start(() -> {
                try {
                    orbctl.list();
                    thrown.complete(new AssertionError("it came back"));
                } catch (Throwable e) {
                    thrown.complete(e);
                }
            });
            Waiting.until(() -> !scripted.calls().isEmpty(), "the call");

            caller.interrupt();

            assertThat(Waiting.await(thrown, "the end of the call")).isInstanceOf(InterruptedException.class);
            assertNoneIsLeft();
        }

        @Test
        void areNotStartedForACallerThatWasInterrupted() {
            Thread.currentThread().interrupt();

            assertThatThrownBy(orbctl::list).isInstanceOf(InterruptedException.class);

            assertThat(Thread.currentThread().isInterrupted()).isFalse();
            assertThat(scripted.calls()).isEmpty();
        }

        @Test
        void areOverEvenIfWhatTheyStartedHoldsTheirStreams() throws InterruptedException {
            scripted.on("logs", "echo started; sleep 20 &");
            long begun = System.nanoTime();

            String text = orbctl.logs(WEB);

            assertThat(text).isEqualTo("started\n");
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(15));
        }

        @Test
        void runAtTheSameTimeForManyCallers() throws Exception {
            scripted.on("default", "echo web01");
            var answers = new java.util.ArrayList<CompletableFuture<Optional<String>>>();
            for (int i = 0; i < 20; i++) {
                var answer = new CompletableFuture<Optional<String>>();
                answers.add(answer);
                Thread.ofVirtual().start(() -> {
                    try {
                        answer.complete(orbctl.defaultMachine());
                    } catch (Throwable e) {
                        answer.completeExceptionally(e);
                    }
                });
            }

            for (var answer : answers) {
                assertThat(Waiting.await(answer, "an answer")).contains("web01");
            }
            assertThat(scripted.calls()).hasSize(20);
        }

        private void assertNoneIsLeft() {
            assertThat(scripted.calls())
                    .isNotEmpty()
                    .allSatisfy(call -> assertThat(ProcessHandle.of(call.pid()).filter(ProcessHandle::isAlive))
                            .isEmpty());
        }
    }

    @Nested
    class Finding {

        @TempDir
        private Path folder;

        private Path install(String place) throws Exception {
            Path program = folder.resolve(place).resolve("orbctl");
            Files.createDirectories(program.getParent());
            Files.createFile(
                    program, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
            return program;
        }

        private Path find(String path) {
            Function<Path, Path> within =
                    place -> folder.resolve("root").resolve(Path.of("/").relativize(place));
            return OrbCtl.find(path, folder.resolve("home"), within);
        }

        @Test
        void takesTheFirstOnPath() throws Exception {
            Path second = install("second");
            install("third");
            install("root/usr/local/bin");
            Files.createDirectories(folder.resolve("first"));

            Path found = find(":relative:" + folder.resolve("first") + ":" + folder.resolve("second") + ":"
                    + folder.resolve("third"));

            assertThat(found).isEqualTo(second);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "root/usr/local/bin",
                    "root/opt/homebrew/bin",
                    "home/.orbstack/bin",
                    "root/Applications/OrbStack.app/Contents/MacOS/bin"
                })
        void orOneInAUsualPlace(String place) throws Exception {
            Path program = install(place);

            assertThat(find("/nowhere")).isEqualTo(program);
        }

        @Test
        void saysWhereItLooked() {
            assertThatThrownBy(() -> find("/nowhere"))
                    .isInstanceOf(NotInstalled.class)
                    .hasMessageStartingWith("no orbctl found in /nowhere, ")
                    .hasMessageContaining(".orbstack/bin")
                    .hasMessageContaining("install OrbStack");
        }

        @Test
        void aGivenProgramMustBeThere() {
            assertThatThrownBy(() ->
                            OrbCtl.builder().program(Path.of("/nowhere/orbctl")).build())
                    .isInstanceOf(NotInstalled.class)
                    .hasMessage("/nowhere/orbctl is no program; is OrbStack installed?");
        }

        @ParameterizedTest
        @ValueSource(strings = {"orbctl", "bin/orbctl", "/usr/local/bin/orb", "/usr/local/bin/orbctl2"})
        void aGivenProgramMustBeAbsoluteAndHaveItsName(String program) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> OrbCtl.builder().program(Path.of(program)))
                    .withMessage("program must be an absolute path to a file named orbctl, was " + program);
        }

        @Test
        void aProgramThatCanNotBeStartedSaysSo() throws Exception {
            Path program = install("broken");
            Files.writeString(program, "#!/nowhere/interpreter\n");

            assertThatThrownBy(() -> OrbCtl.builder().program(program).build().list())
                    .isInstanceOf(NotInstalled.class)
                    .hasMessageContaining("`orbctl list -f json` could not be started: ")
                    .hasMessageContaining(program.toString());
        }

        @Test
        void limitsMustBeAboveZero() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> OrbCtl.builder().timeout(Duration.ZERO))
                    .withMessage("timeout must be > 0 and at most 365 days, was PT0S");
        }
    }
}
