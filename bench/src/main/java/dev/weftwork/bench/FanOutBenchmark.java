package dev.weftwork.bench;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.Strategy;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.report.RunReport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.openjdk.jmh.annotations.AuxCounters;
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
 * What does the engine add to the threads that it runs hosts on?
 *
 * <p>Measured: an op is a round, in which every host is connected to, runs its commands one after the other and is
 * disconnected; all results are kept until the end. Hosts are {@link MachinesInMemory}, so that what is left is the way to
 * them: the {@link Way}. {@link #commands} runs {@value #COMMANDS} commands that do nothing on every host, {@link
 * #sleeping} one that sleeps {@value #SLEEP_MILLIS} ms. {@code perHost} and {@code perCommand} beside the score are the
 * same time in microseconds for each host and each command; two of one run and the same number of hosts make a ratio. A
 * round with another number of results fails the benchmark.
 *
 * <p>Not measured: inventory and deploy, which are made once; the pool's threads, which are there before; planning, as
 * the operation has its changes ready; listeners, facts, limits; commands that have output. A million hosts with all
 * their results need some gigabytes of heap, and the garbage of one round is collected in the next.
 *
 * <p>With the {@code java} of a JDK 21 or newer, after {@code mvn package}; the file keeps the raw samples:
 *
 * <pre>{@code
 * java -jar bench/target/benchmarks.jar FanOutBenchmark.commands -foe true -rf json -rff bench/target/fan-out.json
 * java -jar bench/target/benchmarks.jar FanOutBenchmark.sleeping -p hosts=100000 -foe true
 * }</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Xmx8g")
public class FanOutBenchmark {

    static final int COMMANDS = 20;
    static final int SLEEP_MILLIS = 10;
    static final int POOL_THREADS = 200;

    private static final Command NOOP = Command.of("true");
    private static final String STEP = "commands";

    /** What takes the hosts through their commands. */
    public enum Way {
        /** A virtual thread for each host. */
        BARE_THREADS {
            @Override
            Round open(FanOutBenchmark benchmark) {
                return (connector, commands) -> benchmark.onThreads(new Visit(benchmark, connector, commands));
            }
        },
        /** As {@link #BARE_THREADS}, but no host begins its commands before all are connected. */
        BARE_THREADS_IN_LOCKSTEP {
            @Override
            Round open(FanOutBenchmark benchmark) {
                return (connector, commands) -> {
                    var unconnected = new CountDownLatch(benchmark.hosts);
                    return benchmark.onThreads(new Visit(benchmark, connector, commands) {
                        @Override
                        void connected() throws InterruptedException {
                            unconnected.countDown();
                            unconnected.await();
                        }
                    });
                };
            }
        },
        /** {@link Executors#newVirtualThreadPerTaskExecutor}. */
        VIRTUAL_EXECUTOR {
            @Override
            Round open(FanOutBenchmark benchmark) {
                return (connector, commands) -> {
                    var visit = new Visit(benchmark, connector, commands);
                    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
                        for (int i = 0; i < benchmark.hosts; i++) {
                            int place = i;
                            executor.execute(() -> visit.accept(place));
                        }
                    }
                    return visit.results();
                };
            }
        },
        /** {@value FanOutBenchmark#POOL_THREADS} platform threads for all hosts. */
        POOL {
            @Override
            Round open(FanOutBenchmark benchmark) {
                ExecutorService pool = Executors.newFixedThreadPool(POOL_THREADS);
                return new Round() {
                    @Override
                    public long run(Connector connector, int commands) throws InterruptedException {
                        var visit = new Visit(benchmark, connector, commands);
                        var left = new CountDownLatch(benchmark.hosts);
                        for (int i = 0; i < benchmark.hosts; i++) {
                            int place = i;
                            pool.execute(() -> {
                                visit.accept(place);
                                left.countDown();
                            });
                        }
                        left.await();
                        return visit.results();
                    }

                    @Override
                    public void close() {
                        pool.shutdown();
                    }
                };
            }
        },
        /** The engine as it comes, in lockstep: a step whose operation plans the commands. */
        ENGINE_STEP {
            @Override
            Round open(FanOutBenchmark benchmark) {
                return benchmark.withEngine(Strategy.lockstep(), false);
            }
        },
        /** As {@link #ENGINE_STEP}, each host at its own pace. */
        ENGINE_STEP_FREE {
            @Override
            Round open(FanOutBenchmark benchmark) {
                return benchmark.withEngine(Strategy.free(), false);
            }
        },
        /** The engine as it comes, in lockstep: code that runs the commands. */
        ENGINE_CODE {
            @Override
            Round open(FanOutBenchmark benchmark) {
                return benchmark.withEngine(Strategy.lockstep(), true);
            }
        },
        /** As {@link #ENGINE_CODE}, each host at its own pace. */
        ENGINE_CODE_FREE {
            @Override
            Round open(FanOutBenchmark benchmark) {
                return benchmark.withEngine(Strategy.free(), true);
            }
        };

        abstract Round open(FanOutBenchmark benchmark);
    }

    /** Takes all hosts through their commands, and says how many results there are. */
    interface Round extends AutoCloseable {

        long run(Connector connector, int commands) throws InterruptedException;

        @Override
        default void close() {}
    }

    /** What a host's thread does without the engine. */
    private static class Visit implements IntConsumer {

        private final List<Host> hosts;
        private final Connector connector;
        private final int commands;
        /** By the host's place, each set by the host's thread. */
        private final List<List<CommandResult>> results;

        Visit(FanOutBenchmark benchmark, Connector connector, int commands) {
            hosts = benchmark.inventory.hosts();
            this.connector = connector;
            this.commands = commands;
            results = new ArrayList<>(Collections.nCopies(hosts.size(), List.of()));
        }

        @Override
        public final void accept(int place) {
            try (Connection connection = connector.connect(hosts.get(place))) {
                connected();
                var own = new ArrayList<CommandResult>(commands);
                for (int i = 0; i < commands; i++) {
                    own.add(connection.execute(NOOP));
                }
                results.set(place, own);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        void connected() throws InterruptedException {}

        final long results() {
            return results.stream().mapToLong(List::size).sum();
        }
    }

    /** Of an iteration: so many rounds had so many hosts and commands. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Costs {
        public long perHost;
        public long perCommand;
    }

    @Param({"1000", "10000", "100000", "1000000"})
    int hosts;

    @Param
    Way way = Way.BARE_THREADS;

    private final Connector noop = new MachinesInMemory();
    private final Connector sleeping = new MachinesInMemory(() -> Thread.sleep(SLEEP_MILLIS));
    private Inventory inventory;
    private Round round;

    @Setup(Level.Trial)
    public void open() {
        inventory = MachinesInMemory.inventory(hosts);
        round = way.open(this);
    }

    @TearDown(Level.Trial)
    public void close() throws Exception {
        round.close();
    }

    @Benchmark
    public long commands(Costs costs) throws InterruptedException {
        return run(noop, COMMANDS, costs);
    }

    @Benchmark
    public long sleeping(Costs costs) throws InterruptedException {
        return run(sleeping, 1, costs);
    }

    private long run(Connector connector, int commands, Costs costs) throws InterruptedException {
        long expected = (long) hosts * commands;
        long results = round.run(connector, commands);
        if (results != expected) {
            throw new IllegalStateException(
                    "%s: a round has %d results, but there were %d".formatted(way, expected, results));
        }
        costs.perHost += hosts;
        costs.perCommand += expected;
        return results;
    }

    private long onThreads(Visit visit) throws InterruptedException {
        var threads = new ArrayList<Thread>(hosts);
        for (int i = 0; i < hosts; i++) {
            int place = i;
            threads.add(Thread.ofVirtual().start(() -> visit.accept(place)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return visit.results();
    }

    private Round withEngine(Strategy strategy, boolean code) {
        return (connector, commands) -> {
            try (var engine = Engine.builder(connector).strategy(strategy).build()) {
                RunReport report = engine.run(inventory, code ? code(commands) : step(commands));
                return report.hosts().stream()
                        .mapToLong(host -> host.steps().get(0).changes().size())
                        .sum();
            }
        };
    }

    private static Deploy step(int commands) {
        return Deploy.named("fan-out").step(TheSameChanges.ofNothing(commands));
    }

    private static Deploy code(int commands) {
        return Deploy.named("fan-out").code(STEP, host -> {
            for (int i = 0; i < commands; i++) {
                host.run(NOOP);
            }
            return commands;
        });
    }
}
