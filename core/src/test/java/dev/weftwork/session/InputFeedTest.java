package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.testing.Waiting;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.RepeatedTest;

class InputFeedTest {

    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();

    private final ShellChannel channel = new ShellChannel() {
        @Override
        public synchronized void write(byte[] bytes, int offset, int count) {
            sent.write(bytes, offset, count);
        }

        @Override
        public void close() {}
    };

    /** What comes behind the end of the input, the shell takes for its next line. */
    @RepeatedTest(50)
    void nothingIsSentBehindTheEndHoweverTheCommandsEndMeetsTheChunks() throws Exception {
        int size = 5_000_000;
        for (int i = 0; i < 10; i++) {
            sent.reset();
            var exchange = new Exchange(1, false, 0, null);
            var feed = new InputFeed(channel, exchange, "nonce");
            var started = new CountDownLatch(1);
            Thread sender = Thread.ofPlatform().start(() -> {
                started.countDown();
                feed.send(new ByteArrayInputStream(new byte[size]), OptionalLong.of(size));
            });
            Waiting.await(started, "the sender's start");

            exchange.note("enough");
            Waiting.join(sender);

            assertThat(sent.toString(StandardCharsets.ISO_8859_1).endsWith("0 0\nnonce\n"))
                    .as("the end is the last that is sent")
                    .isTrue();
        }
    }
}
