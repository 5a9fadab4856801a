package dev.weftwork.engine;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandFailedException;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Secret;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.deploy.HostCode;
import dev.weftwork.deploy.Step;
import dev.weftwork.deploy.StepOptions;
import dev.weftwork.event.RunEvent;
import dev.weftwork.fact.FactFailedException;
import dev.weftwork.inventory.Host;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.PlanFailedException;
import dev.weftwork.report.ChangeResult;
import dev.weftwork.report.Failure;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One step on one host: whether it applies, its attempts, what became of it. Used by the host's thread, once; whatever goes
 * wrong is in the result.
 */
final class StepRun {

    final HostRun walk;
    final Run run;
    final Host host;
    private final int index;
    private final Step step;
    final Thread thread = Thread.currentThread();

    /** What was tried, over all attempts. */
    final ArrayList<ChangeResult> made = new ArrayList<>(0);

    /** Of the commands of changes, facts and code: whatever is said of a failure may quote any of them. */
    private Set<Secret> secrets = Set.of();

    /** Null until there is one. */
    private @Nullable List<Failure> earlierFailures;

    private List<Change> notMade = List.of();
    private StepStatus status = StepStatus.FAILED;
    private @Nullable Failure failure;
    private @Nullable Object value;

    /** The earliest of those that it has, and the one that has passed. */
    @Nullable
    Limit limit;

    @Nullable
    Limit passed;

    LimitGuard guard = LimitGuard.NONE;

    /** What it does for all hosts; they wait for its end. */
    private Run.@Nullable OnceForAll taken;

    /** Where in {@link #made} this attempt begins. */
    private int attemptBegins;

    private final long begin;

    StepRun(HostRun walk, int index) {
        this.walk = walk;
        this.index = index;
        run = walk.run;
        host = walk.host;
        step = run.steps.get(index);
        begin = run.time.nanoTime();
    }

    StepResult run() {
        run.events.emit(() -> new RunEvent.StepStarted(host, step.name()));
        Machine machine = step.delegateName().map(run::machineOf).orElse(walk.machine);
        StepOptions resolved = run.optionsOf(index, machine.host);
        Limit own = resolved.timeout()
                .map(length -> new Limit(Limit.Of.STEP, length, begin + length.toNanos()))
                .orElse(null);
        limit = Limit.earlier(run.limit, Limit.earlier(walk.hostLimit(), own));
        // The run's own limit cancels it.
        guard = LimitGuard.of(limit != null && limit.of() != Limit.Of.RUN ? limit : null, run.timer);
        try {
            if (applies() && !dependsOnUnknown()) {
                takeOnceOrHere(machine, resolved);
            }
        } finally {
            Limit fired = guard.end();
            Limit over = passed == null ? fired : passed;
            if (over != null) {
                limitPassed(over);
            }
            if (status == StepStatus.FAILED && resolved.ignoresErrors() && !hostLimitPassed()) {
                status = StepStatus.FAILURE_IGNORED;
            }
            // An interrupt that isn't of a cancel was of the limit, or of the step's code, and ends with the step.
            if (run.cancelled() || (Thread.interrupted() && run.cancelled())) {
                thread.interrupt();
            }
            if (status == StepStatus.WOULD_CHANGE || (status == StepStatus.UNKNOWN && run.mode == RunMode.PLAN)) {
                // What was run before a verification has left behind what it does.
                machine.becomeUncertain();
            }
            if (status != StepStatus.SKIPPED
                    && (!machine.equals(walk.machine) || step.body() instanceof Step.Body.Code)) {
                // Code does more than its commands, and a step elsewhere may reach this machine.
                walk.machine.forget();
            }
            if (taken != null) {
                if (status == StepStatus.FAILED && failure != null) {
                    // Before those who follow fail because of it.
                    run.failed(failure);
                }
                taken.end(result());
            }
        }
        return result();
    }

    private boolean hostLimitPassed() {
        return passed != null && passed.of() == Limit.Of.HOST;
    }

    private void limitPassed(Limit over) {
        if (over.of() == Limit.Of.RUN) {
            // Its timer may be a moment later.
            run.cancel(over.passed());
            status = StepStatus.CANCELLED;
        } else if (status == StepStatus.CANCELLED) {
            return;
        } else {
            status = StepStatus.FAILED;
        }
        if (passed == null || failure == null) {
            Failure before = failure;
            failure = new Failure(
                    inThisStep(over.passed() + (before == null ? "" : ": " + withoutStep(before.message()))),
                    before == null ? Optional.empty() : before.command(),
                    before == null ? Optional.empty() : before.cause());
        }
        passed = over;
    }

    /** For what goes wrong outside of the step itself. */
    StepResult failed(String message, Throwable e) {
        fail(message, e, null);
        return result();
    }

    private StepResult result() {
        return new StepResult(
                step.name(),
                status,
                made,
                notMade,
                Optional.ofNullable(failure),
                earlierFailures == null ? List.of() : earlierFailures,
                Optional.ofNullable(value),
                Duration.ofNanos(run.time.nanoTime() - begin));
    }

    // ---- whether, and where

    private boolean applies() {
        Machine own = walk.machine;
        try {
            walk.takePlace(own.turns);
        } catch (InterruptedException e) {
            interrupted(e);
            return false;
        }
        if (own.turns != null) {
            own.forget();
        }
        var view = new HostView(this, own, run.optionsOf(index, host));
        try {
            boolean applies = step.appliesTo(view, walk);
            if (!applies && isUncertain(view)) {
                unknown("whether it applies may depend on changes that aren't made yet");
            } else if (!applies) {
                status = StepStatus.SKIPPED;
            }
            return applies;
        } catch (Throwable e) {
            planningFailed(view, "its condition", e);
            return false;
        } finally {
            view.end();
            HostRun.giveBack(own.turns);
        }
    }

    /** In a plan: whether what was found on the machine may be different once earlier changes are made. */
    private boolean isUncertain(HostView view) {
        return run.mode != RunMode.RUN && view.hasAsked() && view.machine().isUncertain();
    }

    private boolean dependsOnUnknown() {
        if (run.mode == RunMode.RUN) {
            return false;
        }
        for (String earlier : step.earlierSteps()) {
            StepStatus here = walk.here(earlier).map(end -> end.status()).orElse(StepStatus.NOT_RUN);
            // Another host may have taken it for this one.
            boolean elsewhere = here == StepStatus.SKIPPED || here == StepStatus.NOT_RUN;
            if (here == StepStatus.UNKNOWN
                    || (elsewhere && walk.anywhere(earlier, end -> end.status() == StepStatus.UNKNOWN))) {
                unknown("whether it applies depends on step '" + earlier + "', which can't be known");
                return true;
            }
        }
        return false;
    }

    private void takeOnceOrHere(Machine machine, StepOptions resolved) {
        Run.OnceForAll once = run.onceForAll(index);
        if (once == null) {
            take(machine, resolved);
        } else if (once.claim(host)) {
            taken = once;
            take(machine, resolved);
        } else {
            follow(once);
        }
    }

    private void follow(Run.OnceForAll once) {
        try {
            while (!once.ended().isOpen()) {
                var wait = new Wait(run.time);
                if (once.ended().queue(wait)) {
                    wait.await();
                }
            }
        } catch (InterruptedException e) {
            interrupted(e);
            return;
        }
        StepResult theirs = once.result();
        if (theirs.status() == StepStatus.FAILED || theirs.status() == StepStatus.CANCELLED) {
            status = theirs.status();
            failure = new Failure(
                    inThisStep("it failed on " + once.taker() + ", which took it for all"),
                    Optional.empty(),
                    Optional.empty());
        } else {
            status = StepStatus.SKIPPED;
        }
    }

    private void take(Machine machine, StepOptions resolved) {
        for (int attempt = 1; guard.fired() == null; attempt++) {
            failure = null;
            value = null;
            attemptBegins = made.size();
            attempt(machine, resolved, attempt);
            Failure failed = failure;
            if (status != StepStatus.FAILED
                    || failed == null
                    || run.mode != RunMode.RUN
                    || passed != null
                    || run.cancelled()) {
                return;
            }
            if (attempt >= resolved.retry().attempts()) {
                failWith(attempt == 1 ? "" : " (after " + attempt + " attempts)", failed);
                return;
            }
            if (!mayRetry(resolved, failed) || !waitForNext(attempt, resolved, failed)) {
                return;
            }
        }
    }

    private boolean mayRetry(StepOptions resolved, Failure failed) {
        Optional<Predicate<Failure>> condition = resolved.retry().condition();
        if (condition.isEmpty()) {
            return !mayRunTwice();
        }
        try {
            return condition.get().test(failed);
        } catch (Throwable e) {
            failWith("; the condition for another attempt threw " + Thrown.text(e), failed);
            return false;
        }
    }

    /** Whether something that nobody can find again by its facts may have run, or may run still. */
    private boolean mayRunTwice() {
        boolean code = step.body() instanceof Step.Body.Code;
        return made.subList(attemptBegins, made.size()).stream()
                .anyMatch(each -> (code || each.change().everyTime())
                        && mayStillRun(each.command().outcome()));
    }

    private static boolean mayStillRun(Outcome outcome) {
        return outcome instanceof Outcome.ConnectionLost
                || (outcome instanceof Outcome.TimedOut timedOut && !timedOut.deathConfirmed())
                || (outcome instanceof Outcome.Cancelled cancelled && !cancelled.deathConfirmed());
    }

    private boolean waitForNext(int attempt, StepOptions resolved, Failure failed) {
        Duration wait =
                resolved.retry().waitAfter(attempt, ThreadLocalRandom.current().nextDouble());
        Limit until = limit;
        if (until != null && until.at() - run.time.nanoTime() <= wait.toNanos()) {
            failWith(
                    "; no time is left for another attempt within the "
                            + until.of().name().toLowerCase(Locale.ROOT) + "'s limit of " + Limit.text(until.length()),
                    failed);
            return false;
        }
        run.events.emit(() -> new RunEvent.StepRetried(host, step.name(), attempt, failed, wait));
        try {
            // A listener may have taken the interrupt for itself.
            if (run.cancelled()) {
                throw new InterruptedException();
            }
            run.time.sleep(wait);
            earlierFailures = earlierFailures == null ? new ArrayList<>(1) : earlierFailures;
            earlierFailures.add(failed);
            return true;
        } catch (InterruptedException e) {
            interrupted(e);
            Failure cut = failure;
            failure = cut == null
                    ? failed
                    : new Failure(
                            cut.message() + " before another attempt; the last one: " + withoutStep(failed.message()),
                            failed.command(),
                            cut.cause());
            return false;
        }
    }

    private void failWith(String more, Failure failed) {
        failure = new Failure(failed.message() + hideSecretsIn(more), failed.command(), failed.cause());
    }

    // ---- one attempt

    private void attempt(Machine machine, StepOptions resolved, int attempt) {
        notMade = List.of();
        try {
            walk.takePlace(machine.turns);
        } catch (InterruptedException e) {
            interrupted(e);
            return;
        }
        var view = new HostView(this, machine, resolved);
        try {
            if (attempt > 1 || machine.turns != null) {
                // It may have come to be otherwise; and of a machine that others work on too nothing is known for sure.
                machine.forget();
            }
            if (machine.turns != null) {
                walk.connect(machine);
            }
            // No switch over types: the first one takes a JVM 5 to 40 ms, and ordinary runs have no other.
            if (step.body() instanceof Step.Body.Planned planned) {
                make(view, planned);
            } else if (step.body() instanceof Step.Body.Code code) {
                call(view, code.code());
            }
        } catch (InterruptedException e) {
            interrupted(e);
        } catch (ConnectFailedException e) {
            fail(withoutHost(e.getMessage()), e, null);
        } catch (Throwable e) {
            fail("it went wrong in an unexpected way: " + Thrown.text(e), e, null);
        } finally {
            view.end();
            HostRun.giveBack(machine.turns);
        }
    }

    private void make(HostView view, Step.Body.Planned body) {
        List<Change> planned;
        boolean guarded;
        try {
            Operation operation =
                    Objects.requireNonNull(body.operation().apply(view), "the step's function returned null");
            planned = elsewhere(List.copyOf(operation.plan(view)));
            guarded = operation.hasGuards();
        } catch (Throwable e) {
            planningFailed(view, "planning", e);
            return;
        }
        if (planned.isEmpty() && guarded && isUncertain(view)) {
            unknown("whether it is needed may depend on changes that aren't made yet");
        } else if (planned.isEmpty()) {
            status = changedOrNot();
        } else if (run.mode == RunMode.RUN) {
            makeAll(view, planned);
        } else if (run.mode == RunMode.VERIFY && planned.stream().allMatch(Change::everyTime)) {
            notMade = planned;
            unknown("what it does is done every time, so nobody can tell whether it is still missing");
        } else {
            notMade = planned;
            status = StepStatus.WOULD_CHANGE;
        }
    }

    /** An earlier attempt may have made what isn't missing any more. */
    private StepStatus changedOrNot() {
        for (ChangeResult each : made) {
            if (each.mayHaveRun()) {
                return StepStatus.CHANGED;
            }
        }
        return StepStatus.UNCHANGED;
    }

    /** Changes of another machine say which. */
    private List<Change> elsewhere(List<Change> planned) {
        return step.delegateName().isEmpty()
                ? planned
                : planned.stream()
                        .map(change -> new Change(
                                change.summary() + " on " + step.delegateName().get(),
                                change.command(),
                                change.diff(),
                                change.everyTime()))
                        .toList();
    }

    private void makeAll(HostView view, List<Change> planned) {
        status = StepStatus.CHANGED;
        made.ensureCapacity(made.size() + planned.size());
        int tried = 0;
        boolean goesOn = true;
        try {
            while (goesOn && tried < planned.size()) {
                Change change = planned.get(tried++);
                CommandResult result = view.change(change);
                if (!result.succeeded()) {
                    // Of several failures the first; but why it was cut short is more than that.
                    if (failure == null || passed != null || (run.cancelled() && wasCut(result))) {
                        fail(describe(result), null, result);
                    }
                    goesOn = view.options().continuesOnError()
                            && !(result.outcome() instanceof Outcome.ConnectionLost)
                            && passed == null
                            && !run.cancelled();
                }
            }
        } finally {
            notMade = tried == planned.size() ? List.of() : planned.subList(tried, planned.size());
        }
    }

    private void call(HostView view, HostCode<?> code) {
        if (run.mode != RunMode.RUN) {
            unknown("it runs code, and what that does is known only when it runs");
            return;
        }
        try {
            value = code.on(view);
            status = changedOrNot();
            if (value instanceof CommandResult result && !result.succeeded()) {
                fail(describe(result), null, result);
            }
        } catch (CommandFailedException e) {
            fail(describe(e.result()), e, e.result());
        } catch (FactFailedException e) {
            fail(withoutHost(e.getMessage()), e, e.result());
        } catch (PlanFailedException e) {
            fail(withoutHost(e.getMessage()), e, null);
        } catch (InterruptedException e) {
            interrupted(e);
        } catch (Throwable e) {
            fail(thrown("its code", e), e, null);
        }
        // Code that takes a cancel for something else must not make it look like one.
        if (run.cancelled() && status != StepStatus.CANCELLED && status != StepStatus.FAILED) {
            fail(run.whyCancelled() + " while its code ran to its end", null, null);
            status = StepStatus.CANCELLED;
        }
    }

    private String describe(CommandResult result) {
        return whichLimit(result) + result.describeCommand();
    }

    private String whichLimit(CommandResult result) {
        Limit over = passed;
        if (over != null) {
            return over.passed() + ": ";
        }
        Optional<String> reason = result.outcome() instanceof Outcome.Cancelled ? run.cancelReason() : Optional.empty();
        return reason.map(why -> why + ": ").orElse("");
    }

    // ---- failing

    void sends(Command command) {
        if (!command.secrets().isEmpty()) {
            if (secrets.isEmpty()) {
                secrets = new HashSet<>();
            }
            secrets.addAll(command.secrets());
        }
    }

    private String hideSecretsIn(String text) {
        return Secret.hideAllIn(text, secrets);
    }

    private void planningFailed(HostView view, String what, Throwable e) {
        switch (e) {
            case FactFailedException fact ->
                fail(whichLimit(fact.result()) + withoutHost(fact.getMessage()), fact, fact.result());
            case PlanFailedException plan -> fail(withoutHost(plan.getMessage()), plan, null);
            default -> fail(thrown(what, e), e, null);
        }
        boolean early = e instanceof PlanFailedException
                ? run.mode != RunMode.RUN && view.machine().isUncertain()
                : isUncertain(view) && !wasLost(e);
        if (status == StepStatus.FAILED && passed == null && early) {
            status = StepStatus.UNKNOWN;
        }
    }

    /** What this library says of the host's data names the host, and no class would say more. */
    private String thrown(String what, Throwable e) {
        String message = e.getClass() == IllegalArgumentException.class ? e.getMessage() : null;
        return message != null && message.startsWith(host + ": ")
                ? what + " failed: " + withoutHost(message)
                : what + " threw " + Thrown.text(e);
    }

    /** That nothing came back has nothing to do with what isn't made yet. */
    private static boolean wasLost(Throwable e) {
        return e instanceof FactFailedException fact && !(fact.result().outcome() instanceof Outcome.Completed);
    }

    private void unknown(String why) {
        status = StepStatus.UNKNOWN;
        failure = new Failure(inThisStep(why), Optional.empty(), Optional.empty());
    }

    private void interrupted(InterruptedException e) {
        if (run.cancelled()) {
            fail(run.whyCancelled(), e, null);
        } else if (guard.fired() == null) {
            fail("its thread was interrupted by code of its own", e, null);
        } else {
            status = StepStatus.FAILED;
            failure = null;
        }
    }

    private void fail(String message, @Nullable Throwable e, @Nullable CommandResult result) {
        status = run.cancelled() && (result == null || wasCut(result)) ? StepStatus.CANCELLED : StepStatus.FAILED;
        Limit limited = passed;
        if (limited != null && limited.of() == Limit.Of.RUN) {
            status = StepStatus.CANCELLED;
        }
        failure = new Failure(
                inThisStep(hideSecretsIn(message)),
                Optional.ofNullable(result),
                Optional.ofNullable(e).map(thrown -> Thrown.hiding(thrown, this::hideSecretsIn)));
    }

    private static boolean wasCut(CommandResult result) {
        return result.outcome() instanceof Outcome.Cancelled || result.outcome() instanceof Outcome.NotStarted;
    }

    String inThisStep(String message) {
        String where = step.delegateName().map(machine -> " on " + machine).orElse("");
        return host + ": step '" + step.name() + "'" + where + ": " + message;
    }

    private String withoutStep(String message) {
        String own = inThisStep("");
        return message.startsWith(own) ? message.substring(own.length()) : message;
    }

    private String withoutHost(@Nullable String message) {
        String text = String.valueOf(message);
        for (String own : List.of(host.name() + ": ", step.delegateName().orElse(host.name()) + ": ")) {
            if (text.startsWith(own)) {
                return text.substring(own.length());
            }
        }
        return text;
    }
}
