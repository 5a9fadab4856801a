package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.RunHandle;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.report.RunReport;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.InMemoryConnector.Answer;
import dev.weftwork.testing.Waiting;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The thread that paints, under an engine: when it is there, and that nothing waits for it in vain. */
class ConsoleThreadTest {

    private static final Inventory INVENTORY = Inventory.of(
            IntStream.rangeClosed(1, 3).mapToObj(i -> Host.named("web" + i)).toList());
    private static final Deploy DEPLOY = Deploy.named("web tier").code("work", host -> host.run(Command.of("work")));

    private final CountDownLatch goOn = new CountDownLatch(1);
    private final InMemoryConnector machines = InMemoryConnector.builder()
            .answer((host, command) -> {
                Waiting.await(goOn, "the test lets machines go on");
                return host.name().equals("web2") ? Answer.exit(3) : Answer.ok();
            })
            .build();

    private static boolean isThere(Thread painter) {
        return painter.isAlive();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void thereIsAThreadOnlyWhileRunsAreUnderWay(boolean live) throws Exception {
        var terminal = new ConsoleEmulator(200, 100, false);
        var bytes = new ByteArrayOutputStream();
        PrintStream out =
                live ? terminal.stream(StandardCharsets.UTF_8) : new PrintStream(bytes, false, StandardCharsets.UTF_8);
        ConsoleProgress console =
                ConsoleProgress.builder(out).live(live).size(200, 100).build();
        assertThat(console.thread()).isNull();
        try (Engine engine = Engine.builder(machines).listener(console).build();
                RunHandle first = engine.start(INVENTORY, DEPLOY);
                RunHandle second = engine.start(INVENTORY, DEPLOY)) {
            Waiting.until(() -> console.thread() != null, "a thread that paints");
            Thread painter = console.thread();
            if (painter == null) {
                throw new AssertionError("the runs are over");
            }
            assertThat(painter.isDaemon()).isTrue();
            assertThat(painter.isVirtual()).isFalse();
            assertThat(painter.getName()).isEqualTo("weftwork-console");

            second.cancel();
            second.join();
            assertThat(console.thread()).isSameAs(painter);
            goOn.countDown();
            first.join();

            assertThat(console.thread()).isNull();
            assertThat(isThere(painter)).isFalse();
            assertThat(live ? String.join("\n", terminal.everything()) : bytes.toString(StandardCharsets.UTF_8))
                    .contains("run of 'web tier' was cancelled", "run of 'web tier': ", "FAILED web2: step 'work'");
            assertThat(terminal.cursorColumn()).isZero();

            // Another one begins anew.
            RunReport third = engine.run(INVENTORY, DEPLOY);
            assertThat(third.failedHosts()).hasSize(1);
            assertThat(console.thread()).isNull();
        }
    }

    /** What is written before {@code run} returns is all of it. */
    @Test
    void whenARunReturnsItsSummaryIsWritten() {
        goOn.countDown();
        var terminal = new ConsoleEmulator(80, 24, false);
        try (Engine engine = Engine.builder(machines)
                .listener(ConsoleProgress.builder(terminal.stream(StandardCharsets.UTF_8))
                        .live(true)
                        .build())
                .build()) {
            engine.run(INVENTORY, DEPLOY);

            assertThat(terminal.screen())
                    .anyMatch(line -> line.startsWith("run of 'web tier': 2 of 3 hosts succeeded"));
            assertThat(terminal.screen()).noneMatch(line -> line.startsWith("web tier: run"));
            assertThat(terminal.cursorRow()).isEqualTo(terminal.screen().size());
        }
    }

    @Test
    void anInterruptOfTheCallerIsKept() {
        goOn.countDown();
        try (Engine engine = Engine.builder(machines)
                .listener(ConsoleProgress.to(new PrintStream(OutputStream.nullOutputStream())))
                .build()) {
            Thread.currentThread().interrupt();
            RunReport report = engine.run(INVENTORY, DEPLOY);

            assertThat(report.cancelled()).isTrue();
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void aStreamThatThrowsEndsTheDisplayAndNotTheRun() {
        goOn.countDown();
        var broken = new PrintStream(OutputStream.nullOutputStream()) {
            @Override
            public void print(@Nullable String text) {
                throw new IllegalStateException("broken on purpose");
            }

            @Override
            public void print(@Nullable Object text) {
                throw new IllegalStateException("broken on purpose");
            }
        };
        ConsoleProgress console = ConsoleProgress.to(broken);
        try (Engine engine = Engine.builder(machines).listener(console).build()) {
            for (int time = 0; time < 2; time++) {
                assertThat(engine.run(INVENTORY, DEPLOY).hosts()).hasSize(3);
            }
        }
        assertThat(console.thread()).isNull();
    }

    /** Takes nothing until it is let go, as a terminal after Ctrl-S. */
    private static final class Stopped extends OutputStream {
        private final CountDownLatch asked = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);
        private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int count) throws IOException {
            asked.countDown();
            try {
                Waiting.await(go, "the test lets the terminal go on");
            } catch (InterruptedException e) {
                throw new InterruptedIOException();
            }
            taken.write(bytes, offset, count);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whileTheTerminalIsStoppedOtherRunsBeginAndCanBeCancelled(boolean live) throws Exception {
        var stopped = new Stopped();
        ConsoleProgress console = ConsoleProgress.builder(new PrintStream(stopped, true, StandardCharsets.UTF_8))
                .live(live)
                .patience(Duration.ofSeconds(100))
                .build();
        var begun = new CountDownLatch(2);
        Deploy deploy = Deploy.named("web tier").code("work", host -> {
            begun.countDown();
            return host.run(Command.of("work"));
        });
        Inventory one = Inventory.ofNames("web1");
        try (Engine engine = Engine.builder(machines).listener(console).build();
                RunHandle first = engine.start(one, deploy)) {
            Waiting.await(stopped.asked, "something is painted");
            try (RunHandle second = engine.start(one, deploy)) {
                Waiting.await(begun, "both runs are in their step");
                second.cancel();
                goOn.countDown();
                stopped.go.countDown();
                assertThat(second.join().cancelled()).isTrue();
            }
            assertThat(first.join().succeeded()).isTrue();
        }

        assertThat(console.thread()).isNull();
        assertThat(stopped.taken.toString(StandardCharsets.UTF_8))
                .contains("was cancelled", "run of 'web tier': 1 of 1 hosts succeeded");
    }

    @Test
    void theEndOfACancelledRunDoesNotWaitForAStoppedTerminalForEver() throws Exception {
        goOn.countDown();
        var stopped = new Stopped();
        ConsoleProgress console = ConsoleProgress.builder(new PrintStream(stopped, true, StandardCharsets.UTF_8))
                .patience(Duration.ofMillis(1))
                .build();
        try (Engine engine = Engine.builder(machines).listener(console).build()) {
            Thread.currentThread().interrupt();
            RunReport report = engine.run(INVENTORY, DEPLOY);

            assertThat(report.cancelled()).isTrue();
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(stopped.taken.size()).isZero();

        stopped.go.countDown();
        Waiting.until(() -> console.thread() == null, "the thread that paints has ended");
        assertThat(stopped.taken.toString(StandardCharsets.UTF_8)).contains("run of 'web tier' was cancelled");
    }
}
