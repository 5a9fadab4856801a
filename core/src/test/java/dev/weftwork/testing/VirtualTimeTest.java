package dev.weftwork.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.engine.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class VirtualTimeTest {

    private static final Duration HOUR = Duration.ofHours(1);

    private final VirtualTime time = new VirtualTime();

    private void joinAll(List<Thread> threads) throws InterruptedException {
        for (Thread thread : threads) {
            Waiting.join(thread);
        }
        assertThat(time.atWork()).isZero();
    }

    @Test
    void timePassesBySleepingOnly() throws Exception {
        var late = new VirtualTime(Long.MAX_VALUE - 5);

        late.run(() -> late.sleep(HOUR));

        assertThat(late.elapsed()).isEqualTo(HOUR);
        assertThat(late.nanoTime() - (Long.MAX_VALUE - 5)).isEqualTo(HOUR.toNanos());
        assertThat(late.atWork()).isZero();
    }

    @Test
    void sleepersGoOnInTheOrderOfTheirTimes() throws Exception {
        var order = new ConcurrentLinkedQueue<Integer>();
        var threads = new ArrayList<Thread>();

        time.run(() -> {
            for (int i = 99; i >= 0; i--) {
                int seconds = i + 1;
                threads.add(time.start("sleeper-" + i, () -> {
                    time.sleep(Duration.ofSeconds(seconds));
                    order.add(seconds);
                    assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(seconds));
                }));
            }
        });

        joinAll(threads);
        assertThat(List.copyOf(order)).hasSize(100).isSorted();
        assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(100));
    }

    @Test
    void whatIsDueAtTheSameTimeGoesOnInTheOrderInWhichItCame() throws Exception {
        var order = new ArrayList<Integer>();

        try (TimeSource.Timer timer = time.timer()) {
            for (int i = 0; i < 1_000; i++) {
                int number = i;
                timer.at(HOUR.toNanos(), () -> order.add(number));
            }
            time.run(() -> time.sleep(HOUR));
        }

        assertThat(order).hasSize(1_000).isSorted();
    }

    @Test
    void theClockStandsWhileOneIsAtWork() throws Exception {
        var asleep = new CountDownLatch(1);
        time.wakes(1);
        Thread sleeper = time.start("sleeper", () -> {
            asleep.countDown();
            time.sleep(HOUR);
        });
        Waiting.await(asleep, "the sleeper's start");
        Waiting.until(() -> sleeper.getState() == Thread.State.WAITING, "the wait of " + sleeper);

        assertThat(time.elapsed()).isZero();
        assertThat(time.atWork()).isEqualTo(1);
        time.rests();

        Waiting.join(sleeper);
        assertThat(time.elapsed()).isEqualTo(HOUR);
    }

    @Test
    void aThousandThreadsSeeTheirOwnTimesExactly() throws Exception {
        var threads = new ArrayList<Thread>();
        var wrong = new AtomicInteger();

        time.run(() -> {
            for (int i = 0; i < 1_000; i++) {
                var random = new SplittableRandom(i);
                threads.add(time.start("sleeper-" + i, () -> {
                    for (int j = 0; j < 50; j++) {
                        long before = time.nanoTime();
                        long nanos = random.nextLong(1, 1_000);
                        Thread.onSpinWait();
                        if (time.nanoTime() != before) {
                            wrong.incrementAndGet();
                        }
                        time.sleep(Duration.ofNanos(nanos));
                        if (time.nanoTime() != before + nanos) {
                            wrong.incrementAndGet();
                        }
                    }
                }));
            }
        });

        joinAll(threads);
        assertThat(wrong).hasValue(0);
    }

    /** One goes to sleep while the other lets the next one go on, again and again. */
    @Test
    void countingForAnotherOneKeepsTheClock() throws Exception {
        var wrong = new AtomicInteger();
        var done = new CompletableFuture<Integer>();

        time.run(() -> {
            for (int i = 0; i < 500; i++) {
                var handed = new CompletableFuture<Long>();
                time.wakes(1);
                Thread receiver = Thread.ofVirtual().start(() -> {
                    time.rests();
                    if (handed.join() != time.nanoTime()) {
                        wrong.incrementAndGet();
                    }
                    time.rests();
                });
                time.sleep(Duration.ofNanos(7));
                time.wakes(1);
                handed.complete(time.nanoTime());
                time.sleep(Duration.ofNanos(1));
                Waiting.join(receiver);
            }
            done.complete(1);
        });

        Waiting.await(done, "the end");
        assertThat(wrong).hasValue(0);
        assertThat(time.elapsed()).isEqualTo(Duration.ofNanos(500 * 8));
    }

    @Test
    void anInterruptedSleeperLeavesAtOnceAndCountsAsAtWork() throws Exception {
        var atWork = new CompletableFuture<Integer>();
        time.wakes(1);
        Thread sleeper = time.start("sleeper", () -> {
            try {
                time.sleep(HOUR);
            } catch (InterruptedException e) {
                assertThat(Thread.currentThread().isInterrupted()).isFalse();
                atWork.complete(time.atWork());
            }
        });
        Waiting.until(() -> time.atWork() == 1, "the sleep");

        sleeper.interrupt();

        assertThat(Waiting.await(atWork, "the sleeper's interrupt")).isEqualTo(2);
        Waiting.join(sleeper);
        time.rests();
        assertThat(time.atWork()).isZero();
        assertThat(time.elapsed()).isZero();
    }

    @Test
    void anInterruptedSleeperIsNeverReachedByTheClock() throws Exception {
        var threads = new ArrayList<Thread>();
        var interrupted = new AtomicInteger();
        time.wakes(1);
        for (int i = 0; i < 1_000; i++) {
            int number = i;
            threads.add(time.start("sleeper-" + i, () -> {
                try {
                    time.sleep(Duration.ofSeconds(10 + number));
                } catch (InterruptedException e) {
                    interrupted.incrementAndGet();
                }
            }));
        }
        try (TimeSource.Timer timer = time.timer()) {
            timer.at(Duration.ofSeconds(5).toNanos(), () -> threads.forEach(Thread::interrupt));
            time.rests();
            for (Thread thread : threads) {
                Waiting.join(thread);
            }
        }

        assertThat(interrupted).hasValue(1_000);
        assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(5));
        assertThat(time.atWork()).isZero();
    }

    @Test
    void onAThreadThatIsInterruptedAlreadyNobodySleeps() throws Exception {
        time.run(() -> {
            for (Duration each : List.of(Duration.ZERO, HOUR)) {
                Thread.currentThread().interrupt();
                assertThatThrownBy(() -> time.sleep(each)).isInstanceOf(InterruptedException.class);
            }
            time.sleep(Duration.ZERO);
            time.sleep(HOUR.negated());
        });

        assertThat(time.elapsed()).isZero();
        assertThat(time.atWork()).isZero();
    }

    @Test
    void whoIsNotCountedCannotSleepOrRest() {
        assertThatThrownBy(() -> time.sleep(HOUR))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("say wakes");
        assertThatThrownBy(time::rests).isInstanceOf(IllegalStateException.class);
        assertThat(time.atWork()).isZero();
    }

    @Test
    void aTimerRunsItsTasksAtTheirTimesAndCounted() throws Exception {
        var seen = new ArrayList<String>();

        try (TimeSource.Timer timer = time.timer()) {
            timer.at(Duration.ofSeconds(3).toNanos(), () -> seen.add("third at " + time.elapsed()));
            timer.at(
                    Duration.ofSeconds(2).toNanos(),
                    () -> seen.add("second at " + time.elapsed() + " with " + time.atWork()));
            timer.at(-1, () -> seen.add("first at " + time.elapsed()));
            time.run(() -> {
                assertThat(seen).isEmpty();
                time.sleep(HOUR);
            });
        }

        assertThat(seen).containsExactly("first at PT0S", "second at PT2S with 1", "third at PT3S");
    }

    @Test
    void aTaskMaySetTheNextOne() throws Exception {
        var ticks = new AtomicInteger();
        TimeSource.Timer timer = time.timer();
        var tick = new Runnable() {
            @Override
            public void run() {
                if (ticks.incrementAndGet() < 10_000) {
                    timer.at(time.nanoTime() + 1, this);
                }
            }
        };

        timer.at(1, tick);
        time.run(() -> {});
        timer.close();

        assertThat(ticks).hasValue(10_000);
        assertThat(time.elapsed()).isEqualTo(Duration.ofNanos(10_000));
    }

    @Test
    void aTimerWaitsUntilWorkHasBegunAndEnded() throws Exception {
        var ran = new AtomicBoolean();
        try (TimeSource.Timer timer = time.timer()) {
            timer.at(1, () -> ran.set(true));
            assertThat(ran).isFalse();

            time.run(() -> {});

            assertThat(ran).isTrue();
        }
    }

    @Test
    void whatIsForgottenNeverRunsAndMovesNothing() throws Exception {
        var ran = new AtomicBoolean();
        TimeSource.Timer timer = time.timer();
        TimeSource.Timer other = time.timer();
        Runnable forget = timer.at(1, () -> ran.set(true));
        timer.at(2, () -> ran.set(true));
        other.at(3, () -> {});

        forget.run();
        forget.run();
        timer.close();
        timer.close();
        time.run(() -> {});

        assertThat(ran).isFalse();
        assertThat(time.elapsed()).isEqualTo(Duration.ofNanos(3));
        assertThatThrownBy(() -> timer.at(4, () -> {})).isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void aTaskCanForgetAnotherOfItsMoment() throws Exception {
        var ran = new AtomicBoolean();
        var forget = new CompletableFuture<Runnable>();

        try (TimeSource.Timer timer = time.timer()) {
            timer.at(1, () -> forget.join().run());
            forget.complete(timer.at(1, () -> ran.set(true)));
            time.run(() -> {});
        }

        assertThat(ran).isFalse();
    }

    @Test
    void closingATimerWaitsForItsTask() throws Exception {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var ended = new AtomicBoolean();
        var seen = new CompletableFuture<Boolean>();
        TimeSource.Timer timer = time.timer();
        timer.at(1, () -> {
            begun.countDown();
            try {
                Waiting.await(go, "the close");
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            ended.set(true);
        });
        Thread worker = time.start("worker", () -> {});
        Waiting.await(begun, "the task's start");

        Thread closer = Thread.ofVirtual().start(() -> {
            timer.close();
            seen.complete(ended.get());
        });
        Waiting.until(() -> closer.getState() == Thread.State.WAITING, "the wait of " + closer);
        go.countDown();

        assertThat(Waiting.await(seen, "the close's end")).isTrue();
        Waiting.join(worker);
    }

    @Test
    void aTaskThatThrowsHoldsNothing() throws Exception {
        var told = new CompletableFuture<Throwable>();
        var ran = new AtomicBoolean();

        try (TimeSource.Timer timer = time.timer()) {
            timer.at(1, () -> {
                throw new IllegalStateException("broken");
            });
            timer.at(1, () -> ran.set(true));
            time.wakes(1);
            Thread worker = Thread.ofVirtual()
                    .uncaughtExceptionHandler((thread, e) -> told.complete(e))
                    .start(time::rests);
            Waiting.join(worker);
        }

        assertThat(Waiting.await(told, "the handler's call")).hasMessage("broken");
        assertThat(ran).isTrue();
        assertThat(time.atWork()).isZero();
    }

    /** The order in which the queue gives back what it holds, with some taken out of its middle. */
    @Test
    void manyTasksRunInOrderWhenSomeAreForgotten() throws Exception {
        var random = new SplittableRandom(7);
        var seen = new ArrayList<Long>();
        var forget = new ArrayList<Runnable>();
        var kept = new ArrayList<Long>();

        try (TimeSource.Timer timer = time.timer()) {
            for (int i = 0; i < 10_000; i++) {
                long at = random.nextLong(1, 3_000);
                Runnable forgetting = timer.at(at, () -> seen.add(time.nanoTime()));
                if (random.nextInt(3) == 0) {
                    forget.add(forgetting);
                } else {
                    kept.add(at);
                }
            }
            forget.forEach(Runnable::run);
            time.run(() -> {});
        }

        kept.sort(null);
        assertThat(seen).isEqualTo(kept);
    }
}
