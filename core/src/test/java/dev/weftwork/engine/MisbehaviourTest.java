package dev.weftwork.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.command.Secret;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Retry;
import dev.weftwork.deploy.Step;
import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.fact.Fact;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunFailedException;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.FakeConnector;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.InMemoryConnector.Answer;
import dev.weftwork.testing.RecordingListener;
import dev.weftwork.testing.VirtualTime;
import dev.weftwork.testing.Waiting;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Machines that fail half way, and code, consumers, listeners and strategies that do what they should not. */
class MisbehaviourTest {

    private final RecordingListener events = new RecordingListener();
    private final AtomicInteger runs = new AtomicInteger();
    private final Retry atOnce = Retry.attempts(3).backoff(Duration.ZERO);

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

    private static Change change(String command) {
        return new Change(command, Command.of(command));
    }

    private static CommandResult ended(Host host, Command command, Outcome outcome) {
        return new CommandResult(host.name(), command, outcome, Output.empty(), Output.empty(), Duration.ZERO);
    }

    private RunReport run(Connector connector, Deploy deploy) {
        return run(connector, RunOptions.standard(), Inventory.ofNames("web01"), deploy);
    }

    private RunReport run(Connector connector, RunOptions options, Inventory inventory, Deploy deploy) {
        try (var engine = Engine.of(connector)) {
            return engine.run(inventory, deploy, options.listener(events));
        }
    }

    // ---- what is done half way is not forgotten

    @Test
    void whatAnEarlierAttemptHasChangedIsAChangeOfTheStep() {
        // The first change is made, the second fails once; then there is nothing left to do.
        Operation config = new Planned(host -> runs.get() > 1 ? List.of() : List.of(change("one"), change("two")));
        var connector = new FakeConnector(
                (host, command) -> FakeConnector.exited(host, command, runs.incrementAndGet() == 2 ? 1 : 0, "", ""));
        Deploy deploy = Deploy.named("d")
                .step(Step.of("config", config).retry(atOnce))
                .step(Step.of("restart", Shell.run("restart")).onlyIfChanged("config"));

        RunReport report = run(connector, deploy);

        assertThat(report.host("web01").step("config").status()).isEqualTo(StepStatus.CHANGED);
        assertThat(report.host("web01").step("config").attempts()).isEqualTo(2);
        assertThat(report.host("web01").step("restart").status()).isEqualTo(StepStatus.CHANGED);
    }

    @Test
    void whatAStepHasChangedBeforeItFailedIsAChangeToo() {
        var connector = new FakeConnector((host, command) ->
                FakeConnector.exited(host, command, command.toString().equals("two") ? 1 : 0, "", ""));
        Deploy deploy = Deploy.named("d")
                .step(Step.of("config", new Planned(host -> List.of(change("one"), change("two"))))
                        .ignoreErrors())
                .step(Step.of("restart", Shell.run("restart")).onlyIfChanged("config"));

        RunReport report = run(connector, deploy);

        assertThat(report.host("web01").step("config").status()).isEqualTo(StepStatus.FAILURE_IGNORED);
        assertThat(report.host("web01").step("restart").status()).isEqualTo(StepStatus.CHANGED);
    }

    @Test
    void everyAttemptReadsItsFactsAnew() {
        Fact<Boolean> ready = Fact.of("ready", Command.of("ready"), result -> runs.incrementAndGet() == 3);
        Deploy deploy = Deploy.named("d")
                .step(Step.code("wait", host -> {
                            if (!host.fact(ready)) {
                                throw new IllegalStateException("not ready");
                            }
                            return null;
                        })
                        .retry(atOnce));

        RunReport report = run(FakeConnector.succeeding(), deploy);

        report.throwIfFailed();
        assertThat(report.host("web01").step("wait").attempts()).isEqualTo(3);
    }

    @Test
    void whatMayHaveRunIsNotRunAgainBehindOtherFailures() {
        var connector = new FakeConnector((host, command) -> switch (command.toString()) {
            case "migrate" -> {
                runs.incrementAndGet();
                yield ended(host, command, new Outcome.ConnectionLost("cut"));
            }
            case "breaks" -> throw new IllegalStateException("bug");
            default -> FakeConnector.exited(host, command, 1, "", "");
        });
        Step code = Step.code("code", host -> {
                    if (!host.run("migrate").succeeded()) {
                        throw new IllegalStateException("of its own");
                    }
                    return null;
                })
                .retry(atOnce);
        Step planned = Step.of(
                        "planned",
                        new Planned(host ->
                                List.of(change("fails"), change("migrate").madeEveryTime(), change("never"))))
                .continueOnError()
                .retry(atOnce);
        Step broken = Step.code("broken", host -> host.run("breaks")).retry(atOnce);

        run(connector, Deploy.named("d").step(code));
        assertThat(runs).hasValue(1);
        run(connector, Deploy.named("d").step(planned));
        assertThat(runs).hasValue(2);
        assertThat(run(connector, Deploy.named("d").step(broken))
                        .host("web01")
                        .step("broken")
                        .attempts())
                .isEqualTo(1);
    }

    @Test
    void failuresSayHowOftenItWasTriedAndWhyNotAgain() {
        var connector = new FakeConnector((host, command) -> FakeConnector.exited(host, command, 1, "", ""));

        assertThat(run(
                                connector,
                                Deploy.named("d")
                                        .step(Step.of("s", Shell.run("a")).retry(atOnce)))
                        .host("web01")
                        .failure()
                        .orElseThrow()
                        .message())
                .isEqualTo("web01: step 's': `a` exited 1 (after 3 attempts)");
        assertThat(run(
                                connector,
                                Deploy.named("d")
                                        .step(Step.of("s", Shell.run("a")).retry(atOnce.when(failure -> {
                                            throw new IllegalStateException("bad condition");
                                        }))))
                        .host("web01")
                        .failure()
                        .orElseThrow()
                        .message())
                .isEqualTo("web01: step 's': `a` exited 1; the condition for another attempt threw"
                        + " java.lang.IllegalStateException: bad condition");
    }

    @Test
    void theFirstFailureOfAStepForAllIsThatOfWhoTookIt() {
        for (int i = 0; i < 50; i++) {
            RunReport report = run(
                    new FakeConnector((host, command) -> FakeConnector.exited(host, command, 1, "", "")),
                    RunOptions.standard(),
                    Inventory.ofNames("a", "b", "c", "d"),
                    Deploy.named("d").step(Step.of("s", Shell.run("x")).runOnce()));

            assertThat(report.firstFailure().orElseThrow().command()).isPresent();
        }
    }

    @Test
    void whyAStepWasCutShortIsMoreThanAnEarlierFailureThatItWentOnAfter() throws Exception {
        var underWay = new CountDownLatch(1);
        var connector = new FakeConnector((host, command) -> {
            if (command.toString().equals("blocks")) {
                underWay.countDown();
                new CountDownLatch(1).await();
            }
            return FakeConnector.exited(host, command, 1, "", "");
        });
        Deploy deploy = Deploy.named("d")
                .step(Step.of("s", new Planned(host -> List.of(change("fails"), change("blocks"), change("never"))))
                        .continueOnError()
                        .ignoreErrors());
        try (var engine = Engine.of(connector);
                RunHandle run = engine.start(Inventory.ofNames("web01"), deploy)) {
            Waiting.await(underWay, "the second change");
            run.cancel();

            RunReport report = run.join();

            assertThat(report.host("web01").status()).isEqualTo(HostStatus.CANCELLED);
            assertThat(report.host("web01").failure().orElseThrow().message())
                    .isEqualTo("web01: step 's': `blocks` was cancelled");
        }
        RunReport limited = run(
                InMemoryConnector.answering(
                        (host, command) -> command.toString().equals("blocks") ? Answer.stuck() : Answer.exit(1)),
                RunOptions.standard().hostTimeout(Duration.ofMillis(100)),
                Inventory.ofNames("web01"),
                deploy);
        assertThat(limited.host("web01").failure().orElseThrow().message())
                .startsWith("web01: step 's': the host's limit of 100 ms passed: `blocks` was");
    }

    @Test
    void factsAreReadAgainAfterCodeAndAfterStepsElsewhere() {
        var there = new AtomicInteger();
        Fact<Integer> fact = Fact.of("there", Command.of("ask"), result -> there.get());
        Deploy deploy = Deploy.named("d")
                .step(Step.of("one", new Planned(host -> List.of())).onlyIf(host -> host.fact(fact) == 0))
                .step(Step.of("elsewhere", new Planned(host -> {
                            there.set(1);
                            return List.of();
                        }))
                        .delegateTo(Host.named("lb")))
                .step(Step.of("two", new Planned(host -> List.of())).onlyIf(host -> host.fact(fact) == 1))
                .code("code", host -> {
                    there.set(2);
                    return null;
                })
                .step(Step.of("three", new Planned(host -> List.of())).onlyIf(host -> host.fact(fact) == 2));

        RunReport report = run(FakeConnector.succeeding(), deploy);

        assertThat(report.count(StepStatus.UNCHANGED)).isEqualTo(5);
    }

    @Test
    void aCancelBetweenTwoAttemptsKeepsWhatTheLastOneSaid() throws Exception {
        var handle = new CompletableFuture<RunHandle>();
        Deploy deploy = Deploy.named("d")
                .step(Step.of("s", Shell.run("a"))
                        .retry(Retry.attempts(2).backoff(Duration.ofDays(1)).jitter(0)));
        try (var engine = Engine.of(
                        new FakeConnector((host, command) -> FakeConnector.exited(host, command, 1, "", "")));
                RunHandle run = engine.start(
                        Inventory.ofNames("web01"),
                        deploy,
                        RunOptions.standard().listener(event -> {
                            if (event instanceof RunEvent.StepRetried) {
                                handle.join().cancel();
                            }
                        }))) {
            handle.complete(run);

            var step = run.join().host("web01").step("s");

            assertThat(step.attempts()).isEqualTo(1);
            assertThat(step.failure().orElseThrow().message())
                    .isEqualTo(
                            "web01: step 's': the run was cancelled before another attempt; the last one: `a` exited 1");
        }
    }

    // ---- secrets and options

    @Test
    void secretsOfAStepStayHiddenInMessagesOfFactsReadTogether(@TempDir Path folder) {
        Deploy deploy = Deploy.named("d")
                .step(Step.of("s", host -> {
                            host.facts(
                                    Fact.of("one", Command.script("echo $PW"), CommandResult::stdoutText),
                                    Fact.of(
                                            "two",
                                            Command.script("echo no $PW >&2; exit 3"),
                                            CommandResult::stdoutText));
                            return Shell.run("never");
                        })
                        .secretEnv("PW", Secret.of("hunter2secret")));

        RunReport report = run(LocalConnector.in(folder), deploy);

        assertThat(report.host("web01").failure().orElseThrow().message())
                .isEqualTo("web01: step 's': fact two can't be read: `echo no $PW >&2; exit 3` exited 3: no ******");
    }

    @Test
    void successCodesAreNotForBuiltInOperations(@TempDir Path folder) throws Exception {
        java.nio.file.Files.createDirectories(folder.resolve("web01"));
        java.nio.file.Files.writeString(folder.resolve("web01/file"), "in the way");
        Deploy deploy = Deploy.named("d")
                .successCodes(0, 1, 2)
                .step(Step.of("own", Shell.run("exit 2")))
                .step(Step.of("directory", Files.directory("file/below")));

        RunReport report = run(LocalConnector.in(folder), deploy);

        assertThat(report.host("web01").step("own").status()).isEqualTo(StepStatus.CHANGED);
        assertThat(report.host("web01").step("directory").status()).isEqualTo(StepStatus.FAILED);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Step.of(Shell.run("a")).secretEnv("A", Secret.of("a\0b")))
                .withMessageContaining("NUL");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Retry.attempts(2).backoff(Duration.ofMillis(1), Duration.ofSeconds(Long.MAX_VALUE)));
    }

    // ---- limits

    @Test
    void aLimitCountsTheWaitForTheConnector() {
        var time = new VirtualTime();
        var connector = InMemoryConnector.builder()
                .time(time)
                .maxParallel(1)
                .answer((host, command) -> Answer.ok().after(Duration.ofSeconds(9)))
                .build();
        Deploy deploy = Deploy.named("d")
                .step(Step.of("s", Shell.run("a"))
                        .commandTimeout(Duration.ofMillis(9_500))
                        .timeout(Duration.ofSeconds(10)));

        RunReport report;
        try (var engine = Engine.builder(connector).time(time).build()) {
            report = engine.run(Inventory.ofNames("a", "b"), deploy);
        }

        assertThat(report.count(HostStatus.SUCCEEDED)).isEqualTo(1);
        assertThat(report.failedHosts().get(0).failure().orElseThrow().message())
                .contains("the step's limit of 10 s passed: `a` was ended after 1000 ms");
        assertThat(report.elapsed()).isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void aConditionThatSwallowsTheInterruptOfALimitDoesNotLetTheStepBegin() {
        Deploy deploy = Deploy.named("d")
                .step(Step.code("s", host -> runs.incrementAndGet())
                        .onlyIf(host -> {
                            try {
                                new CountDownLatch(1).await();
                            } catch (InterruptedException e) {
                                return true;
                            }
                            return false;
                        })
                        .timeout(Duration.ofMillis(50)));

        RunReport report = run(FakeConnector.succeeding(), deploy);

        assertThat(report.host("web01").failure().orElseThrow().message())
                .isEqualTo("web01: step 's': the step's limit of 50 ms passed");
        assertThat(runs).hasValue(0);
    }

    @Test
    void theRunsLimitIsNamedHoweverTheCommandEnded() {
        for (int i = 0; i < 20; i++) {
            RunReport report = run(
                    new FakeConnector((host, command) -> {
                        new CountDownLatch(1).await();
                        throw new IllegalStateException("never");
                    }),
                    RunOptions.standard().timeout(Duration.ofMillis(5)),
                    Inventory.ofNames("a", "b"),
                    Deploy.named("d").step("s", Shell.run("a")));

            assertThat(report.cancelled()).isTrue();
            assertThat(report.hosts())
                    .allSatisfy(host -> assertThat(host.failure().orElseThrow().message())
                            .contains("the run's limit of 5 ms passed"));
        }
    }

    // ---- consumers, listeners, strategies

    /** Hands output to its consumer, which may throw. */
    private static Connector talking(int cap) {
        return new Connector() {
            @Override
            public Connection connect(Host host) {
                return new Connection() {
                    @Override
                    public CommandResult execute(Command command, OutputConsumer consumer) {
                        consumer.accept(OutputConsumer.Stream.STDOUT, new byte[] {'x'}, 0, 1);
                        return ended(host, command, new Outcome.Completed(0));
                    }

                    @Override
                    public void close() {}
                };
            }

            @Override
            public int maxParallel() {
                return cap;
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void aCommandWhoseConsumerThrewIsInTheReport() {
        Deploy deploy = Deploy.named("d").code("s", host -> {
            try {
                return host.run(Command.of("a"), (stream, bytes, offset, count) -> {
                    throw new IllegalStateException("bad consumer");
                });
            } catch (IllegalStateException e) {
                return e.getMessage();
            }
        });

        RunReport report = run(talking(Integer.MAX_VALUE), deploy);

        var step = report.host("web01").step("s");
        assertThat(step.value(String.class)).isEqualTo("bad consumer");
        assertThat(step.status()).isEqualTo(StepStatus.CHANGED);
        assertThat(step.changes().get(0).command().outcome()).isEqualTo(new Outcome.Cancelled(false));
        assertThat(events.events(RunEvent.CommandFinished.class)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, Integer.MAX_VALUE})
    void aConsumerThatRunsCommandsIsToldThatItCannot(int cap) {
        Deploy deploy = Deploy.named("d")
                .code(
                        "s",
                        host -> host.run(
                                Command.of("a"),
                                (stream, bytes, offset, count) -> host.run("b").exitCode()));

        RunReport report = run(talking(cap), deploy);

        assertThat(report.host("web01").failure().orElseThrow().message())
                .contains("its host is used by the consumer of a command's output, before that has ended");
    }

    @Test
    void aListenerThatTakesTheInterruptOfACancelDoesNotMakeItWaitForTheNextAttempt() throws Exception {
        var handle = new CompletableFuture<RunHandle>();
        var options = RunOptions.standard().listener(event -> {
            if (event instanceof RunEvent.StepRetried) {
                handle.join().cancel();
                Thread.interrupted();
            }
        });
        Deploy deploy = Deploy.named("d")
                .step(Step.of("s", Shell.run("a"))
                        .retry(Retry.attempts(2).backoff(Duration.ofDays(1)).jitter(0)));
        try (var engine = Engine.of(
                        new FakeConnector((host, command) -> FakeConnector.exited(host, command, 1, "", "")));
                RunHandle run = engine.start(Inventory.ofNames("web01"), deploy, options)) {
            handle.complete(run);

            assertThat(run.join(Duration.ofSeconds(60)).orElseThrow().count(HostStatus.CANCELLED))
                    .isEqualTo(1);
        }
    }

    @Test
    void aConnectorThatTakesTheInterruptOfACancelDoesNotMakeAHostWaitForEver() throws Exception {
        var connecting = new CountDownLatch(1);
        var connector = new Connector() {
            private final FakeConnector machines = FakeConnector.succeeding();

            @Override
            public Connection connect(Host host) {
                connecting.countDown();
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    return machines.connect(host);
                }
                throw new IllegalStateException("never");
            }

            @Override
            public void close() {}
        };
        Strategy never = (hosts, stages) -> new Strategy.Pacing() {
            private final Gate shut = new Gate();

            @Override
            public Gate before(int host, int stage) {
                return stage == 0 ? Gate.opened() : shut;
            }

            @Override
            public void finished(int host, int stage) {}
        };
        try (var engine = Engine.builder(connector).strategy(never).build();
                RunHandle run = engine.start(
                        Inventory.ofNames("web01"), Deploy.named("d").step("s", Shell.run("a")))) {
            Waiting.await(connecting, "the connecting");

            run.cancel();

            assertThat(run.join(Duration.ofSeconds(60)).orElseThrow().count(HostStatus.CANCELLED))
                    .isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"finished", "failed"})
    void aStrategyThatThrowsWhereOthersMayWaitForItCancelsTheRun(String where) {
        Strategy broken = (hosts, stages) -> new Strategy.Pacing() {
            private final Gate never = new Gate();

            @Override
            public Gate before(int host, int stage) {
                return host == 0 ? Gate.opened() : never;
            }

            @Override
            public void finished(int host, int stage) {
                breakIf("finished");
            }

            @Override
            public void failed(int host) {
                breakIf("failed");
            }

            private void breakIf(String here) {
                if (here.equals(where)) {
                    throw new IllegalStateException("broken strategy");
                }
            }
        };

        RunReport report = run(
                new FakeConnector((host, command) -> FakeConnector.exited(host, command, 1, "", "")),
                RunOptions.standard().strategy(broken),
                Inventory.ofNames("a", "b"),
                Deploy.named("d").step("s", Shell.run("x")));

        assertThat(report.cancelled()).isTrue();
        assertThat(report.earlyEnd().orElseThrow().reason())
                .isEqualTo("the strategy threw java.lang.IllegalStateException: broken strategy");
        assertThat(Stream.of("a", "b").map(report::host)).hasSize(2);
    }

    /** Says nothing of itself, not even to who logs it. */
    private static final class Unspeakable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("it has no message");
        }
    }

    @Test
    void aListenerThatThrowsWhatCannotBeLoggedIsNoHarm() {
        var broken = new RunListener() {
            @Override
            public void on(RunEvent event) {
                throw new Unspeakable();
            }
        };
        var brokenFromTheBeginning = new RunListener() {
            @Override
            public void on(RunEvent event) {}

            @Override
            public RunListener forRun() {
                throw new Unspeakable();
            }
        };
        RunOptions options = RunOptions.standard().listener(broken).listener(brokenFromTheBeginning);
        var log = ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger(Events.class.getName());
        log.setLevel(Level.WARN);
        log.setAdditive(false);

        RunReport report;
        try {
            report = run(
                    FakeConnector.succeeding(),
                    options,
                    Inventory.ofNames("web01", "web02"),
                    Deploy.named("d").step("s", Shell.run("a")));
        } finally {
            log.setLevel(null);
            log.setAdditive(true);
        }

        assertThat(report.succeeded()).isTrue();
        assertThat(events.events()).last().isInstanceOf(RunEvent.RunFinished.class);
    }

    @Test
    void aLogThatThrowsIsNoHarm() {
        var log = ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger(Events.class.getName());
        var full = new AppenderBase<ILoggingEvent>() {
            private int calls;

            @Override
            public synchronized void doAppend(ILoggingEvent event) {
                calls++;
                throw new IllegalStateException("the disk is full");
            }

            @Override
            protected void append(ILoggingEvent event) {}
        };
        log.addAppender(full);
        log.setLevel(Level.WARN);
        RunReport report;
        try {
            report = run(
                    FakeConnector.succeeding(),
                    RunOptions.standard().listener(event -> {
                        throw new IllegalStateException("listener");
                    }),
                    Inventory.ofNames("web01"),
                    Deploy.named("d").step("s", Shell.run("a")));
        } finally {
            log.detachAppender(full);
            log.setLevel(null);
        }

        assertThat(full.calls).isPositive();
        assertThat(report.succeeded()).isTrue();
        assertThat(events.events()).last().isInstanceOf(RunEvent.RunFinished.class);
    }

    /** A clock that breaks in the middle of the engine's own work stands for a bug of it. */
    @Test
    void listenersAreToldOfTheEndOfARunThatABugEnds() {
        var breaks = new AtomicBoolean();
        TimeSource time = new TimeSource() {
            @Override
            public long nanoTime() {
                if (Thread.currentThread().getName().equals("host-web02") && breaks.getAndSet(false)) {
                    throw new IllegalStateException("the clock broke");
                }
                return System.nanoTime();
            }

            @Override
            public void sleep(Duration length) throws InterruptedException {
                TimeSource.system().sleep(length);
            }

            @Override
            public Timer timer() {
                return TimeSource.system().timer();
            }
        };
        RunListener armed = event -> {
            if (event instanceof RunEvent.StepFinished finished
                    && finished.host().name().equals("web02")) {
                breaks.set(true);
            }
        };
        Deploy deploy = Deploy.named("d").step("one", Shell.run("a")).step("two", Shell.run("b"));

        try (var engine = Engine.builder(FakeConnector.succeeding())
                .time(time)
                .listener(armed)
                .listener(events)
                .build()) {
            assertThatThrownBy(() -> engine.run(Inventory.ofNames("web01", "web02"), deploy))
                    .hasRootCauseMessage("the clock broke");
        }

        assertThat(events.events()).last().isInstanceOf(RunEvent.RunFinished.class);
        RunReport report = events.events(RunEvent.RunFinished.class).get(0).report();
        assertThat(events.events(RunEvent.HostFinished.class))
                .extracting(event -> event.host().name())
                .containsExactlyInAnyOrder("web01", "web02");
        assertThat(report.earlyEnd().orElseThrow().reason()).contains("the clock broke", "a bug of it");
        assertThat(report.host("web02").status()).isEqualTo(HostStatus.FAILED);
        assertThat(report.host("web02").step("one").status()).isEqualTo(StepStatus.CHANGED);
        assertThat(report.host("web02").failure().orElseThrow().message())
                .startsWith("web02: the engine threw ")
                .contains("the clock broke");
    }

    /** Of what the machine answered code may say anything in what it throws. */
    @Test
    void whatCodeThrowsGivesNoSecretOfItsCommandsAway() {
        String answered = "k7Q2z9Xw4Rt1";
        String asked = "p0Lm3Nb6Vc8";
        var connector = new FakeConnector(
                (host, command) -> FakeConnector.exited(host, command, 0, answered + " " + asked + "\n", ""));
        Deploy deploy = Deploy.named("d").code("s", host -> {
            String text =
                    host.run(Command.of("login").secretArg(Secret.of(answered))).stdoutText();
            host.query(Command.of("ask").secretEnv("TOKEN", Secret.of(asked)));
            var e = new IllegalStateException("unexpected answer " + text, new IllegalArgumentException(text));
            e.addSuppressed(new IllegalStateException(asked));
            throw e;
        });

        RunReport report = run(connector, deploy);

        Failure failure = report.host("web01").failure().orElseThrow();
        assertThat(failure.message())
                .isEqualTo("web01: step 's': its code threw java.lang.IllegalStateException:"
                        + " unexpected answer ****** ******\n");
        var printed = new StringWriter();
        assertThatThrownBy(report::throwIfFailed).isInstanceOfSatisfying(RunFailedException.class, e -> {
            e.printStackTrace(new PrintWriter(printed));
        });
        assertThat(printed.toString())
                .doesNotContain(answered, asked)
                .contains(
                        "Caused by: java.lang.IllegalStateException: unexpected answer ******",
                        "Caused by: java.lang.IllegalArgumentException: ******",
                        "Suppressed: java.lang.IllegalStateException: ******",
                        "MisbehaviourTest");
    }

    /** A short one within a long one of another command must not leave the rest of that. */
    @Test
    void secretsOfSeveralCommandsAreHiddenTheLongestFirst() {
        var connector = FakeConnector.succeeding();
        Deploy deploy = Deploy.named("d").code("s", host -> {
            host.query(Command.of("a").secretArg(Secret.of("hunter2")));
            host.query(Command.of("b").secretArg(Secret.of("hunter2-production")));
            throw new IllegalStateException("login hunter2-production refused");
        });

        Failure failure = run(connector, deploy).host("web01").failure().orElseThrow();

        assertThat(failure.message()).endsWith("login ****** refused");
        assertThat(failure.cause().orElseThrow()).hasToString("java.lang.IllegalStateException: login ****** refused");
    }
}
