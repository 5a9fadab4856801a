package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.testing.Waiting;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LineWriterTest {

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

    /** Nobody ends the run here: the last of those that add has to see what others left. */
    @Test
    void whatManyThreadsAddIsWrittenWholeAndInTheOrderOfEach() throws Exception {
        var out = new ByteArrayOutputStream();
        var writer = new LineWriter("memory", () -> out);
        int threads = 8;
        int lines = 5_000;
        var begin = new CyclicBarrier(threads);
        var all = new ArrayList<Thread>();
        for (int i = 0; i < threads; i++) {
            int name = i;
            all.add(Thread.ofVirtual().start(() -> {
                try {
                    begin.await();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                for (int line = 0; line < lines; line++) {
                    writer.add(name + " " + line);
                }
            }));
        }
        for (Thread thread : all) {
            Waiting.join(thread);
        }

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

    @Test
    void whoComesWhileAnotherWritesGoesOnAtOnce() throws Exception {
        var slow = new Slow();
        var writer = new LineWriter("slow", () -> slow);
        Thread first = Thread.ofPlatform().start(() -> writer.add("first"));
        Waiting.await(slow.writing, "the first line is being written");

        for (int i = 0; i < LineWriter.MOST_WAITING; i++) {
            writer.add("more");
        }
        assertThat(slow.size()).isZero();
        slow.go.countDown();
        Waiting.join(first);
        writer.endOfRun(false);

        assertThat(slow.toString(StandardCharsets.UTF_8).lines()).hasSize(1 + LineWriter.MOST_WAITING);
    }

    @Test
    void whoComesWhenTooManyWaitWaitsToo() throws Exception {
        var slow = new Slow();
        var writer = new LineWriter("slow", () -> slow);
        Thread first = Thread.ofPlatform().start(() -> writer.add("first"));
        Waiting.await(slow.writing, "the first line is being written");
        for (int i = 0; i < LineWriter.MOST_WAITING; i++) {
            writer.add("more");
        }

        Thread oneTooMany = Thread.ofPlatform().start(() -> writer.add("one too many"));
        Waiting.until(() -> oneTooMany.getState() == Thread.State.WAITING, "the thread waits");
        slow.go.countDown();
        Waiting.join(oneTooMany);
        Waiting.join(first);

        assertThat(slow.toString(StandardCharsets.UTF_8)).endsWith("one too many\n");
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
        var writer = new LineWriter("disk", () -> streams.remove(0));

        writer.add("lost");
        writer.add("lost too");
        writer.endOfRun(true);
        writer.add("kept");
        writer.endOfRun(true);

        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("kept\n");
    }
}
