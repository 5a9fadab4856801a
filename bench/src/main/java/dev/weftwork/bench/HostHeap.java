package dev.weftwork.bench;

import dev.weftwork.command.Command;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.RunHandle;
import dev.weftwork.engine.TimeSource;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.shell.Shell;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What does a host of a run hold, without a transport?
 *
 * <p>Measured: the heap in use after garbage collection for each host, less what there was before the run: with all hosts
 * but one connected and waiting for that one in lockstep (idle), and with all of them in a command, which waits for a latch
 * (busy). Beside it the same for bare virtual threads, one for each host, that connect and then wait for a latch, or run
 * such a command. Hosts are {@link MachinesInMemory}.
 *
 * <p>Not measured: inventory and deploy, which are made before; results, of which there are none yet; memory outside of the
 * heap. Each line is of one measurement; stacks are part of it, and are smaller in later ones, as code is compiled.
 *
 * <p>With the {@code java} of a JDK 21 or newer, after {@code mvn package}; the argument is the number of hosts:
 *
 * <pre>{@code
 * java -cp bench/target/benchmarks.jar dev.weftwork.bench.HostHeap 100000
 * }</pre>
 */
public final class HostHeap {

    private static final Command NOOP = Command.of("true");
    private static final long SECONDS = 600;
    private static final int ROUNDS = 5;

    private HostHeap() {}

    /** What a host holds in bytes, on average, and what a thread without the engine does. */
    record Footprint(int hosts, long idle, long bareIdle, long busy, long bareBusy) {

        @Override
        public String toString() {
            return ("hosts=%d heap-bytes-per-idle-host=%d of-bare-thread=%d"
                            + " heap-bytes-per-busy-host=%d of-bare-thread=%d")
                    .formatted(hosts, idle, bareIdle, busy, bareBusy);
        }
    }

    /** Hosts wait here, those that are counted and those that aren't. */
    private static final class Block {
        private final CountDownLatch arrived;
        private final CountDownLatch open = new CountDownLatch(1);

        Block(int hosts) {
            arrived = new CountDownLatch(hosts);
        }

        void pass() throws InterruptedException {
            arrived.countDown();
            open.await();
        }

        void awaitAll() throws InterruptedException {
            if (!arrived.await(SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException(arrived.getCount() + " hosts didn't come");
            }
        }
    }

    /** The system's time, and how many activities of the engine are at work. */
    private static final class CountingTime implements TimeSource {
        private final AtomicInteger atWork = new AtomicInteger();

        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public void sleep(Duration time) throws InterruptedException {
            TimeSource.system().sleep(time);
        }

        @Override
        public Timer timer() {
            return TimeSource.system().timer();
        }

        @Override
        public void wakes(int activities) {
            atWork.addAndGet(activities);
        }

        @Override
        public void rests() {
            atWork.decrementAndGet();
        }

        void awaitAtWork(int activities) throws InterruptedException {
            while (atWork.get() != activities) {
                Thread.sleep(1);
            }
        }
    }

    /** Connects to the first host only when the block is open. */
    private record FirstIsSlow(Connector connector, Host first, Block block) implements Connector {

        @Override
        public Connection connect(Host host) throws InterruptedException {
            if (host.equals(first)) {
                block.pass();
            }
            return connector.connect(host);
        }

        @Override
        public void close() {
            connector.close();
        }
    }

    static Footprint measure(int hosts) throws InterruptedException {
        Inventory inventory = MachinesInMemory.inventory(hosts);
        return new Footprint(
                hosts,
                idle(inventory) / hosts,
                bareIdle(inventory) / hosts,
                busy(inventory) / hosts,
                bareBusy(inventory) / hosts);
    }

    private static long idle(Inventory inventory) throws InterruptedException {
        var block = new Block(1);
        return ofRun(
                inventory,
                new FirstIsSlow(new MachinesInMemory(), inventory.hosts().get(0), block),
                block,
                1);
    }

    private static long busy(Inventory inventory) throws InterruptedException {
        int hosts = inventory.hosts().size();
        var block = new Block(hosts);
        return ofRun(inventory, new MachinesInMemory(block::pass), block, hosts);
    }

    private static long ofRun(Inventory inventory, Connector connector, Block block, int atWork)
            throws InterruptedException {
        var time = new CountingTime();
        Deploy deploy = Deploy.named("heap").step(Shell.run("true"));
        try (Engine engine = Engine.builder(connector).time(time).build()) {
            long before = IdleSessionHeap.usedHeap();
            try (RunHandle run = engine.start(inventory, deploy)) {
                block.awaitAll();
                time.awaitAtWork(atWork);
                long held = IdleSessionHeap.usedHeap() - before;
                block.open.countDown();
                run.join().throwIfFailed();
                return held;
            }
        }
    }

    private static long bareIdle(Inventory inventory) throws InterruptedException {
        var block = new Block(inventory.hosts().size());
        return ofThreads(inventory, new MachinesInMemory(), block, connection -> block.pass());
    }

    private static long bareBusy(Inventory inventory) throws InterruptedException {
        var block = new Block(inventory.hosts().size());
        return ofThreads(inventory, new MachinesInMemory(block::pass), block, connection -> connection.execute(NOOP));
    }

    private interface Use {
        void of(Connection connection) throws InterruptedException;
    }

    private static long ofThreads(Inventory inventory, Connector connector, Block block, Use use)
            throws InterruptedException {
        long before = IdleSessionHeap.usedHeap();
        var threads = new ArrayList<Thread>(inventory.hosts().size());
        for (Host host : inventory.hosts()) {
            threads.add(Thread.ofVirtual().start(() -> {
                try (Connection connection = connector.connect(host)) {
                    use.of(connection);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }));
        }
        block.awaitAll();
        long held = IdleSessionHeap.usedHeap() - before;
        block.open.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        return held;
    }

    public static void main(String[] args) throws InterruptedException {
        int hosts = args.length == 0 ? 100_000 : Integer.parseInt(args[0]);
        // Interpreted code needs more stack; what it needs when it is compiled is what the last lines say.
        for (int i = 0; i < ROUNDS; i++) {
            System.out.println(measure(hosts));
        }
    }
}
