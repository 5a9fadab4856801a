package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.weftwork.testing.Waiting;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LineWriterTest {

    private static final String A_MEGABYTE = "x".repeat(1024 * 1024 - 1);

    /** Blocks in its first write until it is let go. */
    private static final class Slow extends ByteArrayOutputStream {
        private final CountDownLatch writing = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);

        @Override
        public void write(byte[] bytes) throws IOException {
            writing.countDown();
            try {
                Waiting.await(go, "the test lets the stream go on");
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            super.write(bytes);
        }
    }

    /** Takes half of what it is given once, then all again. */
    private static final class FullOnce extends ByteArrayOutputStream {
        private boolean wasFull;

        @Override
        public void write(byte[] bytes) throws IOException {
            if (wasFull) {
                super.write(bytes);
            } else {
                wasFull = true;
                write(bytes, 0, bytes.length / 2);
                throw new IOException("no space left");
            }
        }
    }

    private static LineWriter to(OutputStream stream) {
        return new LineWriter("memory", () -> stream, false);
    }

    private static List<Thread> writers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("weftwork-lines"))
                .toList();
    }

    private static List<Thread> onThreads(int count, Runnable what) {
        var begin = new CyclicBarrier(count);
        return IntStream.range(0, count)
                .mapToObj(i -> Thread.ofVirtual().name("" + i).start(() -> {
                    try {
                        begin.await();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                    what.run();
                }))
                .toList();
    }

    @Test
    void whatManyThreadsAddIsWrittenWholeAndInTheOrderOfEach() throws Exception {
        var out = new ByteArrayOutputStream();
        LineWriter.OfRun run = to(out).run();
        int threads = 8;
        int lines = 5_000;

        for (Thread thread : onThreads(threads, () -> {
            for (int line = 0; line < lines; line++) {
                run.add(Thread.currentThread().getName() + " " + line);
            }
        })) {
            Waiting.join(thread);
        }
        run.end();

        List<String> written = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(written).hasSize(threads * lines);
        for (int i = 0; i < threads; i++) {
            String own = i + " ";
            assertThat(written.stream().filter(line -> line.startsWith(own)))
                    .containsExactlyElementsOf(IntStream.range(0, lines)
                            .mapToObj(line -> own + line)
                            .toList());
        }
    }

    /** The first of them too: nobody but the writer's own thread meets a slow stream. */
    @Test
    void whoAddsGoesOnAtOnce() throws Exception {
        var slow = new Slow();
        LineWriter.OfRun run = to(slow).run();

        run.add("first");
        Waiting.await(slow.writing, "the first line is being written");
        for (int i = 0; i < 10_000; i++) {
            run.add("more");
        }
        assertThat(slow.size()).isZero();
        slow.go.countDown();
        run.end();

        assertThat(slow.toString(StandardCharsets.UTF_8).lines()).hasSize(10_001);
    }

    @Test
    void whoComesWhenTooMuchWaitsWaitsTooWhetherInterruptedOrNot() throws Exception {
        var slow = new Slow();
        LineWriter.OfRun run = to(slow).run();
        for (int i = 0; i < LineWriter.MOST_WAITING / (1024 * 1024); i++) {
            run.add(A_MEGABYTE);
        }

        var interrupted = new ArrayList<Boolean>();
        Thread oneTooMany = Thread.ofPlatform().start(() -> {
            run.add("one too many");
            interrupted.add(Thread.interrupted());
        });
        Waiting.until(() -> oneTooMany.getState() == Thread.State.WAITING, "the thread waits");
        oneTooMany.interrupt();
        Waiting.until(() -> oneTooMany.getState() == Thread.State.WAITING, "the thread waits again");
        slow.go.countDown();
        Waiting.join(oneTooMany);
        run.end();

        assertThat(interrupted).containsExactly(true);
        assertThat(slow.toString(StandardCharsets.UTF_8)).endsWith("one too many\n");
    }

    @Test
    void theEndOfARunWaitsUntilItIsWrittenAndKeepsAnInterrupt() throws Exception {
        var slow = new Slow();
        LineWriter.OfRun run = to(slow).run();
        run.add("first");
        var interrupted = new ArrayList<Boolean>();

        Thread ends = Thread.ofPlatform().start(() -> {
            run.end();
            interrupted.add(Thread.interrupted());
        });
        Waiting.until(() -> ends.getState() == Thread.State.WAITING, "the end waits");
        ends.interrupt();
        Waiting.until(() -> ends.getState() == Thread.State.WAITING, "the end waits again");
        slow.go.countDown();
        Waiting.join(ends);

        assertThat(slow.toString(StandardCharsets.UTF_8)).isEqualTo("first\n");
        assertThat(interrupted).containsExactly(true);
    }

    @Test
    void thereIsAThreadOnlyWhileRunsAreUnderWay() {
        var out = new ByteArrayOutputStream();
        LineWriter writer = to(out);
        LineWriter.OfRun first = writer.run();
        LineWriter.OfRun second = writer.run();
        assertThat(writers()).isEmpty();

        first.add("first");
        second.add("second");
        assertThat(writers()).hasSize(1).allMatch(thread -> thread.isDaemon() && !thread.isVirtual());
        first.end();
        assertThat(writers()).hasSize(1);
        second.end();
        assertThat(writers()).isEmpty();

        LineWriter.OfRun third = writer.run();
        third.add("third");
        third.end();
        assertThat(writers()).isEmpty();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("first\nsecond\nthird\n");
    }

    /** Each may begin while the last of the others ends. */
    @Test
    void runsThatBeginAndEndAtTheSameTimeLoseNothing() throws Exception {
        Set<String> written = ConcurrentHashMap.newKeySet();
        var closed = new ArrayList<Boolean>();
        var writer = new LineWriter(
                "memory",
                () -> new ByteArrayOutputStream() {
                    @Override
                    public void close() {
                        toString(StandardCharsets.UTF_8).lines().forEach(written::add);
                        closed.add(true);
                    }
                },
                true);

        for (Thread thread : onThreads(8, () -> {
            for (int i = 0; i < 300; i++) {
                LineWriter.OfRun run = writer.run();
                run.add(Thread.currentThread().getName() + " " + i);
                run.end();
            }
        })) {
            Waiting.join(thread);
        }

        assertThat(written).hasSize(8 * 300);
        assertThat(closed).isNotEmpty();
        assertThat(writers()).isEmpty();
    }

    @Test
    void afterAFailureTheNextRunIsWrittenAgain() {
        var out = new ByteArrayOutputStream();
        var broken = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("no space left");
            }
        };
        var streams = new ArrayList<OutputStream>(List.of(broken, out));
        var writer = new LineWriter("disk", () -> streams.remove(0), true);

        LineWriter.OfRun first = writer.run();
        first.add("lost");
        first.add("lost too");
        first.end();
        LineWriter.OfRun second = writer.run();
        second.add("kept");
        second.end();

        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("kept\n");
    }

    @Test
    void behindHalfALineTheNextRunBeginsOnALineOfItsOwn() {
        var full = new FullOnce();
        LineWriter writer = to(full);

        LineWriter.OfRun first = writer.run();
        first.add("torn");
        first.end();
        LineWriter.OfRun second = writer.run();
        second.add("whole");
        second.add("too");
        second.end();

        assertThat(full.toString(StandardCharsets.UTF_8)).isEqualTo("to\nwhole\ntoo\n");
    }

    /** A run of which lines are missing has no later ones either, however others end; and each says its own number. */
    @Test
    void whatARunHasLostIsItsOwn() throws Exception {
        Logger log = ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger(LineWriter.class);
        var said = new ListAppender<ILoggingEvent>();
        said.start();
        log.addAppender(said);
        log.setLevel(Level.WARN);
        var slow = new Slow();
        var full = new FullOnce();
        var stream = new OutputStream() {
            private boolean began;

            @Override
            public void write(int b) throws IOException {
                full.write(b);
            }

            @Override
            public void write(byte[] bytes) throws IOException {
                if (began) {
                    full.write(bytes);
                } else {
                    began = true;
                    slow.write(bytes);
                }
            }
        };
        LineWriter writer = to(stream);
        LineWriter.OfRun begins = writer.run();
        LineWriter.OfRun one = writer.run();
        LineWriter.OfRun other = writer.run();
        try {
            begins.add("before");
            Waiting.await(slow.writing, "the stream is busy, so that what comes now is written together");
            one.add("one");
            other.add("other");
            slow.go.countDown();

            one.end();
            other.add("other again");
            begins.add("behind");
            other.end();
            begins.end();
        } finally {
            log.detachAppender(said);
            log.setLevel(null);
        }

        assertThat(full.toString(StandardCharsets.UTF_8)).isEqualTo("one\no\nbehind\n");
        assertThat(said.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly(
                        "memory: can't be written, what comes next about these 2 runs is dropped; the run goes on",
                        "memory: 1 lines about a run were not written, see above",
                        "memory: 2 lines about a run were not written, see above");
    }

    @Test
    void aStreamThatThrowsAnErrorLetsRunsEnd() {
        LineWriter writer = to(new OutputStream() {
            @Override
            public void write(int b) {
                throw new StackOverflowError("on purpose");
            }
        });

        LineWriter.OfRun run = writer.run();
        run.add("lost");
        run.end();

        assertThat(writers()).isEmpty();
    }
}
