package dev.weftwork.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.testing.Waiting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class HostExecutorTest {

    private final AtomicInteger threadsStarted = new AtomicInteger();
    private final ThreadFactory virtual = Thread.ofVirtual().factory();
    private final HostExecutor executor = new HostExecutor(task -> {
        threadsStarted.incrementAndGet();
        return virtual.newThread(task);
    });

    /** A task that says when it runs and ends when it is told to. */
    private static final class Gate {
        final CountDownLatch entered = new CountDownLatch(1);
        final CountDownLatch open = new CountDownLatch(1);

        String pass() throws InterruptedException {
            entered.countDown();
            Waiting.await(open, "the gate's opening");
            return "passed";
        }
    }

    @Test
    void runsTasksInTheOrderOfSubmissionAndOneAtATime() throws Exception {
        var gate = new Gate();
        var ran = new ArrayList<Integer>();
        executor.submit(gate::pass);
        Waiting.await(gate.entered, "the first task's start");

        var submissions = new ArrayList<HostExecutor.Submission<Boolean>>();
        for (int i = 0; i < 1_000; i++) {
            int number = i;
            submissions.add(executor.submit(() -> ran.add(number)));
        }
        assertThat(ran).as("nothing runs beside the first task").isEmpty();
        gate.open.countDown();
        submissions.forEach(HostExecutor.Submission::await);

        assertThat(ran).hasSize(1_000).isSorted();
    }

    /** {@code log} is not safe for threads: that it is whole shows that tasks never overlap and see each other's writes. */
    @RepeatedTest(20)
    void keepsEachSubmittersOrderAndLosesNothingUnderContention() throws Exception {
        int submitters = 16;
        int each = 500;
        var log = new ArrayList<int[]>();
        var running = new AtomicInteger();
        var overlaps = new AtomicInteger();
        var start = new CountDownLatch(1);
        var threads = new ArrayList<Thread>();
        for (int s = 0; s < submitters; s++) {
            int submitter = s;
            // Half of them on platform threads, which can be preempted between any two instructions.
            Runnable work = () -> {
                try {
                    Waiting.await(start, "the start");
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                for (int i = 0; i < each; i++) {
                    int number = i;
                    var submission = executor.submit(() -> {
                        if (running.incrementAndGet() != 1) {
                            overlaps.incrementAndGet();
                        }
                        log.add(new int[] {submitter, number});
                        running.decrementAndGet();
                        return number;
                    });
                    if (number % 7 == 0) {
                        assertThat(submission.await()).contains(number);
                    }
                }
                executor.submit(() -> 0).await();
            };
            threads.add(
                    s % 2 == 0
                            ? Thread.ofPlatform().start(work)
                            : Thread.ofVirtual().start(work));
        }

        start.countDown();
        for (Thread thread : threads) {
            Waiting.join(thread);
        }

        assertThat(overlaps).hasValue(0);
        assertThat(log).hasSize(submitters * each);
        for (int s = 0; s < submitters; s++) {
            int submitter = s;
            assertThat(log.stream().filter(entry -> entry[0] == submitter).map(entry -> entry[1]))
                    .as("order of submitter %d", s)
                    .isSorted()
                    .hasSize(each);
        }
    }

    /** Tickets are drawn and submitted in one step that no other thread can come between, so their order is known. */
    @RepeatedTest(20)
    void keepsTheOrderAcrossSubmitters() throws Exception {
        int submitters = 8;
        int each = 300;
        var ran = new ArrayList<Integer>();
        var lock = new java.util.concurrent.locks.ReentrantLock();
        var ticket = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int s = 0; s < submitters; s++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < each; i++) {
                    lock.lock();
                    try {
                        int number = ticket.getAndIncrement();
                        executor.submit(() -> ran.add(number));
                    } finally {
                        lock.unlock();
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            Waiting.join(thread);
        }
        executor.submit(() -> 0).await();

        assertThat(ran).hasSize(submitters * each).isSorted();
    }

    @Test
    void hasNoThreadWhileIdle() throws Exception {
        var drainers = ConcurrentHashMap.<Thread>newKeySet();
        var lazy = new HostExecutor(task -> {
            Thread thread = virtual.newThread(task);
            drainers.add(thread);
            return thread;
        });
        assertThat(drainers).isEmpty();

        lazy.submit(() -> 1).await();
        for (Thread drainer : drainers) {
            Waiting.join(drainer);
        }

        assertThat(lazy.submit(() -> 2).await()).contains(2);
        assertThat(drainers).hasSize(2);
    }

    @Test
    void oneThreadDrainsWhatCameMeanwhile() throws Exception {
        var gate = new Gate();
        executor.submit(gate::pass);
        Waiting.await(gate.entered, "the first task's start");
        var submissions = new ArrayList<HostExecutor.Submission<Integer>>();
        for (int i = 0; i < 100; i++) {
            int number = i;
            submissions.add(executor.submit(() -> number));
        }
        gate.open.countDown();

        assertThat(submissions.get(99).await()).contains(99);
        assertThat(threadsStarted).hasValue(1);
    }

    @Test
    void aThreadThatCannotBeStartedFailsWhatIsQueuedAndTheNextSubmissionTriesAgain() {
        var refusals = new AtomicInteger(1);
        var reluctant = new HostExecutor(task -> {
            if (refusals.getAndDecrement() > 0) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            return virtual.newThread(task);
        });

        assertThatThrownBy(() -> reluctant.submit(() -> 1).await()).hasCauseInstanceOf(OutOfMemoryError.class);
        assertThat(reluctant.submit(() -> 2).await()).contains(2);
    }

    @Test
    void whatATaskThrowsReachesItsSubmitterAndNobodyElse() {
        var failing = executor.submit(() -> {
            throw new IllegalStateException("no");
        });
        var next = executor.submit(() -> "fine");

        assertThatThrownBy(failing::await)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(IllegalStateException.class);
        assertThat(next.await()).contains("fine");
    }

    @Test
    void aQueuedTaskThatIsCancelledNeverRuns() throws Exception {
        var gate = new Gate();
        var ran = new AtomicInteger();
        var first = executor.submit(gate::pass);
        Waiting.await(gate.entered, "the first task's start");
        var queued = executor.submit(ran::incrementAndGet);
        var later = executor.submit(() -> "later");

        queued.cancel();

        assertThat(queued.await()).isEmpty();
        gate.open.countDown();
        assertThat(first.await()).contains("passed");
        assertThat(later.await()).contains("later");
        assertThat(ran).hasValue(0);
    }

    @Test
    void interruptingWhoWaitsInterruptsTheTaskAndWaitsForItsValue() throws Exception {
        var entered = new CountDownLatch(1);
        var mayEnd = new CountDownLatch(1);
        var awaited = new CompletableFuture<Optional<String>>();
        var flag = new CompletableFuture<Boolean>();
        Thread waiter = Thread.ofVirtual().start(() -> {
            var submission = executor.submit(() -> {
                entered.countDown();
                try {
                    new CountDownLatch(1).await();
                    return "not reached";
                } catch (InterruptedException e) {
                    Waiting.await(mayEnd, "permission to end");
                    return "partial";
                }
            });
            awaited.complete(submission.await());
            flag.complete(Thread.currentThread().isInterrupted());
        });
        Waiting.await(entered, "the task's start");

        waiter.interrupt();
        assertThat(awaited).isNotDone();
        mayEnd.countDown();

        assertThat(Waiting.await(awaited, "the task's value")).contains("partial");
        assertThat(Waiting.await(flag, "the waiter's end")).isTrue();
    }

    /** Cancels race with the ends of tasks; no task may ever see an interrupt that was meant for another. */
    @RepeatedTest(20)
    void anInterruptNeverReachesTheNextTask() throws Exception {
        var stray = new AtomicInteger();
        var victims = new ArrayList<HostExecutor.Submission<Integer>>();
        var guards = new ArrayList<HostExecutor.Submission<Integer>>();
        var submitted = new CountDownLatch(1);
        Thread canceller = Thread.ofPlatform().start(() -> {
            try {
                Waiting.await(submitted, "the submissions");
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            victims.forEach(HostExecutor.Submission::cancel);
        });
        var gate = new Gate();
        executor.submit(gate::pass);
        for (int i = 0; i < 2_000; i++) {
            victims.add(executor.submit(() -> 1));
            guards.add(executor.submit(() -> Thread.currentThread().isInterrupted() ? stray.incrementAndGet() : 0));
        }
        submitted.countDown();
        gate.open.countDown();

        Waiting.join(canceller);
        assertThat(guards).allSatisfy(guard -> assertThat(guard.await()).isPresent());
        assertThat(stray).hasValue(0);
        assertThat(List.copyOf(victims))
                .allSatisfy(victim -> assertThat(victim.await().orElse(1)).isEqualTo(1));
    }

    @Nested
    class Call {

        @Test
        void runsOnTheCallingThreadWhenNothingIsQueued() {
            assertThat(executor.call(Thread::currentThread)).contains(Thread.currentThread());
            assertThat(executor.call(Thread::currentThread)).contains(Thread.currentThread());

            assertThat(threadsStarted).hasValue(0);
        }

        @Test
        void queuesBehindWhatIsUnderWay() throws Exception {
            var gate = new Gate();
            var ran = new ArrayList<Integer>();
            executor.submit(gate::pass);
            Waiting.await(gate.entered, "the first task's start");
            executor.submit(() -> ran.add(1));
            var called = new CompletableFuture<Optional<Integer>>();
            Thread caller = Thread.ofVirtual()
                    .start(() -> called.complete(executor.call(() -> {
                        ran.add(2);
                        return 2;
                    })));

            assertThat(called).isNotDone();
            gate.open.countDown();

            assertThat(Waiting.await(called, "the call's value")).contains(2);
            Waiting.join(caller);
            assertThat(ran).containsExactly(1, 2);
            assertThat(threadsStarted).hasValue(1);
        }

        @Test
        void leavesWhatOthersSubmittedToAnotherThread() throws Exception {
            var gate = new Gate();
            var called = new CompletableFuture<Thread>();
            Thread caller = Thread.ofVirtual().start(() -> {
                executor.call(gate::pass);
                called.complete(Thread.currentThread());
            });
            Waiting.await(gate.entered, "the call's start");
            var queued = executor.submit(Thread::currentThread);
            assertThat(threadsStarted).as("threads beside the caller's").hasValue(0);

            gate.open.countDown();

            Waiting.await(called, "the call's end");
            assertThat(queued.await()).isPresent().get().isNotSameAs(caller);
            assertThat(threadsStarted).hasValue(1);
        }

        @Test
        void whatTheTaskThrowsIsTheCauseAndTheNextTaskRuns() {
            assertThatThrownBy(() -> executor.call(() -> {
                        throw new IllegalStateException("no");
                    }))
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(IllegalStateException.class);

            assertThat(executor.call(() -> "fine")).contains("fine");
        }

        @Test
        void onAnInterruptedThreadTheTaskNeverRunsAndTheStatusStays() {
            var ran = new AtomicInteger();
            Thread.currentThread().interrupt();

            Optional<Integer> result = executor.call(ran::incrementAndGet);

            assertThat(Thread.interrupted()).as("the interrupt status").isTrue();
            assertThat(result).isEmpty();
            assertThat(ran).hasValue(0);
            assertThat(executor.call(ran::incrementAndGet)).contains(1);
        }

        @Test
        void anInterruptReachesTheTaskAndTheStatusStaysAsTheTaskLeftIt() throws Exception {
            var entered = new CountDownLatch(1);
            var called = new CompletableFuture<Optional<String>>();
            var flag = new CompletableFuture<Boolean>();
            Thread caller = Thread.ofVirtual().start(() -> {
                called.complete(executor.call(() -> {
                    entered.countDown();
                    try {
                        new CountDownLatch(1).await();
                        return "not reached";
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        return "partial";
                    }
                }));
                flag.complete(Thread.currentThread().isInterrupted());
            });
            Waiting.await(entered, "the task's start");

            caller.interrupt();

            assertThat(Waiting.await(called, "the task's value")).contains("partial");
            assertThat(Waiting.await(flag, "the caller's end")).isTrue();
        }

        @Test
        void aTaskThatCallsTheSameExecutorIsToldThatItWouldWaitForItself() {
            assertThatThrownBy(() -> executor.call(() -> executor.call(() -> 1)))
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("must not wait for another one of the same host");
            assertThatThrownBy(
                            () -> executor.submit(() -> executor.call(() -> 1)).await())
                    .hasCauseInstanceOf(IllegalStateException.class);

            assertThat(executor.call(() -> 2)).contains(2);
        }

        @Test
        void aThreadThatCannotBeStartedFailsWhatOthersSubmittedAndNotTheCall() throws Exception {
            var reluctant = new HostExecutor(task -> {
                throw new OutOfMemoryError("unable to create native thread");
            });
            var queued = new CompletableFuture<HostExecutor.Submission<Integer>>();

            Optional<Boolean> called = reluctant.call(() -> queued.complete(reluctant.submit(() -> 1)));

            assertThat(called).contains(true);
            var submission = Waiting.await(queued, "the submission");
            assertThatThrownBy(submission::await).hasCauseInstanceOf(OutOfMemoryError.class);
            assertThat(reluctant.call(() -> 2)).contains(2);
        }
    }

    @Nested
    class Close {

        @Test
        void cancelsWhatIsQueuedAndLetsWhatIsUnderWayGoOn() throws Exception {
            var gate = new Gate();
            var ran = new AtomicInteger();
            var first = executor.submit(gate::pass);
            Waiting.await(gate.entered, "the first task's start");
            var queued = List.of(executor.submit(ran::incrementAndGet), executor.submit(ran::incrementAndGet));

            executor.close();

            assertThat(queued).allSatisfy(each -> assertThat(each.await()).isEmpty());
            gate.open.countDown();
            assertThat(first.await()).contains("passed");
            assertThat(ran).hasValue(0);
        }

        /** A task that closes is behind some that were taken from the queue together with it. */
        @Test
        void cancelsWhatTheDrainingThreadHasTakenAlready() throws Exception {
            var gate = new Gate();
            var ran = new AtomicInteger();
            executor.submit(gate::pass);
            Waiting.await(gate.entered, "the first task's start");
            var closing = executor.submit(() -> {
                executor.close();
                return "closed";
            });
            var behind = executor.submit(ran::incrementAndGet);
            gate.open.countDown();

            assertThat(closing.await()).contains("closed");
            assertThat(behind.await()).isEmpty();
            assertThat(ran).hasValue(0);
        }

        @Test
        void nothingRunsAfterIt() {
            executor.close();
            executor.close();

            assertThat(executor.submit(() -> 1).await()).isEmpty();
            assertThat(executor.call(() -> 1)).isEmpty();
            assertThat(threadsStarted).hasValue(0);
        }

        @Test
        void aCallThatIsUnderWayGoesOn() {
            var queued = new ArrayList<HostExecutor.Submission<Integer>>();

            Optional<String> called = executor.call(() -> {
                queued.add(executor.submit(() -> 1));
                executor.close();
                return "ended";
            });

            assertThat(called).contains("ended");
            assertThat(queued.get(0).await()).isEmpty();
            assertThat(executor.call(() -> 1)).isEmpty();
            assertThat(threadsStarted).hasValue(0);
        }
    }
}
