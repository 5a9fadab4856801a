package dev.weftwork.engine;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.deploy.Step;
import dev.weftwork.event.RunEvent;
import dev.weftwork.fact.Fact;
import dev.weftwork.fact.FactFailedException;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.inventory.Host;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.PlanFailedException;
import dev.weftwork.report.ChangeResult;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Walks one host through a deploy: connects, takes its steps as the strategy lets it, disconnects.
 *
 * <p>Used by the host's thread only. Whatever goes wrong on the host is in the result; only a bug of this class throws.
 * An interrupt of the thread is the run being cancelled.
 */
final class HostRun implements HostFacts {

    private static final Logger LOG = LoggerFactory.getLogger(HostRun.class);

    private final Host host;
    private final int place;
    private final List<Step> steps;
    private final Connector connector;
    private final Strategy.Pacing pacing;
    private final Turn turn;
    private final Events events;
    private final BooleanSupplier cancelled;
    private final HostExecutor commands;
    private final Map<Fact<?>, Object> facts = new HashMap<>();
    private final List<StepResult> results = new ArrayList<>();
    private final long begin = System.nanoTime();
    private @Nullable Connection connection;

    HostRun(
            Host host,
            int place,
            List<Step> steps,
            Connector connector,
            Strategy strategy,
            Strategy.Pacing pacing,
            Semaphore places,
            Events events,
            BooleanSupplier cancelled) {
        this.host = host;
        this.place = place;
        this.steps = steps;
        this.connector = connector;
        this.pacing = pacing;
        this.turn = new Turn(places, strategy.keepsPlace());
        this.events = events;
        this.cancelled = cancelled;
        commands = new HostExecutor(
                Thread.ofVirtual().name("commands-" + host.name()).factory());
    }

    /** The result of a host that was never walked because the run was cancelled first. */
    static HostResult neverStarted(Host host, List<Step> steps) {
        return new HostResult(
                host,
                HostStatus.CANCELLED,
                steps.stream().map(step -> StepResult.notRun(step.name())).toList(),
                Optional.of(cancelledBefore(host, "connecting", new InterruptedException())),
                Duration.ZERO);
    }

    HostResult walk() {
        int stage = 0;
        Ending ending;
        try {
            ending = connect();
            for (Step step : ending == null ? steps : List.<Step>of()) {
                pacing.finished(place, stage++);
                turn.pause();
                ending = take(step, stage);
                if (ending != null) {
                    break;
                }
            }
        } finally {
            disconnect();
            turn.end();
        }
        HostResult result = result(ending);
        events.emit(new RunEvent.HostFinished(result));
        for (; stage <= steps.size(); stage++) {
            pacing.finished(place, stage);
        }
        return result;
    }

    private @Nullable Ending connect() {
        try {
            turn.begin(0);
            events.emit(new RunEvent.HostStarted(host));
            // A listener may have taken the interrupt for itself.
            if (isCancelled()) {
                throw new InterruptedException();
            }
            connection = Objects.requireNonNull(connector.connect(host), "a connection of null");
            return null;
        } catch (InterruptedException e) {
            return new Ending(HostStatus.CANCELLED, cancelledBefore(host, "its connection was open", e));
        } catch (ConnectFailedException e) {
            return new Ending(HostStatus.UNREACHABLE, Failure.of(String.valueOf(e.getMessage()), e, null));
        } catch (Throwable e) {
            return new Ending(
                    HostStatus.UNREACHABLE,
                    Failure.of(
                            host + ": connecting failed in an unexpected way, which is a bug of the connector: "
                                    + textOf(e),
                            e,
                            null));
        }
    }

    /** Takes one step; null if the host goes on. */
    private @Nullable Ending take(Step step, int stage) {
        long stepBegin = System.nanoTime();
        var attempt = new Attempt(step);
        try {
            turn.begin(stage);
            stepBegin = System.nanoTime();
            events.emit(new RunEvent.StepStarted(host, step.name()));
            attempt.make();
        } catch (InterruptedException e) {
            return new Ending(HostStatus.CANCELLED, cancelledBefore(host, "step '" + step.name() + "'", e));
        } catch (Throwable e) {
            attempt.fail(textOf(e), e, null);
        }
        StepResult result = attempt.result(Duration.ofNanos(System.nanoTime() - stepBegin));
        results.add(result);
        events.emit(new RunEvent.StepFinished(host, result));
        return switch (result.status()) {
            case FAILED -> new Ending(HostStatus.FAILED, result.failure().orElseThrow());
            case CANCELLED -> new Ending(HostStatus.CANCELLED, result.failure().orElseThrow());
            default -> null;
        };
    }

    /** What it says of itself, even if it can't. */
    private static String textOf(Throwable e) {
        try {
            return e.toString();
        } catch (Throwable broken) {
            return e.getClass().getName();
        }
    }

    /** What one step does on this host, as far as it gets. */
    private final class Attempt {
        private final Step step;
        private final List<ChangeResult> made = new ArrayList<>();
        private List<Change> planned = List.of();
        private StepStatus status = StepStatus.FAILED;
        private @Nullable Failure failure;

        Attempt(Step step) {
            this.step = step;
        }

        void make() {
            try {
                Optional<Operation> operation = step.operationFor(HostRun.this);
                if (operation.isEmpty()) {
                    status = StepStatus.SKIPPED;
                    return;
                }
                planned = List.copyOf(operation.get().plan(HostRun.this));
            } catch (FactFailedException e) {
                fail(textWithoutHost(e.getMessage()), e, e.result());
                return;
            } catch (PlanFailedException e) {
                fail(textWithoutHost(e.getMessage()), e, null);
                return;
            } catch (Throwable e) {
                fail("planning threw " + textOf(e), e, null);
                return;
            }
            status = planned.isEmpty() ? StepStatus.UNCHANGED : StepStatus.CHANGED;
            for (Change change : planned) {
                facts.clear();
                CommandResult result = execute(change.command());
                made.add(new ChangeResult(change, result));
                if (!result.succeeded()) {
                    status = wasCancelled(result) ? StepStatus.CANCELLED : StepStatus.FAILED;
                    failure = new Failure(inThisStep(result.describeCommand()), Optional.of(result), Optional.empty());
                    return;
                }
            }
        }

        void fail(String message, Throwable e, @Nullable CommandResult result) {
            status = (result == null ? isCancelled() : wasCancelled(result)) ? StepStatus.CANCELLED : StepStatus.FAILED;
            failure = Failure.of(inThisStep(message), e, result);
        }

        private String inThisStep(String message) {
            return host + ": step '" + step.name() + "': " + message;
        }

        private String textWithoutHost(@Nullable String message) {
            String text = String.valueOf(message);
            String own = host + ": ";
            return text.startsWith(own) ? text.substring(own.length()) : text;
        }

        StepResult result(Duration elapsed) {
            List<Change> notMade = planned.subList(made.size(), planned.size());
            return new StepResult(step.name(), status, made, notMade, Optional.ofNullable(failure), elapsed);
        }
    }

    private boolean wasCancelled(CommandResult result) {
        return result.outcome() instanceof Outcome.Cancelled
                || (result.outcome() instanceof Outcome.NotStarted && isCancelled());
    }

    private boolean isCancelled() {
        return cancelled.getAsBoolean() || Thread.currentThread().isInterrupted();
    }

    @Override
    public Host host() {
        return host;
    }

    @Override
    @SuppressWarnings("unchecked") // a fact is the key of what it parsed
    public <T> T fact(Fact<T> fact) {
        Object known = facts.get(fact);
        if (known != null) {
            return (T) known;
        }
        CommandResult result = execute(fact.command());
        if (!result.succeeded()) {
            throw FactFailedException.notRead(fact, result);
        }
        T value;
        try {
            value = fact.parse(result);
        } catch (RuntimeException e) {
            throw FactFailedException.notUnderstood(fact, result, e);
        }
        facts.put(fact, value);
        return value;
    }

    private CommandResult execute(Command command) {
        Connection open = connection;
        if (open == null) {
            return CommandResult.notStarted(host.name(), command, "its connection is closed");
        }
        events.emit(new RunEvent.CommandStarted(host, command));
        // Asked here and not by the interrupt alone, which a listener may have taken for itself.
        CommandResult result = isCancelled()
                ? CommandResult.notStarted(host.name(), command, "the run was cancelled before it was sent")
                : submit(open, command);
        events.emit(new RunEvent.CommandFinished(host, result));
        return result;
    }

    private CommandResult submit(Connection open, Command command) {
        try {
            return commands.submit(() -> Objects.requireNonNull(open.execute(command), "a result of null"))
                    .await()
                    .orElseGet(() ->
                            CommandResult.notStarted(host.name(), command, "the run was cancelled before it was sent"));
        } catch (CompletionException e) {
            LOG.warn("{}: running `{}` threw, which is a bug of the connector", host, command, e.getCause());
            return new CommandResult(
                    host.name(),
                    command,
                    new Outcome.ConnectionLost("the connector threw " + e.getCause() + ", which is a bug of it"),
                    Output.empty(),
                    Output.empty(),
                    Duration.ZERO);
        }
    }

    private void disconnect() {
        Connection open = connection;
        connection = null;
        if (open != null) {
            try {
                open.close();
            } catch (Throwable e) {
                LOG.warn("{}: closing its connection failed; what it ran is in the report", host, e);
            }
        }
    }

    private HostResult result(@Nullable Ending ending) {
        var all = new ArrayList<>(results);
        steps.subList(results.size(), steps.size()).forEach(step -> all.add(StepResult.notRun(step.name())));
        return new HostResult(
                host,
                ending == null ? HostStatus.SUCCEEDED : ending.status(),
                all,
                Optional.ofNullable(ending).map(Ending::failure),
                Duration.ofNanos(System.nanoTime() - begin));
    }

    private static Failure cancelledBefore(Host host, String what, InterruptedException cause) {
        return Failure.of(host + ": the run was cancelled before " + what, cause, null);
    }

    /** Why a host left the run early. */
    private record Ending(HostStatus status, Failure failure) {}

    /** This host's turns: what the strategy says, and a place among those that may be at work at once. */
    private final class Turn {
        private final Semaphore places;
        private final boolean keepsPlace;
        private boolean hasPlace;

        Turn(Semaphore places, boolean keepsPlace) {
            this.places = places;
            this.keepsPlace = keepsPlace;
        }

        void begin(int stage) throws InterruptedException {
            // Never waits for others with a place in hand unless the strategy says that it may.
            pacing.awaitTurn(place, stage);
            if (!hasPlace) {
                places.acquire();
                hasPlace = true;
            }
            // A host that left because of a cancel may have let this one in before its own interrupt came.
            if (cancelled.getAsBoolean()) {
                throw new InterruptedException();
            }
        }

        void pause() {
            if (!keepsPlace) {
                end();
            }
        }

        void end() {
            if (hasPlace) {
                hasPlace = false;
                places.release();
            }
        }
    }
}
