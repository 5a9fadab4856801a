package dev.weftwork.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.testing.Waiting;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class HostScopeTest {

    private static void untilInterrupted() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void joinWaitsForAllAndSeesTheirWrites() throws Exception {
        int tasks = 10_000;
        var values = new int[tasks];
        try (var scope = new HostScope()) {
            for (int i = 0; i < tasks; i++) {
                scope.fork("task-" + i, number -> values[number] = number + 1);
            }
            scope.join();
        }

        for (int i = 0; i < tasks; i++) {
            assertThat(values[i]).isEqualTo(i + 1);
        }
    }

    @Test
    void tasksRunOnNamedVirtualThreads() throws Exception {
        var thread = new CompletableFuture<Thread>();
        try (var scope = new HostScope()) {
            scope.fork("host-web01", number -> thread.complete(Thread.currentThread()));
            scope.join();
        }

        assertThat(thread.get().isVirtual()).isTrue();
        assertThat(thread.get().getName()).isEqualTo("host-web01");
    }

    @Test
    void closeInterruptsWhatStillRunsAndWaitsForIt() throws Exception {
        var ended = new AtomicInteger();
        var begun = new CountDownLatch(100);
        try (var scope = new HostScope()) {
            for (int i = 0; i < 100; i++) {
                scope.fork("task", number -> {
                    begun.countDown();
                    untilInterrupted();
                    ended.incrementAndGet();
                });
            }
            Waiting.await(begun, "all tasks' start");
        }

        assertThat(ended).hasValue(100);
    }

    @Test
    void theFirstFailureIsTheCauseAndLaterOnesAreSuppressed() throws Exception {
        var secondRuns = new CountDownLatch(1);
        try (var scope = new HostScope()) {
            scope.fork("second", number -> {
                secondRuns.countDown();
                untilInterrupted();
                throw new IllegalStateException("second");
            });
            Waiting.await(secondRuns, "the second task's start");
            scope.fork("first", number -> {
                throw new IllegalStateException("first");
            });

            assertThatThrownBy(scope::join)
                    .isInstanceOf(HostScope.TaskFailedException.class)
                    .cause()
                    .hasMessage("first")
                    .satisfies(first -> assertThat(first.getSuppressed())
                            .singleElement()
                            .satisfies(e -> assertThat(e).hasMessage("second")));
            assertThat(scope.cancelled()).isTrue();
        }
    }

    @Test
    void afterCancelNothingBegins() {
        try (var scope = new HostScope()) {
            scope.cancel();

            assertThat(scope.fork("late", number -> {
                        throw new AssertionError("ran");
                    }))
                    .isFalse();
        }
    }

    @Test
    void anInterruptOfTheOwnerEndsJoinButNoTask() throws Exception {
        var taskRuns = new CountDownLatch(1);
        var mayEnd = new CountDownLatch(1);
        var events = new ArrayList<String>();
        var done = new CompletableFuture<Boolean>();
        Thread owner = Thread.ofPlatform().start(() -> {
            try (var scope = new HostScope()) {
                scope.fork("task", number -> {
                    taskRuns.countDown();
                    try {
                        mayEnd.await();
                        events.add("task ended by itself");
                    } catch (InterruptedException e) {
                        events.add("task was interrupted");
                    }
                });
                assertThatThrownBy(scope::join).isInstanceOf(InterruptedException.class);
                mayEnd.countDown();
                scope.join();
                done.complete(true);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
        Waiting.await(taskRuns, "the task's start");

        owner.interrupt();

        Waiting.await(done, "the owner's end");
        assertThat(events).containsExactly("task ended by itself");
    }

    @Test
    void onlyTheOwnerMayForkJoinAndClose() throws Exception {
        try (var scope = new HostScope()) {
            var thrown = new CompletableFuture<Throwable>();
            Thread.ofVirtual().start(() -> {
                var refusals = new IllegalStateException("all");
                for (Executable use :
                        List.<Executable>of(() -> scope.fork("x", number -> {}), scope::join, scope::close)) {
                    try {
                        use.execute();
                    } catch (Throwable e) {
                        refusals.addSuppressed(e);
                    }
                }
                thrown.complete(refusals);
            });

            assertThat(Waiting.await(thrown, "three refusals").getSuppressed())
                    .hasSize(3)
                    .allSatisfy(e -> assertThat(e).hasMessageContaining("used by the thread that made it"));
        }
    }
}
