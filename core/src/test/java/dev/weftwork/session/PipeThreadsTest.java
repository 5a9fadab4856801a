package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.testing.Waiting;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class PipeThreadsTest {

    @Test
    void tasksRunOnPlatformThreadsOfTheirOwn() throws Exception {
        try (var threads = new PipeThreads()) {
            Thread thread = Waiting.await(threads.start("weftwork-x", Thread::currentThread), "the task");

            assertThat(thread.isVirtual()).isFalse();
            assertThat(thread.isDaemon()).isTrue();
            assertThat(thread.getName()).isEqualTo("weftwork-x");
        }
    }

    @Test
    void whatATaskThrowsIsInItsFuture() {
        try (var threads = new PipeThreads()) {
            CompletableFuture<?> future = threads.start("weftwork-x", () -> {
                throw new IllegalStateException("no");
            });

            assertThatThrownBy(() -> Waiting.await(future, "the task"))
                    .isInstanceOf(ExecutionException.class)
                    .hasRootCauseMessage("no");
        }
    }

    /** Nobody may wait for ever for a task that came too late. */
    @RepeatedTest(50)
    void everyFutureCompletesHoweverStartingAndClosingMeet() throws Exception {
        var threads = new PipeThreads();
        var futures = new ArrayList<CompletableFuture<Integer>>();
        var some = new CountDownLatch(20);
        Thread submitter = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; i < 200; i++) {
                    futures.add(threads.start("weftwork-x", () -> 1));
                    some.countDown();
                }
            } catch (IllegalStateException e) {
                assertThat(e).hasMessage("the connector is closed");
            }
        });
        Waiting.await(some, "some submissions");

        threads.close();
        Waiting.join(submitter);

        for (CompletableFuture<Integer> future : futures) {
            CompletableFuture<Boolean> ended = future.handle((value, failure) -> true);
            Waiting.await(ended, "the end of a task");
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("weftwork-pipes");
    }
}
