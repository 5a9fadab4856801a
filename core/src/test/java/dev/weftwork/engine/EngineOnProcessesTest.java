package dev.weftwork.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.command.Outcome;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.event.RunEvent;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.Fifo;
import dev.weftwork.testing.Processes;
import dev.weftwork.testing.RecordingListener;
import dev.weftwork.testing.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole road, on embedded machines: real processes, real files. */
class EngineOnProcessesTest {

    private final Path folder;

    EngineOnProcessesTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private static Inventory hosts(int count) {
        return Inventory.of(IntStream.rangeClosed(1, count)
                .mapToObj(i -> Host.named("host%03d".formatted(i)).with("number", i))
                .toList());
    }

    /** Each command waits for a file that the last of them makes: with fewer at once it would never come. */
    @Test
    void threeHundredHostsAreInFlightAtOnce() throws Exception {
        int count = 300;
        Path started = java.nio.file.Files.createDirectory(folder.resolve("started"));
        Path all = folder.resolve("all");
        String meet = """
                : > "$1/$(basename "$PWD")"
                set -- "$@" "$1"/*
                [ $(($# - 3)) -lt "$3" ] || : > "$2"
                while [ ! -e "$2" ]; do sleep 0.2; done
                """;
        Deploy deploy = Deploy.named("meet")
                .step(
                        "meet",
                        Shell.run(Command.script(meet, started.toString(), all.toString(), "" + count)
                                .timeout(Duration.ofSeconds(100))));

        RunReport report;
        try (var engine = Engine.of(LocalConnector.in(folder.resolve("machines")))) {
            report = engine.run(hosts(count), deploy);
        }

        assertThat(report.describe()).isEqualTo("run of 'meet': 300 of 300 hosts succeeded");
        assertThat(all).exists();
        verifyNothingIsLeft();
    }

    @Test
    void oneUnreachableAndOneFailingOfAHundredLeaveNinetyEight() throws Exception {
        Path machines = java.nio.file.Files.createDirectory(folder.resolve("machines"));
        java.nio.file.Files.writeString(machines.resolve("host017"), "in the way of the host's folder");
        Deploy deploy = Deploy.named("d")
                .step("prepare", Files.directory("app"))
                .step(
                        "install",
                        Shell.run("echo \"unpacking\"; [ \"$1\" -ne 42 ] || { echo 'disk is full' >&2; exit 3; }", "0"))
                .step(
                        "check",
                        host -> Shell.run(
                                "[ \"$1\" -ne 42 ] || { echo 'disk is full' >&2; exit 3; }",
                                host.host().data("number", Integer.class).toString()))
                .step("finish", Files.file("app/done"));

        RunReport report;
        try (var engine = Engine.of(LocalConnector.in(machines))) {
            report = engine.run(hosts(100), deploy);
        }

        assertThat(report.count(HostStatus.SUCCEEDED)).isEqualTo(98);
        assertThat(report.host("host017").status()).isEqualTo(HostStatus.UNREACHABLE);
        assertThat(report.describe())
                .startsWith("run of 'd': 98 of 100 hosts succeeded\n  UNREACHABLE host017: its folder ")
                .contains("host017 can't be made")
                .endsWith(
                        "\n  FAILED host042: step 'check': `[ \"$1\" -ne 42 ] || { echo 'disk is full' >&2; exit 3; } 42`"
                                + " exited 3: disk is full");
        var failed = report.host("host042").failure().orElseThrow().command().orElseThrow();
        assertThat(failed.exitCode()).hasValue(3);
        assertThat(failed.stderrText()).isEqualTo("disk is full\n");
        assertThat(machines.resolve("host042/app/done")).doesNotExist();
        assertThat(machines.resolve("host043/app/done")).exists();
        verifyNothingIsLeft();
    }

    @Test
    void interruptingTheCallerEndsAllCommandsAndStillGivesAReport() throws Exception {
        var events = new RecordingListener();
        Path machines = folder.resolve("machines");
        var started = new ArrayList<Fifo>();
        for (Host host : hosts(40)) {
            started.add(Fifo.in(java.nio.file.Files.createDirectories(machines.resolve(host.name())), "started"));
        }
        String marker = "305." + ProcessHandle.current().pid();
        Deploy deploy = Deploy.named("d")
                .step("before", Files.file("before"))
                .step(
                        "long",
                        Shell.run(
                                "sleep \"$1\" & sh -c 'sleep \"$1\"; :' sh \"$1\" & echo x > started; sleep \"$1\"; wait",
                                marker))
                .step("after", Files.file("after"));
        var report = new CompletableFuture<RunReport>();
        Thread caller = Thread.ofPlatform().start(() -> {
            try (var engine =
                    Engine.builder(LocalConnector.in(machines)).listener(events).build()) {
                report.complete(engine.run(hosts(40), deploy));
            }
        });
        for (Fifo fifo : started) {
            fifo.read();
        }
        assertThat(Processes.withArgument(marker)).hasSizeGreaterThan(40);

        caller.interrupt();

        RunReport cancelled = Waiting.await(report, "a report");
        Waiting.join(caller);
        assertThat(Processes.withArgument(marker)).isEmpty();
        assertThat(cancelled.cancelled()).isTrue();
        assertThat(cancelled.hosts()).hasSize(40).allSatisfy(host -> {
            assertThat(host.status()).isEqualTo(HostStatus.CANCELLED);
            assertThat(host.step("before").status()).isEqualTo(StepStatus.CHANGED);
            assertThat(host.failure().orElseThrow().command().orElseThrow().outcome())
                    .isEqualTo(new Outcome.Cancelled(true));
            assertThat(host.step("after").status()).isEqualTo(StepStatus.NOT_RUN);
        });
        assertThat(events.events(RunEvent.RunFinished.class)).hasSize(1);
        verifyNothingIsLeft();
    }

    /** What the next test runs in a JVM of its own: machines in the first argument, busy with the second. */
    static final class BusyProgram {
        public static void main(String[] arguments) {
            try (var engine = Engine.of(LocalConnector.in(Path.of(arguments[0])))) {
                engine.run(
                        hosts(5), Deploy.named("d").step(Shell.run("echo x > started; sleep \"$1\"; :", arguments[1])));
            }
        }
    }

    /** Another engine that ends must not take away what this one works with. */
    @Test
    void enginesOnTheSameFoldersDoNotDisturbEachOther() {
        Path machines = folder.resolve("machines");
        Deploy deploy = Deploy.named("d").step(Shell.run("echo x > \"$TMPDIR/x\""));

        try (var engine = Engine.of(LocalConnector.in(machines))) {
            engine.run(hosts(3), deploy).throwIfFailed();
            try (var other = Engine.of(LocalConnector.in(machines))) {
                other.run(hosts(3), deploy).throwIfFailed();
            }
            engine.run(hosts(3), Deploy.named("d").step(Shell.run("cat \"$TMPDIR/x\"")))
                    .throwIfFailed();
        }

        assertThat(machines.resolve("host001/tmp")).doesNotExist();
    }

    @Test
    void aSignalToTheJvmEndsAllCommands() throws Exception {
        Path machines = folder.resolve("machines");
        var started = new ArrayList<Fifo>();
        for (Host host : hosts(5)) {
            started.add(Fifo.in(java.nio.file.Files.createDirectories(machines.resolve(host.name())), "started"));
        }
        String marker = "306." + ProcessHandle.current().pid();
        Process program = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-classpath",
                        System.getProperty("java.class.path"),
                        BusyProgram.class.getName(),
                        machines.toString(),
                        marker)
                .inheritIO()
                .start();
        for (Fifo fifo : started) {
            fifo.read();
        }

        program.destroy();

        Waiting.await(program.onExit(), "the program's end");
        assertThat(Processes.withArgument(marker)).isEmpty();
        assertThat(machines.resolve("host001/tmp")).doesNotExist();
    }

    @Test
    void aTemporaryConnectorLeavesNoFile() throws Exception {
        LocalConnector connector = LocalConnector.temporary();
        Inventory inventory = hosts(3);
        Path machine = connector.folder(inventory.host("host001"));

        try (var engine = Engine.of(connector)) {
            engine.run(inventory, Deploy.named("d").step(Files.file("x"))).throwIfFailed();
            assertThat(machine.resolve("x")).exists();
        }

        assertThat(machine.getParent()).doesNotExist();
    }

    @Test
    void theTemporaryFolderOfAMachineIsGoneWhenTheEngineIsClosed() throws Exception {
        // Real, as PWD is, also where temporary files are behind a link as on macOS.
        Path machines = folder.toRealPath().resolve("machines");

        try (var engine = Engine.of(LocalConnector.in(machines))) {
            engine.run(
                            hosts(3),
                            Deploy.named("d")
                                    .step(Shell.run(
                                            "echo x > \"$TMPDIR/rest\"; echo \"$HOME\" \"$PWD\" > \"$HOME/kept\"")))
                    .throwIfFailed();
            Path home = machines.resolve("host001").toAbsolutePath();
            assertThat(home.resolve("tmp")).isDirectoryRecursivelyContaining("glob:**/rest");
            assertThat(home.resolve("kept")).hasContent(home + " " + home);
        }

        assertThat(machines.resolve("host001/tmp")).doesNotExist();
        assertThat(machines.resolve("host001/kept")).exists();
    }

    /** Threads of a run, of commands and of pipes end with the run; the JDK's own reapers of processes idle out. */
    private void verifyNothingIsLeft() throws Exception {
        List<String> threads = Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("weftwork-"))
                .toList();
        assertThat(threads).as("threads of ours").isEmpty();
        List<String> children = ProcessHandle.current()
                .descendants()
                .filter(process -> Processes.running(process.pid()))
                .map(process -> process.info().commandLine().orElse("?"))
                .toList();
        assertThat(children).as("child processes").isEmpty();
        try (Stream<Path> files = java.nio.file.Files.walk(folder)) {
            assertThat(files.filter(file -> file.getFileName().toString().startsWith(".weftwork-")))
                    .as("temporary files")
                    .isEmpty();
        }
    }
}
