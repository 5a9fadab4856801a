package dev.weftwork.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.inventory.Host;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.BenchmarkParams;

/**
 * What does a command cost on connections that are open already, and what does it cost without Weftwork?
 *
 * <p>Measured: an op is one command, so a score is commands/s over all hosts together, and two scores of one run make a
 * ratio. A benchmark method is one round of {@value #COMMANDS} commands, shared out evenly to the hosts, each of which
 * runs its own one after the other; a round ends with its slowest host. {@link #echo} and {@link #noop} run on open
 * connections to embedded machines, each host on a virtual thread. Beside them, without Weftwork: {@link
 * #spawnPerCommand}, a process for each command, each host on a platform thread; {@link #processLoop}, the same on a
 * single thread, whatever the number of hosts. Every result is checked, and one that is wrong fails the benchmark.
 *
 * <p>{@code cpuMicrosPerCommand} beside each score is the CPU time of this JVM in microseconds for each command, whatever
 * unit stands behind it: all of its threads, the compiler's and the collector's too, and none of the processes it
 * starts. The system counts in steps of 10 ms, so iterations shorter than a second say little.
 *
 * <p>Not measured: opening and closing connections, the engine, operations, a network; and the CPU time of the shells and
 * of the commands, which shows only in the scores, as they share the computer's cores.
 *
 * <p>With the {@code java} of a JDK 21 or newer, after {@code mvn package}; the file keeps the raw samples:
 *
 * <pre>{@code
 * java -jar bench/target/benchmarks.jar SessionBenchmark -foe true -rf json -rff bench/target/sessions.json
 * java -jar bench/target/benchmarks.jar 'SessionBenchmark.(echo|spawnPerCommand)' -p hosts=256 -foe true
 * }</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@OperationsPerInvocation(SessionBenchmark.COMMANDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 4)
@Fork(1)
public class SessionBenchmark {

    /** In a round: enough for 1,000 hosts to have several each, few enough for one host alone to end soon. */
    static final int COMMANDS = 4_000;

    private static final Command ECHO = Command.of("echo", "hi");
    private static final Command NOOP = Command.of("true");

    /**
     * So many processes are started at once as there are cores. Starts get in each other's way, in the kernel: with 256
     * threads and no limit there is a quarter of the commands/s, and a rival is to be at its best.
     */
    private static final Semaphore STARTS = new Semaphore(Runtime.getRuntime().availableProcessors());

    /** For tests, which need no long rounds; scores are right for {@link #COMMANDS} only. */
    static final String COMMANDS_PROPERTY = "weftwork.bench.commands";

    private final int commands;

    public SessionBenchmark() {
        this(Integer.getInteger(COMMANDS_PROPERTY, COMMANDS));
    }

    SessionBenchmark(int commands) {
        this.commands = commands;
    }

    /** How many hosts a round has. */
    @State(Scope.Benchmark)
    public static class Hosts {

        @Param({"1", "16", "256", "1000"})
        int hosts;

        /** One task for each host, each with its share of that many commands; a task's value is how many it ran. */
        List<Callable<Integer>> share(int commands, HostCommand command) {
            var tasks = new ArrayList<Callable<Integer>>();
            for (int i = 0; i < hosts; i++) {
                int host = i;
                int share = commands / hosts + (host < commands % hosts ? 1 : 0);
                tasks.add(() -> {
                    for (int done = 0; done < share; done++) {
                        command.runOn(host);
                    }
                    return share;
                });
            }
            return tasks;
        }
    }

    /** Runs one command on the host of that index, and throws if anything about its result is wrong. */
    interface HostCommand {
        void runOn(int host) throws Exception;
    }

    /** An open connection to every host, for the whole of a trial. */
    @State(Scope.Benchmark)
    public static class Connections {

        private Connector connector;
        private List<Connection> connections;

        @Setup(Level.Trial)
        public void open(Hosts hosts) throws InterruptedException {
            open(hosts, LocalConnector.temporary());
        }

        final void open(Hosts hosts, Connector connector) throws InterruptedException {
            this.connector = connector;
            connections = new ArrayList<>();
            for (int i = 0; i < hosts.hosts; i++) {
                connections.add(connector.connect(Host.named("host" + i)));
            }
        }

        CommandResult execute(int host, Command command) {
            return connections.get(host).execute(command);
        }

        @TearDown(Level.Trial)
        public void close() {
            connections.forEach(Connection::close);
            connector.close();
        }
    }

    /** A platform thread for every host, for the whole of a trial. */
    @State(Scope.Benchmark)
    public static class PlatformThreads {

        private ExecutorService threads;

        @Setup(Level.Trial)
        public void start(Hosts hosts) {
            threads = Executors.newFixedThreadPool(hosts.hosts);
        }

        @TearDown(Level.Trial)
        public void close() {
            threads.close();
        }
    }

    /**
     * The CPU time of this JVM.
     *
     * <p>The harness has two kinds of counters: one it adds up over the iterations, the other it divides by their length
     * and averages. An average is what is wanted here, so the figure is multiplied by the iteration's length beforehand.
     */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class JvmCpu {

        private static final OperatingSystemMXBean SYSTEM =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

        private long nanosPerUnit = TimeUnit.SECONDS.toNanos(1);
        private long timeBefore;
        private long cpuBefore;
        private long timeNanos;
        private long cpuNanos;
        private long commands;

        @Setup(Level.Iteration)
        public void begin(BenchmarkParams params) {
            if (params.getMode() != Mode.Throughput) {
                throw new IllegalStateException("-bm must be thrpt, which the CPU counter is made for");
            }
            nanosPerUnit = params.getTimeUnit().toNanos(1);
            begin();
        }

        final void begin() {
            commands = 0;
            timeBefore = System.nanoTime();
            cpuBefore = SYSTEM.getProcessCpuTime();
        }

        void ran(int count) {
            commands += count;
            timeNanos = System.nanoTime() - timeBefore;
            cpuNanos = SYSTEM.getProcessCpuTime() - cpuBefore;
        }

        public double cpuMicrosPerCommand() {
            return cpuNanos / 1e3 / commands * timeNanos / nanosPerUnit;
        }
    }

    /** A shell's builtin that writes a line. */
    @Benchmark
    public int echo(Hosts hosts, Connections connections, JvmCpu cpu) throws InterruptedException, ExecutionException {
        return onVirtualThreads(
                hosts.share(commands, host -> requireOutput("hi\n", connections.execute(host, ECHO))), cpu);
    }

    /** A shell's builtin that does nothing. */
    @Benchmark
    public int noop(Hosts hosts, Connections connections, JvmCpu cpu) throws InterruptedException, ExecutionException {
        return onVirtualThreads(hosts.share(commands, host -> requireOutput("", connections.execute(host, NOOP))), cpu);
    }

    /**
     * The rival of {@link #echo}: {@code sh -c 'echo hi'} as a process, its output read to the end, its exit code waited
     * for. Both streams come through one pipe, so this does less than Weftwork, which tells them apart.
     */
    @Benchmark
    public int spawnPerCommand(Hosts hosts, PlatformThreads platform, JvmCpu cpu)
            throws InterruptedException, ExecutionException {
        return round(platform.threads, hosts.share(commands, host -> spawnEcho()), cpu);
    }

    /** As {@link #spawnPerCommand}, on the calling thread. */
    @Benchmark
    public int processLoop(JvmCpu cpu) throws IOException, InterruptedException {
        for (int done = 0; done < commands; done++) {
            spawnEcho();
        }
        cpu.ran(commands);
        return commands;
    }

    private int onVirtualThreads(List<Callable<Integer>> tasks, JvmCpu cpu)
            throws InterruptedException, ExecutionException {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            return round(threads, tasks, cpu);
        }
    }

    private int round(ExecutorService threads, List<Callable<Integer>> tasks, JvmCpu cpu)
            throws InterruptedException, ExecutionException {
        int ran = 0;
        for (Future<Integer> host : threads.invokeAll(tasks)) {
            ran += host.get();
        }
        if (ran != commands) {
            throw new IllegalStateException("a round is " + commands + " commands, but there were " + ran);
        }
        cpu.ran(ran);
        return ran;
    }

    /** Throws unless the command succeeded and wrote just that. */
    static void requireOutput(String expected, CommandResult result) {
        if (!result.orThrow().stdoutText().equals(expected)) {
            throw new IllegalStateException(result + ", and what it wrote is not '" + expected + "'");
        }
    }

    private static void spawnEcho() throws IOException, InterruptedException {
        var builder = new ProcessBuilder("/bin/sh", "-c", "echo hi").redirectErrorStream(true);
        Process process;
        STARTS.acquire();
        try {
            process = builder.start();
        } finally {
            STARTS.release();
        }
        process.getOutputStream().close();
        String written;
        try (InputStream output = process.getInputStream()) {
            written = new String(output.readAllBytes(), StandardCharsets.UTF_8);
        }
        int exitCode = process.waitFor();
        if (exitCode != 0 || !written.equals("hi\n")) {
            throw new IllegalStateException("a process exited " + exitCode + " and wrote '" + written + "'");
        }
    }
}
