package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator;
import dev.weftwork.connector.orbstack.emulator.Requirements;
import dev.weftwork.connector.orbstack.emulator.SshGateway;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job as its users run it: a program of its own, judged by its streams, its exit code and what is on the machines. */
class OrbStackDemoTest {

    private final Path folder;
    private OrbStackEmulator orbstack;

    OrbStackDemoTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @BeforeEach
    void start() {
        Requirements.root();
        orbstack = OrbStackEmulator.start();
        orbstack.machines(3, "m");
    }

    @AfterEach
    void stop() {
        orbstack.close();
    }

    private record Ended(int exitCode, List<String> stdout, String stderr) {
        String lastLine() {
            return stdout.get(stdout.size() - 1);
        }
    }

    private Ended job(String... options) throws IOException, InterruptedException {
        return jobWithPath(orbstack.orbctl().getParent() + ":" + System.getenv("PATH"), options);
    }

    private Ended jobWithPath(String path, String... options) throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.add("-Duser.home=" + folder);
        command.addAll(List.of("-classpath", System.getProperty("java.class.path"), "dev.weftwork.bench.OrbStackDemo"));
        Path stdout = folder.resolve("stdout");
        Path stderr = folder.resolve("stderr");
        var builder =
                new ProcessBuilder(command).redirectOutput(stdout.toFile()).redirectError(stderr.toFile());
        builder.environment().put("PATH", path);
        Process process = builder.start();
        if (!process.waitFor(100, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("the job did not end; it printed " + Files.readString(stdout));
        }
        return new Ended(
                process.exitValue(), Files.readAllLines(stdout), Files.readString(stderr, StandardCharsets.UTF_8));
    }

    private void assertProvisioned(String machine) throws IOException {
        Path root = orbstack.rootfs(machine);
        assertThat(Files.readAllLines(root.resolve("etc/passwd")))
                .anyMatch(line -> line.matches("weftwork:.*:/home/weftwork:/bin/bash"));
        Path log = root.resolve("var/log/weftwork.log");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log)))
                .isEqualTo("rwxrwxrwx");
        Path copied = root.resolve("home/weftwork/test_file.txt");
        assertThat(copied).hasContent("A small file that is copied to every machine.");
        assertThat(Files.getAttribute(copied, "unix:uid"))
                .isEqualTo(Files.getAttribute(log, "unix:uid"))
                .isNotEqualTo(0);
    }

    @Test
    void provisionsEveryRunningMachineTwiceWithOneListAndOneRunEachAndPass() throws Exception {
        orbstack.machine("sleeping");
        orbstack.call("stop", "sleeping");
        int before = orbstack.calls().size();

        Ended ended = job();

        assertThat(ended.stderr()).isEmpty();
        assertThat(ended.exitCode()).isZero();
        assertThat(ended.lastLine())
                .matches("weftwork: hosts=3 ok=3 failed=0 changed=9 unchanged=3 second-pass-changed=0 elapsed-ms=\\d+");
        for (String machine : List.of("m001", "m002", "m003")) {
            assertProvisioned(machine);
        }
        List<List<String>> calls = orbstack.calls();
        calls = calls.subList(before, calls.size());
        assertThat(calls.stream().filter(call -> call.contains("list"))).hasSize(1);
        assertThat(calls.stream().filter(call -> call.contains("run"))).hasSize(6);
        assertThat(calls.stream().filter(call -> call.contains("status"))).hasSizeLessThanOrEqualTo(1);
        assertThat(calls).noneMatch(call -> call.contains("info"));
        assertThat(orbstack.call("list", "-f", "json").stdout()).contains("stopped");
    }

    @Test
    void onePassOverTheGateway() throws Exception {
        try (var gateway = SshGateway.start(orbstack.store())) {
            Ended ended = job(
                    "-Dorbstack.passes=1",
                    "-Dorbstack.transport=ssh",
                    "-Dorbstack.ssh.port=" + gateway.port(),
                    "-Dorbstack.ssh.key=" + gateway.key(),
                    "-Dorbstack.ssh.known-hosts=" + gateway.knownHosts());

            assertThat(ended.stderr()).isEmpty();
            assertThat(ended.exitCode()).isZero();
            assertThat(ended.lastLine())
                    .matches("weftwork: hosts=3 ok=3 failed=0 changed=9 unchanged=3 second-pass-changed=0"
                            + " elapsed-ms=\\d+");
            assertProvisioned("m002");
            assertThat(gateway.connectionsAccepted()).isEqualTo(3);
        }
        assertThat(orbstack.calls()).noneMatch(call -> call.contains("run"));
    }

    @Test
    void onlySomeMachinesIfWanted() throws Exception {
        Ended ended = job("-Dorbstack.machines=m001,*3", "-Dorbstack.passes=1", "-Dorbstack.transport=cli");

        assertThat(ended.lastLine()).contains("hosts=2 ok=2");
        assertThat(Files.readString(orbstack.rootfs("m002").resolve("etc/passwd")))
                .doesNotContain("weftwork");

        ended = job("-Dorbstack.machines=x*");

        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.stderr()).contains("x*");
    }

    @Test
    void aMachineThatFailsIsShownAndCounted() throws Exception {
        Files.createDirectories(orbstack.rootfs("m002").resolve("var/log/weftwork.log"));

        Ended ended = job("-Dorbstack.transport=cli");

        assertThat(ended.stderr()).isEmpty();
        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.lastLine())
                .matches("weftwork: hosts=3 ok=2 failed=1 changed=7 unchanged=2 second-pass-changed=0 elapsed-ms=\\d+");
        assertThat(ended.stdout()).anyMatch(line -> line.startsWith("  FAILED m002: step 'log file'"));
    }

    @Test
    void someoneWhoMayNotDoItFails() throws Exception {
        Ended ended = job("-Dorbstack.transport=cli", "-Dorbstack.user=me", "-Dorbstack.passes=1");

        assertThat(ended.exitCode()).isEqualTo(1);
        assertThat(ended.lastLine()).contains("hosts=3 ok=0 failed=3");
    }

    @Test
    void withoutOrbctlItSaysSoInOneLine() throws Exception {
        Ended ended = jobWithPath("/usr/bin:/bin");

        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.stdout()).isEmpty();
        assertThat(ended.stderr().lines())
                .singleElement()
                .asString()
                .startsWith("no orbctl found in ")
                .contains("install OrbStack");
    }

    @Test
    void withoutARunningMachineItSaysSoInOneLine() throws Exception {
        orbstack.call("stop", "m001", "m002", "m003");

        Ended ended = job();

        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.stderr().lines()).singleElement().asString().contains("OrbStack has no machines that run");
    }

    @Test
    void optionsThatMakeNoSenseAreRefusedInOneLine() throws Exception {
        for (String option : List.of(
                "-Dorbstack.transport=telnet",
                "-Dorbstack.passes=3",
                "-Dorbstack.ssh.port=70000",
                "-Dorbstack.ssh.port=x",
                "-Dorbstack.user=a b")) {
            Ended ended = job(option);

            assertThat(ended.exitCode()).as(option).isEqualTo(2);
            assertThat(ended.stderr().lines()).as(option).hasSize(1);
            assertThat(ended.stderr()).as(option).contains("was ");
        }
    }
}
