package dev.weftwork.engine;

import dev.weftwork.connector.Connector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.HostCode;
import dev.weftwork.deploy.StepOptions;
import dev.weftwork.event.RunListener;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.RunReport;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs deploys on the hosts of an inventory, all hosts at once unless options say otherwise.
 *
 * <p>Lifetime: made by the user and closed by them; it owns its connector and closes it too. Threads exist only while a
 * run is under way, one virtual thread per host and one for the limits that are set; none of them outlives the run.
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
    private final TimeSource time;

    /** Of calls to the connector, over all runs; null if it takes any number. */
    private final @Nullable Places connectorPlaces;

    private final ReentrantLock lock = new ReentrantLock();
    /** A run has ended, or the connector is closed. */
    private final Condition progress = lock.newCondition();

    private final Set<Run> runs = new HashSet<>();
    private boolean closed;
    private boolean connectorClosed;

    private final Thread shutdownHook =
            Thread.ofPlatform().name("weftwork-shutdown").unstarted(this::closeForShutdown);

    private Engine(Connector connector, RunOptions options, TimeSource time) {
        this.connector = connector;
        this.options = options;
        this.time = time;
        int cap = connector.maxParallel();
        if (cap < 1) {
            throw new IllegalArgumentException("the connector's maxParallel must be >= 1, was " + cap);
        }
        connectorPlaces = cap == Integer.MAX_VALUE ? null : new Places(cap);
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
     * and the others go on, unless the options stop them. Interrupting the calling thread, closing the engine, or the run's
     * limit cancels the run: the command that each host runs at that moment is ended on the machine with all it started,
     * connections are closed, and the report says so; an interrupt status of the calling thread is still set then.
     *
     * <p>What the caller did before happens-before everything in the run, and all of that, listeners included,
     * happens-before the return.
     *
     * @throws IllegalArgumentException if the deploy has no steps, delegates one to a host that isn't there, or a host's
     *     data say something wrong about options
     * @throws IllegalStateException if the engine is closed
     */
    public RunReport run(Inventory inventory, Deploy deploy, RunOptions options) {
        return go(RunMode.RUN, inventory, deploy, options);
    }

    /** As {@link #plan(Inventory, Deploy, RunOptions)}, with the engine's own options. */
    public RunReport plan(Inventory inventory, Deploy deploy) {
        return plan(inventory, deploy, options);
    }

    /**
     * Finds out what {@link #run(Inventory, Deploy, RunOptions)} would change, and changes nothing: facts are read, operations
     * planned, and the report has each step's changes as {@link dev.weftwork.report.StepResult#notMade}, those of files with a
     * diff; {@link RunReport#describeChanges} shows them. A condition on an earlier step takes a change that would be
     * made for one that was.
     *
     * <p>Nobody can know everything before it is done: a step of code is never called, and one that can't be planned
     * because of what earlier steps haven't made yet is no failure; both are
     * {@link dev.weftwork.report.StepStatus#UNKNOWN}.
     */
    public RunReport plan(Inventory inventory, Deploy deploy, RunOptions options) {
        return go(RunMode.PLAN, inventory, deploy, options);
    }

    /** As {@link #verify(Inventory, Deploy, RunOptions)}, with the engine's own options. */
    public RunReport verify(Inventory inventory, Deploy deploy) {
        return verify(inventory, deploy, options);
    }

    /**
     * Plans a deploy that was run, to find out whether anything is still missing: {@link RunReport#converged} is false then,
     * and the steps that would change something say what. A step whose changes are made every time, such as a command
     * without a guard, is {@link dev.weftwork.report.StepStatus#UNKNOWN}. Changes nothing.
     */
    public RunReport verify(Inventory inventory, Deploy deploy, RunOptions options) {
        return go(RunMode.VERIFY, inventory, deploy, options);
    }

    /** As {@link #forEachHost(Inventory, HostCode, RunOptions)}, with the engine's own options. */
    public RunReport forEachHost(Inventory inventory, HostCode<?> code) {
        return forEachHost(inventory, code, options);
    }

    /**
     * Runs plain, blocking code for every host, all at once unless the options say otherwise: a run of one step, called
     * {@code code}. What it returned is {@link RunReport#values}.
     *
     * <pre>{@code
     * Map<String, String> kernels = engine
     *     .forEachHost(inventory, host -> host.run("uname -r").orThrow().stdoutText().strip())
     *     .values("code", String.class);
     * }</pre>
     */
    public RunReport forEachHost(Inventory inventory, HostCode<?> code, RunOptions options) {
        return run(inventory, Deploy.named("code for each host").code("code", code), options);
    }

    /** As {@link #start(Inventory, Deploy, RunOptions)}, with the engine's own options. */
    public RunHandle start(Inventory inventory, Deploy deploy) {
        return start(inventory, deploy, options);
    }

    /**
     * Begins what {@link #run(Inventory, Deploy, RunOptions)} does, on a virtual thread of its own, and returns.
     *
     * @return to wait for it or to cancel it; the caller closes it
     */
    public RunHandle start(Inventory inventory, Deploy deploy, RunOptions options) {
        Run run = enter(RunMode.RUN, inventory, deploy, options);
        return new RunHandle(run, "run-" + deploy.name(), () -> leave(run));
    }

    private RunReport go(RunMode mode, Inventory inventory, Deploy deploy, RunOptions options) {
        Run run = enter(mode, inventory, deploy, options);
        try {
            return run.go();
        } finally {
            leave(run);
        }
    }

    private Run enter(RunMode mode, Inventory inventory, Deploy deploy, RunOptions options) {
        var run = new Run(mode, inventory, deploy, options, connector, connectorPlaces, time);
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException(
                        "the engine is closed, so '" + deploy.name() + "' can't be run; use another engine");
            }
            runs.add(run);
            return run;
        } finally {
            lock.unlock();
        }
    }

    private void leave(Run run) {
        lock.lock();
        try {
            runs.remove(run);
            progress.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Cancels all runs, waits until their hosts have left them, and closes the connector. A second call does nothing.
     *
     * @throws IllegalStateException if a listener, an operation or code of a run calls it, which it would wait for
     */
    @Override
    public void close() {
        lock.lock();
        try {
            runs.forEach(run -> run.requireOutside("Engine.close"));
            if (closed) {
                return;
            }
            closed = true;
            runs.forEach(run -> run.cancel(Run.BY_CALLER));
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
            runs.forEach(run -> run.cancel(Run.BY_CALLER));
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
        private RunOptions options = RunOptions.standard();
        private TimeSource time = TimeSource.system();

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

        /** See {@link RunOptions#maxFailed(int)}. */
        public Builder maxFailed(int percent) {
            options = options.maxFailed(percent);
            return this;
        }

        /** See {@link RunOptions#failFast}. */
        public Builder failFast() {
            options = options.failFast();
            return this;
        }

        /** How long a run may take; see {@link RunOptions#timeout(Duration)}. */
        public Builder timeout(Duration limit) {
            options = options.timeout(limit);
            return this;
        }

        /** How long a host may be at work; see {@link RunOptions#hostTimeout(Duration)}. */
        public Builder hostTimeout(Duration limit) {
            options = options.hostTimeout(limit);
            return this;
        }

        /** See {@link RunOptions#diffs(boolean)}. */
        public Builder diffs(boolean wanted) {
            options = options.diffs(wanted);
            return this;
        }

        /** Options of steps where neither step nor deploy, host or group sets them. */
        public Builder defaults(StepOptions defaults) {
            options = options.defaults(defaults);
            return this;
        }

        /** Where it takes its time from; the system's unless this is a simulation. */
        public Builder time(TimeSource source) {
            time = Objects.requireNonNull(source, "time must not be null");
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
            var engine = new Engine(connector, options, time);
            Runtime.getRuntime().addShutdownHook(engine.shutdownHook);
            return engine;
        }
    }
}
