package dev.weftwork.engine;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandBatch;
import dev.weftwork.command.CommandFailedException;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.deploy.RunningHost;
import dev.weftwork.deploy.StepOptions;
import dev.weftwork.event.RunEvent;
import dev.weftwork.fact.Fact;
import dev.weftwork.fact.FactFailedException;
import dev.weftwork.inventory.Host;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.report.ChangeResult;
import dev.weftwork.report.RunMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A machine as a step's condition, operation or code sees it. Whatever they run goes through here, with the step's options
 * and within its limits, and is noted for the report.
 */
final class HostView implements RunningHost {

    private static final Logger LOG = LoggerFactory.getLogger(HostView.class);

    private final StepRun step;
    private final Run run;
    private final Machine machine;
    private final StepOptions options;
    private boolean ended;
    private boolean executing;
    private boolean asked;

    HostView(StepRun step, Machine machine, StepOptions options) {
        this.step = step;
        this.machine = machine;
        this.options = options;
        run = step.run;
    }

    Machine machine() {
        return machine;
    }

    StepOptions options() {
        return options;
    }

    /** Whether it was asked what is on the machine. */
    boolean hasAsked() {
        return asked;
    }

    /** It must not be used any more. */
    void end() {
        ended = true;
    }

    @Override
    public Host host() {
        return step.host;
    }

    @Override
    public boolean wantsDiffs() {
        return run.mode != RunMode.RUN || run.options.diffs();
    }

    // ---- facts

    @Override
    public <T> T fact(Fact<T> fact) {
        requireUsable();
        asked = true;
        T known = machine.known(fact, options.scope());
        return known != null ? known : learn(fact, execute(options.appliedToFact(fact.command()), null));
    }

    @Override
    public void facts(Fact<?>... wanted) {
        requireUsable();
        asked = true;
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
        for (Map.Entry<Fact<?>, Command> each : commands.entrySet()) {
            try {
                // What can't be taken apart is read one by one; that changes nothing either.
                if (results.isEmpty()) {
                    fact(each.getKey());
                } else {
                    // With what the options add to it, secrets among it, which messages must know.
                    learn(each.getKey(), of(results.get(next++), options.appliedToFact(each.getValue())));
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

    private static CommandResult of(CommandResult result, Command command) {
        return new CommandResult(
                result.host(), command, result.outcome(), result.stdout(), result.stderr(), result.elapsed());
    }

    // ---- commands

    @Override
    public CommandResult run(Command command) {
        return runAndNote(command, null);
    }

    @Override
    public CommandResult run(Command command, OutputConsumer consumer) {
        return runAndNote(command, Objects.requireNonNull(consumer, "consumer must not be null"));
    }

    private CommandResult runAndNote(Command command, @Nullable OutputConsumer consumer) {
        requireUsable();
        return note(new Change("run " + command, options.appliedTo(command)), consumer);
    }

    @Override
    public CommandResult query(Command command) {
        requireUsable();
        asked = true;
        return execute(options.appliedTo(command), null);
    }

    @Override
    public boolean apply(Operation operation) {
        requireUsable();
        List<Change> planned = List.copyOf(operation.plan(this));
        for (Change change : planned) {
            CommandResult result = change(change);
            if (!result.succeeded()) {
                throw new CommandFailedException(result);
            }
        }
        return !planned.isEmpty();
    }

    /** Makes a change of the step's operation. */
    CommandResult change(Change change) {
        Command applied = options.appliedTo(change.command());
        return note(
                applied.equals(change.command())
                        ? change
                        : new Change(change.summary(), applied, change.diff(), change.everyTime()),
                null);
    }

    private CommandResult note(Change change, @Nullable OutputConsumer consumer) {
        machine.forget();
        try {
            CommandResult result = execute(change.command(), consumer);
            step.made.add(new ChangeResult(change, result));
            return result;
        } catch (ConsumerThrew e) {
            step.made.add(new ChangeResult(change, e.result));
            throw e.unwrapped();
        }
    }

    private void requireUsable() {
        boolean here = Thread.currentThread() == step.thread;
        if (ended || !here || executing) {
            throw new IllegalStateException(step.inThisStep("its host is used "
                    + (ended
                            ? "after the step's code returned"
                            : here
                                    ? "by the consumer of a command's output, before that has ended"
                                    : "by another thread, " + Thread.currentThread())));
        }
    }

    private CommandResult execute(Command command, @Nullable OutputConsumer consumer) {
        String on = machine.host.name();
        step.sends(command);
        run.events.emit(() -> new RunEvent.CommandStarted(step.host, on, command));
        CommandResult result;
        executing = true;
        try {
            result = inPlace(command, consumer);
        } catch (ConsumerThrew e) {
            run.events.emit(() -> new RunEvent.CommandFinished(step.host, e.result));
            throw e;
        } finally {
            executing = false;
        }
        run.events.emit(() -> new RunEvent.CommandFinished(step.host, result));
        return result;
    }

    /** Waits until the connector can take it, and only then asks how much time is left. */
    private CommandResult inPlace(Command command, @Nullable OutputConsumer consumer) {
        try {
            step.walk.takePlace(run.connectorPlaces);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return notSent(command);
        }
        try {
            return within(command, consumer);
        } finally {
            HostRun.giveBack(run.connectorPlaces);
        }
    }

    /** Ends it no later than the earliest limit. */
    private CommandResult within(Command command, @Nullable OutputConsumer consumer) {
        Limit until = step.limit;
        if (until == null) {
            return submit(command, command, consumer);
        }
        long left = until.at() - run.time.nanoTime();
        if (left <= 0 || step.guard.fired() != null) {
            step.passed = until;
            return CommandResult.notStarted(machine.host.name(), command, until.passed() + " before it was sent");
        }
        Optional<Duration> own = command.timeout();
        if (own.isPresent() && own.get().toNanos() <= left) {
            return submit(command, command, consumer);
        }
        CommandResult result = submit(command.timeout(Duration.ofNanos(left)), command, consumer);
        if (result.outcome() instanceof Outcome.TimedOut) {
            step.passed = until;
        }
        return of(result, command);
    }

    private CommandResult submit(Command sent, Command command, @Nullable OutputConsumer consumer) {
        Connection open = machine.connection();
        if (open == null) {
            return CommandResult.notStarted(machine.host.name(), command, "its connection is closed");
        }
        // Asked here and not by the interrupt alone, which a listener may have taken for itself.
        if (run.cancelled()) {
            return notSent(command);
        }
        Watched watched = consumer == null ? null : new Watched(consumer);
        step.guard.commandBegins();
        try {
            return machine.commands
                    .call(() -> Objects.requireNonNull(
                            watched == null ? open.execute(sent) : open.execute(sent, watched), "a result of null"))
                    .orElseGet(() -> notSent(command));
        } catch (CompletionException e) {
            Throwable cause = Objects.requireNonNull(e.getCause(), "what it wraps");
            if (watched != null && cause.equals(watched.thrown)) {
                // The connection has ended it for that.
                throw new ConsumerThrew(cause, without(command, new Outcome.Cancelled(false)));
            }
            Thrown.warn(
                    LOG, machine.host + ": running `" + command + "` threw, which is a bug of the connector", cause);
            return without(
                    command,
                    new Outcome.ConnectionLost("the connector threw " + Thrown.text(cause) + ", which is a bug of it"));
        } finally {
            step.guard.commandEnds();
        }
    }

    private CommandResult notSent(Command command) {
        return CommandResult.notStarted(
                machine.host.name(),
                command,
                (run.cancelled() ? run.whyCancelled() : "its thread was interrupted") + " before it was sent");
    }

    private CommandResult without(Command command, Outcome outcome) {
        return new CommandResult(machine.host.name(), command, outcome, Output.empty(), Output.empty(), Duration.ZERO);
    }

    /** Remembers what its consumer threw, which is the code's own to handle and no bug of the connector. */
    private static final class Watched implements OutputConsumer {
        private final OutputConsumer consumer;
        private volatile @Nullable Throwable thrown;

        Watched(OutputConsumer consumer) {
            this.consumer = consumer;
        }

        @Override
        public void accept(Stream stream, byte[] bytes, int offset, int count) {
            try {
                consumer.accept(stream, bytes, offset, count);
            } catch (Throwable e) {
                thrown = e;
                throw e;
            }
        }
    }

    /** A command was ended because the consumer of its output threw. */
    private static final class ConsumerThrew extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient CommandResult result;

        ConsumerThrew(Throwable cause, CommandResult result) {
            super(cause);
            this.result = result;
        }

        RuntimeException unwrapped() {
            if (getCause() instanceof Error error) {
                throw error;
            }
            return getCause() instanceof RuntimeException failure ? failure : this;
        }
    }
}
