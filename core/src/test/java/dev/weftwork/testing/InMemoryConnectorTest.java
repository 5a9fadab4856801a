package dev.weftwork.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.OutputConsumer.Stream;
import dev.weftwork.inventory.Host;
import dev.weftwork.testing.InMemoryConnector.Answer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class InMemoryConnectorTest {

    private static final Host WEB = Host.named("web01");
    private static final Command TRUE = Command.of("true");
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final VirtualTime time = new VirtualTime();

    @Test
    void everythingSucceedsUnlessSomethingElseIsSaid() throws Exception {
        try (var connector = InMemoryConnector.succeeding();
                Connection connection = connector.connect(WEB)) {
            CommandResult result = connection.execute(TRUE);

            assertThat(result.succeeded()).isTrue();
            assertThat(result.host()).isEqualTo("web01");
            assertThat(result.stdout().length()).isZero();
            assertThat(connector.open()).isOne();
            assertThat(connector.executed()).isOne();
            assertThat(connector.maxCommandsInFlight()).isOne();
        }
    }

    @Test
    void answersComeByTextThenByConditionThenFromTheMachine() throws Exception {
        var connector = InMemoryConnector.builder()
                .on("uname -r", Answer.ok("6.1\n"))
                .on(
                        command -> command.toString().startsWith("uname"),
                        Answer.exit(2).stderr("no such option\n"))
                .answer((host, command) -> Answer.ok(host.name() + " " + command))
                .build();

        try (Connection connection = connector.connect(WEB)) {
            CommandResult wrong = connection.execute(Command.of("uname", "-x"));

            assertThat(connection.execute(Command.of("uname", "-r")).stdoutText())
                    .isEqualTo("6.1\n");
            assertThat(wrong.outcome()).isEqualTo(new Outcome.Completed(2));
            assertThat(wrong.stderrText()).isEqualTo("no such option\n");
            assertThat(connection.execute(Command.of("id")).stdoutText()).isEqualTo("web01 id");
        }
    }

    @Test
    void aConsumerSeesAllAndTheResultKeepsHeadAndTail() throws Exception {
        var seen = new ArrayList<String>();
        var connector = InMemoryConnector.answering(
                (host, command) -> Answer.ok("0123456789").stderr("e"));

        CommandResult result;
        try (Connection connection = connector.connect(WEB)) {
            result = connection.execute(
                    TRUE.outputLimit(4),
                    (stream, bytes, offset, count) ->
                            seen.add(stream + new String(bytes, offset, count, StandardCharsets.UTF_8)));
            assertThatThrownBy(() -> connection.execute(TRUE, (stream, bytes, offset, count) -> {
                        throw new IllegalStateException("full");
                    }))
                    .hasMessage("full");
            assertThat(connection.execute(TRUE).succeeded()).isTrue();
        }

        assertThat(seen).containsExactly(Stream.STDOUT + "0123456789", Stream.STDERR + "e");
        assertThat(result.stdout().length()).isEqualTo(10);
        assertThat(result.stdout().bytes()).asString().isEqualTo("0189");
    }

    @Test
    void latencyAndTimeoutPassInTheConnectorsTime() throws Exception {
        var connector = InMemoryConnector.builder()
                .time(time)
                .connectLatency(SECOND, SECOND)
                .latency(Duration.ofSeconds(10))
                .on("quick", Answer.ok().after(SECOND))
                .on("never", Answer.stuck())
                .build();

        time.run(() -> {
            try (Connection connection = connector.connect(WEB)) {
                assertThat(time.elapsed()).isEqualTo(SECOND);
                assertThat(connection.execute(TRUE).elapsed()).isEqualTo(Duration.ofSeconds(10));
                assertThat(connection.execute(Command.of("quick")).elapsed()).isEqualTo(SECOND);
                assertThat(connection
                                .execute(TRUE.timeout(Duration.ofSeconds(10)))
                                .succeeded())
                        .isTrue();
                CommandResult late = connection.execute(TRUE.timeout(SECOND));
                assertThat(late.outcome()).isEqualTo(new Outcome.TimedOut(SECOND, true));
                assertThat(late.elapsed()).isEqualTo(SECOND);
                assertThat(connection
                                .execute(Command.of("never").timeout(Duration.ofDays(1_000)))
                                .outcome())
                        .isInstanceOf(Outcome.TimedOut.class);
            }
        });

        assertThat(time.elapsed()).isEqualTo(Duration.ofDays(1_000).plusSeconds(1 + 10 + 1 + 10 + 1));
    }

    @Test
    void certainChancesHaveTheirOutcomes() throws Exception {
        assertThat(only(InMemoryConnector.builder().failing(1)).outcome()).isEqualTo(new Outcome.Completed(1));
        assertThat(only(InMemoryConnector.builder().losing(1)).outcome()).isInstanceOf(Outcome.ConnectionLost.class);
        assertThat(only(InMemoryConnector.builder().stuck(1)).outcome()).isEqualTo(new Outcome.TimedOut(SECOND, true));
        assertThatThrownBy(() -> only(InMemoryConnector.builder().unreachable(1)))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageStartingWith("web01: ");
        assertThatThrownBy(() -> only(InMemoryConnector.builder().unreachable("web02", "web01")))
                .isInstanceOf(ConnectFailedException.class);
        assertThatThrownBy(() -> InMemoryConnector.builder().failing(1.1))
                .hasMessage("failing must be 0 to 1, was 1.1");
    }

    private CommandResult only(InMemoryConnector.Builder builder) throws InterruptedException {
        var result = new ArrayList<CommandResult>();
        time.run(() -> {
            try (Connection connection = builder.time(time).build().connect(WEB)) {
                result.add(connection.execute(TRUE.timeout(SECOND)));
            }
        });
        return result.getFirst();
    }

    @Test
    void aSeedHappensAgainWhicheverThreadIsFaster() throws Exception {
        Map<String, List<String>> first = simulate(42, false);
        Map<String, List<String>> again = simulate(42, true);
        Map<String, List<String>> other = simulate(43, false);

        assertThat(again).isEqualTo(first).isNotEqualTo(other);
        assertThat(first.toString())
                .contains("no route", "Completed[exitCode=0]", "Completed[exitCode=1]", "TimedOut", "ConnectionLost");
        assertThat(new TreeMap<>(first).firstEntry().getValue())
                .isNotEqualTo(new TreeMap<>(first).lastEntry().getValue());
    }

    /** A hundred hosts with ten commands over two connections each; what became of each, and when. */
    private static Map<String, List<String>> simulate(long seed, boolean reversed) throws Exception {
        var time = new VirtualTime();
        var connector = InMemoryConnector.builder()
                .time(time)
                .seed(seed)
                .latency(Duration.ofMillis(1), Duration.ofMillis(100))
                .connectLatency(Duration.ofMillis(1), SECOND)
                .failing(0.1)
                .losing(0.1)
                .stuck(0.05)
                .unreachable(0.1)
                .recording(true)
                .build();
        var names = new ArrayList<String>();
        for (int i = 0; i < 100; i++) {
            names.add("host" + i);
        }
        if (reversed) {
            Collections.reverse(names);
        }
        var seen = new ConcurrentHashMap<String, List<String>>();
        var threads = new ArrayList<Thread>();
        time.run(() -> {
            for (String name : names) {
                threads.add(time.start(name, () -> seen.put(name, simulate(connector, time, Host.named(name)))));
            }
        });
        for (Thread thread : threads) {
            Waiting.join(thread);
        }
        assertThat(connector.open()).isZero();
        assertThat(connector.connects()).isEqualTo(200);
        return seen;
    }

    private static List<String> simulate(InMemoryConnector connector, VirtualTime time, Host host)
            throws InterruptedException {
        var seen = new ArrayList<String>();
        for (int i = 0; i < 2; i++) {
            try (Connection connection = connector.connect(host)) {
                for (int j = 0; j < 5; j++) {
                    seen.add(connection.execute(TRUE.timeout(SECOND)).outcome() + " at " + time.elapsed());
                }
            } catch (ConnectFailedException e) {
                seen.add(e.getMessage() + " at " + time.elapsed());
            }
        }
        seen.add("ran " + connector.ran(host.name()).size());
        return seen;
    }

    @Test
    void chancesComeAsOftenAsTheyShouldAndHalfOfTheLostHaveRun() throws Exception {
        var connector = InMemoryConnector.builder()
                .failing(0.01)
                .losing(0.1)
                .recording(true)
                .build();
        int failed = 0;
        int lost = 0;

        try (Connection connection = connector.connect(WEB)) {
            for (int i = 0; i < 20_000; i++) {
                Outcome outcome = connection.execute(TRUE).outcome();
                failed += outcome.equals(new Outcome.Completed(1)) ? 1 : 0;
                lost += outcome instanceof Outcome.ConnectionLost ? 1 : 0;
            }
        }

        assertThat(failed).isBetween(120, 240);
        assertThat(lost).isBetween(1_800, 2_200);
        assertThat(connector.executed("web01")).hasSize(20_000);
        assertThat(20_000 - connector.ran("web01").size()).isBetween(lost * 4 / 10, lost * 6 / 10);
    }

    @Test
    void commandsAreRecordedInTheirOrderOverAllConnections() throws Exception {
        var connector = InMemoryConnector.builder()
                .on("refused", Answer.of(new Outcome.NotStarted("no such directory")))
                .recording(true)
                .build();
        Command first = Command.of("first");
        Command refused = Command.of("refused");
        Command last = Command.of("last");

        try (Connection connection = connector.connect(WEB)) {
            connection.execute(first);
            connection.execute(refused);
        }
        try (Connection connection = connector.connect(WEB)) {
            connection.execute(last);
        }

        assertThat(connector.executed("web01")).containsExactly(first, refused, last);
        assertThat(connector.ran("web01")).containsExactly(first, last);
        assertThat(connector.ran("web02")).isEmpty();
        assertThat(connector.maxCommandsInFlight("web01")).isOne();
        assertThatThrownBy(() -> InMemoryConnector.succeeding().ran("web01"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("recording(true)");
    }

    @Test
    void anInterruptEndsTheCommandAndIsKept() throws Exception {
        var connector = InMemoryConnector.builder()
                .latency(Duration.ofDays(1))
                .recording(true)
                .build();
        var result = new CompletableFuture<CommandResult>();
        var interrupted = new CompletableFuture<Boolean>();
        Connection connection = connector.connect(WEB);
        Thread caller = Thread.ofVirtual().start(() -> {
            result.complete(connection.execute(TRUE));
            interrupted.complete(Thread.currentThread().isInterrupted());
        });
        Waiting.until(() -> !connector.executed("web01").isEmpty(), "the command\'s start");

        caller.interrupt();

        assertThat(Waiting.await(result, "the end of the command").outcome()).isEqualTo(new Outcome.Cancelled(true));
        assertThat(Waiting.await(interrupted, "the end of the caller")).isTrue();
        assertThat(connector.ran("web01")).containsExactly(TRUE);
    }

    @Test
    void onAThreadThatIsInterruptedAlreadyNothingRuns() throws Exception {
        var connector = InMemoryConnector.builder().recording(true).build();
        var outcome = new CompletableFuture<Outcome>();
        var refused = new CompletableFuture<Throwable>();
        Connection connection = connector.connect(WEB);

        Thread.ofVirtual().start(() -> {
            Thread.currentThread().interrupt();
            outcome.complete(connection.execute(TRUE).outcome());
            try {
                connector.connect(WEB).close();
            } catch (InterruptedException e) {
                refused.complete(e);
            }
        });

        assertThat(Waiting.await(outcome, "a result")).isInstanceOf(Outcome.NotStarted.class);
        assertThat(Waiting.await(refused, "a refused connect")).isNotNull();
        assertThat(connector.executed("web01")).isEmpty();
        assertThat(connector.open()).isOne();
    }

    @Test
    void closingEndsACommandThatIsUnderWay() throws Exception {
        var begun = new CountDownLatch(1);
        var connector = InMemoryConnector.answering((host, command) -> {
            begun.countDown();
            return Answer.stuck();
        });
        var result = new CompletableFuture<CommandResult>();
        var interrupted = new CompletableFuture<Boolean>();
        Connection connection = connector.connect(WEB);
        Thread.ofVirtual().start(() -> {
            result.complete(connection.execute(TRUE));
            interrupted.complete(Thread.currentThread().isInterrupted());
        });
        Waiting.await(begun, "the command's start");

        connection.close();
        connection.close();

        assertThat(Waiting.await(result, "the end of the command").outcome()).isEqualTo(new Outcome.Cancelled(true));
        assertThat(Waiting.await(interrupted, "the end of the caller")).isFalse();
        assertThat(connection.execute(TRUE).outcome()).isInstanceOf(Outcome.NotStarted.class);
        assertThat(connector.open()).isZero();
    }

    @Test
    void twoCommandsAtOnceOnOneConnectionAreRefused() throws Exception {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var connector = blocking(begun, go);
        var result = new CompletableFuture<CommandResult>();
        Connection connection = connector.connect(WEB);
        Thread.ofVirtual().start(() -> result.complete(connection.execute(TRUE)));
        Waiting.await(begun, "the first command's start");

        assertThatThrownBy(() -> connection.execute(Command.of("second")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("web01: `second` ");

        go.countDown();
        assertThat(Waiting.await(result, "the first command's end").succeeded()).isTrue();
        assertThat(connector.overlaps()).isOne();
        assertThat(connection.execute(TRUE).succeeded()).isTrue();
    }

    @Test
    void whatIsUnderWayAtOnceIsMeasured() throws Exception {
        var begun = new CountDownLatch(3);
        var go = new CountDownLatch(1);
        var connector = blocking(begun, go);
        var threads = new ArrayList<Thread>();
        for (Host host : List.of(WEB, WEB, Host.named("web02"))) {
            Connection connection = connector.connect(host);
            threads.add(Thread.ofVirtual().start(() -> connection.execute(TRUE)));
        }
        Waiting.await(begun, "the start of three commands");

        connector.connect(WEB).close();

        go.countDown();
        for (Thread thread : threads) {
            Waiting.join(thread);
        }
        assertThat(connector.maxCommandsInFlight()).isEqualTo(3);
        assertThat(connector.maxCallsInFlight()).isEqualTo(4);
        assertThat(connector.maxCommandsInFlight("web01")).isEqualTo(2);
        assertThat(connector.maxCommandsInFlight("web02")).isOne();
    }

    private static InMemoryConnector blocking(CountDownLatch begun, CountDownLatch go) {
        return InMemoryConnector.builder()
                .recording(true)
                .answer((host, command) -> {
                    begun.countDown();
                    Waiting.await(go, "the permission to end");
                    return Answer.ok();
                })
                .build();
    }

    @Test
    void aClosedConnectorConnectsNobody() throws Exception {
        var connector = InMemoryConnector.builder().maxParallel(7).build();

        connector.close();

        assertThat(connector.closed()).isTrue();
        assertThat(connector.maxParallel()).isEqualTo(7);
        assertThatThrownBy(() -> connector.connect(WEB))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("closed");
    }

    /** Closing must not leave an interrupt to whatever the thread does next. */
    @Test
    void closingWhileACommandEndsLeavesNoInterrupt() throws Exception {
        var connector = InMemoryConnector.succeeding();
        var stray = new AtomicInteger();

        for (int i = 0; i < 2_000; i++) {
            Connection connection = connector.connect(WEB);
            Thread caller = Thread.ofVirtual().start(() -> {
                while (!(connection.execute(TRUE).outcome() instanceof Outcome.NotStarted)) {
                    Thread.onSpinWait();
                }
                stray.addAndGet(Thread.currentThread().isInterrupted() ? 1 : 0);
            });
            connection.close();
            Waiting.join(caller);
        }

        assertThat(stray).hasValue(0);
        assertThat(connector.open()).isZero();
    }
}
