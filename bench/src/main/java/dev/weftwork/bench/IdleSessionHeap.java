package dev.weftwork.bench;

import dev.weftwork.command.Command;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.connector.orbstack.OrbStack;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.inventory.Host;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What does an open connection hold while nothing runs on it?
 *
 * <p>Measured: with 1,000 connections to embedded machines, or one to each running OrbStack machine, on each of which one
 * command has run, the heap in use after garbage collection and the platform threads alive, each less what there was before
 * the first was opened, for each connection. Threads are listed by name, with {@code N} for numbers; those that only linger, as the JDK's {@code process
 * reaper} does for a minute after its process, are counted like any other.
 *
 * <p>Not measured: memory outside the heap, such as stacks of threads; the memory of the shells; what a connector takes
 * with no connection open; anything while commands run. A figure is of one measurement; the program is to be run a few
 * times.
 *
 * <p>With the {@code java} of a JDK 21 or newer, after {@code mvn package}; the argument is the number of connections to
 * embedded machines, or the word {@code orbstack}, with the options of {@link OrbStackDemo}:
 *
 * <pre>{@code
 * java -cp bench/target/benchmarks.jar dev.weftwork.bench.IdleSessionHeap 1000
 * java -Dorbstack.transport=ssh -cp bench/target/benchmarks.jar dev.weftwork.bench.IdleSessionHeap orbstack
 * }</pre>
 */
public final class IdleSessionHeap {

    private static final int MOST_COLLECTIONS = 20;

    private IdleSessionHeap() {}

    /**
     * What the sessions hold, all of them together.
     *
     * @param threads how many platform threads there are more than before, by name
     */
    record Footprint(int sessions, long heapBytes, Map<String, Integer> threads) {

        Footprint {
            threads = Map.copyOf(threads);
        }

        @Override
        public String toString() {
            var text = new StringBuilder(
                    "weftwork: sessions=%d heap-bytes-per-session=%d platform-threads-per-session=%.2f%n"
                            .formatted(
                                    sessions,
                                    heapBytes / sessions,
                                    (double) threads.values().stream()
                                                    .mapToInt(Integer::intValue)
                                                    .sum()
                                            / sessions));
            new TreeMap<>(threads).forEach((name, count) -> text.append("  %6d %s%n".formatted(count, name)));
            return text.toString();
        }
    }

    static Footprint measure(int sessions) throws InterruptedException, ExecutionException {
        if (sessions < 1) {
            throw new IllegalArgumentException("sessions must be >= 1, was " + sessions);
        }
        var hosts = new ArrayList<Host>();
        for (int i = 0; i < sessions; i++) {
            hosts.add(Host.named("idle" + i));
        }
        try (Connector connector = LocalConnector.temporary()) {
            return measure(connector, hosts);
        }
    }

    /** @param connector with no connection open yet */
    static Footprint measure(Connector connector, List<Host> hosts) throws InterruptedException, ExecutionException {
        long heapBefore = usedHeap();
        Map<String, Integer> threadsBefore = platformThreads();
        List<Connection> connections = openAndUse(connector, hosts);
        long heapBytes = usedHeap() - heapBefore;
        Map<String, Integer> threads = platformThreads();
        connections.forEach(Connection::close);
        threadsBefore.forEach((name, count) -> threads.merge(name, -count, Integer::sum));
        threads.values().removeIf(count -> count <= 0);
        return new Footprint(hosts.size(), heapBytes, threads);
    }

    private static List<Connection> openAndUse(Connector connector, List<Host> hosts)
            throws InterruptedException, ExecutionException {
        var tasks = new ArrayList<Callable<Connection>>();
        for (Host host : hosts) {
            tasks.add(() -> {
                Connection connection = connector.connect(host);
                SessionBenchmark.requireOutput("hi\n", connection.execute(Command.of("echo", "hi")));
                return connection;
            });
        }
        var connections = new ArrayList<Connection>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Connection> connection : threads.invokeAll(tasks)) {
                connections.add(connection.get());
            }
        }
        return connections;
    }

    /** After as many collections as it takes for nothing more to become free. */
    static long usedHeap() {
        long used = Long.MAX_VALUE;
        for (int i = 0; i < MOST_COLLECTIONS; i++) {
            System.gc();
            long now = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
            if (now >= used) {
                break;
            }
            used = now;
        }
        return used;
    }

    /** How many are alive, by name. */
    private static Map<String, Integer> platformThreads() {
        var all = ManagementFactory.getThreadMXBean();
        var counts = new TreeMap<String, Integer>();
        for (ThreadInfo thread : all.getThreadInfo(all.getAllThreadIds())) {
            // Null for one that has ended in between.
            if (thread != null) {
                counts.merge(thread.getThreadName().replaceAll("\\d+", "N"), 1, Integer::sum);
            }
        }
        return counts;
    }

    public static void main(String[] args) throws InterruptedException, ExecutionException {
        if (args.length > 0 && args[0].equals("orbstack")) {
            OrbCtl orbctl = OrbCtl.onPath();
            List<Host> hosts = new ArrayList<>();
            OrbStack.runningInventory(orbctl).forEach(hosts::add);
            try (Connector connector = OrbStackDemo.options(orbctl).build()) {
                measure(connector, hosts.subList(0, 1));
                System.out.print(measure(connector, hosts));
            }
            return;
        }
        int sessions = args.length == 0 ? 1_000 : Integer.parseInt(args[0]);
        // Loads the classes and starts the threads that there are once, whatever the number of sessions.
        measure(1);
        System.out.print(measure(sessions));
    }
}
