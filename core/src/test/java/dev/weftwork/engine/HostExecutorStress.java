package dev.weftwork.engine;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Every race of {@link HostExecutor}, two threads at a time, some millions of times each; {@link HostExecutorStressTest}
 * runs them.
 *
 * <p>A task appends its digit to a number in a plain field. So the number tells the order and what ran twice; a digit is
 * missing if a task was lost, ran beside another one, or didn't see what the one before it wrote.
 *
 * <p>In most of them the thread that a submission starts is the test's to run: in an actor, where it races with the other
 * one and no thread has to start in between, or when both have ended. So nothing waits for what a defect left undone.
 */
final class HostExecutorStress {

    private HostExecutorStress() {}

    /** The tasks' digits in the order in which they ran. */
    static class Log {

        private int digits;

        int append(int digit) {
            int before = digits;
            digits = before * 10 + digit;
            return digit;
        }

        int digits() {
            return digits;
        }
    }

    /** An executor whose threads run when the test wants it, on a thread of the test. */
    static class Manual extends Log {

        private final Queue<Runnable> started = new ConcurrentLinkedQueue<>();

        final HostExecutor executor = new HostExecutor(task -> new Thread(task) {
            @Override
            public synchronized void start() {
                started.add(task);
            }
        });

        /** Runs what has been started and not been run yet, and says how many that was. */
        final int runStarted() {
            int ran = 0;
            for (Runnable next = started.poll(); next != null; next = started.poll()) {
                next.run();
                ran++;
            }
            return ran;
        }

        final HostExecutor.Submission<Integer> submit(int digit) {
            return executor.submit(() -> append(digit));
        }
    }

    /** An executor with virtual threads. */
    static class Threaded extends Log {

        final HostExecutor executor = new HostExecutor(Thread.ofVirtual().factory());

        final Optional<Integer> call(int digit) {
            return executor.call(() -> append(digit));
        }
    }

    /** Two threads submit: each one's order is kept, nothing is lost or run twice, and one thread is started. */
    @JCStressTest
    @Outcome(
            id = {"123, 1", "132, 1", "312, 1"},
            expect = ACCEPTABLE,
            desc = "one after the other")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class SubmitSubmit extends Manual {

        @Actor
        public void first() {
            submit(1);
            submit(2);
        }

        @Actor
        public void second() {
            submit(3);
        }

        @Arbiter
        public void end(II_Result result) {
            result.r2 = runStarted();
            result.r1 = digits();
        }
    }

    /** One submits while another drains, takes more, and finds that it has nothing left. */
    @JCStressTest
    @Outcome(
            id = {"123, 0", "123, 1"},
            expect = ACCEPTABLE,
            desc = "in order, by one thread or by another after it")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class SubmitDrain extends Manual {

        public SubmitDrain() {
            submit(1);
        }

        @Actor
        public void drain() {
            runStarted();
        }

        @Actor
        public void submitter() {
            submit(2);
            submit(3);
        }

        @Arbiter
        public void end(II_Result result) {
            result.r2 = Math.min(1, runStarted());
            result.r1 = digits();
        }
    }

    /** As {@link SubmitDrain}, but two may drain, which is for the executor to prevent. */
    @JCStressTest
    @Outcome(id = "123", expect = ACCEPTABLE, desc = "in order, whoever drains")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class SubmitAndDrainTwice extends Manual {

        public SubmitAndDrainTwice() {
            submit(1);
        }

        @Actor
        public void drain() {
            runStarted();
        }

        @Actor
        public void submitAndDrain() {
            submit(2);
            runStarted();
            submit(3);
            runStarted();
        }

        @Arbiter
        public void end(I_Result result) {
            runStarted();
            result.r1 = digits();
        }
    }

    /** Who waited for a task sees what it wrote, and what the ones before it did. */
    @JCStressTest
    @Outcome(id = "12", expect = ACCEPTABLE, desc = "both are seen")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class AwaitDrain extends Manual {

        private final HostExecutor.Submission<Integer> last;

        public AwaitDrain() {
            submit(1);
            last = submit(2);
        }

        @Actor
        public void drain() {
            runStarted();
        }

        @Actor
        public void waiter(I_Result result) {
            last.await();
            result.r1 = digits();
        }
    }

    /**
     * A task is cancelled while it is queued, runs, or ends: it never runs or runs once, what is known of it is true, and
     * neither the next task nor the thread afterwards sees its interrupt.
     */
    @JCStressTest
    @Outcome(id = "2, 0, 0", expect = ACCEPTABLE, desc = "never ran")
    @Outcome(id = "12, 1, 0", expect = ACCEPTABLE, desc = "ran, interrupted or not")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class CancelDrain extends Manual {

        private final HostExecutor.Submission<Integer> victim;
        private int strayed;

        public CancelDrain() {
            victim = submit(1);
            executor.submit(() -> {
                if (Thread.interrupted()) {
                    strayed += 1;
                }
                return append(2);
            });
        }

        @Actor
        public void drain() {
            runStarted();
            if (Thread.interrupted()) {
                strayed += 10;
            }
        }

        @Actor
        public void canceller() {
            victim.cancel();
        }

        @Arbiter
        public void end(III_Result result) {
            runStarted();
            result.r1 = digits();
            result.r2 = victim.await().orElse(0);
            result.r3 = strayed;
        }
    }

    /** Two cancel the same task. */
    @JCStressTest
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "never ran")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class CancelCancel extends Manual {

        private final HostExecutor.Submission<Integer> victim = submit(1);

        public CancelCancel() {
            submit(2);
        }

        @Actor
        public void first() {
            victim.cancel();
        }

        @Actor
        public void second() {
            victim.cancel();
        }

        @Arbiter
        public void end(II_Result result) {
            runStarted();
            result.r1 = digits();
            result.r2 = victim.await().orElse(0);
        }
    }

    /** What closes races with who submits: what was accepted before runs or is cancelled, what comes after never runs. */
    @JCStressTest
    @Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "both are cancelled")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class CloseSubmit extends Manual {

        private final ArrayDeque<HostExecutor.Submission<Integer>> submitted = new ArrayDeque<>();

        @Actor
        public void submitter() {
            submitted.add(submit(1));
            submitted.add(submit(2));
        }

        @Actor
        public void closer() {
            executor.close();
        }

        @Arbiter
        public void end(III_Result result) {
            runStarted();
            result.r1 = digits();
            result.r2 = submitted.remove().await().orElse(0);
            result.r3 = submitted.remove().await().orElse(0);
        }
    }

    /** What closes races with who drains: the first ones run, the others are cancelled. */
    @JCStressTest
    @Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "none ran")
    @Outcome(id = "1, 1, 0", expect = ACCEPTABLE, desc = "the first ran")
    @Outcome(id = "12, 1, 2", expect = ACCEPTABLE, desc = "both ran")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class CloseDrain extends Manual {

        private final HostExecutor.Submission<Integer> first = submit(1);
        private final HostExecutor.Submission<Integer> second = submit(2);

        @Actor
        public void drain() {
            runStarted();
        }

        @Actor
        public void closer() {
            executor.close();
        }

        @Arbiter
        public void end(III_Result result) {
            submit(3);
            runStarted();
            result.r1 = digits();
            result.r2 = first.await().orElse(0);
            result.r3 = second.await().orElse(0);
        }
    }

    /** Two call, and one of them may have to wait for a thread of the executor. */
    @JCStressTest
    @Outcome(
            id = {"12, 1, 2", "21, 1, 2"},
            expect = ACCEPTABLE,
            desc = "one after the other")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class CallCall extends Threaded {

        @Actor
        public void first(III_Result result) {
            result.r2 = call(1).orElse(0);
        }

        @Actor
        public void second(III_Result result) {
            result.r3 = call(2).orElse(0);
        }

        @Arbiter
        public void end(III_Result result) {
            result.r1 = digits();
        }
    }

    /** One calls while another submits: nothing is left behind by the call that ends. */
    @JCStressTest
    @Outcome(
            id = {"123, 1", "213, 1", "231, 1"},
            expect = ACCEPTABLE,
            desc = "one after the other")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class CallSubmit extends Threaded {

        @Actor
        public void caller(II_Result result) {
            result.r2 = call(1).orElse(0);
        }

        @Actor
        public void submitter(II_Result result) {
            executor.submit(() -> append(2));
            executor.submit(() -> append(3)).await();
        }

        @Arbiter
        public void end(II_Result result) {
            // Behind everything else.
            executor.submit(() -> result.r1 = digits()).await();
        }
    }

    /** What closes races with who calls: the task runs or it doesn't, and the call says which. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "never ran")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "ran")
    @Outcome(expect = FORBIDDEN)
    @State
    public static class CloseCall extends Threaded {

        @Actor
        public void caller(II_Result result) {
            result.r2 = call(1).orElse(0);
        }

        @Actor
        public void closer() {
            executor.close();
        }

        @Arbiter
        public void end(II_Result result) {
            call(2);
            result.r1 = digits();
        }
    }
}
