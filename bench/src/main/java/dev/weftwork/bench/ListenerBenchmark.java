package dev.weftwork.bench;

import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.RunOptions;
import dev.weftwork.engine.Strategy;
import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.listener.ConsoleProgress;
import dev.weftwork.listener.HtmlReport;
import dev.weftwork.listener.JfrEvents;
import dev.weftwork.listener.JsonLines;
import dev.weftwork.listener.RunLog;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepStatus;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
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
 * What does it cost a run to be watched?
 *
 * <p>Measured: an op is a run of {@value #STEPS} steps of {@value #COMMANDS} commands each on {@link MachinesInMemory},
 * whose commands take no time, with one listener; {@code perEvent} beside the score is the same time in microseconds for each
 * event of the run. {@link Watched#NONE} is the run without events, {@link Watched#COUNTING} what it costs to make them. A
 * run that took another number of steps fails the benchmark.
 *
 * <p>Not measured: a terminal or a file, because all that is written is thrown away, but for the HTML page; runs that take so long that their
 * painting is seen, which is ten frames a second; memory.
 *
 * <p>With the {@code java} of a JDK 21 or newer, after {@code mvn package}; the file keeps the raw samples:
 *
 * <pre>{@code
 * java -jar bench/target/benchmarks.jar ListenerBenchmark -foe true -rf json -rff bench/target/listeners.json
 * }</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Xmx4g")
public class ListenerBenchmark {

    static final int STEPS = 5;
    static final int COMMANDS = 4;

    /** Begin, connection and end of a host; begin and end of each step and of each command. */
    private static final int EVENTS_OF_A_HOST = 3 + 2 * STEPS * (1 + COMMANDS);

    private static final Path PAGE = Path.of(System.getProperty("java.io.tmpdir"), "weftwork-listener-benchmark.html");

    /** Who watches. */
    public enum Watched {
        NONE {
            @Override
            Optional<RunListener> listener() {
                return Optional.empty();
            }
        },
        COUNTING {
            @Override
            Optional<RunListener> listener() {
                var events = new LongAdder();
                return Optional.of(event -> events.increment());
            }
        },
        CONSOLE_LIVE {
            @Override
            Optional<RunListener> listener() {
                return Optional.of(ConsoleProgress.builder(nowhere())
                        .live(true)
                        .colours(true)
                        .build());
            }
        },
        CONSOLE_PLAIN {
            @Override
            Optional<RunListener> listener() {
                return Optional.of(ConsoleProgress.to(nowhere()));
            }
        },
        /** To a logger that lets warnings through only. */
        LOG {
            @Override
            Optional<RunListener> listener() {
                return Optional.of(RunLog.create());
            }
        },
        /** With no recording. */
        JFR_OFF {
            @Override
            Optional<RunListener> listener() {
                return Optional.of(JfrEvents.create());
            }
        },
        JSON_LINES {
            @Override
            Optional<RunListener> listener() {
                return Optional.of(JsonLines.to(OutputStream.nullOutputStream()));
            }
        },
        /** With a page at the end of each run, in a file that the next one replaces. */
        HTML {
            @Override
            Optional<RunListener> listener() {
                return Optional.of(new RunListener() {
                    @Override
                    public RunListener forRun() {
                        return HtmlReport.to(PAGE).forRun();
                    }

                    @Override
                    public void on(RunEvent event) {
                        throw new IllegalStateException("told of " + event);
                    }
                });
            }
        };

        /** A new one. */
        abstract Optional<RunListener> listener();

        private static PrintStream nowhere() {
            return new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        }
    }

    /** How hosts go. */
    public enum Pace {
        FREE {
            @Override
            Strategy strategy() {
                return Strategy.free();
            }
        },
        LOCKSTEP {
            @Override
            Strategy strategy() {
                return Strategy.lockstep();
            }
        };

        abstract Strategy strategy();
    }

    /** Of an iteration: so many events there were, or would have been, over all runs and hosts. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Costs {
        public long perEvent;
    }

    @Param({"1000", "10000"})
    int hosts;

    @Param
    Pace pace = Pace.FREE;

    @Param
    Watched listener = Watched.NONE;

    private Inventory inventory;
    private Deploy deploy;
    private RunOptions options;
    private Engine engine;

    @Setup(Level.Trial)
    public void open() {
        inventory = MachinesInMemory.inventory(hosts);
        var operation = TheSameChanges.ofNothing(COMMANDS);
        deploy = Deploy.named("watched");
        for (int i = 1; i <= STEPS; i++) {
            deploy = deploy.step("step " + i, operation);
        }
        options = RunOptions.standard().strategy(pace.strategy());
        Optional<RunListener> watching = listener.listener();
        if (watching.isPresent()) {
            options = options.listener(watching.get());
        }
        engine = Engine.of(new MachinesInMemory());
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
        engine.close();
        Files.deleteIfExists(PAGE);
    }

    @Benchmark
    public long watched(Costs costs) {
        long expected = (long) hosts * STEPS;
        RunReport report = engine.run(inventory, deploy, options);
        long steps = report.count(StepStatus.CHANGED);
        if (steps != expected) {
            throw new IllegalStateException(
                    "%s: a run takes %d steps, but there were %d".formatted(listener, expected, steps));
        }
        costs.perEvent += (long) hosts * EVENTS_OF_A_HOST;
        return steps;
    }
}
