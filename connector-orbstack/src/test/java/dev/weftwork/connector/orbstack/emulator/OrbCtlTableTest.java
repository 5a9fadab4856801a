package dev.weftwork.connector.orbstack.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator.CallResult;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The emulated {@code orbctl} does what is known of the real one, row by row. */
class OrbCtlTableTest {

    private final OrbStackEmulator orbStack = OrbStackEmulator.start();

    @BeforeEach
    void hasMachine() {
        orbStack.machine("web1");
    }

    @AfterEach
    void close() {
        orbStack.close();
    }

    private static void silent(CallResult result, int exit) {
        assertThat(result).isEqualTo(new CallResult(exit, "", ""));
    }

    private static void printed(CallResult result, String stdout) {
        assertThat(result).isEqualTo(new CallResult(0, stdout, ""));
    }

    private static void failed(CallResult result, String stderr) {
        assertThat(result).isEqualTo(new CallResult(1, "", stderr + "\n"));
    }

    private JsonNode info(String name) {
        try {
            return new ObjectMapper()
                    .readTree(orbStack.call("info", name, "-f", "json").stdout());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private String state(String name) {
        return info(name).at("/record/state").asText();
    }

    private void awaitState(String name, String state) {
        OrbStackEmulator.until(() -> state(name).equals(state), name + " is " + state);
    }

    private boolean runsIn(String machine, String commandLine) {
        return orbStack.call("run", "-m", machine, "pgrep", "-fx", commandLine).exit() == 0;
    }

    @Nested
    class OrbStackItself {

        @ParameterizedTest
        @CsvSource({"Running, 0", "Stopped, 1", "Starting, 2"})
        void tellsItsStatus(String status, int exit) throws IOException {
            Files.writeString(orbStack.store().resolve("up"), status + "\n");

            assertThat(orbStack.call("status")).isEqualTo(new CallResult(exit, status + "\n", ""));
        }

        @Test
        void tellsItsVersion() {
            assertThat(orbStack.call("version").stdout())
                    .startsWith("Version: 2.2.3 (2020300)\nCommit: ")
                    .endsWith(" (v2.2.3)\n");

            orbStack.knob("version", "2.0.5");
            assertThat(orbStack.call("version").stdout()).startsWith("Version: 2.0.5 (2000500)\n");
        }

        @Test
        void isStartedByMostCommandsButNotByStopAndRestart() {
            silent(orbStack.call("stop"), 0);
            assertThat(orbStack.call("status").stdout()).isEqualTo("Stopped\n");

            for (String command : List.of("stop", "restart")) {
                assertThat(orbStack.call(command, "web1"))
                        .isEqualTo(new CallResult(0, "", "OrbStack is not running\n"));
            }
            assertThat(orbStack.call("status").exit()).isEqualTo(1);
            assertThat(orbStack.call("list").stdout()).startsWith("web1  stopped");
            assertThat(orbStack.call("status").exit()).isZero();
        }

        @Test
        void isOutdatedIfSaidSo() {
            assertThat(orbStack.call("update", "-c").exit()).isZero();
            orbStack.knob("outdated", "1");
            assertThat(orbStack.call("update", "-c").exit()).isEqualTo(3);
        }
    }

    @Nested
    class Listing {

        @Test
        void isEmptyWithoutMachines() {
            silent(orbStack.call("delete", "web1"), 0);

            silent(orbStack.call("list"), 0);
            silent(orbStack.call("list", "-q"), 0);
            printed(orbStack.call("list", "-f", "json"), "[]\n");
        }

        @Test
        void hasRowsWithoutHeader() {
            String row = orbStack.call("list").stdout();

            assertThat(row).matches("web1  running  ubuntu  noble  arm64  951\\.7 MB  192\\.168\\.139\\.\\d+\n");
        }

        @Test
        void hasNamesOnly() {
            orbStack.machine("db1");
            orbStack.call("stop", "web1");

            printed(orbStack.call("list", "-q"), "db1\nweb1\n");
            printed(orbStack.call("list", "-r", "-q"), "db1\n");
            printed(orbStack.call("list", "-rq"), "db1\n");
        }

        @Test
        void hasBareRecords() throws IOException {
            JsonNode list = new ObjectMapper()
                    .readTree(orbStack.call("list", "-f", "json").stdout());

            assertThat(list).hasSize(1);
            assertThat(list.get(0).get("id").asText()).matches("[0-9A-Z]{26}");
            assertThat(list.get(0).get("name").asText()).isEqualTo("web1");
            assertThat(list.get(0).has("ip4")).isFalse();
            assertThat(list.get(0).get("builtin").asBoolean()).isFalse();
        }

        @Test
        void refusesUnknownFormats() {
            CallResult result = orbStack.call("list", "-f", "xml");

            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.stdout()).isEmpty();
            assertThat(result.stderr()).startsWith("Error: invalid format: xml\nUsage:");
            orbStack.knob("usage-exit", "0");
            assertThat(orbStack.call("list", "-f", "xml").exit()).isZero();
        }
    }

    @Nested
    class Info {

        @Test
        void wrapsTheRecord() {
            JsonNode info = info("web1");

            assertThat(info.at("/record/image").toString())
                    .isEqualTo(
                            "{\"distro\":\"ubuntu\",\"version\":\"noble\",\"arch\":\"arm64\",\"variant\":\"default\"}");
            assertThat(info.at("/record/config").toString())
                    .isEqualTo("{\"isolated\":false,\"forward_ssh_agent\":true,\"isolate_network\":false,"
                            + "\"default_username\":\"me\",\"http_port\":0,\"https_port\":0}");
            assertThat(info.get("disk_size").asLong()).isPositive();
            assertThat(info.get("ip4").asText()).startsWith("192.168.139.");
            assertThat(info.get("ip6").asText()).startsWith("fd07:b51a:cc66:");
        }

        @Test
        void hasNoAddressesOfAStoppedMachine() {
            orbStack.call("stop", "web1");
            assertThat(info("web1").has("ip4")).isFalse();
            assertThat(info("web1").has("disk_size")).isFalse();

            orbStack.knob("ip-null", "1");
            assertThat(info("web1").get("ip4").isNull()).isTrue();
        }

        @Test
        void hasAddressesLaterThanTheMachine() {
            orbStack.call("stop", "web1");
            orbStack.knob("ip-delay", "3600000");
            orbStack.call("start", "web1");
            assertThat(state("web1")).isEqualTo("running");
            assertThat(info("web1").has("ip4")).isFalse();

            orbStack.knob("ip-delay");
            assertThat(info("web1").has("ip4")).isTrue();
        }

        @Test
        void isAsItWasIfWanted() {
            orbStack.knob("json-old", "1");

            assertThat(info("web1").at("/record/config").toString())
                    .isEqualTo("{\"isolated\":false,\"default_username\":\"me\"}");
        }

        @Test
        void fails() {
            failed(orbStack.call("info", "X", "-f", "json"), "[-32098] machine not found: 'X'");
            orbStack.knob("not-found", "old");
            failed(orbStack.call("info", "X"), "[-32602] no machine found: 'X'");
        }

        @Test
        void knowsIdsAndDocker() {
            String id = info("web1").at("/record/id").asText();

            assertThat(orbStack.call("info", id).stdout()).startsWith("ID: " + id + "\nName: web1\nState: running\n\n");
            assertThat(info("docker").at("/record/builtin").asBoolean()).isTrue();
        }
    }

    @Nested
    class Create {

        @Test
        void leavesItRunning() {
            silent(orbStack.call("create", "ubuntu:22.04", "X1"), 0);

            assertThat(info("X1").at("/record/image/version").asText()).isEqualTo("jammy");
            assertThat(info("X1").has("ip4")).isTrue();
            assertThat(state("X1")).isEqualTo("running");
        }

        @Test
        void takesFlagsBeforeAndAfter() {
            silent(
                    orbStack.call("create", "-u", "ada", "debian:12", "--isolated", "X1", "--cpus", "2", "--memory=4G"),
                    0);

            assertThat(info("X1").at("/record/image/version").asText()).isEqualTo("bookworm");
            assertThat(info("X1").at("/record/config/isolated").asBoolean()).isTrue();
            assertThat(info("X1").at("/record/config/default_username").asText())
                    .isEqualTo("ada");
            assertThat(info("X1").at("/record/config/memory_limit_mib").asInt()).isEqualTo(4096);
        }

        @Test
        void refusesNames() {
            failed(orbStack.call("create", "ubuntu", "web1"), "[-32098] create 'web1': machine already exists: 'web1'");
            failed(orbStack.call("create", "ubuntu", "a_b"), "[-32098] create 'a_b': invalid machine name 'a_b'");
            failed(orbStack.call("create", "ubuntu", "k8s"), "[-32098] create 'k8s': invalid machine name 'k8s'");
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "no-network | setup: machine didn't start in 30s (missing IP address)",
                    "eof        | make rootfs: download rootfs: stream to file: unexpected EOF",
                    "crash      | machine crashed on startup"
                },
                quoteCharacter = '`')
        void failsAsOftenAsSaid(String mode, String error) {
            orbStack.knob("create-mode", mode + ":2");

            for (int i = 0; i < 2; i++) {
                failed(orbStack.call("create", "ubuntu", "X1"), "[-32098] create 'X1': " + error);
                assertThat(orbStack.call("list", "-q").stdout()).isEqualTo("web1\n");
            }
            silent(orbStack.call("create", "ubuntu", "X1"), 0);
        }

        @Test
        void failsForOneMachine() {
            orbStack.knob("create-mode.X1", "fetch-timeout");

            assertThat(orbStack.call("create", "ubuntu", "X1").stderr()).contains("context deadline exceeded");
            silent(orbStack.call("create", "ubuntu", "X2"), 0);
        }

        @Test
        void hangsWhileTheMachineAppears() {
            orbStack.knob("create-mode", "hang");
            Process process = orbStack.begin("create", "ubuntu", "X1");

            OrbStackEmulator.until(
                    () -> orbStack.call("list", "-r", "-q").stdout().contains("X1"), "X1 appears");

            assertThat(process.isAlive()).isTrue();
            process.destroyForcibly();
        }

        @Test
        void isFinishedWithoutTheCaller() {
            orbStack.knob("create-delay", "3600000");
            orbStack.knob("provision-delay", "3600000");
            Process process = orbStack.begin("create", "ubuntu", "X1");
            OrbStackEmulator.until(() -> orbStack.call("list", "-q").stdout().contains("X1"), "X1 appears");
            awaitState("X1", "creating");

            process.destroyForcibly();

            orbStack.knob("create-delay");
            awaitState("X1", "provisioning");
            orbStack.knob("provision-delay");
            awaitState("X1", "running");
        }

        @Test
        void runsUserData(@TempDir Path folder) throws IOException {
            Requirements.root();
            Path data = Files.writeString(folder.resolve("data"), "#!/bin/sh\necho done > /root/done\n");

            silent(orbStack.call("create", "ubuntu", "X1", "-c", data.toString()), 0);

            assertThat(info("X1").at("/record/image/variant").asText()).isEqualTo("cloud");
            assertThat(orbStack.rootfs("X1").resolve("root/done")).hasContent("done");
        }

        @Test
        void makesManyMachines() {
            orbStack.machines(20, "m");

            assertThat(orbStack.call("list", "-r", "-q").stdout().lines())
                    .hasSize(21)
                    .contains("m001", "m020");
        }

        @Test
        void makesAlpine() {
            Requirements.root();
            silent(orbStack.call("create", "alpine", "X1"), 0);

            printed(
                    orbStack.call("run", "-m", "X1", "-u", "root", "sh", "-c", "adduser -D app && id -u app"),
                    "1000\n");
            assertThat(orbStack.call("run", "-m", "X1", "bash").exit()).isEqualTo(127);
            assertThat(orbStack.call("run", "-m", "X1", "nosuch").stderr()).startsWith("-sh: ");
        }
    }

    @Nested
    class Lifecycle {

        @Test
        void startsAndStops() {
            silent(orbStack.call("start", "web1"), 0);
            silent(orbStack.call("stop", "web1"), 0);
            assertThat(state("web1")).isEqualTo("stopped");
            silent(orbStack.call("stop", "web1"), 0);
            silent(orbStack.call("start", "web1"), 0);
            assertThat(state("web1")).isEqualTo("running");
            silent(orbStack.call("restart", "web1"), 0);
            assertThat(state("web1")).isEqualTo("running");
        }

        @Test
        void movesToAnotherAddress() {
            String before = info("web1").get("ip4").asText();

            orbStack.call("restart", "web1");

            assertThat(info("web1").get("ip4").asText()).isNotEqualTo(before);
        }

        @Test
        void passesStates() {
            orbStack.knob("stop-delay", "3600000");
            Process stop = orbStack.begin("stop", "web1");
            awaitState("web1", "stopping");
            orbStack.knob("stop-delay");
            assertThat(OrbStackEmulator.exit(stop, "stop")).isZero();

            orbStack.knob("start-delay", "3600000");
            Process start = orbStack.begin("start", "web1");
            awaitState("web1", "starting");
            orbStack.knob("start-delay");
            assertThat(OrbStackEmulator.exit(start, "start")).isZero();
        }

        @ParameterizedTest
        @ValueSource(strings = {"start", "stop", "restart", "delete"})
        void refusesUnknownMachines(String command) {
            failed(orbStack.call(command, "X"), "[-32098] machine not found: 'X'");
        }

        @ParameterizedTest
        @ValueSource(strings = {"restart", "delete"})
        void needsNames(String command) {
            CallResult result = orbStack.call(command);

            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.stderr()).startsWith("Error: no machines specified\nUsage:");
        }

        @Test
        void stopsEverything() {
            orbStack.machine("db1");

            silent(orbStack.call("stop"), 0);

            assertThat(orbStack.call("list", "-r").stdout()).isEmpty();
        }

        @Test
        void deletesWithoutAsking() {
            orbStack.machine("db1");

            silent(orbStack.call("delete", "web1"), 0);
            silent(orbStack.call("delete", "-f", "db1"), 0);
            silent(orbStack.call("list"), 0);
            assertThat(orbStack.store().resolve("machines")).isEmptyDirectory();
        }

        @Test
        void looksUpAllNamesBeforeItDeletesAny() {
            failed(orbStack.call("delete", "web1", "X"), "[-32098] machine not found: 'X'");

            assertThat(state("web1")).isEqualTo("running");
        }

        @Test
        void clones() throws IOException {
            Files.writeString(orbStack.rootfs("web1").resolve("etc/marker"), "here");

            silent(orbStack.call("clone", "web1", "web2"), 0);

            assertThat(state("web2")).isEqualTo("stopped");
            assertThat(orbStack.rootfs("web2").resolve("etc/marker")).hasContent("here");
            assertThat(orbStack.call("run", "-m", "web2", "true").exit()).isZero();
        }

        @Test
        void renames() {
            String id = info("web1").at("/record/id").asText();

            silent(orbStack.call("rename", "web1", "web2"), 0);

            assertThat(info("web2").at("/record/id").asText()).isEqualTo(id);
            silent(orbStack.call("run", "-m", "web1", "true"), 1);
            if (Requirements.isRoot()) {
                printed(orbStack.call("run", "-m", "web2", "hostname"), "web2\n");
            }
        }

        @Test
        void hasADefault() {
            printed(orbStack.call("default"), "web1\n");
            orbStack.machine("db1");
            silent(orbStack.call("default", "db1"), 0);
            printed(orbStack.call("default"), "db1\n");
            silent(orbStack.call("default", "none"), 0);
            assertThat(orbStack.call("default").stdout()).isEmpty();
            assertThat(orbStack.call("default").exit()).isZero();
        }

        @Test
        void isExportedAndImported(@TempDir Path folder) throws IOException {
            Files.writeString(orbStack.rootfs("web1").resolve("etc/marker"), "here");
            String file = folder.resolve("web1.tar").toString();

            silent(orbStack.call("export", "web1", file), 0);
            silent(orbStack.call("import", "-n", "web2", file), 0);

            assertThat(orbStack.rootfs("web2").resolve("etc/marker")).hasContent("here");
        }
    }

    @Nested
    class Run {

        @Test
        void startsAStoppedMachine() {
            orbStack.call("stop", "web1");

            silent(orbStack.call("run", "-m", "web1", "true"), 0);

            assertThat(state("web1")).isEqualTo("running");
        }

        @Test
        void startsItOnceForMany() {
            orbStack.call("stop", "web1");
            orbStack.knob("start-delay", "100");

            List<Process> all = java.util.stream.IntStream.range(0, 8)
                    .mapToObj(i -> orbStack.begin("run", "-m", "web1", "true"))
                    .toList();

            for (Process process : all) {
                assertThat(OrbStackEmulator.exit(process, "run")).isZero();
            }
        }

        @Test
        void failsSilently() {
            silent(orbStack.call("run", "-m", "nosuch", "true"), 1);
            silent(orbStack.call("run", "-m", "web1", "-u", "nosuch", "true"), 1);
            String id = info("web1").at("/record/id").asText();
            silent(orbStack.call("run", "-m", id, "true"), 1);

            orbStack.knob("silent", "0");
            failed(orbStack.call("run", "-m", "nosuch", "true"), "machine not found: nosuch");
            failed(orbStack.call("run", "-m", "web1", "-u", "nosuch", "true"), "user not found: nosuch");
        }

        @Test
        void hasAParserOfItsOwn() {
            assertThat(orbStack.call("run", "-m", "web1", "--", "true").stderr())
                    .startsWith("Error: unknown flag --\nUsage:");
            assertThat(orbStack.call("run", "-m", "web1", "--", "true").exit()).isEqualTo(1);
            assertThat(orbStack.call("run", "-mweb1", "true").stderr()).startsWith("Error: unknown flag -mweb1\n");
            silent(orbStack.call("run", "-machine", "web1", "true"), 0);
            silent(orbStack.call("run", "--machine=web1", "-x=y", "true"), 0);
            orbStack.knob("usage-exit", "0");
            assertThat(orbStack.call("run", "-m", "web1", "--", "true").exit()).isZero();
        }

        @Test
        void quotesEachWord() {
            assertThat(orbStack.call("run", "-m", "web1", "!", "true"))
                    .isEqualTo(new CallResult(127, "", "-bash: line 1: !: command not found\n"));
            assertThat(orbStack.call("run", "-m", "web1", "echo hi"))
                    .isEqualTo(new CallResult(127, "", "-bash: line 1: echo hi: command not found\n"));
            printed(
                    orbStack.call("run", "-m", "web1", "printf", "<%s>", "a b", "it's", "", "$HOME"),
                    "<a b><it's><><$HOME>");
            printed(orbStack.call("run", "-m", "web1", "FOO=1", "sh", "-c", "echo $FOO"), "1\n");
            assertThat(orbStack.call("run", "-m", "web1", "exit", "3").exit()).isEqualTo(3);
        }

        @Test
        void leavesTheWordsToTheShell() {
            assertThat(orbStack.call("run", "-m", "web1", "-s", "echo hi && false"))
                    .isEqualTo(new CallResult(1, "hi\n", ""));
        }

        @Test
        void endsWith255OfSignals() {
            silent(orbStack.call("run", "-m", "web1", "sh", "-c", "kill -9 $$"), 255);
        }

        @Test
        void hasNoFolderThatIsNotThere() {
            printed(orbStack.call("run", "-m", "web1", "-w", "/nope", "pwd"), "/\n");
            printed(orbStack.call("run", "-m", "web1", "-w", "/usr", "pwd"), "/usr\n");
        }

        @Test
        void doesNotWaitForBackgroundChildren() {
            printed(orbStack.call("run", "-m", "web1", "sh", "-c", "sleep 600 & echo hi"), "hi\n");

            OrbStackEmulator.until(() -> runsIn("web1", "sleep 600"), "it runs");
        }

        @Test
        void forwardsStdin() {
            byte[] stdin = "in".repeat(100_000).getBytes(StandardCharsets.UTF_8);

            assertThat(orbStack.call(stdin, "run", "-m", "web1", "cat"))
                    .isEqualTo(new CallResult(0, "in".repeat(100_000), ""));
            printed(
                    orbStack.call("echo from stdin\n".getBytes(StandardCharsets.UTF_8), "run", "-m", "web1"),
                    "from stdin\n");
        }

        @Test
        void keepsStreamsApartAndWhole() {
            CallResult result = orbStack.call(
                    "run",
                    "-m",
                    "web1",
                    "sh",
                    "-c",
                    "head -c 3000000 /dev/zero; head -c 2000000 /dev/zero >&2; exit 7");

            assertThat(result.exit()).isEqualTo(7);
            assertThat(result.stdout()).hasSize(3_000_000);
            assertThat(result.stderr()).hasSize(2_000_000);
        }

        @Test
        void letsTheUserOpenItsStreams() {
            byte[] stdin = "in".getBytes(StandardCharsets.UTF_8);

            assertThat(orbStack.call(stdin, "run", "-m", "web1", "sh", "-c", "cat /dev/stdin; echo err >/dev/stderr"))
                    .isEqualTo(new CallResult(0, "in", "err\n"));
        }

        @Test
        void losesTheEndIfWanted() {
            orbStack.knob("drop-tail", "4");

            printed(orbStack.call("run", "-m", "web1", "printf", "0123456789"), "012345");
        }

        @Test
        void forwardsTerm() {
            Process process = orbStack.begin("run", "-m", "web1", "sleep", "601");
            OrbStackEmulator.until(() -> runsIn("web1", "sleep 601"), "it runs");

            process.toHandle().destroy();

            assertThat(OrbStackEmulator.exit(process, "run")).isEqualTo(255);
            assertThat(runsIn("web1", "sleep 601")).isFalse();
        }

        @Test
        void forwardsTermToTheDirectChildOnly() throws IOException {
            Process process = orbStack.begin("run", "-m", "web1", "-s", "trap '' TERM; sleep 602; echo after");
            OrbStackEmulator.until(() -> runsIn("web1", "sleep 602"), "it runs");

            process.toHandle().destroy();
            assertThat(runsIn("web1", "sleep 602")).isTrue();
            orbStack.call("run", "-m", "web1", "pkill", "-KILL", "-fx", "sleep 602");

            assertThat(OrbStackEmulator.exit(process, "run")).isZero();
            assertThat(process.getInputStream().readAllBytes()).asString().isEqualTo("after\n");
        }

        @Test
        void leavesTheCommandAliveWhenKilled() {
            Process process = orbStack.begin("run", "-m", "web1", "sleep", "603");
            OrbStackEmulator.until(() -> runsIn("web1", "sleep 603"), "it runs");

            process.destroyForcibly();

            assertThat(OrbStackEmulator.exit(process, "run")).isEqualTo(137);
            assertThat(runsIn("web1", "sleep 603")).isTrue();
        }

        @Test
        void endsWith255WhenTheMachineStops() throws IOException {
            Process process = orbStack.begin("run", "-m", "web1", "sh", "-c", "echo partial; sleep 604");
            OrbStackEmulator.until(() -> runsIn("web1", "sleep 604"), "it runs");

            orbStack.call("stop", "web1");

            assertThat(OrbStackEmulator.exit(process, "run")).isEqualTo(255);
            assertThat(process.getInputStream().readAllBytes()).asString().isEqualTo("partial\n");
        }

        @Test
        void hasALimitOfLength() {
            // ": " and the word are 131,071 bytes.
            silent(orbStack.call("run", "-m", "web1", "-s", ":", "a".repeat(131_069)), 0);
            silent(orbStack.call("run", "-m", "web1", "-s", ":", "a".repeat(65_534), "a".repeat(65_535)), 1);
        }

        @Test
        void passesFewVariables() throws Exception {
            var builder = new ProcessBuilder(orbStack.orbctl().toString(), "run", "-m", "web1", "env");
            builder.environment()
                    .putAll(Map.of(
                            "ORBENV", "MINE/u:OTHER", "MINE", "1", "NOT_MINE", "2", "LANG", "C", "COLORTERM", "x"));
            Process process = builder.start();

            var output = new ByteArrayOutputStream();
            process.getInputStream().transferTo(output);
            List<String> lines = output.toString(StandardCharsets.UTF_8).lines().toList();

            assertThat(OrbStackEmulator.exit(process, "run")).isZero();
            assertThat(lines).contains("MINE=1", "COLORTERM=x", "USER=me", "SSH_CONNECTION=::1 0 ::1 22");
            assertThat(lines).noneMatch(line -> line.startsWith("NOT_MINE=") || line.startsWith("LANG="));
        }

        @Test
        void isALoginShell() {
            Requirements.root();
            orbStack.knob("profile-noise", "Welcome!\n");
            printed(orbStack.call("run", "-m", "web1", "echo", "hi"), "Welcome!\nhi\n");

            orbStack.knob("profile-noise");
            printed(
                    orbStack.call("run", "-m", "web1", "-s", "echo $0 $SHELL $PATH"),
                    "-bash /bin/bash /opt/orbstack-guest/bin-hiprio:/opt/orbstack-guest/data/bin/cmdlinks:/usr/local/bin:"
                            + "/usr/bin:/bin:/usr/local/games:/usr/games:/opt/orbstack-guest/bin\n");
        }

        @Test
        void isTheUser() {
            Requirements.root();
            printed(
                    orbStack.call("run", "-m", "web1", "id"),
                    "uid=501(me) gid=501(me) groups=501(me),4(adm),27(sudo)\n");
            printed(orbStack.call("run", "-m", "web1", "-u", "root", "sh", "-c", "id -u; cd; pwd"), "0\n/root\n");
            printed(
                    orbStack.call("run", "-m", "web1", "-u", "root", "sh", "-c", "useradd -m app && id -u app"),
                    "1000\n");
            printed(orbStack.call("run", "-m", "web1", "-u", "app", "sh", "-c", "echo $HOME"), "/home/app\n");
        }

        @Test
        void hangsIfSaidSo() {
            orbStack.knob("hang", "run list");
            Process process = orbStack.begin("run", "-m", "web1", "true");

            printed(orbStack.call("default"), "web1\n");
            assertThat(process.isAlive()).isTrue();
            process.destroyForcibly();
        }
    }

    @Nested
    class Names {

        private CallResult by(Path program, String... args) throws IOException {
            Process process = OrbStackEmulator.begin(program, args);
            process.getOutputStream().close();
            String stdout = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            String stderr = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            return new CallResult(OrbStackEmulator.exit(process, program.toString()), stdout, stderr);
        }

        @Test
        void orbRunsWhatIsNoSubcommand() throws IOException {
            printed(by(orbStack.orb(), "list", "-q"), "web1\n");
            printed(by(orbStack.orb(), "-m", "web1", "echo", "hi"), "hi\n");
            printed(by(orbStack.orb(), "echo", "hi"), "hi\n");
            silent(by(orbStack.orb()), 0);
        }

        @Test
        void anyOtherNameIsACommand() throws IOException {
            Path echo = Files.createSymbolicLink(orbStack.store().resolve("echo"), orbStack.orbctl());

            printed(by(echo, "list", "-q"), "list -q\n");
        }

        @Test
        void orbctlKnowsSubcommandsOnly() {
            assertThat(orbStack.call("echo", "hi").stderr())
                    .startsWith("Error: unknown command \"echo\" for \"orbctl\"\n");
        }

        @Test
        void areLogged() {
            orbStack.call("run", "-m", "web1", "-s", "echo 'a\tb\nc\\d'", "");

            assertThat(orbStack.calls())
                    .containsExactly(List.of("orbctl", "run", "-m", "web1", "-s", "echo 'a\tb\nc\\d'", ""));
        }
    }

    @Nested
    class Transfers {

        @Test
        void pushesAndPulls(@TempDir Path folder) throws IOException {
            Path file = Files.writeString(folder.resolve("f"), "content");

            silent(orbStack.call("push", "-m", "web1", file.toString()), 0);
            assertThat(orbStack.rootfs("web1").resolve("home/me/f")).hasContent("content");
            silent(orbStack.call("push", "-m", "web1", file.toString(), "g"), 0);
            silent(orbStack.call("pull", "-m", "web1", "g", folder.resolve("h").toString()), 0);
            assertThat(folder.resolve("h")).hasContent("content");
        }

        @Test
        void pushesAndPullsFolders(@TempDir Path folder) throws IOException {
            Files.writeString(Files.createDirectories(folder.resolve("d/e")).resolve("f"), "content");

            silent(orbStack.call("push", "-m", "web1", folder.resolve("d").toString(), "."), 0);
            silent(
                    orbStack.call(
                            "pull", "-m", "web1", "d", folder.resolve("back").toString()),
                    0);

            assertThat(folder.resolve("back/e/f")).hasContent("content");
        }

        @Test
        void failLikeCp() {
            failed(
                    orbStack.call("push", "-m", "web1", "/no/such"),
                    "cp: cannot stat '/mnt/mac/no/such': No such file or directory");
            failed(
                    orbStack.call("pull", "-m", "web1", "nosuch"),
                    "cp: cannot stat 'nosuch': No such file or directory");
        }

        @Test
        void areTheDefaultUsers(@TempDir Path folder) throws IOException {
            Requirements.root();
            Path file = Files.writeString(folder.resolve("f"), "content");

            CallResult result = orbStack.call("push", "-m", "web1", file.toString(), "/etc/f");

            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.stderr()).isEqualTo("cp: cannot create regular file '/etc/f': Permission denied\n");
        }
    }

    @Nested
    class Config {

        @Test
        void isShownSetAndReset() {
            assertThat(orbStack.call("config", "show").stdout().lines())
                    .isSorted()
                    .contains("memory_mib: 8192", "machine.web1.username: me");
            silent(orbStack.call("config", "set", "memory_mib", "4096"), 0);
            printed(orbStack.call("config", "get", "memory_mib"), "4096\n");
            silent(orbStack.call("config", "reset"), 0);
            printed(orbStack.call("config", "get", "memory_mib"), "8192\n");

            orbStack.knob("config-get", "list");
            assertThat(orbStack.call("config", "get", "memory_mib").stdout().lines())
                    .hasSizeGreaterThan(3);
        }

        @Test
        void changesTheDefaultUser() {
            silent(orbStack.call("config", "set", "machine.web1.username", "root"), 0);

            printed(orbStack.call("config", "get", "machine.web1.username"), "root\n");
            printed(orbStack.call("run", "-m", "web1", "-s", "echo $USER"), "root\n");
        }
    }

    @Nested
    class Gateway {

        @Test
        void resolvesLogins() {
            orbStack.machine("db1");
            String web1 = info("web1").at("/record/id").asText();
            String db1 = info("db1").at("/record/id").asText();
            orbStack.call("config", "set", "machine.db1.username", "root");

            Map<String, String> expected = Map.of(
                    "root@web1", web1 + "\troot\t0\t0\t/root",
                    "db1", db1 + "\tme\t501\t501\t/home/me",
                    "default@db1", db1 + "\troot\t0\t0\t/root",
                    "[default]@web1", web1 + "\tme\t501\t501\t/home/me",
                    "root", web1 + "\troot\t0\t0\t/root",
                    "default", web1 + "\tme\t501\t501\t/home/me");

            expected.forEach((login, line) -> assertThat(orbStack.call("--emulator-resolve", "--login", login)
                            .stdout())
                    .as(login)
                    .startsWith(line + "\t"));
            for (String login : List.of("a@b@web1", "root@nosuch", "docker", "nosuch")) {
                silent(orbStack.call("--emulator-resolve", "--login", login), 1);
            }
        }

        @Test
        void runsCommandsAsGiven(@TempDir Path folder) {
            Path status = folder.resolve("status");

            CallResult result = orbStack.call(
                    "--emulator-session",
                    "--login",
                    "default@web1",
                    "--env",
                    "FOO=a b",
                    "--status-file",
                    status.toString(),
                    "--command",
                    "echo \"$FOO\"; [ \"$PWD\" = \"$HOME\" ]; exit $(($? + 3))");

            assertThat(result).isEqualTo(new CallResult(3, "a b\n", ""));
            assertThat(status).hasContent("exit 3");
        }

        @Test
        void tellsOfSignals(@TempDir Path folder) {
            Path status = folder.resolve("status");

            silent(
                    orbStack.call(
                            "--emulator-session",
                            "--login",
                            "root@web1",
                            "--status-file",
                            status.toString(),
                            "--command",
                            "kill -9 $$"),
                    255);

            assertThat(status).hasContent("signal 9");
        }

        @Test
        void leavesTheCommandAliveWhenItEnds() {
            Process process =
                    orbStack.begin("--emulator-session", "--login", "default@web1", "--command", "exec sleep 605");
            OrbStackEmulator.until(() -> runsIn("web1", "sleep 605"), "it runs");

            process.toHandle().destroy();
            OrbStackEmulator.exit(process, "session");

            assertThat(runsIn("web1", "sleep 605")).isTrue();
        }

        @Test
        void hasALoginShellWithoutACommand() {
            printed(
                    orbStack.call(
                            "echo $0\n".getBytes(StandardCharsets.UTF_8),
                            "--emulator-session",
                            "--login",
                            "default@web1"),
                    "-bash\n");
        }
    }

    @Nested
    class Ends {

        @Test
        void withEverythingInIt() throws IOException {
            orbStack.call("run", "-m", "web1", "sh", "-c", "sleep 606 >/dev/null 2>&1 &");
            Process hung = hung();

            orbStack.call("--emulator-down");

            assertThat(OrbStackEmulator.exit(hung, "list")).isEqualTo(1);
            OrbStackEmulator.until(() -> !anyProcess("606"), "the machine's processes are gone");
            assertThat(Files.readString(Path.of("/proc/mounts")))
                    .doesNotContain(orbStack.store().toString());
        }

        private Process hung() {
            orbStack.knob("hang", "list");
            Process process = orbStack.begin("list");
            OrbStackEmulator.until(() -> orbStack.calls().contains(List.of("orbctl", "list")), "it was called");
            return process;
        }

        @Test
        void withItsOwner() throws Exception {
            Process owner = new ProcessBuilder("sleep", "1000").start();
            orbStack.call("stop", "web1");
            Files.writeString(orbStack.store().resolve("owner"), Long.toString(owner.pid()));
            orbStack.call("run", "-m", "web1", "sh", "-c", "sleep 607 >/dev/null 2>&1 &");
            OrbStackEmulator.until(() -> anyProcess("607"), "it runs");

            owner.destroyForcibly();

            OrbStackEmulator.until(() -> !anyProcess("607"), "the machine ends with its owner");
        }

        private boolean anyProcess(String seconds) {
            return ProcessHandle.allProcesses()
                    .map(process -> process.info().arguments().orElse(new String[0]))
                    .anyMatch(arguments -> arguments.length == 1 && arguments[0].equals(seconds));
        }
    }

    @Nested
    class AsAPlainFolder {

        @BeforeEach
        void isAFolder() {
            orbStack.call("stop", "web1");
            orbStack.knob("folder", "1");
            orbStack.call("start", "web1");
        }

        @Test
        void runsCommandsInItsHome() {
            printed(orbStack.call("run", "-m", "web1", "-s", "cd; pwd"), orbStack.rootfs("web1") + "/home/me\n");
            silent(orbStack.call("run", "-m", "web1", "-u", "nosuch", "true"), 1);
        }

        @Test
        void endsWhatRunsInIt() {
            orbStack.call("run", "-m", "web1", "sh", "-c", "sleep 608 >/dev/null 2>&1 &");
            OrbStackEmulator.until(() -> runsIn("web1", "sleep 608"), "it runs");

            silent(orbStack.call("stop", "web1"), 0);

            assertThat(runsIn("web1", "sleep 608")).isFalse();
        }
    }
}
