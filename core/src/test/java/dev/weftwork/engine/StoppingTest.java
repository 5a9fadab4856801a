package dev.weftwork.engine;

import static dev.weftwork.testing.NumberedHosts.hosts;
import static dev.weftwork.testing.NumberedHosts.number;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Retry;
import dev.weftwork.deploy.Step;
import dev.weftwork.event.RunEvent;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.FakeConnector;
import dev.weftwork.testing.RecordingListener;
import dev.weftwork.testing.Waiting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ends a run, a host or a step before its time: batches and policies, limits, handles. */
class StoppingTest {

    private final RecordingListener events = new RecordingListener();

    private static Operation command(String name) {
        return Shell.run(Command.of(name));
    }

    private RunReport run(Connector connector, RunOptions options, Inventory inventory, Deploy deploy) {
        try (var engine = Engine.of(connector)) {
            return engine.run(inventory, deploy, options.listener(events));
        }
    }

    private static List<HostStatus> statuses(RunReport report) {
        return report.hosts().stream().map(host -> host.status()).toList();
    }

    /** On these hosts the command {@code fails} does. */
    private static FakeConnector failingOn(Integer... numbers) {
        Set<Integer> failing = Set.of(numbers);
        return new FakeConnector((host, command) -> FakeConnector.exited(
                host,
                command,
                failing.contains(number(host)) && command.toString().equals("fails") ? 1 : 0,
                "",
                ""));
    }

    private final Deploy twoSteps =
            Deploy.named("d").step("one", command("fails")).step("two", command("fine"));

    @Nested
    class Batches {

        @Test
        void takeAllStepsInLockstepBeforeTheNextOneConnects() {
            run(failingOn(), RunOptions.standard().strategy(Strategy.rolling(3)), hosts(8), twoSteps)
                    .throwIfFailed();

            var order = events.events().stream()
                    .filter(event -> event instanceof RunEvent.HostStarted || event instanceof RunEvent.StepFinished)
                    .map(event -> {
                        int batch = (number(((RunEvent.HostEvent) event).host()) - 1) / 3;
                        return batch
                                + (event instanceof RunEvent.StepFinished step
                                        ? step.result().step()
                                        : "");
                    })
                    .toList();
            assertThat(order)
                    .containsExactly(
                            "0", "0", "0", "0one", "0one", "0one", "0two", "0two", "0two", "1", "1", "1", "1one",
                            "1one", "1one", "1two", "1two", "1two", "2", "2", "2one", "2one", "2two", "2two");
        }

        @Test
        void stopTheRestWhenOneFails() {
            RunReport report =
                    run(failingOn(4), RunOptions.standard().strategy(Strategy.rolling(2)), hosts(7), twoSteps);

            assertThat(statuses(report))
                    .containsExactly(
                            HostStatus.SUCCEEDED,
                            HostStatus.SUCCEEDED,
                            HostStatus.SUCCEEDED,
                            HostStatus.FAILED,
                            HostStatus.STOPPED,
                            HostStatus.STOPPED,
                            HostStatus.STOPPED);
            assertThat(report.host("host007").failure().orElseThrow().message())
                    .isEqualTo(
                            "host007: the run was stopped before connecting: batch 2 of 4 failed on 1 of its 2 hosts");
            assertThat(report.cancelled()).isFalse();
            assertThat(report.describe())
                    .startsWith("run of 'd' was stopped (batch 2 of 4 failed on 1 of its 2 hosts): 3 of 7 hosts");
            assertThat(report.earlyEnd().orElseThrow().first().orElseThrow())
                    .isEqualTo(report.host("host004").failure().orElseThrow());
            assertThat(report.count(StepStatus.NOT_RUN)).isEqualTo(7);
        }

        @Test
        void alsoFailByAHostThatCannotBeReached() {
            RunReport report = run(
                    failingOn().unreachable("host001"),
                    RunOptions.standard().strategy(Strategy.rollingPercent(30)),
                    hosts(10),
                    twoSteps);

            assertThat(report.count(HostStatus.SUCCEEDED)).isEqualTo(2);
            assertThat(report.count(HostStatus.STOPPED)).isEqualTo(7);
        }

        @Test
        void haveSizesThatMakeSense() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Strategy.rolling(0))
                    .withMessage("hosts must be >= 1, was 0");
            assertThatIllegalArgumentException().isThrownBy(() -> Strategy.rollingPercent(0));
            assertThatIllegalArgumentException().isThrownBy(() -> Strategy.rollingPercent(101));
            run(failingOn(), RunOptions.standard().strategy(Strategy.rolling(100)), hosts(3), twoSteps)
                    .throwIfFailed();
            run(failingOn(), RunOptions.standard().strategy(Strategy.rollingPercent(1)), hosts(3), twoSteps)
                    .throwIfFailed();
        }
    }

    @Nested
    class Policies {

        @Test
        void failFastLetsHostsEndTheStepTheyAreInAndBeginNoOther() throws Exception {
            var inStep = new CountDownLatch(3);
            var failed = new CountDownLatch(1);
            var connector = new FakeConnector((host, command) -> {
                inStep.countDown();
                if (number(host) == 2) {
                    Waiting.await(inStep, "all hosts in their step");
                    return FakeConnector.exited(host, command, 1, "", "");
                }
                Waiting.await(failed, "one has failed");
                return FakeConnector.exited(host, command, 0, "", "");
            });
            var options = RunOptions.standard()
                    .strategy(Strategy.free())
                    .failFast()
                    .listener(event -> {
                        if (event instanceof RunEvent.HostFinished) {
                            failed.countDown();
                        }
                    });

            RunReport report = run(connector, options, hosts(3), twoSteps);

            assertThat(statuses(report)).containsExactly(HostStatus.STOPPED, HostStatus.FAILED, HostStatus.STOPPED);
            assertThat(report.host("host001").step("one").status()).isEqualTo(StepStatus.CHANGED);
            assertThat(report.host("host001").step("two").status()).isEqualTo(StepStatus.NOT_RUN);
            assertThat(report.host("host003").failure().orElseThrow().message())
                    .isEqualTo("host003: the run was stopped before step 'two': 1 of 3 hosts failed, none may, the last"
                            + " was host002");
        }

        @ParameterizedTest
        @ValueSource(strings = {"serial", "lockstep", "free", "rolling"})
        void hostsThatWaitForTheirTurnLeaveWhenTheRunIsStopped(String name) {
            Strategy strategy = switch (name) {
                case "serial" -> Strategy.serial();
                case "free" -> Strategy.free();
                case "rolling" -> Strategy.rolling(5);
                default -> Strategy.lockstep();
            };

            RunReport report = run(
                    failingOn(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
                    RunOptions.standard().strategy(strategy).maxParallel(1).failFast(),
                    hosts(10),
                    twoSteps);

            assertThat(report.count(HostStatus.FAILED)).isEqualTo(1);
            assertThat(report.count(HostStatus.STOPPED)).isEqualTo(9);
            assertThat(report.count(StepStatus.CHANGED)).isZero();
        }

        @Test
        void maxFailedCountsAPartOfAllHosts() {
            var options = RunOptions.standard().strategy(Strategy.serial()).maxFailed(20);

            RunReport justEnough = run(failingOn(1, 2), options, hosts(10), twoSteps);
            RunReport tooMany = run(failingOn(1, 2, 3), options, hosts(10), twoSteps);
            RunReport unreachable = run(failingOn(1).unreachable("host002", "host003"), options, hosts(10), twoSteps);

            assertThat(justEnough.count(HostStatus.SUCCEEDED)).isEqualTo(8);
            assertThat(justEnough.earlyEnd()).isEmpty();
            assertThat(tooMany.count(HostStatus.STOPPED)).isEqualTo(7);
            assertThat(tooMany.earlyEnd().orElseThrow().reason())
                    .isEqualTo("3 of 10 hosts failed, 20 % may, the last was host003");
            assertThat(unreachable.count(HostStatus.STOPPED)).isEqualTo(7);
        }
    }

    @Nested
    class Numbers {

        private final AtomicInteger now = new AtomicInteger();
        private final AtomicInteger most = new AtomicInteger();

        private CommandResult counted(Host host, Command command) throws InterruptedException {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            // Others get the chance to come in too.
            CountDownLatch others = new CountDownLatch(1);
            Thread.ofVirtual().start(others::countDown);
            Waiting.await(others, "another thread ran");
            now.decrementAndGet();
            return FakeConnector.exited(host, command, 0, "", "");
        }

        @Test
        void aStepLetsOnlySoManyInAtOnce() {
            Deploy deploy = Deploy.named("d").step(Step.of("one", command("a")).parallel(4));
            // Nobody leaves before four are in.
            var four = new CyclicBarrier(4);
            var connector = new FakeConnector((host, command) -> {
                most.accumulateAndGet(now.incrementAndGet(), Math::max);
                try {
                    four.await(60, TimeUnit.SECONDS);
                } catch (BrokenBarrierException | TimeoutException e) {
                    throw new IllegalStateException("fewer than four were in the step", e);
                }
                now.decrementAndGet();
                return FakeConnector.exited(host, command, 0, "", "");
            });

            run(connector, RunOptions.standard(), hosts(60), deploy).throwIfFailed();

            assertThat(most).hasValue(4);
        }

        @Test
        void aConnectorTakesOnlySoManyCallsAtOnceFromAllRuns() throws Exception {
            var connector = new Connector() {
                private final FakeConnector machines = new FakeConnector(Numbers.this::counted);

                @Override
                public Connection connect(Host host) {
                    try {
                        counted(host, Command.of("connect"));
                    } catch (InterruptedException e) {
                        throw new ConnectFailedException(host.name(), "interrupted");
                    }
                    return machines.connect(host);
                }

                @Override
                public int maxParallel() {
                    return 5;
                }

                @Override
                public void close() {}
            };
            try (var engine = Engine.of(connector);
                    RunHandle one = engine.start(hosts(50), twoSteps);
                    RunHandle two = engine.start(hosts(50), twoSteps)) {
                one.join().throwIfFailed();
                two.join().throwIfFailed();
            }

            assertThat(most).hasValueBetween(2, 5);
        }
    }

    @Nested
    class Limits {

        private final Deploy sleeping = Deploy.named("d")
                .step("fine", Shell.run("echo fine"))
                .step(Step.of("long", Shell.run("echo begun; sleep 600")))
                .step("after", Shell.run("echo after"));

        private RunReport run(RunOptions options, Deploy deploy, Path folder) {
            return StoppingTest.this.run(LocalConnector.in(folder), options, hosts(2), deploy);
        }

        @Test
        void ofAStepEndsItsCommandAndFailsIt(@TempDir Path folder) {
            Deploy deploy = Deploy.named("d")
                    .step(Step.of("long", Shell.run("echo begun; sleep 600"))
                            .timeout(Duration.ofMillis(300))
                            .ignoreErrors())
                    .step("after", Shell.run("echo after"));

            RunReport report = run(RunOptions.standard(), deploy, folder);

            report.throwIfFailed();
            var step = report.host("host001").step("long");
            assertThat(step.status()).isEqualTo(StepStatus.FAILURE_IGNORED);
            assertThat(step.failure().orElseThrow().message())
                    .matches(
                            "host001: step 'long': the step's limit of 300 ms passed: `echo begun; sleep 600` was ended"
                                    + " after \\d+ ms: begun");
            assertThat(step.changes().get(0).command().outcome()).isInstanceOf(Outcome.TimedOut.class);
            assertThat(report.host("host001").step("after").stdoutText()).isEqualTo("after\n");
        }

        @Test
        void ofACommandComesBeforeALaterOneOfItsStep(@TempDir Path folder) {
            Deploy deploy = Deploy.named("d")
                    .timeout(Duration.ofHours(1))
                    .commandTimeout(Duration.ofMillis(200))
                    .step(Step.of("long", Shell.run("sleep 600")))
                    .step("after", Shell.run("echo after"));

            RunReport report = run(RunOptions.standard().timeout(Duration.ofHours(2)), deploy, folder);

            assertThat(report.host("host001").failure().orElseThrow().message())
                    .isEqualTo("host001: step 'long': `sleep 600` was ended after its timeout of 200 ms");
        }

        @Test
        void ofAHostFailsItEvenWhereErrorsAreIgnored(@TempDir Path folder) {
            RunReport report =
                    run(RunOptions.standard().hostTimeout(Duration.ofMillis(400)), sleeping.ignoreErrors(), folder);

            assertThat(report.count(HostStatus.FAILED)).isEqualTo(2);
            assertThat(report.host("host002").failure().orElseThrow().message())
                    .startsWith("host002: step 'long': the host's limit of 400 ms passed: `echo begun; sleep 600` was"
                            + " ended after ");
            assertThat(report.host("host002").step("after").status()).isEqualTo(StepStatus.NOT_RUN);
        }

        @Test
        void ofTheRunCancelsIt(@TempDir Path folder) {
            RunReport report = run(RunOptions.standard().timeout(Duration.ofMillis(400)), sleeping, folder);

            assertThat(report.cancelled()).isTrue();
            assertThat(report.count(HostStatus.CANCELLED)).isEqualTo(2);
            assertThat(report.describe())
                    .startsWith("run of 'd' was cancelled (the run's limit of 400 ms passed): 0 of 2 hosts succeeded");
            assertThat(report.host("host001").step("fine").status()).isEqualTo(StepStatus.CHANGED);
            assertThat(report.host("host001").step("long").status()).isEqualTo(StepStatus.CANCELLED);
            assertThat(report.host("host001").step("long").stdoutText()).isEqualTo("begun\n");
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
        }

        @Test
        void alsoEndPlansConditionsAndCode() {
            var never = new CountDownLatch(1);
            Deploy deploy = Deploy.named("d")
                    .timeout(Duration.ofMillis(100))
                    .ignoreErrors()
                    .step("plan", host -> {
                        block(never);
                        return command("a");
                    })
                    .step(Step.of("condition", command("a")).onlyIf(host -> block(never)))
                    .code("code", host -> {
                        never.await();
                        return null;
                    })
                    .code("stubborn", host -> {
                        assertThat(host.run("a").succeeded()).isTrue();
                        block(never);
                        return host.run("b").outcome();
                    })
                    .step("next", command("a"));

            RunReport report = StoppingTest.this.run(failingOn(), RunOptions.standard(), hosts(3), deploy);

            report.throwIfFailed();
            assertThat(report.hosts()).allSatisfy(host -> {
                for (String step : List.of("plan", "condition", "code", "stubborn")) {
                    assertThat(host.step(step).status()).as(step).isEqualTo(StepStatus.FAILURE_IGNORED);
                    assertThat(host.step(step).failure().orElseThrow().message())
                            .startsWith(host.host() + ": step '" + step + "': the step's limit of 100 ms passed");
                }
                assertThat(host.step("stubborn").value().orElseThrow().toString())
                        .contains("the step's limit of 100 ms passed before it was sent");
                assertThat(host.step("next").status()).isEqualTo(StepStatus.CHANGED);
            });
        }

        private static boolean block(CountDownLatch never) {
            try {
                never.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return true;
        }

        @Test
        void ofAHostEndsItsConnecting() {
            var connector = new Connector() {
                @Override
                public Connection connect(Host host) throws InterruptedException {
                    new CountDownLatch(1).await();
                    throw new IllegalStateException("never");
                }

                @Override
                public void close() {}
            };

            RunReport report = StoppingTest.this.run(
                    connector, RunOptions.standard().hostTimeout(Duration.ofMillis(100)), hosts(2), twoSteps);

            assertThat(statuses(report)).containsOnly(HostStatus.UNREACHABLE);
            assertThat(report.host("host001").failure().orElseThrow().message())
                    .isEqualTo("host001: the host's limit of 100 ms passed before its connection was open");
        }

        @Test
        void leaveNoTimeForAnotherAttempt() {
            Deploy deploy = Deploy.named("d")
                    .step(Step.of("s", command("fails"))
                            .retry(Retry.attempts(5)
                                    .backoff(Duration.ofHours(2))
                                    .jitter(0))
                            .timeout(Duration.ofHours(1)));

            RunReport report = StoppingTest.this.run(failingOn(1), RunOptions.standard(), hosts(1), deploy);

            assertThat(report.host("host001").failure().orElseThrow().message())
                    .isEqualTo("host001: step 's': `fails` exited 1; no time is left for another attempt within the"
                            + " step's limit of 3600 s");
        }

        @Test
        void areChecked() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> RunOptions.standard().timeout(Duration.ZERO))
                    .withMessage("timeout must be > 0 and at most 100 years, was PT0S");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> RunOptions.standard().hostTimeout(Duration.ofSeconds(-1)));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> RunOptions.standard().maxFailed(101))
                    .withMessage("maxFailed must be 0 to 100 percent, was 101");
        }
    }

    @Nested
    class Handles {

        private final CountDownLatch underWay = new CountDownLatch(20);
        private final FakeConnector blocking = new FakeConnector((host, command) -> {
            underWay.countDown();
            new CountDownLatch(1).await();
            throw new IllegalStateException("never");
        });

        @Test
        void cancelARunAndStillGetItsReport() throws Exception {
            try (var engine = Engine.of(blocking);
                    RunHandle run = engine.start(hosts(20), twoSteps)) {
                Waiting.await(underWay, "all hosts in a command");
                assertThat(run.isOver()).isFalse();
                assertThat(run.join(Duration.ofMillis(1))).isEmpty();

                run.cancel();
                RunReport report = run.join();

                assertThat(report.cancelled()).isTrue();
                assertThat(report.count(HostStatus.CANCELLED)).isEqualTo(20);
                assertThat(report.host("host001").failure().orElseThrow().message())
                        .isEqualTo("host001: step 'one': `fails` was cancelled");
                assertThat(blocking.open).hasValue(0);
                run.cancel();
                assertThat(run.join()).isSameAs(report);
            }
        }

        @Test
        void thatAreClosedCancelTheirRun() throws Exception {
            try (var engine = Engine.of(blocking)) {
                RunHandle run = engine.start(hosts(20), twoSteps);
                Waiting.await(underWay, "all hosts in a command");

                run.close();

                assertThat(run.isOver()).isTrue();
                assertThat(run.join().count(HostStatus.CANCELLED)).isEqualTo(20);
            }
        }

        @Test
        void refuseToWaitForThemselves() throws Exception {
            var handle = new CompletableFuture<RunHandle>();
            var refused = ConcurrentHashMap.<String>newKeySet();
            try (var engine = Engine.of(FakeConnector.succeeding())) {
                var options = RunOptions.standard().listener(event -> {
                    for (AutoCloseable each : List.of(handle.join(), engine, (AutoCloseable) handle.join()::join)) {
                        try {
                            each.close();
                        } catch (Exception e) {
                            refused.add(String.valueOf(e.getMessage()));
                        }
                    }
                });
                try (RunHandle run = engine.start(hosts(3), twoSteps, options)) {
                    handle.complete(run);
                    assertThat(run.join(Duration.ofSeconds(60)).orElseThrow().succeeded())
                            .isTrue();
                }
            }
            assertThat(refused)
                    .hasSize(3)
                    .allSatisfy(message -> assertThat(message)
                            .contains("waits for the end of the run of 'd', and was called within that"));
        }

        @Test
        void cancelledAtOnceRunNothingOrLittle() throws Exception {
            var connector = new FakeConnector((host, command) -> new CommandResult(
                    host.name(), command, new Outcome.Completed(0), Output.empty(), Output.empty(), Duration.ZERO));
            try (var engine = Engine.of(connector)) {
                for (int i = 0; i < 200; i++) {
                    try (RunHandle run = engine.start(hosts(20), twoSteps)) {
                        run.cancel();
                        RunReport report = run.join();
                        assertThat(report.hosts()).hasSize(20);
                        assertThat(report.count(HostStatus.SUCCEEDED) + report.count(HostStatus.CANCELLED))
                                .isEqualTo(20);
                        assertThat(report.cancelled() || report.succeeded()).isTrue();
                    }
                }
            }
            assertThat(connector.open).hasValue(0);
        }

        @Test
        void happensBeforeHoldsForPlainFields() throws Exception {
            int[] seen = new int[200];
            int[] byListener = new int[200];
            int before = 42;
            seen[0] = before;
            Deploy deploy = Deploy.named("d")
                    .code("write", host -> seen[number(host.host()) - 1] += number(host.host()))
                    .code("read", host -> {
                        int sum = 0;
                        for (int each : seen) {
                            sum += each;
                        }
                        return sum;
                    });
            var options = RunOptions.standard().listener(event -> {
                if (event instanceof RunEvent.StepFinished finished) {
                    byListener[number(finished.host()) - 1]++;
                }
            });
            var sums = ConcurrentHashMap.<Integer>newKeySet();

            for (int i = 0; i < 20; i++) {
                seen[0] = before;
                java.util.Arrays.fill(seen, 1, 200, 0);
                java.util.Arrays.fill(byListener, 0);
                try (var engine = Engine.of(FakeConnector.succeeding());
                        RunHandle run = engine.start(hosts(200), deploy, options)) {
                    RunReport report = run.join();
                    sums.addAll(report.values("read", Integer.class).values());
                    assertThat(byListener).containsOnly(2);
                }
            }

            assertThat(sums).containsExactly(before + 200 * 201 / 2);
        }
    }
}
