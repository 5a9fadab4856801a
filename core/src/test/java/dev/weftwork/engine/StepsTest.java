package dev.weftwork.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.command.Secret;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Retry;
import dev.weftwork.deploy.RunningHost;
import dev.weftwork.deploy.Step;
import dev.weftwork.deploy.StepOptions;
import dev.weftwork.event.RunEvent;
import dev.weftwork.fact.Fact;
import dev.weftwork.inventory.Group;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.FakeConnector;
import dev.weftwork.testing.RecordingListener;
import dev.weftwork.testing.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What can be said of a step: where its options come from, whether it applies, how often, where, and what is ignored. */
class StepsTest {

    private final RecordingListener events = new RecordingListener();
    private final Map<String, List<String>> commands = new ConcurrentHashMap<>();

    /** Every command succeeds but those called {@code fails}; notes as whom, where and what. */
    private final FakeConnector machines = new FakeConnector((host, command) -> {
        commands.computeIfAbsent(host.name(), name -> Collections.synchronizedList(new ArrayList<>()))
                .add(command.user().map(user -> user + ": ").orElse("")
                        + command
                        + command.cwd().map(cwd -> " in " + cwd).orElse("")
                        + command.timeout().map(limit -> " within " + limit).orElse(""));
        return FakeConnector.exited(host, command, command.toString().startsWith("fails") ? 3 : 0, "", "");
    });

    private static Operation command(String name) {
        return Shell.run(Command.of(name));
    }

    private static Operation nothing() {
        return new Operation() {
            @Override
            public String summary() {
                return "nothing";
            }

            @Override
            public List<Change> plan(dev.weftwork.fact.HostFacts facts) {
                return List.of();
            }
        };
    }

    private RunReport run(Connector connector, RunOptions options, Inventory inventory, Deploy deploy) {
        try (var engine = Engine.of(connector)) {
            return engine.run(inventory, deploy, options.listener(events));
        }
    }

    private RunReport run(Inventory inventory, Deploy deploy) {
        return run(machines, RunOptions.standard(), inventory, deploy);
    }

    private static StepStatus status(RunReport report, String host, String step) {
        return report.host(host).step(step).status();
    }

    static Stream<Strategy> strategies() {
        return Stream.of(
                Strategy.lockstep(),
                Strategy.free(),
                Strategy.serial(),
                Strategy.rolling(2),
                Strategy.rollingPercent(40));
    }

    @Nested
    class Options {

        @Test
        void comeFromStepThenInnerDeployThenOuterDeployThenHostThenGroupThenEngine() {
            Inventory inventory = Inventory.builder()
                    .group(Group.named("g").with("weftwork.as", "group").with("weftwork.cwd", "/group"))
                    .host(Host.named("plain"))
                    .host(Host.named("grouped").inGroups("g"))
                    .host(Host.named("own").inGroups("g").with("weftwork.as", "host"))
                    .build();
            Deploy inner = Deploy.named("inner")
                    .as("inner")
                    .step("a", command("a"))
                    .step(Step.of("b", command("b")).as("step"))
                    .step(Step.of("c", command("c")).asLoginUser());
            Deploy middle = Deploy.named("middle").step("d", command("d"));
            Deploy deploy = Deploy.named("outer")
                    .step("e", Shell.run(Command.of("e").as("command").cwd("/command")))
                    .include(inner)
                    .include(middle)
                    .cwd("/outer");
            Deploy without = Deploy.named("without").step("f", command("f"));

            run(machines, RunOptions.standard().defaults(StepOptions.none().as("engine")), inventory, deploy);
            run(
                    machines,
                    RunOptions.standard()
                            .defaults(StepOptions.none().as("engine").commandTimeout(Duration.ofSeconds(9))),
                    inventory,
                    without);

            assertThat(commands.get("plain"))
                    .containsExactly(
                            "command: e in /command",
                            "inner: a in /outer",
                            "step: b in /outer",
                            "c in /outer",
                            "engine: d in /outer",
                            "engine: f within PT9S");
            assertThat(commands.get("grouped")).endsWith("group: d in /outer", "group: f in /group within PT9S");
            assertThat(commands.get("own")).endsWith("host: d in /outer", "host: f in /group within PT9S");
        }

        @Test
        void reachTheMachine(@TempDir Path folder) throws Exception {
            Fact<String> where = Fact.of(
                    "where",
                    Command.script("echo \"$PWD $VAR\""),
                    result -> result.stdoutText().strip());
            var facts = new ConcurrentHashMap<String, String>();
            Deploy deploy = Deploy.named("d")
                    .step(Files.directory("sub"))
                    .step(Step.of("in", host -> {
                                facts.put("in", host.fact(where));
                                return Shell.run("echo \"$PWD $VAR $SECRET $SHARED\"; exit 4");
                            })
                            .cwd("sub")
                            .env("VAR", "of step")
                            .secretEnv("SECRET", Secret.of("hush"))
                            .successCodes(4, 5))
                    .step(Step.of("out", host -> {
                        facts.put("out", host.fact(where));
                        return Shell.run("echo \"$PWD $VAR $SHARED\"");
                    }))
                    .step(Step.of("bash", Shell.run("a=(x y); echo \"${a[1]} $1\"", "it's"))
                            .shell("/bin/bash"))
                    .step(Step.of("bash file", Files.file("sub/made").mode("640"))
                            .shell("/no/such/shell"))
                    .env("VAR", "of deploy")
                    .env("SHARED", "shared");
            Inventory inventory = Inventory.of(
                    Host.named("web01").with("weftwork.env.VAR", "host").with("weftwork.env.SHARED", "no"));

            RunReport report = run(LocalConnector.in(folder), RunOptions.standard(), inventory, deploy);

            report.throwIfFailed();
            Path home = folder.toRealPath().resolve("web01");
            assertThat(report.host("web01").step("in").stdoutText())
                    .isEqualTo(home.resolve("sub") + " of step hush shared\n");
            assertThat(report.host("web01").step("out").stdoutText()).isEqualTo(home + " of deploy shared\n");
            assertThat(report.host("web01").step("bash").stdoutText()).isEqualTo("y it's\n");
            assertThat(facts)
                    .containsEntry("in", home.resolve("sub") + " of step")
                    .containsEntry("out", home + " of deploy");
            assertThat(report.host("web01").step("in").changes().toString()).doesNotContain("hush");
            assertThat(events.events().toString()).doesNotContain("hush");
        }

        @Test
        void thatHostsCannotHaveFailBeforeAnythingRuns() {
            Deploy deploy = Deploy.named("d").step("a", command("a"));

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> run(Inventory.of(Host.named("web01").with("weftwork.user", "root")), deploy))
                    .withMessageStartingWith("web01: data 'weftwork.user': no such option")
                    .withMessageContaining("weftwork.");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> run(Inventory.of(Host.named("web01").with("weftwork.timeout", 5)), deploy))
                    .withMessage("web01: data 'weftwork.timeout' is a Integer, not a Duration");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> run(Inventory.of(Host.named("web01").with("weftwork.cwd", "")), deploy))
                    .withMessage("web01: data 'weftwork.cwd': cwd must not be empty");
            assertThat(machines.connects).hasValue(0);
        }

        @Test
        void areChecked() {
            StepOptions none = StepOptions.none();

            assertThatIllegalArgumentException().isThrownBy(() -> none.as("-x")).withMessageContaining("user must be");
            assertThatIllegalArgumentException().isThrownBy(() -> none.env("A B", "x"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> none.shell("bash"))
                    .withMessage("shell must be an absolute path, was 'bash'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> none.timeout(Duration.ZERO))
                    .withMessage("timeout must be > 0 and at most 100 years, was PT0S");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> none.parallel(0))
                    .withMessage("parallel must be >= 1, was 0");
            assertThatIllegalArgumentException().isThrownBy(() -> none.successCodes(256));
            assertThatIllegalArgumentException().isThrownBy(() -> Retry.attempts(0));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Retry.attempts(2).jitter(1.1));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Retry.attempts(2).backoff(Duration.ofSeconds(2), Duration.ofSeconds(1)));
            assertThat(none.secretEnv("A", Secret.of("hush")).as("root"))
                    .hasToString("StepOptions{as=root, env.A=******}");
        }
    }

    @Nested
    class Conditions {

        @ParameterizedTest
        @MethodSource("dev.weftwork.engine.StepsTest#strategies")
        void onEarlierStepsOfTheSameHost(Strategy strategy) {
            Deploy deploy = Deploy.named("d")
                    .step("maybe", host -> host.name().equals("web02") ? command("a") : nothing())
                    .step(Step.of("broken", host -> command(host.name().equals("web03") ? "fails" : "fine"))
                            .ignoreErrors())
                    .step(Step.of("changed", command("b")).onlyIfChanged("maybe"))
                    .step(Step.of("intact", command("c")).unlessFailed("broken"))
                    .step(Step.of("repair", command("d")).onlyIfFailed("maybe", "broken"))
                    .step(Step.of("both", command("e"))
                            .onlyIfChanged("maybe")
                            .onlyIf(host -> host.name().startsWith("x")));

            RunReport report = run(
                    machines,
                    RunOptions.standard().strategy(strategy),
                    Inventory.ofNames("web01", "web02", "web03"),
                    deploy);

            report.throwIfFailed();
            assertThat(report.hosts())
                    .extracting(host -> host.steps().stream()
                            .map(StepResult::status)
                            .skip(2)
                            .toList())
                    .containsExactly(
                            List.of(StepStatus.SKIPPED, StepStatus.CHANGED, StepStatus.SKIPPED, StepStatus.SKIPPED),
                            List.of(StepStatus.CHANGED, StepStatus.CHANGED, StepStatus.SKIPPED, StepStatus.SKIPPED),
                            List.of(StepStatus.SKIPPED, StepStatus.SKIPPED, StepStatus.CHANGED, StepStatus.SKIPPED));
            assertThat(status(report, "web03", "broken")).isEqualTo(StepStatus.FAILURE_IGNORED);
        }

        @Test
        void onEarlierStepsAnywhere() {
            Deploy deploy = Deploy.named("d")
                    .step("maybe", host -> host.name().equals("web03") ? command("a") : nothing())
                    .step("never", nothing())
                    .step(Step.of("broken", host -> command(host.name().equals("web01") ? "fails" : "fine"))
                            .ignoreErrors())
                    .step(Step.of("changed", command("b")).onlyIfChangedAnywhere("maybe"))
                    .step(Step.of("unchanged", command("c")).onlyIfChangedAnywhere("never"))
                    .step(Step.of("intact", command("d")).unlessFailedAnywhere("broken"));

            RunReport report = run(Inventory.ofNames("web01", "web02", "web03"), deploy);

            assertThat(report.hosts()).allSatisfy(host -> {
                assertThat(host.step("changed").status()).isEqualTo(StepStatus.CHANGED);
                assertThat(host.step("unchanged").status()).isEqualTo(StepStatus.SKIPPED);
                assertThat(host.step("intact").status()).isEqualTo(StepStatus.SKIPPED);
            });
        }

        @Test
        void inIncludedDeploysSpeakOfTheirOwnSteps() {
            Deploy inner = Deploy.named("app")
                    .onlyIf(host -> host.name().equals("web02"))
                    .step("config", command("a"))
                    .step(Step.of("restart", command("b")).onlyIfChanged("config"));
            Deploy deploy = Deploy.named("site")
                    .step("config", nothing())
                    .include(inner)
                    .step(Step.of("tell", command("c")).onlyIfChanged("app/restart"));

            RunReport report = run(Inventory.ofNames("web01", "web02"), deploy);

            assertThat(report.host("web01").steps())
                    .extracting(step -> step.step() + " " + step.status())
                    .containsExactly("config UNCHANGED", "app/config SKIPPED", "app/restart SKIPPED", "tell SKIPPED");
            assertThat(report.host("web02").steps())
                    .extracting(step -> step.step() + " " + step.status())
                    .containsExactly("config UNCHANGED", "app/config CHANGED", "app/restart CHANGED", "tell CHANGED");
        }

        @Test
        void onStepsThatDoNotComeBeforeAreRefused() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Deploy.named("d")
                            .step("a", nothing())
                            .step(Step.of("b", nothing()).onlyIfChanged("vhost")))
                    .withMessage("step 'b' asks for the result of 'vhost', which is no earlier step of deploy 'd';"
                            + " these are [a]");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Step.of("b", nothing()).onlyIfChanged());
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Deploy.named("d")
                            .include(Deploy.named("x").step("a", nothing()))
                            .include(Deploy.named("x").step("a", nothing())))
                    .withMessageContaining("'x/a'");
        }
    }

    @Nested
    class Errors {

        @Test
        void thatAreIgnoredLetTheHostGoOn() {
            Deploy deploy = Deploy.named("d")
                    .step(Step.of("bad", command("fails")).ignoreErrors())
                    .step(Step.of("unplannable", host -> {
                                throw new IllegalStateException("no idea");
                            })
                            .ignoreErrors())
                    .step("next", command("next"));

            RunReport report = run(Inventory.ofNames("web01"), deploy);

            assertThat(report.host("web01").status()).isEqualTo(HostStatus.SUCCEEDED);
            assertThat(report.host("web01").steps())
                    .extracting(StepResult::status)
                    .containsExactly(StepStatus.FAILURE_IGNORED, StepStatus.FAILURE_IGNORED, StepStatus.CHANGED);
            assertThat(report.host("web01").step("bad").failure().orElseThrow().message())
                    .isEqualTo("web01: step 'bad': `fails` exited 3");
            assertThat(report.describe()).contains("1 of 1 hosts succeeded, failures ignored: 2");
        }

        @Test
        void doNotKeepFurtherChangesFromBeingMadeWhereThatIsAskedFor() {
            Operation several = new Operation() {
                @Override
                public String summary() {
                    return "several";
                }

                @Override
                public List<Change> plan(dev.weftwork.fact.HostFacts facts) {
                    return Stream.of("a", "fails", "b", "fails-again", "c")
                            .map(name -> new Change(name, Command.of(name)))
                            .toList();
                }
            };

            RunReport on = run(
                    Inventory.ofNames("web01"),
                    Deploy.named("d").step(Step.of("s", several).continueOnError()));
            RunReport off = run(Inventory.ofNames("web02"), Deploy.named("d").step("s", several));

            StepResult continued = on.host("web01").step("s");
            assertThat(continued.status()).isEqualTo(StepStatus.FAILED);
            assertThat(continued.failure().orElseThrow().message()).contains("`fails` exited 3");
            assertThat(continued.changes()).hasSize(5);
            assertThat(continued.notMade()).isEmpty();
            assertThat(on.describeChanges()).endsWith("""
                    web01
                      s: a
                      s: not succeeded: fails
                      s: b
                      s: not succeeded: fails-again
                      s: c
                      s: FAILED web01: step 's': `fails` exited 3""");
            assertThat(off.describeChanges()).contains("  s: a\n  s: not succeeded: fails\n  s: FAILED web02");
            assertThat(off.host("web02").step("s").changes()).hasSize(2);
            assertThat(off.host("web02").step("s").notMade())
                    .extracting(Change::summary)
                    .containsExactly("b", "fails-again", "c");
        }
    }

    @Nested
    class Retries {

        private final AtomicInteger tries = new AtomicInteger();

        private FakeConnector failing(int times, Outcome how) {
            return new FakeConnector((host, command) -> tries.incrementAndGet() <= times
                    ? new CommandResult(host.name(), command, how, Output.empty(), Output.empty(), Duration.ZERO)
                    : FakeConnector.exited(host, command, 0, "", ""));
        }

        private StepResult run(FakeConnector connector, Step step) {
            return StepsTest.this
                    .run(
                            connector,
                            RunOptions.standard(),
                            Inventory.ofNames("web01"),
                            Deploy.named("d").step(step))
                    .host("web01")
                    .step(step.name());
        }

        private final Retry threeTimes = Retry.attempts(3).backoff(Duration.ZERO);

        @Test
        void tryAgainAndKeepWhatFailedBefore() {
            StepResult result = run(
                    failing(2, new Outcome.Completed(1)),
                    Step.of("s", command("a")).retry(threeTimes));

            assertThat(result.status()).isEqualTo(StepStatus.CHANGED);
            assertThat(result.attempts()).isEqualTo(3);
            assertThat(result.changes()).hasSize(3);
            assertThat(result.earlierFailures())
                    .extracting(Failure::message)
                    .containsExactly("web01: step 's': `a` exited 1", "web01: step 's': `a` exited 1");
            assertThat(events.events(RunEvent.StepRetried.class))
                    .extracting(RunEvent.StepRetried::attempt)
                    .containsExactly(1, 2);
        }

        @Test
        void giveUpAfterTheLastAttempt() {
            StepResult result = run(
                    failing(9, new Outcome.NotStarted("no")),
                    Step.of("s", command("a")).retry(threeTimes));

            assertThat(result.status()).isEqualTo(StepStatus.FAILED);
            assertThat(tries).hasValue(3);
        }

        @Test
        void neverRunAgainWhatMayStillRun() {
            for (Outcome unknown :
                    List.of(new Outcome.ConnectionLost("cut"), new Outcome.TimedOut(Duration.ofSeconds(1), false))) {
                tries.set(0);

                StepResult result =
                        run(failing(1, unknown), Step.of("s", command("a")).retry(threeTimes));

                assertThat(result.status()).isEqualTo(StepStatus.FAILED);
                assertThat(tries).hasValue(1);
            }
        }

        @Test
        void runAgainWhatMayStillRunWhereTheUserOrTheFactsSayThatItIsSafe() {
            var lost = new Outcome.ConnectionLost("cut");

            assertThat(run(failing(1, lost), Step.of("s", command("a")).retry(threeTimes.when(failure -> true)))
                            .status())
                    .isEqualTo(StepStatus.CHANGED);
            tries.set(-1);
            // The guard is read first, and again before the second attempt.
            assertThat(run(
                                    failing(1, lost),
                                    Step.of("s", Shell.run(Command.of("a")).onlyIf(Command.of("guard")))
                                            .retry(threeTimes))
                            .status())
                    .isEqualTo(StepStatus.CHANGED);
            assertThat(tries).hasValue(3);
        }

        @Test
        void onlyAfterFailuresThatThePredicateNames() {
            Retry onlyTwo = threeTimes.when(
                    failure -> failure.command().orElseThrow().exitCode().orElse(0) == 2);

            assertThat(run(
                                    failing(2, new Outcome.Completed(2)),
                                    Step.of("s", command("a")).retry(onlyTwo))
                            .attempts())
                    .isEqualTo(3);
            tries.set(0);
            assertThat(run(
                                    failing(2, new Outcome.Completed(1)),
                                    Step.of("s", command("a")).retry(onlyTwo))
                            .attempts())
                    .isEqualTo(1);
        }

        @Test
        void waitLongerEachTimeWithAPartLeftToChance() {
            Retry retry = Retry.attempts(9)
                    .backoff(Duration.ofSeconds(2), Duration.ofSeconds(10))
                    .jitter(0.25);

            assertThat(retry.waitAfter(1, 0)).isEqualTo(Duration.ofSeconds(2));
            assertThat(retry.waitAfter(2, 0)).isEqualTo(Duration.ofSeconds(4));
            assertThat(retry.waitAfter(3, 1)).isEqualTo(Duration.ofSeconds(6));
            assertThat(retry.waitAfter(8, 0)).isEqualTo(Duration.ofSeconds(10));
            assertThat(retry.waitAfter(2_000, 0.5)).isEqualTo(Duration.ofMillis(8_750));
        }
    }

    @Nested
    class Once {

        @ParameterizedTest
        @MethodSource("dev.weftwork.engine.StepsTest#strategies")
        void oneHostTakesTheStepAndNobodyIsPastItBefore(Strategy strategy) throws Exception {
            var migrations = new AtomicInteger();
            var ended = new java.util.concurrent.atomic.AtomicBoolean();
            var early = new ConcurrentHashMap<String, String>();
            var connector = new FakeConnector((host, command) -> {
                if (command.toString().equals("migrate")) {
                    migrations.incrementAndGet();
                    ended.set(true);
                } else if (!ended.get()) {
                    early.put(host.name(), command.toString());
                }
                return FakeConnector.exited(host, command, 0, "", "");
            });
            Deploy deploy = Deploy.named("d")
                    .step(Step.of("migrate", command("migrate"))
                            .onlyIf(host -> !host.name().equals("web01"))
                            .runOnce())
                    .step("restart", command("restart"));

            RunReport report = run(
                    connector,
                    RunOptions.standard().strategy(strategy).maxParallel(3),
                    Inventory.ofNames("web01", "web02", "web03", "web04", "web05"),
                    deploy);

            report.throwIfFailed();
            assertThat(migrations).hasValue(1);
            assertThat(report.count(StepStatus.SKIPPED)).isEqualTo(4);
            assertThat(status(report, "web01", "migrate")).isEqualTo(StepStatus.SKIPPED);
            // The condition keeps web01 out of it, so it need not wait.
            early.remove("web01");
            assertThat(early).isEmpty();
        }

        @Test
        void ifItFailsItFailsForAll() {
            Deploy deploy = Deploy.named("d")
                    .step(Step.of("migrate", command("fails")).runOnce())
                    .step("restart", command("restart"));

            RunReport report = run(Inventory.ofNames("web01", "web02", "web03"), deploy);

            assertThat(report.count(HostStatus.FAILED)).isEqualTo(3);
            assertThat(report.hosts())
                    .filteredOn(host -> host.step("migrate").changes().isEmpty())
                    .hasSize(2)
                    .allSatisfy(host -> assertThat(host.failure().orElseThrow().message())
                            .matches(host.host() + ": step 'migrate': it failed on web0[123], which took it for all"));
            assertThat(commands.values()).allSatisfy(each -> assertThat(each).doesNotContain("restart"));
        }

        @Test
        void ignoredErrorsLetAllGoOn() {
            Deploy deploy = Deploy.named("d")
                    .step(Step.of("migrate", command("fails")).runOnce().ignoreErrors())
                    .step("restart", command("restart"));

            RunReport report = run(Inventory.ofNames("web01", "web02", "web03"), deploy);

            report.throwIfFailed();
            assertThat(report.count(StepStatus.FAILURE_IGNORED)).isEqualTo(1);
            assertThat(report.count(StepStatus.SKIPPED)).isEqualTo(2);
        }
    }

    @Nested
    class Delegated {

        @ParameterizedTest
        @MethodSource("dev.weftwork.engine.StepsTest#strategies")
        void stepsRunOnTheOtherMachineOneAfterTheOther(Strategy strategy) {
            var file = new ArrayList<String>();
            var inStep = new AtomicInteger();
            var most = new AtomicInteger();
            Fact<Integer> length =
                    Fact.of("length", Command.of("length"), result -> Integer.parseInt(result.stdoutText()));
            // Each adds a line to what it has read: whoever came between would be lost.
            var connector = new FakeConnector((host, command) -> {
                if (command.toString().equals("length")) {
                    most.accumulateAndGet(inStep.incrementAndGet(), Math::max);
                    assertThat(host.name()).isEqualTo("lb");
                    return FakeConnector.exited(host, command, 0, "" + file.size(), "");
                }
                if (command.toString().startsWith("add")) {
                    String[] words = command.toString().split(" ", -1);
                    while (file.size() > Integer.parseInt(words[1])) {
                        file.remove(file.size() - 1);
                    }
                    file.add(words[2]);
                    inStep.decrementAndGet();
                }
                return FakeConnector.exited(host, command, 0, "", "");
            });
            Deploy deploy = Deploy.named("d")
                    .step("own", command("own"))
                    .step(Step.of(
                                    "add",
                                    host -> Shell.run(Command.of(
                                            "add", host.fact(length) + "", host.data("address", String.class))))
                            .delegateTo("lb"));
            Inventory inventory = Inventory.of(Stream.of("web01", "lb", "web02", "web03", "web04", "web05")
                    .map(name -> Host.named(name).with("address", "of-" + name))
                    .toList());

            RunReport report = run(connector, RunOptions.standard().strategy(strategy), inventory, deploy);

            report.throwIfFailed();
            assertThat(file)
                    .containsExactlyInAnyOrder("of-web01", "of-lb", "of-web02", "of-web03", "of-web04", "of-web05");
            assertThat(most).hasValue(1);
            assertThat(connector.open).hasValue(0);
            assertThat(report.host("web01")
                            .step("add")
                            .changes()
                            .get(0)
                            .command()
                            .host())
                    .isEqualTo("lb");
        }

        @Test
        void theOtherMachineNeedNotBeInTheInventoryNorSucceedItself() {
            Deploy outside =
                    Deploy.named("d").step(Step.of("add", command("add")).delegateTo(Host.named("lb")));
            Deploy afterFailure = Deploy.named("d")
                    .step("own", host -> command(host.name().equals("lb") ? "fails" : "fine"))
                    .step(Step.of("add", command("add")).delegateTo("lb"));

            RunReport one = run(Inventory.ofNames("web01", "web02"), outside);
            RunReport two = run(Inventory.ofNames("web01", "lb", "web02"), afterFailure);

            one.throwIfFailed();
            assertThat(two.count(HostStatus.SUCCEEDED)).isEqualTo(2);
            assertThat(commands.get("lb")).containsExactly("add", "add", "fails", "add", "add");
            assertThat(machines.open).hasValue(0);
        }

        @Test
        void optionsOfTheOtherMachineHold() {
            Deploy deploy = Deploy.named("d")
                    .step(Step.of("add", command("add"))
                            .onlyIf(host ->
                                    host.data("weftwork.as", String.class).equals("web"))
                            .delegateTo(Host.named("lb")));
            Inventory inventory = Inventory.of(
                    Host.named("web01").with("weftwork.as", "web"),
                    Host.named("lb").with("weftwork.as", "admin"));

            run(inventory, deploy).throwIfFailed();

            assertThat(commands.get("lb")).containsExactly("admin: add");
        }

        @Test
        void aMachineThatIsNotThereFailsTheStep() {
            machines.unreachable("lb");
            Deploy deploy =
                    Deploy.named("d").step(Step.of("add", command("add")).delegateTo(Host.named("lb")));

            RunReport report = run(Inventory.ofNames("web01"), deploy);

            assertThat(report.host("web01").failure().orElseThrow().message())
                    .isEqualTo("web01: step 'add' on lb: no route to it");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> run(
                            Inventory.ofNames("web01"),
                            Deploy.named("d")
                                    .step(Step.of("add", command("add")).delegateTo("lb"))))
                    .withMessage("step 'add' is delegated to 'lb', which is no host of the run's inventory; give"
                            + " delegateTo a Host for one outside of it");
        }
    }

    @Nested
    class Code {

        @Test
        void runsCommandsFactsAndOperationsAndKeepsWhatItReturns(@TempDir Path folder) {
            Deploy deploy = Deploy.named("d").code("code", host -> {
                boolean changed = host.apply(Files.content("hello").to("file"));
                boolean again = host.apply(Files.content("hello").to("file"));
                assertThat(host.run("exit 7").exitCode()).hasValue(7);
                return host.run("cat file; echo \" $1\"", "world").orThrow().stdoutText() + changed + again;
            });

            RunReport report =
                    run(LocalConnector.in(folder), RunOptions.standard(), Inventory.ofNames("web01", "web02"), deploy);

            report.throwIfFailed();
            assertThat(report.values("code", String.class))
                    .containsExactlyInAnyOrderEntriesOf(
                            Map.of("web01", "hello world\ntruefalse", "web02", "hello world\ntruefalse"));
            assertThat(report.host("web01").step("code").status()).isEqualTo(StepStatus.CHANGED);
            assertThat(report.host("web01").step("code").changes()).hasSize(3);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> report.values("code", Integer.class))
                    .withMessage("step 'code' (CHANGED) has a String, not a Integer");
        }

        @Test
        void failsByWhatItThrowsOrAResultThatItReturns() {
            Deploy deploy = Deploy.named("d").code("check", host -> switch (host.name()) {
                case "returned" -> host.run("fails");
                case "ignored" -> {
                    host.run("fails");
                    yield "fine";
                }
                case "thrown" -> host.run("fails").orThrow();
                case "operation" -> host.apply(command("fails"));
                case "checked" -> throw new java.io.IOException("disk");
                default -> null;
            });

            RunReport report =
                    run(Inventory.ofNames("returned", "ignored", "thrown", "operation", "checked", "fine"), deploy);

            assertThat(report.hosts())
                    .extracting(host -> host.failure().map(Failure::message).orElse("none"))
                    .containsExactly(
                            "returned: step 'check': `fails` exited 3",
                            "none",
                            "thrown: step 'check': `fails` exited 3",
                            "operation: step 'check': `fails` exited 3",
                            "checked: step 'check': its code threw java.io.IOException: disk",
                            "none");
            assertThat(status(report, "fine", "check")).isEqualTo(StepStatus.UNCHANGED);
        }

        @Test
        void thatOnlyAsksChangesNothing() {
            var asked = new AtomicInteger();
            Fact<String> fact = Fact.of("asked", Command.of("fact"), result -> "" + asked.incrementAndGet());
            Deploy deploy = Deploy.named("d")
                    .code("check", host -> {
                        host.fact(fact);
                        assertThat(host.query("fails").exitCode()).hasValue(3);
                        return host.fact(fact);
                    })
                    .step(Step.of("then", command("a")).onlyIfChanged("check"));

            RunReport report = run(Inventory.ofNames("web01"), deploy);

            assertThat(status(report, "web01", "check")).isEqualTo(StepStatus.UNCHANGED);
            assertThat(status(report, "web01", "then")).isEqualTo(StepStatus.SKIPPED);
            assertThat(report.host("web01").step("check").changes()).isEmpty();
            assertThat(report.host("web01").step("check").value(String.class)).isEqualTo("1");
            assertThat(commands.get("web01")).containsExactly("fact", "fails");
        }

        @Test
        void mayUseItsHostOnlyWhileAndWhereItRuns() throws Exception {
            var kept = new AtomicReference<RunningHost>();
            var elsewhere = new AtomicReference<Throwable>();
            Deploy deploy = Deploy.named("d").code("leak", host -> {
                kept.set(host);
                Thread other = Thread.ofVirtual().start(() -> {
                    try {
                        host.run("a");
                    } catch (IllegalStateException e) {
                        elsewhere.set(e);
                    }
                });
                Waiting.join(other);
                return null;
            });

            run(Inventory.ofNames("web01"), deploy).throwIfFailed();

            assertThat(elsewhere.get()).hasMessageContaining("web01: step 'leak': its host is used by another thread");
            org.assertj.core.api.Assertions.assertThatIllegalStateException()
                    .isThrownBy(() -> kept.get().run("late"))
                    .withMessage("web01: step 'leak': its host is used after the step's code returned");
            assertThat(commands).isEmpty();
        }

        @Test
        void forEachHostRunsAllAtOnce() throws Exception {
            var together = new CountDownLatch(50);
            try (var engine = Engine.of(machines)) {
                RunReport report = engine.forEachHost(
                        Inventory.of(Stream.iterate(1, i -> i + 1)
                                .limit(50)
                                .map(i -> Host.named("web" + i))
                                .toList()),
                        host -> {
                            together.countDown();
                            Waiting.await(together, "all hosts in the code at once");
                            return host.run("a").exitCode().orElseThrow();
                        });

                assertThat(report.values("code", Integer.class)).hasSize(50).containsEntry("web7", 0);
            }
        }

        @Test
        void thatInterruptsItselfIsNoCancel() {
            Deploy deploy = Deploy.named("d")
                    .code("self", host -> {
                        Thread.currentThread().interrupt();
                        return host.run("a");
                    })
                    .step("next", command("b"));

            RunReport report = run(
                    machines,
                    RunOptions.standard().defaults(StepOptions.none().ignoreErrors()),
                    Inventory.ofNames("web01"),
                    deploy);

            assertThat(report.cancelled()).isFalse();
            assertThat(status(report, "web01", "next")).isEqualTo(StepStatus.CHANGED);
        }
    }
}
