package dev.weftwork.engine;

import dev.weftwork.connector.Connector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.EarlierSteps;
import dev.weftwork.deploy.Step;
import dev.weftwork.deploy.StepOptions;
import dev.weftwork.event.RunEvent;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of a deploy: what its hosts share. Made by a thread, which runs it too and gets the report; {@link #cancel} may be
 * called by any.
 */
final class Run {

    private static final Logger LOG = LoggerFactory.getLogger(Run.class);

    /** A cancel that gives no reason of its own. */
    static final String BY_CALLER = "";

    final RunMode mode;
    final Connector connector;
    final RunOptions options;
    final TimeSource time;
    final TimeSource.Timer timer;
    /** Of none until the run begins, whose hosts are forked after that. */
    Events events = new Events(List.of());

    final List<Step> steps;
    final Strategy.Pacing pacing;

    /** Of hosts at work; null without a limit. */
    final @Nullable Places places;

    /** Of calls that the connector takes, of all runs; null without a limit. */
    final @Nullable Places connectorPlaces;

    final @Nullable Limit limit;

    final long begin;

    private final String deploy;
    private final List<Host> hosts;
    private final AtomicReference<@Nullable HostScope> scope = new AtomicReference<>();
    private final List<@Nullable Places> stepPlaces = new ArrayList<>();
    private final List<@Nullable OnceForAll> onceForAll = new ArrayList<>();
    private final Map<String, Integer> stepIndex = new HashMap<>();

    /** Of each step a bit for each way in which some host has ended it. */
    private final AtomicIntegerArray endings;

    /** Each step's options on hosts whose data say nothing of them. */
    private final List<StepOptions> stepOptions = new ArrayList<>();

    /** What hosts' data say, where they do. */
    private final Map<String, StepOptions> hostOptions = new HashMap<>();

    /** Machines that steps are delegated to. */
    private final Map<String, Machine> shared = new HashMap<>();

    private final AtomicReferenceArray<@Nullable HostRun> underWay;
    private final AtomicReferenceArray<@Nullable HostResult> results;
    private final AtomicInteger failedHosts = new AtomicInteger();
    private final AtomicReference<@Nullable Failure> firstFailure = new AtomicReference<>();
    private final AtomicReference<RunReport.@Nullable EarlyEnd> earlyEnd = new AtomicReference<>();
    private volatile @Nullable String cancelReason;
    private volatile @Nullable String stopReason;
    private volatile boolean over;

    /**
     * Checks everything that can be checked before anything runs.
     *
     * @throws IllegalArgumentException if the deploy has no steps, a step is delegated to a host that isn't there, or a
     *     host's data say something wrong about options
     */
    Run(
            RunMode mode,
            Inventory inventory,
            Deploy deploy,
            RunOptions options,
            Connector connector,
            @Nullable Places connectorPlaces,
            TimeSource time) {
        if (deploy.steps().isEmpty()) {
            throw new IllegalArgumentException("deploy '" + deploy.name() + "' must have at least one step");
        }
        this.mode = mode;
        this.connector = connector;
        this.connectorPlaces = connectorPlaces;
        this.options = options;
        this.time = time;
        this.deploy = deploy.name();
        hosts = inventory.hosts();
        steps = deploy.steps();
        begin = time.nanoTime();
        limit = options.timeout()
                .map(length -> new Limit(Limit.Of.RUN, length, begin + length.toNanos()))
                .orElse(null);
        places = options.maxParallel() < hosts.size() ? new Places(options.maxParallel()) : null;
        endings = new AtomicIntegerArray(steps.size());
        underWay = new AtomicReferenceArray<>(hosts.size());
        results = new AtomicReferenceArray<>(hosts.size());
        hosts.forEach(this::learnOptions);
        for (Step step : steps) {
            stepIndex.put(step.name(), stepIndex.size());
            stepOptions.add(step.options().over(options.defaults()));
            OptionalInt parallel = stepOptions.get(stepOptions.size() - 1).parallel();
            stepPlaces.add(
                    parallel.isPresent() && parallel.getAsInt() < hosts.size()
                            ? new Places(parallel.getAsInt())
                            : null);
            onceForAll.add(step.runsOnce() ? new OnceForAll() : null);
            step.delegateName()
                    .ifPresent(name ->
                            shared.computeIfAbsent(name, missing -> new Machine(delegateOf(step, inventory), true)));
        }
        shared.values().forEach(machine -> learnOptions(machine.host));
        pacing = options.strategy().pace(hosts.size(), steps.size() + 1);
        timer = time.timer();
    }

    private void learnOptions(Host host) {
        StepOptions own = StepOptions.ofData(host);
        if (!own.equals(StepOptions.none())) {
            hostOptions.put(host.name(), own);
        }
    }

    /** The inventory knows more of a host than who only names it. */
    private static Host delegateOf(Step step, Inventory inventory) {
        String name = step.delegateName().orElseThrow();
        return inventory.hosts().stream()
                .filter(host -> host.name().equals(name))
                .findFirst()
                .or(step::delegate)
                .orElseThrow(() -> new IllegalArgumentException("step '" + step.name() + "' is delegated to '" + name
                        + "', which is no host of the run's inventory; give delegateTo a Host for one outside of it"));
    }

    /** Takes all hosts through the deploy, in the calling thread's scope. Throws only what is a bug of the engine. */
    RunReport go() {
        try {
            walkAll();
        } catch (RuntimeException | Error e) {
            try {
                // Listeners let go of their threads and files when they are told of the end.
                report(bug(e));
            } catch (RuntimeException | Error broken) {
                e.addSuppressed(broken);
            }
            throw e;
        }
        return report("");
    }

    private static String bug(Throwable e) {
        return "the engine threw " + Thrown.text(e) + ", which is a bug of it";
    }

    private void walkAll() {
        time.wakes(1);
        var own = new HostScope(hosts.size());
        scope.set(own);
        // The scope is closed, so all its hosts have ended, before catch and finally run.
        try (own) {
            if (cancelReason != null) {
                own.cancel();
            }
            LOG.trace("{} of '{}' on {} hosts begins", mode, deploy, hosts.size());
            events = Events.ofRun(options.listeners());
            events.emit(() -> new RunEvent.RunStarted(
                    deploy, mode, hosts, steps.stream().map(Step::name).toList()));
            if (Thread.currentThread().isInterrupted()) {
                cancel(BY_CALLER);
            }
            if (limit != null) {
                String passed = limit.passed();
                timer.at(limit.at(), () -> cancel(passed));
            }
            // One for all, which finds its host by the number that the scope gives it.
            IntConsumer walk = this::walk;
            for (Host host : hosts) {
                fork(own, host, walk);
            }
            time.rests();
            own.join();
        } catch (InterruptedException e) {
            cancel(BY_CALLER);
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            cancel(bug(e));
            throw e;
        } finally {
            if (own.cancelled()) {
                cancel(BY_CALLER);
            }
            timer.close();
            shared.values().forEach(Machine::close);
        }
    }

    private void fork(HostScope own, Host host, IntConsumer walk) {
        time.wakes(1);
        boolean forked = false;
        try {
            forked = own.fork("host-" + host.name(), walk);
        } finally {
            if (!forked) {
                time.rests();
            }
        }
    }

    private void walk(int place) {
        try {
            Host host = hosts.get(place);
            Machine sharedMachine = shared.get(host.name());
            var walk = new HostRun(this, host, place, sharedMachine == null ? new Machine(host, false) : sharedMachine);
            underWay.set(place, walk);
            results.setRelease(place, walk.walk());
            underWay.setRelease(place, null);
        } finally {
            time.rests();
        }
    }

    /** @param bug what ended the walks of those hosts that have no result; empty if nothing did */
    private RunReport report(String bug) {
        var all = new ArrayList<HostResult>(hosts.size());
        for (int place = 0; place < hosts.size(); place++) {
            HostResult result = results.get(place);
            if (result == null) {
                HostRun broken = underWay.get(place);
                result = broken == null ? neverStarted(hosts.get(place)) : broken.brokenOff(bug);
                HostResult told = result;
                events.emit(() -> new RunEvent.HostFinished(told));
            }
            all.add(result);
        }
        var report = new RunReport(
                deploy,
                mode,
                all,
                earlyEndOf(all),
                Optional.ofNullable(firstFailure.get()),
                Duration.ofNanos(time.nanoTime() - begin));
        events.emit(() -> new RunEvent.RunFinished(report));
        over = true;
        if (LOG.isTraceEnabled()) {
            LOG.trace("{}", report.describe());
        }
        return report;
    }

    /** A run that was stopped when nobody had another step to take has come to its end. */
    private Optional<RunReport.EarlyEnd> earlyEndOf(List<HostResult> all) {
        return Optional.ofNullable(earlyEnd.get())
                .filter(end -> end.cancelled() || all.stream().anyMatch(host -> host.status() == HostStatus.STOPPED));
    }

    private HostResult neverStarted(Host host) {
        return new HostResult(
                host,
                HostStatus.CANCELLED,
                steps.stream().map(step -> StepResult.notRun(step.name())).toList(),
                Optional.of(cancelledBefore(host, "connecting")),
                Duration.ZERO);
    }

    // ---- ending early

    /** Ends what runs on the machines, and lets nothing more begin. Doesn't wait. */
    void cancel(String reason) {
        if (cancelReason == null) {
            cancelReason = reason;
        }
        // A run that was being stopped, and is cancelled then, was cancelled.
        earlyEnd.updateAndGet(known ->
                known != null && known.cancelled() ? known : new RunReport.EarlyEnd(true, reason, Optional.empty()));
        HostScope own = scope.get();
        if (own != null) {
            own.cancel();
        }
    }

    /** @throws IllegalStateException if the current thread is one that the run's end waits for */
    void requireOutside(String what) {
        HostScope own = scope.get();
        if (own != null && own.isOf(Thread.currentThread()) && !over) {
            throw new IllegalStateException(what + " waits for the end of the run of '" + deploy
                    + "', and was called within that: use RunHandle.cancel, or call it elsewhere");
        }
    }

    boolean cancelled() {
        HostScope own = scope.get();
        return own != null && own.cancelled();
    }

    Failure cancelledBefore(Host host, String what) {
        return Failure.of(host + ": " + whyCancelled() + " before " + what, new InterruptedException(), null);
    }

    String whyCancelled() {
        return cancelReason().orElse("the run was cancelled");
    }

    /** Why it was cancelled, if somebody said. */
    Optional<String> cancelReason() {
        return Optional.ofNullable(cancelReason).filter(reason -> !reason.equals(BY_CALLER));
    }

    /** Why no host may begin a step any more; null while all may. */
    @Nullable
    String stopReason() {
        return stopReason;
    }

    /** A failure, of which only the first is the run's. */
    void failed(Failure failure) {
        firstFailure.compareAndSet(null, failure);
    }

    /** That host is through with that stage. */
    void finished(int place, int stage) {
        pace(() -> pacing.finished(place, stage));
    }

    /** Nobody knows whom a strategy lets wait for ever that has thrown. */
    private void pace(Runnable told) {
        try {
            told.run();
        } catch (Throwable e) {
            Thrown.warn(LOG, "the strategy of the run of '" + deploy + "' threw; the run is cancelled", e);
            cancel("the strategy threw " + Thrown.text(e));
        }
    }

    /** A host has left the run early. */
    void left(Host host, int place, HostStatus status, Failure failure) {
        if (status == HostStatus.FAILED || status == HostStatus.UNREACHABLE) {
            failed(failure);
            pace(() -> pacing.failed(place));
            int failed = failedHosts.incrementAndGet();
            if (options.maxFailed() < 100 && failed * 100L > (long) options.maxFailed() * hosts.size()) {
                String allowed = options.maxFailed() == 0 ? "none may" : options.maxFailed() + " % may";
                stop(failed + " of " + hosts.size() + " hosts failed, " + allowed + ", the last was " + host);
            }
        }
    }

    /** Lets every host leave after the step it is in. */
    private void stop(String reason) {
        stopped(reason);
        if (stopReason == null) {
            stopReason = reason;
            for (int place = 0; place < underWay.length(); place++) {
                HostRun each = underWay.get(place);
                if (each != null) {
                    each.callOff();
                }
            }
        }
    }

    /** A host leaves because of that. */
    void stopped(String reason) {
        earlyEnd.compareAndSet(null, new RunReport.EarlyEnd(false, reason, Optional.ofNullable(firstFailure.get())));
    }

    // ---- steps

    /** How a step runs on that host's machine. */
    StepOptions optionsOf(int step, Host host) {
        StepOptions own = hostOptions.isEmpty() ? null : hostOptions.get(host.name());
        return own == null
                ? stepOptions.get(step)
                : steps.get(step).options().over(own).over(options.defaults());
    }

    @Nullable
    Places placesOf(int step) {
        return stepPlaces.get(step);
    }

    @Nullable
    OnceForAll onceForAll(int step) {
        return onceForAll.get(step);
    }

    Machine machineOf(String delegate) {
        return Objects.requireNonNull(shared.get(delegate), "known from the start");
    }

    int indexOf(String step) {
        return Objects.requireNonNull(stepIndex.get(step), "a deploy knows the steps it asks for");
    }

    @SuppressWarnings("EnumOrdinal") // known in this run only
    private static int bit(StepStatus status, boolean changed) {
        return 1 << (2 * status.ordinal() + (changed ? 1 : 0));
    }

    /** Most of the time it is known already, and hosts must not fight for it. */
    void ended(int step, StepStatus status, boolean changed) {
        int bit = bit(status, changed);
        int seen = endings.get(step);
        while ((seen & bit) == 0 && !endings.compareAndSet(step, seen, seen | bit)) {
            seen = endings.get(step);
        }
    }

    boolean anywhere(String step, Predicate<EarlierSteps.End> wanted) {
        int seen = endings.get(indexOf(step));
        for (StepStatus status : StepStatus.values()) {
            for (boolean changed : new boolean[] {false, true}) {
                if ((seen & bit(status, changed)) != 0 && wanted.test(new EarlierSteps.End(status, changed))) {
                    return true;
                }
            }
        }
        return false;
    }

    /** A step that one host takes for all: who that is, and how it ended there. */
    static final class OnceForAll {
        private final AtomicReference<@Nullable Host> taker = new AtomicReference<>();
        private final Gate ended = new Gate();
        private volatile @Nullable StepResult result;

        /** True for the first. */
        boolean claim(Host host) {
            return taker.compareAndSet(null, host);
        }

        Host taker() {
            return Objects.requireNonNull(taker.get(), "it was claimed");
        }

        void end(StepResult how) {
            result = how;
            ended.open();
        }

        Gate ended() {
            return ended;
        }

        StepResult result() {
            return Objects.requireNonNull(result, "it has ended");
        }
    }
}
