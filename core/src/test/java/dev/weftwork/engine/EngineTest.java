package dev.weftwork.engine;

import static dev.weftwork.testing.NumberedHosts.hosts;
import static dev.weftwork.testing.NumberedHosts.number;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Step;
import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.fact.Fact;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.PlanFailedException;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunFailedException;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.FakeConnector;
import dev.weftwork.testing.RecordingListener;
import dev.weftwork.testing.Waiting;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The engine on machines in memory. */
class EngineTest {

    private final RecordingListener events = new RecordingListener();

    private static Operation command(String name) {
        return Shell.run(Command.of(name));
    }

    /** An operation that is a function of the host. */
    private record Planned(Function<HostFacts, List<Change>> planner) implements Operation {
        @Override
        public String summary() {
            return "planned";
        }

        @Override
        public List<Change> plan(HostFacts facts) {
            return planner.apply(facts);
        }
    }

    private RunReport run(Connector connector, RunOptions options, Inventory inventory, Deploy deploy) {
        try (var engine = Engine.of(connector)) {
            return engine.run(inventory, deploy, options.listener(events));
        }
    }

    static Stream<Strategy> strategies() {
        return Stream.of(Strategy.lockstep(), Strategy.free(), Strategy.serial());
    }

    @Nested
    class Reports {

        @ParameterizedTest
        @MethodSource("dev.weftwork.engine.EngineTest#strategies")
        void everyHostAndStepHasItsResult(Strategy strategy) {
            Deploy deploy = Deploy.named("d")
                    .step("changes", command("a"))
                    .step("fine", new Planned(facts -> List.of()))
                    .step(Step.of("odd", command("b"))
                            .onlyIf(facts -> number(facts.host()) % 2 == 1)
                            .onlyIf(facts -> number(facts.host()) != 3))
                    .step("output", facts -> command("greet-" + facts.host().name()));
            var connector =
                    new FakeConnector((host, command) -> FakeConnector.exited(host, command, 0, command + "\n", ""));

            RunReport report = run(connector, RunOptions.standard().strategy(strategy), hosts(5), deploy);

            assertThat(report.succeeded()).isTrue();
            assertThat(report.cancelled()).isFalse();
            assertThat(report.deploy()).isEqualTo("d");
            assertThat(report.hosts())
                    .extracting(host -> host.host().name())
                    .containsExactly("host001", "host002", "host003", "host004", "host005");
            assertThat(report.hosts()).allSatisfy(host -> {
                assertThat(host.status()).isEqualTo(HostStatus.SUCCEEDED);
                assertThat(host.steps())
                        .extracting(StepResult::step)
                        .containsExactly("changes", "fine", "odd", "output");
                assertThat(host.step("changes").status()).isEqualTo(StepStatus.CHANGED);
                assertThat(host.step("fine").status()).isEqualTo(StepStatus.UNCHANGED);
                assertThat(host.step("output").stdoutText()).isEqualTo("greet-" + host.host() + "\n");
            });
            assertThat(report.hosts())
                    .extracting(host -> host.step("odd").status())
                    .containsExactly(
                            StepStatus.CHANGED,
                            StepStatus.SKIPPED,
                            StepStatus.SKIPPED,
                            StepStatus.SKIPPED,
                            StepStatus.CHANGED);
            assertThat(report.count(StepStatus.CHANGED)).isEqualTo(12);
            assertThat(connector.open).hasValue(0);
            assertThat(connector.closed).isTrue();
        }

        @Test
        void oneUnreachableAndOneFailingOfAHundredLeaveNinetyEight() {
            var connector = new FakeConnector((host, command) ->
                    host.name().equals("host042") && command.toString().equals("second")
                            ? FakeConnector.exited(host, command, 3, "", "disk is full\n")
                            : FakeConnector.exited(host, command, 0, "", ""));
            connector.unreachable("host017");
            Deploy deploy = Deploy.named("d")
                    .step("one", command("first"))
                    .step("two", command("second"))
                    .step("three", command("third"));

            RunReport report = run(connector, RunOptions.standard(), hosts(100), deploy);

            assertThat(report.count(HostStatus.SUCCEEDED)).isEqualTo(98);
            assertThat(report.failedHosts())
                    .extracting(host -> host.host().name(), HostResult::status)
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple("host017", HostStatus.UNREACHABLE),
                            org.assertj.core.groups.Tuple.tuple("host042", HostStatus.FAILED));
            assertThat(report.host("host042").steps())
                    .extracting(StepResult::status)
                    .containsExactly(StepStatus.CHANGED, StepStatus.FAILED, StepStatus.NOT_RUN);
            assertThat(report.host("host017").steps())
                    .extracting(StepResult::status)
                    .containsOnly(StepStatus.NOT_RUN);
            CommandResult failed =
                    report.host("host042").failure().orElseThrow().command().orElseThrow();
            assertThat(failed.exitCode()).hasValue(3);
            assertThat(failed.stderrText()).isEqualTo("disk is full\n");
            assertThat(report.describe()).isEqualTo("""
                            run of 'd': 98 of 100 hosts succeeded
                              UNREACHABLE host017: no route to it
                              FAILED host042: step 'two': `second` exited 3: disk is full""");
            assertThatThrownBy(report::throwIfFailed)
                    .isInstanceOf(RunFailedException.class)
                    .hasMessage(report.describe());
            assertThat(connector.open).hasValue(0);
        }

        @Test
        void changesAfterAFailedOneAreNotMade() {
            var connector = new FakeConnector((host, command) ->
                    FakeConnector.exited(host, command, command.toString().equals("b") ? 1 : 0, "", ""));
            var operation = new Planned(facts -> Stream.of("a", "b", "c")
                    .map(name -> new Change(name, Command.of(name)))
                    .toList());

            StepResult step = run(
                            connector,
                            RunOptions.standard(),
                            hosts(1),
                            Deploy.named("d").step(operation))
                    .host("host001")
                    .step("planned");

            assertThat(step.status()).isEqualTo(StepStatus.FAILED);
            assertThat(step.changes())
                    .extracting(change -> change.change().summary())
                    .containsExactly("a", "b");
            assertThat(step.changes()).extracting(change -> change.succeeded()).containsExactly(true, false);
            assertThat(step.notMade()).extracting(Change::summary).containsExactly("c");
        }

        @Test
        void whatAPlanOrAConditionThrowsFailsThatHostsStepAndNamesIt() {
            Deploy deploy = Deploy.named("d")
                    .step(Step.of("condition", command("a")).onlyIf(facts -> {
                        if (number(facts.host()) == 1) {
                            throw new IllegalStateException("broken condition");
                        }
                        return true;
                    }))
                    .step("plan", new Planned(facts -> {
                        if (number(facts.host()) == 2) {
                            throw new PlanFailedException(facts.host().name(), "/x is a file");
                        }
                        return List.of();
                    }))
                    .step("missing data", facts -> command(facts.host().data("nothing", String.class)));

            RunReport report = run(FakeConnector.succeeding(), RunOptions.standard(), hosts(3), deploy);

            assertThat(report.hosts())
                    .extracting(host -> host.failure().orElseThrow().message())
                    .containsExactly(
                            "host001: step 'condition': its condition threw java.lang.IllegalStateException: broken condition",
                            "host002: step 'plan': /x is a file",
                            "host003: step 'missing data': planning failed: no data 'nothing'; this host has [number]");
            assertThat(report.host("host001").failure().orElseThrow().cause()).isPresent();
            assertThatThrownBy(report::throwIfFailed)
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSize(2))
                    .cause()
                    .isSameAs(report.firstFailure().orElseThrow().cause().orElseThrow());
        }

        @Test
        void anUnexpectedExceptionOfAConnectorFailsItsHostOnly() {
            var fake = FakeConnector.succeeding();
            Connector connector = new Connector() {
                @Override
                public Connection connect(Host host) {
                    if (number(host) == 1) {
                        throw new IllegalStateException("bug");
                    }
                    return fake.connect(host);
                }

                @Override
                public void close() {}
            };

            RunReport report = run(
                    connector,
                    RunOptions.standard(),
                    hosts(2),
                    Deploy.named("d").step(command("a")));

            assertThat(report.host("host001").failure().orElseThrow().message())
                    .isEqualTo("host001: connecting failed in an unexpected way, which is a bug of the connector:"
                            + " java.lang.IllegalStateException: bug");
            assertThat(report.host("host002").status()).isEqualTo(HostStatus.SUCCEEDED);
        }

        /** Each of these is a bug of somebody else; the other hosts and the report must not suffer. */
        @Test
        void whateverElseGoesWrongOnAHostStaysThere() {
            var connector = new FakeConnector((host, command) -> switch (command.toString() + number(host)) {
                case "one1" -> nothing();
                case "one2" -> throw new CancellationException("not by us");
                case "one3" -> FakeConnector.exited(Host.named("other"), command, 1, "", "no");
                default -> FakeConnector.exited(host, command, 0, "", "");
            });
            Deploy deploy = Deploy.named("d").step("one", command("one")).step("two", new Planned(facts -> {
                if (number(facts.host()) == 4) {
                    throw new IllegalStateException() {
                        private static final long serialVersionUID = 1L;

                        @Override
                        public String getMessage() {
                            throw new IllegalStateException();
                        }
                    };
                }
                if (number(facts.host()) == 5) {
                    throw new OutOfMemoryError("pretended");
                }
                return List.of();
            }));

            RunReport report = run(connector, RunOptions.standard(), hosts(6), deploy);

            assertThat(report.cancelled()).isFalse();
            assertThat(report.hosts())
                    .extracting(HostResult::status)
                    .containsExactly(
                            HostStatus.FAILED,
                            HostStatus.FAILED,
                            HostStatus.FAILED,
                            HostStatus.FAILED,
                            HostStatus.FAILED,
                            HostStatus.SUCCEEDED);
            assertThat(report.host("host001").failure().orElseThrow().message())
                    .contains("step 'one'", "whether it ran is unknown", "a result of null");
            assertThat(report.host("host002").failure().orElseThrow().message())
                    .contains("step 'one'", "whether it ran is unknown", "not by us");
            assertThat(report.host("host003").failure().orElseThrow().message())
                    .isEqualTo("host003: step 'one': `one` exited 1: no");
            assertThat(report.host("host005").failure().orElseThrow().message()).contains("pretended");
        }

        @SuppressWarnings("NullAway") // what a connector might return
        private static CommandResult nothing() {
            return null;
        }

        @Test
        void aStrategyThatThrowsFailsItsHostOnly() {
            Strategy broken = (hosts, stages) -> new Strategy.Pacing() {
                @Override
                public Gate before(int host, int stage) {
                    if (host == 0 && stage == 1) {
                        throw new IllegalStateException("broken strategy");
                    }
                    return Gate.opened();
                }

                @Override
                public void finished(int host, int stage) {}
            };

            RunReport report = run(
                    FakeConnector.succeeding(),
                    RunOptions.standard().strategy(broken),
                    hosts(2),
                    Deploy.named("d").step("s", command("a")));

            assertThat(report.host("host001").failure().orElseThrow().message())
                    .isEqualTo(
                            "host001: step 's': the strategy threw java.lang.IllegalStateException: broken strategy");
            assertThat(report.host("host002").status()).isEqualTo(HostStatus.SUCCEEDED);
        }

        @Test
        void anExceptionFromACommandFailsItsHostOnly() {
            var connector = new FakeConnector((host, command) -> {
                if (number(host) == 1) {
                    throw new IllegalStateException("bug");
                }
                return FakeConnector.exited(host, command, 0, "", "");
            });

            RunReport report = run(
                    connector,
                    RunOptions.standard(),
                    hosts(2),
                    Deploy.named("d").step(command("a")));

            assertThat(report.host("host001").status()).isEqualTo(HostStatus.FAILED);
            assertThat(report.host("host001").failure().orElseThrow().message())
                    .contains("host001", "step", "IllegalStateException: bug", "unknown");
            assertThat(report.host("host002").status()).isEqualTo(HostStatus.SUCCEEDED);
        }
    }

    @Nested
    class Facts {

        private final AtomicInteger reads = new AtomicInteger();
        private final Fact<String> fact = Fact.of(
                "kernel", Command.of("uname"), result -> result.stdoutText().strip());
        private final FakeConnector connector = new FakeConnector((host, command) -> {
            if (command.toString().equals("uname")) {
                reads.incrementAndGet();
            }
            return FakeConnector.exited(host, command, 0, "6.1-" + host + "\n", "");
        });

        @Test
        void areReadOncePerHostAndAgainAfterAChange() {
            var asks = new Planned(facts -> {
                assertThat(facts.fact(fact)).isEqualTo("6.1-" + facts.host());
                return List.of();
            });
            Deploy deploy = Deploy.named("d")
                    .step("asks", asks)
                    .step("asks again", asks)
                    .step("changes", command("a"))
                    .step("asks after a change", asks);

            RunReport report = run(connector, RunOptions.standard(), hosts(10), deploy);

            assertThat(report.describe()).isEqualTo("run of 'd': 10 of 10 hosts succeeded");
            assertThat(reads).hasValue(20);
        }

        @Test
        void thatCannotBeReadOrParsedFailTheStep() {
            Fact<Integer> number = Fact.of(
                    "cpus",
                    Command.of("nproc"),
                    result -> Integer.valueOf(result.stdoutText().strip()));
            var broken = new FakeConnector((host, command) -> number(host) == 1
                    ? FakeConnector.exited(host, command, 127, "", "nproc: not found\n")
                    : FakeConnector.exited(host, command, 0, "many\n", ""));
            Deploy deploy = Deploy.named("d").step(new Planned(facts -> {
                facts.fact(number);
                return List.of();
            }));

            RunReport report = run(broken, RunOptions.standard(), hosts(2), deploy);

            assertThat(report.hosts())
                    .extracting(host -> host.failure().orElseThrow().message())
                    .containsExactly(
                            "host001: step 'planned': fact cpus can't be read: `nproc` exited 127: nproc: not found",
                            "host002: step 'planned': fact cpus can't be read from what `nproc` printed:"
                                    + " java.lang.NumberFormatException: For input string: \"many\"");
        }
    }

    @Nested
    class Strategies {

        private final Map<String, Integer> inFlight = new ConcurrentHashMap<>();
        private final AtomicInteger maximum = new AtomicInteger();

        private FakeConnector counting(CyclicBarrier meetAll) {
            return new FakeConnector((host, command) -> {
                inFlight.merge(host.name(), 1, Integer::sum);
                maximum.accumulateAndGet(inFlight.size(), Math::max);
                try {
                    meetAll.await(60, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw e;
                } catch (Exception e) {
                    throw new AssertionError("not as many hosts at once as there should be: " + inFlight.size(), e);
                } finally {
                    inFlight.remove(host.name());
                }
                return FakeConnector.exited(host, command, 0, "", "");
            });
        }

        /** All must be under way at once, or the barrier breaks. */
        @Test
        void withoutALimitAllHostsAreAtWorkAtOnce() {
            RunReport report = run(
                    counting(new CyclicBarrier(500)),
                    RunOptions.standard(),
                    hosts(500),
                    Deploy.named("d").step("one", command("a")).step("two", command("b")));

            assertThat(report.describe()).isEqualTo("run of 'd': 500 of 500 hosts succeeded");
            assertThat(maximum).hasValue(500);
        }

        /** Ten must be under way at once, or the barrier breaks; and never one more. */
        @ParameterizedTest
        @MethodSource("dev.weftwork.engine.EngineTest#parallelStrategies")
        void aLimitOfTenIsObservedAsTen(Strategy strategy) {
            RunReport report = run(
                    counting(new CyclicBarrier(10)),
                    RunOptions.standard().strategy(strategy).maxParallel(10),
                    hosts(100),
                    Deploy.named("d").step("one", command("a")).step("two", command("b")));

            assertThat(report.describe()).isEqualTo("run of 'd': 100 of 100 hosts succeeded");
            assertThat(maximum).hasValue(10);
        }

        @Test
        void aLimitAlsoHoldsForConnecting() throws Exception {
            var connecting = new AtomicInteger();
            var most = new AtomicInteger();
            var meet = new CyclicBarrier(4);
            var fake = FakeConnector.succeeding();
            Connector connector = new Connector() {
                @Override
                public Connection connect(Host host) throws InterruptedException {
                    most.accumulateAndGet(connecting.incrementAndGet(), Math::max);
                    try {
                        meet.await(60, TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        throw e;
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                    connecting.decrementAndGet();
                    return fake.connect(host);
                }

                @Override
                public void close() {}
            };

            RunReport report = run(
                    connector,
                    RunOptions.standard().maxParallel(4),
                    hosts(20),
                    Deploy.named("d").step(command("a")));

            assertThat(report.succeeded()).isTrue();
            assertThat(most).hasValue(4);
        }

        /** Hosts fail, are skipped and are unreachable all over the place; nobody may start a step too early. */
        @ParameterizedTest
        @org.junit.jupiter.params.provider.ValueSource(ints = {1_000_000, 7})
        void lockstepNeverStartsAStepBeforeAllHaveFinishedTheOneBefore(int limit) {
            int count = 60;
            var connector = new FakeConnector((host, command) -> FakeConnector.exited(
                    host, command, number(host) % 10 == Integer.parseInt(command.toString()) ? 1 : 0, "", ""));
            connector.unreachable("host005", "host025");
            Deploy deploy = Deploy.named("d");
            for (int k = 0; k < 6; k++) {
                int step = k;
                deploy = deploy.step(Step.of("step" + k, command(String.valueOf(k)))
                        .onlyIf(facts -> (number(facts.host()) + step) % 4 != 0));
            }

            RunReport report = run(connector, RunOptions.standard().maxParallel(limit), hosts(count), deploy);

            var finished = new HashMap<String, Integer>();
            var gone = new ArrayList<String>();
            int violations = 0;
            for (RunEvent event : events.events()) {
                if (event instanceof RunEvent.StepStarted started) {
                    int step = Integer.parseInt(started.step().substring(4));
                    for (HostResult host : report.hosts()) {
                        String name = host.host().name();
                        if (!gone.contains(name) && finished.getOrDefault(name, -1) < step - 1) {
                            violations++;
                        }
                    }
                } else if (event instanceof RunEvent.StepFinished step) {
                    finished.put(
                            step.host().name(),
                            Integer.parseInt(step.result().step().substring(4)));
                    if (step.result().status() == StepStatus.FAILED) {
                        gone.add(step.host().name());
                    }
                } else if (event instanceof RunEvent.HostFinished host) {
                    gone.add(host.host().name());
                }
            }
            assertThat(violations).isZero();
            assertThat(report.count(HostStatus.UNREACHABLE)).isEqualTo(2);
            assertThat(report.count(HostStatus.FAILED)).isPositive();
            assertThat(report.count(StepStatus.SKIPPED)).isPositive();
        }

        /** Each host waits within the step for all others: possible only if all of them are in it together. */
        @Test
        void lockstepLetsAllHostsIntoAStepTogetherAfterOthersHaveLeft() {
            int count = 40;
            var second = new CyclicBarrier(count - 5);
            var connector = new FakeConnector((host, command) -> {
                if (command.toString().equals("first")) {
                    return FakeConnector.exited(host, command, number(host) <= 5 ? 1 : 0, "", "");
                }
                try {
                    second.await(60, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw e;
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
                return FakeConnector.exited(host, command, 0, "", "");
            });

            RunReport report = run(
                    connector,
                    RunOptions.standard(),
                    hosts(count),
                    Deploy.named("d").step("one", command("first")).step("two", command("second")));

            assertThat(report.count(HostStatus.SUCCEEDED)).isEqualTo(count - 5);
        }

        @Test
        void freeLetsAHostRunAhead() throws Exception {
            var secondDone = new CountDownLatch(1);
            var connector = new FakeConnector((host, command) -> {
                if (number(host) == 1 && command.toString().equals("first")) {
                    Waiting.await(secondDone, "the other host's end");
                }
                if (number(host) == 2 && command.toString().equals("last")) {
                    secondDone.countDown();
                }
                return FakeConnector.exited(host, command, 0, "", "");
            });

            RunReport report = run(
                    connector,
                    RunOptions.standard().strategy(Strategy.free()),
                    hosts(2),
                    Deploy.named("d").step("one", command("first")).step("two", command("last")));

            assertThat(report.describe()).isEqualTo("run of 'd': 2 of 2 hosts succeeded");
        }

        @Test
        void serialTakesOneHostAfterTheOtherInOrderAlsoAfterFailures() {
            var connector = new FakeConnector(
                    (host, command) -> FakeConnector.exited(host, command, number(host) == 2 ? 1 : 0, "", ""));
            connector.unreachable("host004");

            run(
                    connector,
                    RunOptions.standard().strategy(Strategy.serial()),
                    hosts(6),
                    Deploy.named("d").step("one", command("a")).step("two", command("b")));

            var order = new ArrayList<String>();
            for (RunEvent.HostEvent event : events.events(RunEvent.HostEvent.class)) {
                String name = event.host().name();
                if (order.isEmpty() || !order.get(order.size() - 1).equals(name)) {
                    order.add(name);
                }
            }
            assertThat(order).containsExactly("host001", "host002", "host003", "host004", "host005", "host006");
        }
    }

    static Stream<Strategy> parallelStrategies() {
        return Stream.of(Strategy.lockstep(), Strategy.free());
    }

    @Nested
    class Listeners {

        private final Deploy deploy =
                Deploy.named("d").step("one", command("a")).step("two", command("b"));

        @Test
        void areToldInOrderForEachHost() {
            run(FakeConnector.succeeding(), RunOptions.standard(), hosts(20), deploy);

            assertThat(events.events().get(0)).isInstanceOf(RunEvent.RunStarted.class);
            assertThat(events.events()).last().isInstanceOf(RunEvent.RunFinished.class);
            for (int i = 1; i <= 20; i++) {
                String name = "host%03d".formatted(i);
                assertThat(events.events(RunEvent.HostEvent.class).stream()
                                .filter(event -> event.host().name().equals(name))
                                .map(EventLabel::of))
                        .containsExactly(
                                "HostStarted",
                                "HostConnected",
                                "StepStarted one",
                                "CommandStarted a",
                                "CommandFinished a",
                                "StepFinished one",
                                "StepStarted two",
                                "CommandStarted b",
                                "CommandFinished b",
                                "StepFinished two",
                                "HostFinished");
            }
        }

        @Test
        void thatThrowBreakNeitherTheRunNorEachOther() {
            RunOptions options = RunOptions.standard()
                    .listener(event -> {
                        throw new IllegalStateException("listener");
                    })
                    .listener(event -> {
                        throw new StackOverflowError();
                    });

            RunReport report = run(FakeConnector.succeeding(), options, hosts(3), deploy);

            assertThat(report.succeeded()).isTrue();
            assertThat(events.events(RunEvent.StepFinished.class)).hasSize(6);
        }

        @Test
        void aHostThatCannotBeReachedIsNotConnected() {
            run(FakeConnector.succeeding().unreachable("host002"), RunOptions.standard(), hosts(3), deploy);

            assertThat(events.events(RunEvent.HostConnected.class))
                    .extracting(event -> event.host().name())
                    .containsExactlyInAnyOrder("host001", "host003");
        }

        /** Counts the hosts of its run, and hands out another one for each. */
        private static final class PerRun implements RunListener {
            private final List<PerRun> ofRuns;
            private final List<RunEvent> events = Collections.synchronizedList(new ArrayList<>());

            PerRun(List<PerRun> ofRuns) {
                this.ofRuns = ofRuns;
            }

            @Override
            public RunListener forRun() {
                var own = new PerRun(ofRuns);
                ofRuns.add(own);
                return own;
            }

            @Override
            public void on(RunEvent event) {
                events.add(event);
            }
        }

        @Test
        void ofOneRunAreToldOfThatOnly() {
            var ofRuns = new ArrayList<PerRun>();
            var listener = new PerRun(ofRuns);
            RunOptions options = RunOptions.standard().listener(listener);

            run(FakeConnector.succeeding(), options, hosts(2), deploy);
            run(FakeConnector.succeeding(), options, hosts(3), deploy);

            assertThat(listener.events).isEmpty();
            assertThat(ofRuns)
                    .extracting(own -> own.events.stream()
                            .filter(event -> event instanceof RunEvent.HostFinished)
                            .count())
                    .containsExactly(2L, 3L);
            assertThat(ofRuns)
                    .allSatisfy(own -> assertThat(own.events)
                            .startsWith(own.events.get(0))
                            .first()
                            .isInstanceOf(RunEvent.RunStarted.class));
        }

        @Test
        void thatThrowWhenARunBeginsAreLeftOutOfIt() {
            RunListener broken = new RunListener() {
                @Override
                public void on(RunEvent event) {
                    throw new AssertionError("told");
                }

                @Override
                public RunListener forRun() {
                    throw new IllegalStateException("not today");
                }
            };

            RunReport report =
                    run(FakeConnector.succeeding(), RunOptions.standard().listener(broken), hosts(3), deploy);

            assertThat(report.succeeded()).isTrue();
            assertThat(events.events(RunEvent.StepFinished.class)).hasSize(6);
        }

        /** The slow one holds its own host until all others have ended, which they couldn't if it held them too. */
        @Test
        void thatAreSlowHoldTheirOwnHostOnly() throws Exception {
            var others = new CountDownLatch(9);
            RunOptions options = RunOptions.standard().strategy(Strategy.free()).listener(event -> {
                if (event instanceof RunEvent.HostFinished) {
                    others.countDown();
                }
                if (event instanceof RunEvent.StepStarted started
                        && started.step().equals("one")
                        && number(started.host()) == 1) {
                    try {
                        Waiting.await(others, "the end of all other hosts");
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });

            assertThat(run(FakeConnector.succeeding(), options, hosts(10), deploy)
                            .succeeded())
                    .isTrue();
            assertThat(others.getCount()).isZero();
        }

        private static final class EventLabel {
            static String of(RunEvent.HostEvent event) {
                String name = event.getClass().getSimpleName();
                return switch (event) {
                    case RunEvent.StepStarted e -> name + " " + e.step();
                    case RunEvent.StepRetried e -> name + " " + e.step();
                    case RunEvent.StepFinished e -> name + " " + e.result().step();
                    case RunEvent.CommandStarted e -> name + " " + e.command();
                    case RunEvent.CommandFinished e -> name + " " + e.result().command();
                    case RunEvent.HostStarted e -> name;
                    case RunEvent.HostConnected e -> name;
                    case RunEvent.HostFinished e -> name;
                };
            }
        }
    }

    @Nested
    class Cancelling {

        private final CountDownLatch underWay = new CountDownLatch(30);
        private final FakeConnector blocking = new FakeConnector((host, command) -> {
            if (command.toString().equals("blocks")) {
                underWay.countDown();
                new CountDownLatch(1).await();
            }
            return FakeConnector.exited(host, command, 0, "", "");
        });
        private final Deploy deploy = Deploy.named("d")
                .step("before", command("a"))
                .step("blocks", command("blocks"))
                .step("after", command("b"));

        @Test
        void byInterruptingTheCallerStillGivesAReport() throws Exception {
            var report = new CompletableFuture<RunReport>();
            var flag = new CompletableFuture<Boolean>();
            Thread caller = Thread.ofPlatform().start(() -> {
                report.complete(run(blocking, RunOptions.standard(), hosts(30), deploy));
                flag.complete(Thread.currentThread().isInterrupted());
            });
            Waiting.await(underWay, "all commands to be under way");

            caller.interrupt();

            verifyCancelled(Waiting.await(report, "a report"));
            assertThat(Waiting.await(flag, "the caller's end")).isTrue();
        }

        @Test
        void byClosingTheEngineStillGivesAReport() throws Exception {
            var engine = Engine.of(blocking);
            var report = new CompletableFuture<RunReport>();
            Thread.ofPlatform().start(() -> report.complete(engine.run(hosts(30), deploy)));
            Waiting.await(underWay, "all commands to be under way");

            engine.close();

            verifyCancelled(Waiting.await(report, "a report"));
            assertThat(blocking.closed).isTrue();
            assertThatIllegalStateException()
                    .isThrownBy(() -> engine.run(hosts(1), deploy))
                    .withMessage("the engine is closed, so 'd' can't be run; use another engine");
            engine.close();
        }

        private void verifyCancelled(RunReport report) {
            assertThat(report.cancelled()).isTrue();
            assertThat(report.hosts()).allSatisfy(host -> {
                assertThat(host.status()).isEqualTo(HostStatus.CANCELLED);
                assertThat(host.steps())
                        .extracting(StepResult::status)
                        .containsExactly(StepStatus.CHANGED, StepStatus.CANCELLED, StepStatus.NOT_RUN);
                assertThat(host.failure().orElseThrow().command().orElseThrow().outcome())
                        .isEqualTo(new Outcome.Cancelled(true));
                assertThat(host.failure().orElseThrow().message())
                        .isEqualTo(host.host() + ": step 'blocks': `blocks` was cancelled");
            });
            assertThat(blocking.open).hasValue(0);
        }

        @Test
        void beforeTheRunBeginsMeansThatNothingRuns() throws Exception {
            var report = new CompletableFuture<RunReport>();
            Thread.ofPlatform().start(() -> {
                Thread.currentThread().interrupt();
                report.complete(run(blocking, RunOptions.standard().strategy(Strategy.serial()), hosts(30), deploy));
            });

            RunReport cancelled = Waiting.await(report, "a report");

            assertThat(cancelled.cancelled()).isTrue();
            assertThat(cancelled.hosts()).hasSize(30).allSatisfy(host -> {
                assertThat(host.status()).isEqualTo(HostStatus.CANCELLED);
                assertThat(host.steps()).hasSize(3);
            });
            assertThat(cancelled.count(StepStatus.NOT_RUN)).isEqualTo(90);
            assertThat(blocking.connects).hasValue(0);
            assertThat(events.events(RunEvent.HostFinished.class)).hasSize(30);
        }

        /** The interrupt is gone then; the run is cancelled all the same. */
        @Test
        void survivesAListenerThatTakesTheInterrupt() throws Exception {
            var waiting = new CountDownLatch(1);
            var ran = new AtomicInteger();
            var connector = new FakeConnector((host, command) -> {
                ran.incrementAndGet();
                return FakeConnector.exited(host, command, 0, "", "");
            });
            RunOptions options = RunOptions.standard().listener(event -> {
                if (event instanceof RunEvent.CommandStarted) {
                    waiting.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        // Taken, and not given back.
                    }
                }
            });
            var report = new CompletableFuture<RunReport>();
            Thread caller = Thread.ofPlatform().start(() -> report.complete(run(connector, options, hosts(1), deploy)));
            Waiting.await(waiting, "the first command");

            caller.interrupt();

            assertThat(Waiting.await(report, "a report").count(HostStatus.CANCELLED))
                    .isEqualTo(1);
            assertThat(ran).hasValue(0);
        }

        @Test
        void hostsThatWaitForTheirTurnLeaveToo() throws Exception {
            var first = new CountDownLatch(1);
            var connector = new FakeConnector((host, command) -> {
                first.countDown();
                new CountDownLatch(1).await();
                return FakeConnector.exited(host, command, 0, "", "");
            });
            var report = new CompletableFuture<RunReport>();
            Thread caller = Thread.ofPlatform()
                    .start(() ->
                            report.complete(run(connector, RunOptions.standard().maxParallel(1), hosts(50), deploy)));
            Waiting.await(first, "the first command");

            caller.interrupt();

            RunReport cancelled = Waiting.await(report, "a report");
            assertThat(cancelled.count(HostStatus.CANCELLED)).isEqualTo(50);
            assertThat(cancelled.count(StepStatus.CANCELLED)).isEqualTo(1);
            assertThat(connector.open).hasValue(0);
        }
    }

    @Nested
    class Lifetime {

        @Test
        void severalRunsAtOnceDoNotMix() throws Exception {
            try (var engine = Engine.of(new FakeConnector(
                    (host, command) -> FakeConnector.exited(host, command, 0, host + " " + command, "")))) {
                var reports = new ArrayList<CompletableFuture<RunReport>>();
                for (int r = 0; r < 8; r++) {
                    var report = new CompletableFuture<RunReport>();
                    reports.add(report);
                    Deploy deploy = Deploy.named("d" + r).step("s", command("run" + r));
                    Thread.ofVirtual().start(() -> report.complete(engine.run(hosts(50), deploy)));
                }
                for (int r = 0; r < 8; r++) {
                    RunReport report = Waiting.await(reports.get(r), "a report");
                    int number = r;
                    assertThat(report.deploy()).isEqualTo("d" + r);
                    assertThat(report.hosts())
                            .hasSize(50)
                            .allSatisfy(host ->
                                    assertThat(host.step("s").stdoutText()).isEqualTo(host.host() + " run" + number));
                }
            }
        }

        @Test
        void badInputFailsAtOnce() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            run(FakeConnector.succeeding(), RunOptions.standard(), hosts(1), Deploy.named("empty")))
                    .withMessage("deploy 'empty' must have at least one step");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Engine.builder(FakeConnector.succeeding()).maxParallel(0))
                    .withMessage("maxParallel must be >= 1, was 0");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Deploy.named("d").step("s", command("a")).step("s", command("b")))
                    .withMessage(
                            "step names must be unique, deploy 'd' already has 's'; give one of them another name");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Deploy.named(" "))
                    .withMessage("deploy name must not be blank");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Step.of("", command("a")))
                    .withMessage("step name must not be blank");
        }
    }
}
