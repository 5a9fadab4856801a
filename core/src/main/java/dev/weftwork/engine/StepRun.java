package dev.weftwork.engine;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandBatch;
import dev.weftwork.command.CommandFailedException;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.deploy.HostCode;
import dev.weftwork.deploy.RunningHost;
import dev.weftwork.deploy.Step;
import dev.weftwork.deploy.StepOptions;
import dev.weftwork.event.RunEvent;
import dev.weftwork.fact.Fact;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One step on one host: whether it applies, its attempts, what became of it. Used by the host's thread, once; whatever goes
 * wrong is in the result.
 */
final class StepRun {

    private static final Logger LOG = LoggerFactory.getLogger(StepRun.class);

    private final HostRun walk;
    private final Run run;
    private final Host host;
    private final int index;
    private final Step step;
    private final Thread thread = Thread.currentThread();
    private final ArrayList<ChangeResult> made = new ArrayList<>(1);
    private final List<Failure> earlierFailures = new ArrayList<>(0);
    private List<Change> notMade = List.of();
    private StepStatus status = StepStatus.FAILED;
    private @Nullable Failure failure;
    private @Nullable Object value;
    private @Nullable Limit limit;
    private @Nullable Limit passed;
    private LimitGuard guard = LimitGuard.NONE;

    /** What it does for all hosts; they wait for its end. */
    private Run.@Nullable OnceForAll taken;

    /** Whether a command that failed may be under way still, or may have run, and nobody can tell by its facts. */
    private boolean mayRunTwice;

    private long begin;

    StepRun(HostRun walk, int index) {
        this.walk = walk;
        this.index = index;
        run = walk.run;
        host = walk.host;
        step = run.steps.get(index);
        begin = run.time.nanoTime();
    }

    StepResult run() {
        begin = run.time.nanoTime();
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
            } else if (failure == null) {
                status = StepStatus.SKIPPED;
            }
        } finally {
            Limit fired = guard.end();
            Limit over = passed == null ? fired : passed;
            if (over != null && status != StepStatus.CANCELLED) {
                limitPassed(over);
            }
            if (status == StepStatus.FAILED && resolved.ignoresErrors() && !hostLimitPassed()) {
                status = StepStatus.FAILURE_IGNORED;
            }
            // An interrupt that isn't of a cancel was of the limit, or of the step's code, and ends with the step.
            if (run.cancelled() || (Thread.interrupted() && run.cancelled())) {
                thread.interrupt();
            }
            if (taken != null) {
                taken.end(result());
            }
        }
        return result();
    }

    private boolean hostLimitPassed() {
        return passed != null && passed.of() == Limit.Of.HOST;
    }

    private void limitPassed(Limit fired) {
        if (passed == null || failure == null) {
            passed = fired;
            Failure before = failure;
            failure = new Failure(
                    inThisStep(fired.passed() + (before == null ? "" : ": " + withoutStep(before.message()))),
                    before == null ? Optional.empty() : before.command(),
                    before == null ? Optional.empty() : before.cause());
        }
        status = fired.of() == Limit.Of.RUN ? StepStatus.CANCELLED : StepStatus.FAILED;
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
                earlierFailures,
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
        var view = new View(own, run.optionsOf(index, host));
        try {
            return step.appliesTo(view, walk);
        } catch (Throwable e) {
            planningFailed(e);
            return false;
        } finally {
            view.valid = false;
            HostRun.giveBack(own.turns);
        }
    }

    private boolean dependsOnUnknown() {
        if (run.mode == RunMode.RUN) {
            return false;
        }
        for (String earlier : step.earlierSteps()) {
            if (walk.here(earlier).filter(StepStatus.UNKNOWN::equals).isPresent()) {
                unknown("whether it applies depends on step '" + earlier + "', which can't be known", null);
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
        for (int attempt = 1; ; attempt++) {
            failure = null;
            value = null;
            mayRunTwice = false;
            attempt(machine, resolved);
            Failure failed = failure;
            if (status != StepStatus.FAILED
                    || failed == null
                    || run.mode != RunMode.RUN
                    || passed != null
                    || attempt >= resolved.retry().attempts()
                    || run.cancelled()
                    || !mayRetry(resolved, failed)
                    || !waitForNext(attempt, resolved, failed)) {
                return;
            }
        }
    }

    private boolean mayRetry(StepOptions resolved, Failure failed) {
        try {
            return resolved.retry()
                    .condition()
                    .map(condition -> condition.test(failed))
                    .orElse(!mayRunTwice);
        } catch (Throwable e) {
            LOG.warn("{}: step '{}': the condition for another attempt threw; there is none", host, step.name(), e);
            return false;
        }
    }

    private boolean waitForNext(int attempt, StepOptions resolved, Failure failed) {
        Duration wait =
                resolved.retry().waitAfter(attempt, ThreadLocalRandom.current().nextDouble());
        Limit until = limit;
        if (until != null && until.at() - run.time.nanoTime() <= wait.toNanos()) {
            failure = new Failure(
                    failed.message() + "; no time is left for another attempt within the "
                            + until.of().name().toLowerCase(Locale.ROOT) + "'s limit of "
                            + Limit.text(until.length()),
                    failed.command(),
                    failed.cause());
            return false;
        }
        earlierFailures.add(failed);
        run.events.emit(() -> new RunEvent.StepRetried(host, step.name(), attempt, failed, wait));
        try {
            run.time.sleep(wait);
            return true;
        } catch (InterruptedException e) {
            interrupted(e);
            return false;
        }
    }

    // ---- one attempt

    private void attempt(Machine machine, StepOptions resolved) {
        notMade = List.of();
        try {
            walk.takePlace(machine.turns);
        } catch (InterruptedException e) {
            interrupted(e);
            return;
        }
        var view = new View(machine, resolved);
        try {
            if (machine != walk.machine || machine.turns != null) {
                // Of a machine that others work on too nothing is known for sure.
                machine.forget();
                walk.connect(machine);
            }
            switch (step.body()) {
                case Step.Body.Planned planned -> make(view, planned);
                case Step.Body.Code code -> call(view, code.code());
            }
        } catch (InterruptedException e) {
            interrupted(e);
        } catch (ConnectFailedException e) {
            fail(withoutHost(e.getMessage()), e, null);
        } finally {
            view.valid = false;
            HostRun.giveBack(machine.turns);
        }
    }

    private void make(View view, Step.Body.Planned body) {
        List<Change> planned;
        try {
            Operation operation =
                    Objects.requireNonNull(body.operation().apply(view), "the step's function returned null");
            planned = List.copyOf(operation.plan(view));
        } catch (Throwable e) {
            planningFailed(e);
            return;
        }
        if (planned.isEmpty()) {
            status = StepStatus.UNCHANGED;
        } else if (run.mode == RunMode.RUN) {
            makeAll(view, planned);
        } else if (run.mode == RunMode.VERIFY && planned.stream().allMatch(Change::everyTime)) {
            notMade = planned;
            unknown("what it does is done every time, so nobody can tell whether it is still missing", null);
        } else {
            notMade = planned;
            status = StepStatus.WOULD_CHANGE;
        }
    }

    private void makeAll(View view, List<Change> planned) {
        status = StepStatus.CHANGED;
        made.ensureCapacity(made.size() + planned.size());
        int tried = 0;
        boolean goesOn = true;
        try {
            while (goesOn && tried < planned.size()) {
                Change change = planned.get(tried++);
                CommandResult result = view.change(change);
                if (!result.succeeded()) {
                    if (failure == null) {
                        status = StepStatus.FAILED;
                        fail(describe(result), null, result);
                        mayRunTwice = change.everyTime() && mayStillRun(result.outcome());
                    }
                    goesOn = view.options.continuesOnError()
                            && !(result.outcome() instanceof Outcome.ConnectionLost)
                            && passed == null
                            && !run.cancelled();
                }
            }
        } finally {
            notMade = planned.subList(tried, planned.size());
        }
    }

    private static boolean mayStillRun(Outcome outcome) {
        return outcome instanceof Outcome.ConnectionLost
                || (outcome instanceof Outcome.TimedOut timedOut && !timedOut.deathConfirmed())
                || (outcome instanceof Outcome.Cancelled cancelled && !cancelled.deathConfirmed());
    }

    private void call(View view, HostCode<?> code) {
        if (run.mode != RunMode.RUN) {
            unknown("it runs code, and what that does is known only when it runs", null);
            return;
        }
        int before = made.size();
        try {
            value = code.on(view);
            boolean ran = made.size() > before;
            status = ran ? StepStatus.CHANGED : StepStatus.UNCHANGED;
            if (value instanceof CommandResult result && !result.succeeded()) {
                status = StepStatus.FAILED;
                fail(describe(result), null, result);
                mayRunTwice = mayStillRun(result.outcome());
            }
        } catch (CommandFailedException e) {
            fail(describe(e.result()), e, e.result());
            mayRunTwice = mayStillRun(e.result().outcome());
        } catch (FactFailedException e) {
            fail(withoutHost(e.getMessage()), e, e.result());
        } catch (PlanFailedException e) {
            fail(withoutHost(e.getMessage()), e, null);
        } catch (InterruptedException e) {
            interrupted(e);
        } catch (Throwable e) {
            fail("its code threw " + HostRun.textOf(e), e, null);
        }
        // Code that takes a cancel for something else must not make it look like one.
        if (run.cancelled() && status != StepStatus.CANCELLED && status != StepStatus.FAILED) {
            fail("its code went on to its end", null, null);
            status = StepStatus.CANCELLED;
        }
    }

    private String describe(CommandResult result) {
        Limit limited = passed;
        return (limited == null ? "" : limited.passed() + ": ") + result.describeCommand();
    }

    // ---- failing

    private void planningFailed(Throwable e) {
        switch (e) {
            case FactFailedException fact -> {
                Limit limited = passed;
                fail(
                        (limited == null ? "" : limited.passed() + ": ") + withoutHost(fact.getMessage()),
                        fact,
                        fact.result());
            }
            case PlanFailedException plan -> fail(withoutHost(plan.getMessage()), plan, null);
            default -> fail("planning threw " + HostRun.textOf(e), e, null);
        }
        if (run.mode != RunMode.RUN && status == StepStatus.FAILED && passed == null && walk.isUncertain()) {
            status = StepStatus.UNKNOWN;
        }
    }

    private void unknown(String why, @Nullable Throwable e) {
        status = StepStatus.UNKNOWN;
        failure = new Failure(inThisStep(why), Optional.empty(), Optional.ofNullable(e));
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
        failure = new Failure(inThisStep(message), Optional.ofNullable(result), Optional.ofNullable(e));
    }

    private static boolean wasCut(CommandResult result) {
        return result.outcome() instanceof Outcome.Cancelled || result.outcome() instanceof Outcome.NotStarted;
    }

    private String inThisStep(String message) {
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

    // ---- commands

    /** A machine as the step's operation, condition or code sees it. */
    private final class View implements RunningHost {
        private final Machine machine;
        private final StepOptions options;
        private boolean valid = true;

        View(Machine machine, StepOptions options) {
            this.machine = machine;
            this.options = options;
        }

        @Override
        public Host host() {
            return host;
        }

        @Override
        public boolean wantsDiffs() {
            return run.mode != RunMode.RUN || run.options.diffs();
        }

        @Override
        public <T> T fact(Fact<T> fact) {
            requireValid();
            T known = machine.known(fact, options.scope());
            if (known != null) {
                return known;
            }
            return learn(fact, execute(options.appliedToFact(fact.command()), null));
        }

        @Override
        public void facts(Fact<?>... wanted) {
            requireValid();
            var together = new LinkedHashMap<Fact<?>, Command>();
            var alone = new ArrayList<Fact<?>>();
            for (Fact<?> each : wanted) {
                if (machine.known(each, options.scope()) == null) {
                    Command command = each.command();
                    // Where both say a directory, the command's doesn't start at the step's.
                    boolean fits = CommandBatch.fits(command)
                            && (command.cwd().isEmpty() || options.scope().cwd().isEmpty());
                    if (fits) {
                        together.put(each, command);
                    } else {
                        alone.add(each);
                    }
                }
            }
            if (together.size() > 1) {
                readTogether(together);
            } else {
                alone.addAll(together.keySet());
            }
            alone.forEach(this::fact);
        }

        private void readTogether(Map<Fact<?>, Command> commands) {
            CommandBatch batch = CommandBatch.of(List.copyOf(commands.values()));
            List<CommandResult> results = batch.split(execute(options.appliedToFact(batch.command()), null))
                    .orElse(List.of());
            FactFailedException failed = null;
            int next = 0;
            for (Fact<?> each : commands.keySet()) {
                try {
                    // What can't be taken apart is read one by one; that changes nothing either.
                    if (results.isEmpty()) {
                        fact(each);
                    } else {
                        learn(each, results.get(next++));
                    }
                } catch (FactFailedException e) {
                    failed = failed == null ? e : failed;
                }
            }
            if (failed != null) {
                throw failed;
            }
        }

        private <T> T learn(Fact<T> fact, CommandResult result) {
            if (!result.succeeded()) {
                throw FactFailedException.notRead(fact, result);
            }
            T read;
            try {
                read = Objects.requireNonNull(fact.parse(result), "it was read as null");
            } catch (RuntimeException e) {
                throw FactFailedException.notUnderstood(fact, result, e);
            }
            machine.learn(fact, options.scope(), read);
            return read;
        }

        @Override
        public CommandResult run(Command command, OutputConsumer consumer) {
            requireValid();
            return made(new Change("run " + command, options.appliedTo(command)), consumer);
        }

        @Override
        public boolean apply(Operation operation) {
            requireValid();
            List<Change> planned = List.copyOf(operation.plan(this));
            for (Change change : planned) {
                CommandResult result = change(change);
                if (!result.succeeded()) {
                    throw new CommandFailedException(result);
                }
            }
            return !planned.isEmpty();
        }

        CommandResult change(Change change) {
            Command applied = options.appliedTo(change.command());
            return made(
                    applied == change.command()
                            ? change
                            : new Change(change.summary(), applied, change.diff(), change.everyTime()),
                    null);
        }

        private CommandResult made(Change change, @Nullable OutputConsumer consumer) {
            machine.forget();
            CommandResult result = execute(change.command(), consumer);
            made.add(new ChangeResult(change, result));
            return result;
        }

        private void requireValid() {
            if (!valid || Thread.currentThread() != thread) {
                throw new IllegalStateException(inThisStep("its host is used ")
                        + (valid ? "by another thread, " + Thread.currentThread() : "after the step's code returned"));
            }
        }

        private CommandResult execute(Command command, @Nullable OutputConsumer consumer) {
            run.events.emit(() -> new RunEvent.CommandStarted(host, command));
            CommandResult result = within(command, consumer);
            run.events.emit(() -> new RunEvent.CommandFinished(host, result));
            return result;
        }

        /** Ends it no later than the earliest limit. */
        private CommandResult within(Command command, @Nullable OutputConsumer consumer) {
            Limit until = limit;
            if (until == null) {
                return submit(command, consumer);
            }
            long left = until.at() - run.time.nanoTime();
            if (left <= 0 || guard.fired() != null) {
                passed = until;
                return CommandResult.notStarted(machine.host.name(), command, until.passed() + " before it was sent");
            }
            Optional<Duration> own = command.timeout();
            boolean cut = own.isEmpty() || own.get().toNanos() > left;
            CommandResult result = submit(cut ? command.timeout(Duration.ofNanos(left)) : command, consumer);
            if (cut && result.outcome() instanceof Outcome.TimedOut) {
                passed = until;
            }
            return cut
                    ? new CommandResult(
                            result.host(),
                            command,
                            result.outcome(),
                            result.stdout(),
                            result.stderr(),
                            result.elapsed())
                    : result;
        }

        private CommandResult submit(Command command, @Nullable OutputConsumer consumer) {
            String name = machine.host.name();
            Connection open = machine.connection();
            if (open == null) {
                return CommandResult.notStarted(name, command, "its connection is closed");
            }
            // Asked here and not by the interrupt alone, which a listener may have taken for itself.
            if (run.cancelled()) {
                return notSent(command);
            }
            try {
                walk.takePlace(run.connectorPlaces);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return notSent(command);
            }
            guard.commandBegins();
            try {
                return machine.commands
                        .call(() -> Objects.requireNonNull(
                                consumer == null ? open.execute(command) : open.execute(command, consumer),
                                "a result of null"))
                        .orElseGet(() -> notSent(command));
            } catch (CompletionException e) {
                return thrown(command, consumer, Objects.requireNonNull(e.getCause(), "what it wraps"));
            } finally {
                guard.commandEnds();
                HostRun.giveBack(run.connectorPlaces);
            }
        }

        private CommandResult notSent(Command command) {
            return CommandResult.notStarted(
                    machine.host.name(),
                    command,
                    (run.cancelled() ? run.whyCancelled() : "its thread was interrupted") + " before it was sent");
        }

        private CommandResult thrown(Command command, @Nullable OutputConsumer consumer, Throwable cause) {
            if (consumer != null) {
                // A consumer is the code's own, and what it throws the code's to handle.
                if (cause instanceof RuntimeException failure) {
                    throw failure;
                } else if (cause instanceof Error error) {
                    throw error;
                }
            }
            LOG.warn("{}: running `{}` threw, which is a bug of the connector", host, command, cause);
            return new CommandResult(
                    machine.host.name(),
                    command,
                    new Outcome.ConnectionLost("the connector threw " + cause + ", which is a bug of it"),
                    Output.empty(),
                    Output.empty(),
                    Duration.ZERO);
        }
    }
}
