package dev.weftwork.bench;

import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.Strategy;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepStatus;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
 * What does it cost that hosts wait for each other?
 *
 * <p>Measured: an op is a run of {@value #STEPS} steps that find nothing to do, on {@link MachinesInMemory}. {@code
 * perStepAndHost} beside the score is the same time in microseconds for each step of each host, connecting included; that
 * of {@link Pace#FREE}, where no host waits for another, is what steps cost by themselves, and the rest is the price of the
 * strategy. A run that took another number of steps fails the benchmark.
 *
 * <p>Not measured: what it costs to wait for hosts that are slow; commands; limits on hosts at work.
 *
 * <p>With the {@code java} of a JDK 21 or newer, after {@code mvn package}; the file keeps the raw samples:
 *
 * <pre>{@code
 * java -jar bench/target/benchmarks.jar StrategyBenchmark -foe true -rf json -rff bench/target/strategies.json
 * }</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Xmx4g")
public class StrategyBenchmark {

    static final int STEPS = 20;

    /** When a host may take its next step. */
    public enum Pace {
        FREE {
            @Override
            Strategy of(int hosts) {
                return Strategy.free();
            }
        },
        LOCKSTEP {
            @Override
            Strategy of(int hosts) {
                return Strategy.lockstep();
            }
        },
        /** Ten batches. */
        ROLLING {
            @Override
            Strategy of(int hosts) {
                return Strategy.rolling(Math.max(1, hosts / 10));
            }
        },
        SERIAL {
            @Override
            Strategy of(int hosts) {
                return Strategy.serial();
            }
        };

        abstract Strategy of(int hosts);
    }

    private record Nothing() implements Operation {

        @Override
        public String summary() {
            return "nothing";
        }

        @Override
        public List<Change> plan(HostFacts facts) {
            return List.of();
        }
    }

    /** Of an iteration: so many steps there were, over all runs and hosts. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Costs {
        public long perStepAndHost;
    }

    @Param({"1000", "100000"})
    int hosts;

    @Param
    Pace pace = Pace.FREE;

    private Inventory inventory;
    private Deploy deploy;
    private Engine engine;

    @Setup(Level.Trial)
    public void open() {
        inventory = MachinesInMemory.inventory(hosts);
        deploy = Deploy.named("steps");
        for (int i = 1; i <= STEPS; i++) {
            deploy = deploy.step("step " + i, new Nothing());
        }
        engine = Engine.builder(new MachinesInMemory()).strategy(pace.of(hosts)).build();
    }

    @TearDown(Level.Trial)
    public void close() {
        engine.close();
    }

    @Benchmark
    public long steps(Costs costs) {
        long expected = (long) hosts * STEPS;
        RunReport report = engine.run(inventory, deploy);
        long steps = report.count(StepStatus.UNCHANGED);
        if (steps != expected) {
            throw new IllegalStateException(
                    "%s: a run takes %d steps, but there were %d".formatted(pace, expected, steps));
        }
        costs.perStepAndHost += steps;
        return steps;
    }
}
