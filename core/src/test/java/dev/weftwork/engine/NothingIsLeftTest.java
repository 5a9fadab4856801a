package dev.weftwork.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Retry;
import dev.weftwork.deploy.Step;
import dev.weftwork.event.RunEvent;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** After a run, however it ended: no thread, no process, no session, no command unaccounted for. */
class NothingIsLeftTest {

    private static final Pattern OURS = Pattern.compile("\"name\": \"((?:host|commands|run|weftwork)-[^\"]*)\"");

    /** Virtual ones too, which only a dump shows. Of this test's own hosts: other tests' may end a little later than they do. */
    private static List<String> threads(Path folder) {
        Path dump = folder.resolve("threads-" + System.nanoTime() + ".json");
        try {
            Process jcmd = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "jcmd")
                                    .toString(),
                            Long.toString(ProcessHandle.current().pid()),
                            "Thread.dump_to_file",
                            "-format=json",
                            dump.toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(jcmd.waitFor()).as(said).isZero();
            return OURS.matcher(Files.readString(dump))
                    .results()
                    .map(match -> match.group(1))
                    .filter(name -> name.contains("left") || name.startsWith("weftwork-limits"))
                    .toList();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError("threads can't be seen", e);
        }
    }

    private static Set<Long> children() {
        return ProcessHandle.current().descendants().map(ProcessHandle::pid).collect(Collectors.toSet());
    }

    @Test
    void ofRunsThatEndInEveryWay(@TempDir Path folder, @TempDir Path dumps) throws Exception {
        Inventory inventory = Inventory.of(
                IntStream.range(0, 12).mapToObj(i -> Host.named("left" + i)).toList());
        Set<Long> before = children();
        Deploy deploy = Deploy.named("left")
                .step(Step.of("once", Shell.run("echo once")).runOnce())
                .step(Step.of("limited", Shell.run("sleep 601"))
                        .timeout(Duration.ofMillis(200))
                        .ignoreErrors())
                .step(Step.of("again", host -> Shell.run("test $1 != left3", host.name()))
                        .retry(Retry.attempts(2).backoff(Duration.ofMillis(1))))
                .step(Step.of("elsewhere", Shell.run("echo elsewhere")).delegateTo(Host.named("left-outside")))
                .step(Step.of("long", Shell.run("sleep 600")));
        var longOnes = new CountDownLatch(11);
        try (var engine = Engine.builder(LocalConnector.in(folder))
                .listener(event -> {
                    if (event instanceof RunEvent.CommandStarted started
                            && started.command().toString().equals("sleep 600")) {
                        longOnes.countDown();
                    }
                })
                .hostTimeout(Duration.ofHours(1))
                .build()) {
            try (RunHandle run = engine.start(inventory, deploy)) {
                Waiting.await(longOnes, "commands under way");
                Waiting.until(() -> !threads(dumps).isEmpty(), "threads of the run are seen");
                run.cancel();
                RunReport report = run.join();

                assertThat(report.cancelled()).isTrue();
                assertThat(report.hosts())
                        .allSatisfy(host -> assertThat(host.status()).isNotNull());
            }
            assertThat(threads(dumps).stream()
                            .filter(name -> name.startsWith("host-") || name.startsWith("weftwork-limits")))
                    .isEmpty();

            RunReport limited = engine.run(
                    inventory,
                    Deploy.named("left").step(Step.of("long", Shell.run("sleep 600"))),
                    engine.options().timeout(Duration.ofMillis(300)));
            assertThat(limited.count(HostStatus.CANCELLED)).isEqualTo(12);
        }

        Waiting.until(() -> threads(dumps).isEmpty(), "all threads of the engine have ended");
        Waiting.until(() -> before.containsAll(children()), "all processes have ended");
    }

    /** A million commands, ten for each of a hundred thousand hosts: each runs once, in its order, and is reported. */
    @Test
    void ofAMillionCommandsNoneIsLostDoubledOrReordered() {
        int hosts = 100_000;
        var next = new AtomicIntegerArray(hosts);
        var wrong = new AtomicInteger();
        Operation five = new Operation() {
            @Override
            public String summary() {
                return "five";
            }

            @Override
            public List<Change> plan(dev.weftwork.fact.HostFacts host) {
                int first = next.get(host.data("number", Integer.class));
                return IntStream.range(first, first + 5)
                        .mapToObj(i -> new Change("c", Command.of("c" + i)))
                        .toList();
            }
        };
        var connector = InMemoryConnector.answering((host, command) -> {
            int number = next.getAndIncrement(host.data("number", Integer.class));
            if (!command.toString().equals("c" + number)) {
                wrong.incrementAndGet();
            }
            return InMemoryConnector.Answer.ok();
        });
        Inventory inventory = Inventory.of(IntStream.range(0, hosts)
                .mapToObj(i -> Host.named("host" + i).with("number", i))
                .toList());

        RunReport report;
        try (var engine = Engine.of(connector)) {
            report = engine.run(inventory, Deploy.named("d").step("one", five).step("two", five));
        }

        report.throwIfFailed();
        assertThat(wrong).hasValue(0);
        assertThat(connector.executed()).isEqualTo(1_000_000);
        assertThat(connector.overlaps()).isZero();
        assertThat(connector.open()).isZero();
        assertThat(IntStream.range(0, hosts).map(next::get)).containsOnly(10);
        assertThat(report.count(StepStatus.CHANGED)).isEqualTo(200_000);
        assertThat(report.hosts())
                .allMatch(host -> host.steps().stream()
                        .flatMap(step -> step.changes().stream())
                        .map(change -> change.command().command().toString())
                        .toList()
                        .equals(List.of("c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9")));
    }
}
