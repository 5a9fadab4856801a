package dev.weftwork.bench;

import dev.weftwork.engine.HostExecutorBridge;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does it cost to run each host's commands one at a time and in their order, and what does a host hold for it?
 *
 * <p>Measured: an op is a round, in which every host runs {@value #COMMANDS} commands that only count themselves; so
 * commands/s are the score times hosts times {@value #COMMANDS}. How they get to the host is the {@link Way}; those that
 * submit do it from {@value #SUBMITTERS} threads, each of which submits one command to every host and then the next one,
 * so that hosts find themselves idle and busy; those that call have a virtual thread for each host, which runs one command
 * after the other. A round ends with its last command, and one that ran another number of commands fails the benchmark.
 *
 * <p>With {@link #main}, measured: the heap in use after garbage collection for each host, less what there was before the
 * first host, when a command has run on every one of them and none is left (idle), and while one command is under way on
 * each (busy). A host without a thread of its own isn't charged with one that waits elsewhere: in the ways that call, the
 * host's thread is part of busy.
 *
 * <p>Not measured: commands that do something, a host with several threads that call, order (locks and semaphores don't
 * keep it between threads), cancelling.
 *
 * <p>With the {@code java} of a JDK 21 or newer, after {@code mvn package}; the argument is the number of hosts:
 *
 * <pre>{@code
 * java -jar bench/target/benchmarks.jar HostExecutorBenchmark -foe true -rf json -rff bench/target/executors.json
 * java -cp bench/target/benchmarks.jar dev.weftwork.bench.HostExecutorBenchmark 10000
 * }</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Xmx3g")
public class HostExecutorBenchmark {

    static final int COMMANDS = 20;
    static final int SUBMITTERS = 4;

    private static final ThreadFactory VIRTUAL = Thread.ofVirtual().factory();
    private static final long SECONDS = 600;

    /** How a command gets to its host. */
    public enum Way {
        /** The engine's executor, which starts a thread when it is idle. */
        SUBMIT(false) {
            @Override
            Lane open() {
                return new HostExecutorBridge(VIRTUAL)::submit;
            }
        },
        /** The engine's executor, which runs the command on the calling thread when it is idle. */
        CALL(true) {
            @Override
            Lane open() {
                return new HostExecutorBridge(VIRTUAL)::call;
            }
        },
        /** As {@link #CALL}, but always on the executor's thread. */
        SUBMIT_AND_AWAIT(true) {
            @Override
            Lane open() {
                return new HostExecutorBridge(VIRTUAL)::submitAndAwait;
            }
        },
        /** A concurrent queue and a flag: who sets it starts a thread that drains the queue. */
        QUEUE_AND_FLAG(false) {
            @Override
            Lane open() {
                return new QueueAndFlag();
            }
        },
        REENTRANT_LOCK(true) {
            @Override
            Lane open() {
                var lock = new ReentrantLock();
                return task -> {
                    lock.lock();
                    try {
                        task.call();
                    } finally {
                        lock.unlock();
                    }
                };
            }
        },
        SEMAPHORE(true) {
            @Override
            Lane open() {
                var permit = new Semaphore(1);
                return task -> {
                    permit.acquire();
                    try {
                        task.call();
                    } finally {
                        permit.release();
                    }
                };
            }
        },
        /** A virtual thread for each host, for as long as there is the host. */
        SINGLE_THREAD_EXECUTOR(false) {
            @Override
            Lane open() {
                return new ThreadPerHost();
            }
        };

        private final boolean calls;

        Way(boolean calls) {
            this.calls = calls;
        }

        abstract Lane open();
    }

    /** One host's way in: runs the task or sees to it that it is run. */
    interface Lane extends AutoCloseable {

        void run(Callable<?> task) throws Exception;

        @Override
        default void close() {}
    }

    private static final class QueueAndFlag implements Lane {

        private final ConcurrentLinkedQueue<Callable<?>> queue = new ConcurrentLinkedQueue<>();
        private final AtomicBoolean draining = new AtomicBoolean();

        @Override
        public void run(Callable<?> task) {
            queue.add(task);
            if (draining.compareAndSet(false, true)) {
                VIRTUAL.newThread(this::drain).start();
            }
        }

        private void drain() {
            do {
                for (Callable<?> task = queue.poll(); task != null; task = queue.poll()) {
                    try {
                        task.call();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                }
                draining.set(false);
                // What came between the last look and the flag has nobody else.
            } while (!queue.isEmpty() && draining.compareAndSet(false, true));
        }
    }

    private static final class ThreadPerHost implements Lane {

        private final ExecutorService thread = Executors.newSingleThreadExecutor(VIRTUAL);

        @Override
        public void run(Callable<?> task) {
            thread.execute(() -> {
                try {
                    task.call();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
        }

        @Override
        public void close() {
            thread.shutdown();
        }
    }

    @Param({"1000", "10000", "100000"})
    int hosts;

    @Param
    Way way = Way.SUBMIT;

    private List<Lane> lanes;

    @Setup(Level.Trial)
    public void open() {
        lanes = new ArrayList<>(hosts);
        for (int i = 0; i < hosts; i++) {
            lanes.add(way.open());
        }
    }

    @TearDown(Level.Trial)
    public void close() {
        lanes.forEach(Lane::close);
    }

    /** Every host runs its commands. */
    @Benchmark
    public long round() throws InterruptedException {
        var ran = new LongAdder();
        long expected = (long) hosts * COMMANDS;
        var left = new CountDownLatch(hosts);
        Callable<Boolean> command = () -> {
            ran.increment();
            return true;
        };
        // Behind all the others of its host.
        Callable<Boolean> last = () -> {
            ran.increment();
            left.countDown();
            return true;
        };
        if (way.calls) {
            call(command, last);
        } else {
            submit(command, last);
        }
        if (!left.await(SECONDS, TimeUnit.SECONDS) || ran.sum() != expected) {
            throw new IllegalStateException(
                    "%s: a round is %d commands, but there were %d".formatted(way, expected, ran.sum()));
        }
        return expected;
    }

    private void call(Callable<?> command, Callable<?> last) throws InterruptedException {
        var threads = new ArrayList<Thread>(hosts);
        for (Lane lane : lanes) {
            threads.add(Thread.ofVirtual().start(() -> {
                for (int i = 1; i < COMMANDS; i++) {
                    run(lane, command);
                }
                run(lane, last);
            }));
        }
        join(threads);
    }

    private void submit(Callable<?> command, Callable<?> last) throws InterruptedException {
        var threads = new ArrayList<Thread>(SUBMITTERS);
        for (int s = 0; s < SUBMITTERS; s++) {
            int submitter = s;
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = submitter; i < COMMANDS - 1; i += SUBMITTERS) {
                    for (Lane lane : lanes) {
                        run(lane, command);
                    }
                }
            }));
        }
        join(threads);
        for (Lane lane : lanes) {
            run(lane, last);
        }
    }

    private static void run(Lane lane, Callable<?> task) {
        try {
            lane.run(task);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static void join(List<Thread> threads) throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** What a host holds, on average. */
    record Footprint(Way way, int hosts, long idleBytes, long busyBytes) {

        @Override
        public String toString() {
            return "%s: hosts=%d heap-bytes-per-idle-host=%d heap-bytes-per-busy-host=%d"
                    .formatted(way.name().toLowerCase(Locale.ROOT), hosts, idleBytes, busyBytes);
        }
    }

    static Footprint measure(Way way, int hosts) throws InterruptedException {
        if (hosts < 1) {
            throw new IllegalArgumentException("hosts must be >= 1, was " + hosts);
        }
        var lanes = new Lane[hosts];
        long before = IdleSessionHeap.usedHeap();
        for (int i = 0; i < hosts; i++) {
            lanes[i] = way.open();
        }
        underWay(way, lanes, new CountDownLatch(0));
        long idle = IdleSessionHeap.usedHeap() - before;
        var open = new CountDownLatch(1);
        List<Thread> callers = underWay(way, lanes, open);
        long busy = IdleSessionHeap.usedHeap() - before;
        open.countDown();
        join(callers);
        for (Lane lane : lanes) {
            lane.close();
        }
        return new Footprint(way, hosts, idle / hosts, busy / hosts);
    }

    /** Returns when a command is under way on every host, or has ended, for which it waits until the latch is open. */
    private static List<Thread> underWay(Way way, Lane[] lanes, CountDownLatch open) throws InterruptedException {
        var entered = new CountDownLatch(lanes.length);
        Callable<Boolean> command = () -> {
            entered.countDown();
            open.await();
            return true;
        };
        var callers = new ArrayList<Thread>();
        for (Lane lane : lanes) {
            if (way.calls) {
                callers.add(Thread.ofVirtual().start(() -> run(lane, command)));
            } else {
                run(lane, command);
            }
        }
        if (!entered.await(SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException(way + ": no command on " + entered.getCount() + " hosts");
        }
        return callers;
    }

    public static void main(String[] args) throws InterruptedException {
        int hosts = args.length == 0 ? 10_000 : Integer.parseInt(args[0]);
        for (Way way : Way.values()) {
            // Loads the classes, and starts the threads that there are once.
            measure(way, 100);
            System.out.println(measure(way, hosts));
        }
    }
}
