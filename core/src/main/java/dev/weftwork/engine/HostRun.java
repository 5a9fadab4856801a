package dev.weftwork.engine;

import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.deploy.EarlierSteps;
import dev.weftwork.event.RunEvent;
import dev.weftwork.inventory.Host;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.StepResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Walks one host through a deploy: connects, takes its steps as the strategy lets it, disconnects.
 *
 * <p>Used by the host's thread, but for {@link #callOff}. Whatever goes wrong on the host is in the result; only a bug of
 * this class throws. An interrupt of the thread while the run is cancelled is that.
 */
final class HostRun implements EarlierSteps {

    final Run run;
    final Host host;
    final Machine machine;

    private final int place;
    private final ArrayList<StepResult> results = new ArrayList<>(0);
    private volatile @Nullable Wait waiting;
    private boolean hasPlace;

    /** Of the step that it is in, where that lets in only so many. */
    private @Nullable Places stepPlaces;

    /** Null without a limit. */
    private final @Nullable Work work;

    HostRun(Run run, Host host, int place, Machine machine) {
        this.run = run;
        this.host = host;
        this.place = place;
        this.machine = machine;
        work = run.options.hostTimeout().map(Work::new).orElse(null);
    }

    HostResult walk() {
        int stage = 0;
        try {
            Ending ending;
            try {
                ending = enter(0);
                if (ending == null) {
                    ending = connect();
                }
                while (ending == null && stage < run.steps.size()) {
                    run.finished(place, stage++);
                    pause();
                    ending = enter(stage);
                    if (ending == null) {
                        ending = take(stage - 1);
                    }
                }
                if (ending != null) {
                    // At once, and with its places in hand, so that nobody begins a step if the run is stopped by this.
                    run.left(host, place, ending.status(), ending.failure());
                }
            } finally {
                machine.leave();
            }
            HostResult result = result(ending);
            run.events.emit(() -> new RunEvent.HostFinished(result));
            return result;
        } finally {
            leaveStep();
            leaveWork();
            for (; stage <= run.steps.size(); stage++) {
                run.finished(place, stage);
            }
        }
    }

    /** How far it came, when {@link #walk} threw; by the thread of the run. */
    HostResult brokenOff(String bug) {
        return result(new Ending(
                HostStatus.FAILED,
                new Failure(
                        host + ": " + bug + "; what it did behind its last step that is known, nobody knows",
                        Optional.empty(),
                        Optional.empty())));
    }

    private @Nullable Ending connect() {
        run.events.emit(() -> new RunEvent.HostStarted(host));
        LimitGuard guard = LimitGuard.of(hostLimit(), run.timer);
        Ending ending = null;
        try {
            takePlace(machine.turns);
            try {
                connect(machine);
            } finally {
                giveBack(machine.turns);
            }
        } catch (InterruptedException e) {
            ending = run.cancelled()
                    ? new Ending(HostStatus.CANCELLED, run.cancelledBefore(host, "its connection was open"))
                    : new Ending(
                            HostStatus.UNREACHABLE,
                            Failure.of(host + ": its thread was interrupted before its connection was open", e, null));
        } catch (ConnectFailedException e) {
            ending = new Ending(HostStatus.UNREACHABLE, Failure.of(String.valueOf(e.getMessage()), e, null));
        } catch (Throwable e) {
            ending = new Ending(
                    HostStatus.UNREACHABLE,
                    Failure.of(
                            host + ": connecting failed in an unexpected way, which is a bug of the connector: "
                                    + Thrown.text(e),
                            e,
                            null));
        }
        Limit passed = guard.end();
        if (run.cancelled()) {
            // It may have taken a cancel's interrupt with its own.
            Thread.currentThread().interrupt();
        }
        if (ending == null) {
            run.events.emit(() -> new RunEvent.HostConnected(host));
        }
        if (passed != null && ending != null && !run.cancelled()) {
            return new Ending(
                    HostStatus.UNREACHABLE,
                    Failure.of(
                            host + ": " + passed.passed() + " before its connection was open",
                            ending.failure().cause().orElseThrow(),
                            null));
        }
        return ending;
    }

    /** Opens the machine's connection, if there is none; by its host or by one that delegates a step to it. */
    void connect(Machine to) throws InterruptedException {
        if (to.connection() != null) {
            return;
        }
        // A listener may have taken the interrupt for itself.
        if (run.cancelled()) {
            throw new InterruptedException();
        }
        takePlace(run.connectorPlaces);
        try {
            Connection opened = Objects.requireNonNull(run.connector.connect(to.host), "a connection of null");
            to.connected(opened);
        } finally {
            giveBack(run.connectorPlaces);
        }
    }

    private @Nullable Ending take(int index) {
        // Not before: so many hosts may wait.
        var step = new StepRun(this, index);
        StepResult result;
        try {
            result = step.run();
        } catch (Throwable e) {
            result = step.failed("it went wrong in an unexpected way: " + Thrown.text(e), e);
        }
        return ended(index, result);
    }

    private @Nullable Ending ended(int index, StepResult result) {
        // Not before: so many hosts may wait for their first step.
        results.ensureCapacity(run.steps.size());
        results.add(result);
        run.ended(index, result.status(), result.changed());
        run.events.emit(() -> new RunEvent.StepFinished(host, result));
        return switch (result.status()) {
            case FAILED -> new Ending(HostStatus.FAILED, result.failure().orElseThrow());
            case CANCELLED -> new Ending(HostStatus.CANCELLED, result.failure().orElseThrow());
            default -> {
                leaveStep();
                yield null;
            }
        };
    }

    private HostResult result(@Nullable Ending ending) {
        while (results.size() < run.steps.size()) {
            results.add(StepResult.notRun(run.steps.get(results.size()).name()));
        }
        return new HostResult(
                host,
                ending == null ? HostStatus.SUCCEEDED : ending.status(),
                results,
                Optional.ofNullable(ending).map(Ending::failure),
                Duration.ofNanos(run.time.nanoTime() - run.begin));
    }

    /** How long it may be at work; how long still, since when it is. */
    private static final class Work {
        private final Duration length;
        private long left;
        private long began;

        Work(Duration length) {
            this.length = length;
            left = length.toNanos();
        }
    }

    /** Why a host left the run early. */
    private record Ending(HostStatus status, Failure failure) {}

    // ---- earlier steps

    @Override
    public Optional<End> here(String step) {
        int index = run.indexOf(step);
        return index < results.size()
                ? Optional.of(
                        new End(results.get(index).status(), results.get(index).changed()))
                : Optional.empty();
    }

    @Override
    public boolean anywhere(String step, Predicate<End> wanted) {
        return run.anywhere(step, wanted);
    }

    // ---- turns

    /**
     * Waits for this host's turn; not null if it doesn't come. Called from no deeper than {@link #walk}, because the stacks
     * of all hosts that wait are kept.
     */
    private @Nullable Ending enter(int stage) {
        try {
            // Never waits for others with a place in hand unless the strategy says that it may.
            Gate gate = run.pacing.before(place, stage);
            while (!gate.isOpen() && gate.shutBecause().isEmpty() && run.stopReason() == null) {
                var wait = new Wait(run.time);
                if (gate.queue(wait)) {
                    await(wait);
                }
            }
            return takePlaces(stage, gate);
        } catch (InterruptedException e) {
            String missed = stage == 0 ? "its connection was open" : nameOf(stage);
            return new Ending(HostStatus.CANCELLED, run.cancelledBefore(host, missed));
        } catch (Throwable e) {
            return strategyThrew(stage, e);
        }
    }

    private @Nullable Ending strategyThrew(int stage, Throwable e) {
        if (stage == 0) {
            return new Ending(
                    HostStatus.UNREACHABLE, Failure.of(host + ": the strategy threw " + Thrown.text(e), e, null));
        }
        return ended(stage - 1, new StepRun(this, stage - 1).failed("the strategy threw " + Thrown.text(e), e));
    }

    /** Behind the gate; not null if the run is stopped. */
    private @Nullable Ending takePlaces(int stage, Gate gate) throws InterruptedException {
        Optional<String> shut = gate.shutBecause();
        if (shut.isPresent()) {
            run.stopped(shut.get());
            return stopped(stage, shut.get());
        }
        boolean entered = run.stopReason() == null && (hasPlace || enter(run.places));
        hasPlace |= entered;
        if (entered && stage > 0) {
            Places ofStep = run.placesOf(stage - 1);
            if (enter(ofStep)) {
                stepPlaces = ofStep;
            }
        }
        String reason = run.stopReason();
        if (reason != null) {
            return stopped(stage, reason);
        }
        // A host that left because of a cancel may have let this one in before its own interrupt came.
        if (run.cancelled()) {
            throw new InterruptedException();
        }
        if (work != null) {
            work.began = run.time.nanoTime();
        }
        return null;
    }

    private String nameOf(int stage) {
        return stage == 0 ? "connecting" : "step '" + run.steps.get(stage - 1).name() + "'";
    }

    private Ending stopped(int stage, String reason) {
        return new Ending(
                HostStatus.STOPPED,
                new Failure(
                        host + ": the run was stopped before " + nameOf(stage) + ": " + reason,
                        Optional.empty(),
                        Optional.empty()));
    }

    private boolean enter(@Nullable Places places) throws InterruptedException {
        if (places == null) {
            return true;
        }
        while (true) {
            Wait wait = places.take(run.time);
            if (wait == null || await(wait)) {
                return true;
            }
            if (run.stopReason() != null) {
                return false;
            }
        }
    }

    /** False if it was called off. An interrupt that is no cancel is none. */
    private boolean await(Wait wait) throws InterruptedException {
        waiting = wait;
        if (run.stopReason() != null) {
            wait.callOff();
        }
        if (run.cancelled()) {
            // Somebody may have taken the interrupt for themselves.
            Thread.currentThread().interrupt();
        }
        try {
            return wait.await();
        } catch (InterruptedException e) {
            if (run.cancelled()) {
                throw e;
            }
            return false;
        } finally {
            waiting = null;
        }
    }

    /** By any thread: the run is stopped, and nothing is to be waited for any more. */
    void callOff() {
        Wait wait = waiting;
        if (wait != null) {
            wait.callOff();
        }
    }

    /** Waits for a place, whatever is stopped meanwhile. */
    void takePlace(@Nullable Places places) throws InterruptedException {
        if (places != null) {
            Wait wait = places.take(run.time);
            if (wait != null) {
                wait.await();
            }
        }
    }

    static void giveBack(@Nullable Places places) {
        if (places != null) {
            places.giveBack();
        }
    }

    private void leaveStep() {
        giveBack(stepPlaces);
        stepPlaces = null;
    }

    /** What is left of the host's limit, if it were to be at work from now on. */
    @Nullable
    Limit hostLimit() {
        return work == null ? null : new Limit(Limit.Of.HOST, work.length, work.began + work.left);
    }

    private void pause() {
        if (work != null) {
            work.left -= run.time.nanoTime() - work.began;
        }
        if (!run.options.strategy().keepsPlace()) {
            leaveWork();
        }
    }

    private void leaveWork() {
        if (hasPlace) {
            hasPlace = false;
            giveBack(run.places);
        }
    }
}
