package dev.weftwork.engine;

import dev.weftwork.connector.Connector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.RunReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs deploys on the hosts of an inventory, all hosts at once unless options say otherwise.
 *
 * <p>Lifetime: made by the user and closed by them; it owns its connector and closes it too. Threads exist only while a
 * run is under way, one virtual thread per host and one per command; none of them outlives the run.
 *
 * <p>When the JVM is told to end, by a signal such as that of Ctrl-C or by {@code System.exit}, runs are cancelled first,
 * so that no command is left behind; the JVM waits ten seconds for that at most.
 *
 * <p>Safe for use from many threads: several runs may be under way at once, also on the same hosts, whose commands then
 * interleave.
 *
 * <pre>{@code
 * try (Engine engine = Engine.builder(LocalConnector.in(Path.of("target/machines"))).maxParallel(50).build()) {
 *   RunReport report = engine.run(inventory, deploy);
 *   report.throwIfFailed();
 * }
 * }</pre>
 */
public final class Engine implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    private static final Duration SHUTDOWN_PATIENCE = Duration.ofSeconds(10);

    private final Connector connector;
    private final RunOptions options;
    private final ReentrantLock lock = new ReentrantLock();
    /** A run has ended, or the connector is closed. */
    private final Condition progress = lock.newCondition();

    private final Set<HostScope> runs = new HashSet<>();
    private boolean closed;
    private boolean connectorClosed;

    private final Thread shutdownHook =
            Thread.ofPlatform().name("weftwork-shutdown").unstarted(this::closeForShutdown);

    private Engine(Connector connector, RunOptions options) {
        this.connector = connector;
        this.options = options;
    }

    /** An engine with default options; it owns the connector from now on. */
    public static Engine of(Connector connector) {
        return builder(connector).build();
    }

    public static Builder builder(Connector connector) {
        return new Builder(connector);
    }

    /** The options of runs that aren't given others. */
    public RunOptions options() {
        return options;
    }

    /** As {@link #run(Inventory, Deploy, RunOptions)}, with the engine's own options. */
    public RunReport run(Inventory inventory, Deploy deploy) {
        return run(inventory, deploy, options);
    }

    /**
     * Takes every host of the inventory through the steps of the deploy, and returns when all of them have left the run.
     *
     * <p>Always comes back with a report, complete for what happened. A host that fails or can't be reached leaves the run
     * and the others go on. Interrupting the calling thread, or closing the engine, cancels the run: the command that each
     * host runs at that moment is ended on the machine with all it started, connections are closed, and the report says
     * so; an interrupt status of the calling thread is still set then.
     *
     * @throws IllegalArgumentException if the deploy has no steps
     * @throws IllegalStateException if the engine is closed
     */
    public RunReport run(Inventory inventory, Deploy deploy, RunOptions options) {
        if (deploy.steps().isEmpty()) {
            throw new IllegalArgumentException("deploy '" + deploy.name() + "' must have at least one step");
        }
        long begin = System.nanoTime();
        List<Host> hosts = inventory.hosts();
        var events = new Events(options.listeners());
        var results = new AtomicReferenceArray<HostResult>(hosts.size());
        Strategy.Pacing pacing =
                options.strategy().pace(hosts.size(), deploy.steps().size() + 1);
        var scope = new HostScope();
        enter(scope);
        // The scope is closed, so all its hosts have ended, before catch and finally run.
        try (scope) {
            LOG.trace("run of '{}' on {} hosts begins", deploy.name(), hosts.size());
            events.emit(new RunEvent.RunStarted(
                    deploy.name(),
                    hosts,
                    deploy.steps().stream().map(step -> step.name()).toList()));
            if (Thread.currentThread().isInterrupted()) {
                scope.cancel();
            }
            forkAll(scope, hosts, deploy, options, pacing, events, results);
            scope.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            leave(scope);
        }
        var all = new ArrayList<HostResult>();
        for (int place = 0; place < hosts.size(); place++) {
            HostResult result = results.get(place);
            if (result == null) {
                result = HostRun.neverStarted(hosts.get(place), deploy.steps());
                events.emit(new RunEvent.HostFinished(result));
            }
            all.add(result);
        }
        var report = new RunReport(deploy.name(), all, scope.cancelled(), Duration.ofNanos(System.nanoTime() - begin));
        events.emit(new RunEvent.RunFinished(report));
        if (LOG.isTraceEnabled()) {
            LOG.trace("{}", report.describe());
        }
        return report;
    }

    private void forkAll(
            HostScope scope,
            List<Host> hosts,
            Deploy deploy,
            RunOptions options,
            Strategy.Pacing pacing,
            Events events,
            AtomicReferenceArray<HostResult> results) {
        var places = new Semaphore(options.maxParallel(), true);
        for (int i = 0; i < hosts.size(); i++) {
            int place = i;
            Host host = hosts.get(place);
            scope.fork(
                    "host-" + host.name(),
                    () -> results.set(
                            place,
                            new HostRun(
                                            host,
                                            place,
                                            deploy.steps(),
                                            connector,
                                            options.strategy(),
                                            pacing,
                                            places,
                                            events,
                                            scope::cancelled)
                                    .walk()));
        }
    }

    private void enter(HostScope scope) {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the engine is closed");
            }
            runs.add(scope);
        } finally {
            lock.unlock();
        }
    }

    private void leave(HostScope scope) {
        lock.lock();
        try {
            runs.remove(scope);
            progress.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Cancels all runs, waits until their hosts have left them, and closes the connector. A second call does nothing.
     * Must not be called from a listener or an operation.
     */
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            runs.forEach(HostScope::cancel);
            while (!runs.isEmpty()) {
                progress.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(shutdownHook);
        } catch (IllegalStateException e) {
            LOG.debug("the engine is closed while the JVM shuts down");
        }
        closeConnector();
    }

    private void closeConnector() {
        try {
            connector.close();
        } finally {
            lock.lock();
            try {
                connectorClosed = true;
                progress.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** When the JVM ends. Bounded, because what ends the JVM may itself have been called by a host of a run. */
    private void closeForShutdown() {
        boolean othersClose;
        lock.lock();
        try {
            othersClose = closed;
            closed = true;
            runs.forEach(HostScope::cancel);
            long left = SHUTDOWN_PATIENCE.toNanos();
            while (left > 0 && (othersClose ? !connectorClosed : !runs.isEmpty())) {
                left = progress.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            // Nobody interrupts this thread but to end it.
            Thread.currentThread().interrupt();
            return;
        } finally {
            lock.unlock();
        }
        if (!othersClose) {
            closeConnector();
        }
    }

    /** Collects the options of an engine; used by one thread, then thrown away. */
    public static final class Builder {
        private final Connector connector;
        private RunOptions options = RunOptions.defaults();

        private Builder(Connector connector) {
            this.connector = Objects.requireNonNull(connector, "connector must not be null");
        }

        /** When a host may take its next step; {@link Strategy#lockstep()} by default. */
        public Builder strategy(Strategy strategy) {
            options = options.strategy(strategy);
            return this;
        }

        /**
         * How many hosts may be at work at once; no limit by default.
         *
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder maxParallel(int hosts) {
            options = options.maxParallel(hosts);
            return this;
        }

        /** One more listener, told about every run of the engine that isn't given other options. */
        public Builder listener(RunListener listener) {
            options = options.listener(listener);
            return this;
        }

        /**
         * The engine, which owns the connector from now on.
         *
         * @throws IllegalStateException if the JVM is already shutting down
         */
        public Engine build() {
            var engine = new Engine(connector, options);
            Runtime.getRuntime().addShutdownHook(engine.shutdownHook);
            return engine;
        }
    }
}
