package dev.weftwork.testing;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.engine.TimeSource;
import dev.weftwork.inventory.Host;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Machines in memory, which answer as a test or a simulation says, and fail as chance has it. Every host has one.
 *
 * <p>Without an answer for it a command succeeds and prints nothing. Nothing is really run: working directory, user and
 * environment mean nothing, and standard input isn't read.
 *
 * <p>What chance does to a command depends on the seed, the name of the host and how many commands that host was given
 * before, over all its connections, and on nothing else: a run whose hosts get the same commands in the same order
 * happens again, whichever thread is faster. The same is true of connecting.
 *
 * <p>Waits pass in the connector's {@link TimeSource}. A command's timeout is held against its latency. An interrupt, or the
 * close of the connection, ends a command that waits, as {@link Connection} says. All output comes at the end.
 *
 * <p>Commands that are given to a connection while another is under way on it are refused with an {@link
 * IllegalStateException} and counted by {@link #overlaps}. Lifetime: as of any connector; its counters can be read at any
 * time, also after {@link #close}. Where nothing is scripted, recorded or left to chance nothing is kept for a host but its
 * open connections.
 *
 * <pre>{@code
 * var time = new VirtualTime();
 * var connector = InMemoryConnector.builder()
 *         .time(time)
 *         .seed(42)
 *         .latency(Duration.ofMillis(5), Duration.ofMillis(50))
 *         .losing(0.001)
 *         .on("uname -r", Answer.ok("6.1\n"))
 *         .recording(true)
 *         .build();
 * }</pre>
 */
public final class InMemoryConnector implements Connector {

    /** What a machine does with a command that chance leaves alone. */
    @FunctionalInterface
    public interface Machine {
        /** Called on the thread that executes the command; may block, and be interrupted then. */
        Answer answer(Host host, Command command) throws InterruptedException;
    }

    /**
     * How a command ends and what it has written.
     *
     * @param outcome how it ends; a lost one counts as having run
     * @param stdout what it writes on standard output
     * @param stderr what it writes on standard error
     * @param latency how long it takes; that of the connector if null
     */
    public record Answer(
            Outcome outcome,
            Output stdout,
            Output stderr,
            @Nullable Duration latency) {

        private static final Answer OK = of(new Outcome.Completed(0));

        /** Success without output. */
        public static Answer ok() {
            return OK;
        }

        public static Answer ok(String stdout) {
            return OK.stdout(stdout);
        }

        /** That exit code without output. */
        public static Answer exit(int code) {
            return of(new Outcome.Completed(code));
        }

        public static Answer of(Outcome outcome) {
            return new Answer(outcome, Output.empty(), Output.empty(), null);
        }

        /** Ends by a timeout or an interrupt only; or after a hundred years. */
        public static Answer stuck() {
            return OK.after(FOREVER);
        }

        public Answer stdout(String text) {
            return new Answer(outcome, Output.of(text.getBytes(StandardCharsets.UTF_8)), stderr, latency);
        }

        public Answer stderr(String text) {
            return new Answer(outcome, stdout, Output.of(text.getBytes(StandardCharsets.UTF_8)), latency);
        }

        /** This answer after that time, whatever the connector's latency is. */
        public Answer after(Duration time) {
            return new Answer(outcome, stdout, stderr, time);
        }
    }

    private static final Duration FOREVER = Duration.ofDays(36_525);
    private static final Outcome SUCCESS = new Outcome.Completed(0);
    private static final Answer FAILURE = Answer.exit(1).stderr("failed by chance\n");

    private final TimeSource time;
    private final Chance chance;
    private final Span latency;
    private final Span connectLatency;
    private final Map<String, Answer> answers;
    private final List<Rule> rules;
    private final @Nullable Machine machine;
    private final Set<String> unreachable;
    private final int maxParallel;
    private final boolean recording;

    /** Whether every command succeeds at once. */
    private final boolean plain;

    /** Whether something is to be kept for each host. */
    private final boolean keeping;

    private final ConcurrentHashMap<String, Kept> hosts = new ConcurrentHashMap<>();
    private final AtomicInteger open = new AtomicInteger();
    private final LongAdder connects = new LongAdder();
    private final LongAdder executed = new LongAdder();
    private final LongAdder overlaps = new LongAdder();

    /** Commands under way in the upper half, connects in the lower: one value tells both. */
    private final AtomicLong underWay = new AtomicLong();

    private final AtomicInteger maxCommands = new AtomicInteger();
    private final AtomicInteger maxCalls = new AtomicInteger();
    private volatile boolean closed;

    private InMemoryConnector(Builder builder) {
        time = builder.time;
        chance = new Chance(
                Chance.mix(builder.seed), builder.failing, builder.losing, builder.stuck, builder.unreachableByChance);
        latency = builder.latency;
        connectLatency = builder.connectLatency;
        answers = Map.copyOf(builder.answers);
        rules = List.copyOf(builder.rules);
        machine = builder.machine;
        unreachable = Set.copyOf(builder.unreachable);
        maxParallel = builder.maxParallel;
        recording = builder.recording;
        plain = !recording
                && !chance.ofCommands()
                && latency.isZero()
                && answers.isEmpty()
                && rules.isEmpty()
                && machine == null;
        keeping = recording
                || chance.ofCommands()
                || chance.unreachable > 0
                || latency.isRandom()
                || connectLatency.isRandom();
    }

    /** Machines on which everything succeeds at once and nothing is printed. */
    public static InMemoryConnector succeeding() {
        return builder().build();
    }

    /** Machines that answer at once, unless they block. */
    public static InMemoryConnector answering(Machine machine) {
        return builder().answer(machine).build();
    }

    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Connection connect(Host host) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (closed) {
            throw new ConnectFailedException(host.name(), "the connector of machines in memory is closed");
        }
        connects.increment();
        begin(1);
        try {
            Kept kept = keeping ? hosts.computeIfAbsent(host.name(), Kept::new) : null;
            long chances = kept == null ? 0 : chance.ofConnect(kept);
            time.sleep(connectLatency.at(chance.draw(chances, Chance.LATENCY)));
            if (unreachable.contains(host.name()) || chance.draw(chances, Chance.UNREACHABLE) < chance.unreachable) {
                throw new ConnectFailedException(host.name(), "no route to it");
            }
            open.incrementAndGet();
            return new InMemoryConnection(this, host, kept);
        } finally {
            underWay.addAndGet(-1);
        }
    }

    @Override
    public int maxParallel() {
        return maxParallel;
    }

    @Override
    public void close() {
        closed = true;
    }

    public boolean closed() {
        return closed;
    }

    /** How many connections are open. */
    public int open() {
        return open.get();
    }

    /** How often {@link #connect} was called, in vain or not. */
    public long connects() {
        return connects.sum();
    }

    /** How many commands have begun, those that were lost included. */
    public long executed() {
        return executed.sum();
    }

    /** How many commands were under way at once, at most. */
    public int maxCommandsInFlight() {
        return maxCommands.get();
    }

    /** How many commands and connects were under way at once, at most; what {@link #maxParallel} is about. */
    public int maxCallsInFlight() {
        return maxCalls.get();
    }

    /** How many commands were refused because another was under way on their connection. */
    public long overlaps() {
        return overlaps.sum();
    }

    /**
     * How many commands were under way at once on that host, over all its connections, at most.
     *
     * @throws IllegalStateException unless it is recording
     */
    public int maxCommandsInFlight(String host) {
        Kept kept = recorded(host);
        return kept == null ? 0 : kept.maxInFlight();
    }

    /**
     * The commands that have begun on that host, in their order.
     *
     * @throws IllegalStateException unless it is recording
     */
    public List<Command> executed(String host) {
        Kept kept = recorded(host);
        return kept == null ? List.of() : kept.commands(false);
    }

    /**
     * Of {@link #executed(String)} those that the machine really ran: not those that were lost on the way there, or
     * answered by {@link Outcome.NotStarted}.
     *
     * @throws IllegalStateException unless it is recording
     */
    public List<Command> ran(String host) {
        Kept kept = recorded(host);
        return kept == null ? List.of() : kept.commands(true);
    }

    private @Nullable Kept recorded(String host) {
        if (!recording) {
            throw new IllegalStateException(host + ": nothing is recorded; build the connector with recording(true)");
        }
        return hosts.get(host);
    }

    private void begin(long call) {
        long now = underWay.addAndGet(call);
        int commands = (int) (now >>> 32);
        int calls = commands + (int) now;
        if (commands > maxCommands.get()) {
            maxCommands.accumulateAndGet(commands, Math::max);
        }
        if (calls > maxCalls.get()) {
            maxCalls.accumulateAndGet(calls, Math::max);
        }
    }

    private Answer answer(Host host, Command command) throws InterruptedException {
        if (!answers.isEmpty()) {
            Answer answer = answers.get(command.toString());
            if (answer != null) {
                return answer;
            }
        }
        for (Rule rule : rules) {
            if (rule.condition.test(command)) {
                return rule.answer;
            }
        }
        return machine == null ? Answer.OK : machine.answer(host, command);
    }

    private record Rule(Predicate<Command> condition, Answer answer) {}

    private record Span(long min, long max) {
        static final Span NONE = new Span(0, 0);

        static Span of(String what, Duration min, Duration max) {
            if (min.isNegative() || max.compareTo(min) < 0 || max.compareTo(FOREVER) > 0) {
                throw new IllegalArgumentException(
                        what + " must be 0 <= min <= max <= 100 years, was " + min + " to " + max);
            }
            return new Span(min.toNanos(), max.toNanos());
        }

        boolean isZero() {
            return max == 0;
        }

        boolean isRandom() {
            return max > min;
        }

        Duration at(double part) {
            return max == 0 ? Duration.ZERO : Duration.ofNanos(min + (long) (part * (max - min)));
        }
    }

    /** Numbers that follow from the seed: SplitMix64 over seed, host, number of the call, and what it is drawn for. */
    private record Chance(long seed, double failing, double losing, double stuck, double unreachable) {
        static final int LATENCY = 1;
        static final int UNREACHABLE = 2;
        static final int LOST = 3;
        static final int RAN = 4;
        static final int STUCK = 5;
        static final int FAILED = 6;

        private static final long STEP = 0x9e3779b97f4a7c15L;

        boolean ofCommands() {
            return failing > 0 || losing > 0 || stuck > 0;
        }

        long ofCommand(Kept host) {
            return mix(mix(seed ^ host.hash) + STEP * (2L * host.nextCommand()));
        }

        long ofConnect(Kept host) {
            return mix(mix(seed ^ host.hash) + STEP * (2L * host.nextConnect() + 1));
        }

        /** From 0 to below 1. */
        double draw(long chances, int what) {
            return (mix(chances + STEP * what) >>> 11) * 0x1p-53;
        }

        static long mix(long value) {
            long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
            z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
            return z ^ (z >>> 31);
        }

        /** String's own has 32 bits only, of which many hosts would share some. */
        static long hash(String name) {
            long hash = 0xcbf29ce484222325L;
            for (int i = 0; i < name.length(); i++) {
                hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
            }
            return hash;
        }
    }

    /** What is kept for a host over its connections. */
    private static final class Kept {
        final long hash;
        private int connects;
        private int commands;
        private int inFlight;
        private int maxInFlight;
        private final List<Ran> all = new ArrayList<>(0);

        private record Ran(Command command, boolean really) {}

        Kept(String host) {
            hash = Chance.hash(host);
        }

        synchronized int nextConnect() {
            return connects++;
        }

        synchronized int nextCommand() {
            return commands++;
        }

        synchronized void begins() {
            inFlight++;
            maxInFlight = Math.max(maxInFlight, inFlight);
        }

        /** Returns its place, for {@link #didNotRun}. */
        synchronized int record(Command command, boolean really) {
            all.add(new Ran(command, really));
            return all.size() - 1;
        }

        synchronized void didNotRun(int place) {
            all.set(place, new Ran(all.get(place).command, false));
        }

        synchronized void ends() {
            inFlight--;
        }

        synchronized int maxInFlight() {
            return maxInFlight;
        }

        synchronized List<Command> commands(boolean reallyRan) {
            return all.stream()
                    .filter(each -> each.really || !reallyRan)
                    .map(Ran::command)
                    .toList();
        }
    }

    private static final class InMemoryConnection implements Connection {

        private static final Object IDLE = new Object();
        private static final Object CLOSED = new Object();

        /** It is being closed by one who is about to interrupt the thread of its command, which waits for that. */
        private static final Object CLOSING = new Object();

        private static final long ONE_COMMAND = 1L << 32;

        private static final AtomicReferenceFieldUpdater<InMemoryConnection, Object> STATE =
                AtomicReferenceFieldUpdater.newUpdater(InMemoryConnection.class, Object.class, "state");

        private final InMemoryConnector connector;
        private final Host host;
        private final @Nullable Kept kept;

        /** One of the above, or the thread whose command is under way. */
        private volatile Object state = IDLE;

        InMemoryConnection(InMemoryConnector connector, Host host, @Nullable Kept kept) {
            this.connector = connector;
            this.host = host;
            this.kept = kept;
        }

        @Override
        public CommandResult execute(Command command, OutputConsumer consumer) {
            Thread thread = Thread.currentThread();
            if (!STATE.compareAndSet(this, IDLE, thread)) {
                return refuse(command);
            }
            try {
                if (thread.isInterrupted()) {
                    return CommandResult.notStarted(host.name(), command, "its thread was interrupted before");
                }
                connector.executed.increment();
                connector.begin(ONE_COMMAND);
                try {
                    return connector.plain
                            ? result(command, SUCCESS, Output.empty(), Output.empty(), Duration.ZERO)
                            : run(command, consumer);
                } finally {
                    connector.underWay.addAndGet(-ONE_COMMAND);
                }
            } finally {
                leave(thread);
            }
        }

        private CommandResult refuse(Command command) {
            Object seen = state;
            if (seen == CLOSED || seen == CLOSING) {
                return CommandResult.notStarted(host.name(), command, "its connection is closed");
            }
            connector.overlaps.increment();
            throw new IllegalStateException(host.name() + ": `" + command
                    + "` was given to a connection on which another command is under way; it takes one at a time");
        }

        private void leave(Thread thread) {
            if (!STATE.compareAndSet(this, thread, IDLE)) {
                while (state == CLOSING) {
                    Thread.onSpinWait();
                }
                // It was meant for this command, which is over.
                Thread.interrupted();
            }
        }

        private CommandResult run(Command command, OutputConsumer consumer) {
            if (kept != null) {
                kept.begins();
            }
            long begun = connector.time.nanoTime();
            try {
                return run(command, consumer, begun);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return result(command, new Outcome.Cancelled(true), Output.empty(), Output.empty(), since(begun));
            } finally {
                if (kept != null) {
                    kept.ends();
                }
            }
        }

        private CommandResult run(Command command, OutputConsumer consumer, long begun) throws InterruptedException {
            Chance chance = connector.chance;
            long chances = kept == null ? 0 : chance.ofCommand(kept);
            boolean lost = chance.losing > 0 && chance.draw(chances, Chance.LOST) < chance.losing;
            boolean lostOnTheWay = lost && chance.draw(chances, Chance.RAN) < 0.5;
            int place = connector.recording && kept != null ? kept.record(command, !lostOnTheWay) : 0;
            Answer answer;
            if (lostOnTheWay) {
                answer = Answer.OK;
            } else if (chance.stuck > 0 && chance.draw(chances, Chance.STUCK) < chance.stuck) {
                answer = Answer.stuck();
            } else if (chance.failing > 0 && chance.draw(chances, Chance.FAILED) < chance.failing) {
                answer = FAILURE;
            } else {
                answer = connector.answer(host, command);
                if (connector.recording && kept != null && answer.outcome instanceof Outcome.NotStarted) {
                    kept.didNotRun(place);
                }
            }
            Duration latency = answer.latency == null || lost
                    ? connector.latency.at(chance.draw(chances, Chance.LATENCY))
                    : answer.latency;
            Duration limit = command.timeout().orElse(FOREVER);
            boolean late = latency.compareTo(limit) > 0;
            connector.time.sleep(late ? limit : latency);
            if (lost) {
                return result(
                        command,
                        new Outcome.ConnectionLost("lost by chance"),
                        Output.empty(),
                        Output.empty(),
                        since(begun));
            }
            if (late) {
                return result(command, new Outcome.TimedOut(limit, true), Output.empty(), Output.empty(), since(begun));
            }
            tell(consumer, OutputConsumer.Stream.STDOUT, answer.stdout);
            tell(consumer, OutputConsumer.Stream.STDERR, answer.stderr);
            return result(
                    command,
                    answer.outcome,
                    kept(answer.stdout, command.outputLimit()),
                    kept(answer.stderr, command.outputLimit()),
                    since(begun));
        }

        private static void tell(OutputConsumer consumer, OutputConsumer.Stream stream, Output output) {
            if (output.length() > 0) {
                byte[] bytes = output.bytes();
                consumer.accept(stream, bytes, 0, bytes.length);
            }
        }

        private static Output kept(Output output, int limit) {
            if (output.length() <= limit) {
                return output;
            }
            var collector = new Output.Collector(limit);
            byte[] bytes = output.bytes();
            collector.add(bytes, 0, bytes.length);
            return collector.soFar();
        }

        private Duration since(long begun) {
            return Duration.ofNanos(connector.time.nanoTime() - begun);
        }

        private CommandResult result(Command command, Outcome outcome, Output stdout, Output stderr, Duration elapsed) {
            return new CommandResult(host.name(), command, outcome, stdout, stderr, elapsed);
        }

        @Override
        public void close() {
            while (true) {
                Object seen = state;
                if (seen == CLOSED || seen == CLOSING) {
                    return;
                }
                if (seen == IDLE ? STATE.compareAndSet(this, IDLE, CLOSED) : end((Thread) seen)) {
                    connector.open.decrementAndGet();
                    return;
                }
            }
        }

        private boolean end(Thread thread) {
            if (!STATE.compareAndSet(this, thread, CLOSING)) {
                return false;
            }
            if (thread != Thread.currentThread()) {
                thread.interrupt();
            }
            state = CLOSED;
            return true;
        }
    }

    /** What the machines do. Unless set, everything succeeds at once, in the system's time. */
    public static final class Builder {
        private TimeSource time = TimeSource.system();
        private long seed;
        private Span latency = Span.NONE;
        private Span connectLatency = Span.NONE;
        private double failing;
        private double losing;
        private double stuck;
        private double unreachableByChance;
        private final Set<String> unreachable = ConcurrentHashMap.newKeySet();
        private final Map<String, Answer> answers = new LinkedHashMap<>();
        private final List<Rule> rules = new ArrayList<>();
        private @Nullable Machine machine;
        private int maxParallel = Integer.MAX_VALUE;
        private boolean recording;

        private Builder() {}

        /** What latencies and timeouts pass in. */
        public Builder time(TimeSource source) {
            time = source;
            return this;
        }

        /** What chance follows from; 0 unless set. */
        public Builder seed(long number) {
            seed = number;
            return this;
        }

        /** How long every command takes. */
        public Builder latency(Duration always) {
            return latency(always, always);
        }

        /** How long a command takes, every time between them being as likely. */
        public Builder latency(Duration min, Duration max) {
            latency = Span.of("latency", min, max);
            return this;
        }

        /** As {@link #latency(Duration, Duration)}, for connecting. */
        public Builder connectLatency(Duration min, Duration max) {
            connectLatency = Span.of("connectLatency", min, max);
            return this;
        }

        /** That part of all commands exits 1. */
        public Builder failing(double part) {
            failing = requirePart("failing", part);
            return this;
        }

        /** On that part of all commands the connection is lost; half of these have run. It takes the next command. */
        public Builder losing(double part) {
            losing = requirePart("losing", part);
            return this;
        }

        /** That part of all commands ends by its timeout or an interrupt only. */
        public Builder stuck(double part) {
            stuck = requirePart("stuck", part);
            return this;
        }

        /** That part of all connects is in vain. */
        public Builder unreachable(double part) {
            unreachableByChance = requirePart("unreachable", part);
            return this;
        }

        /** These hosts can't be reached at all. */
        public Builder unreachable(String... hosts) {
            unreachable.addAll(List.of(hosts));
            return this;
        }

        /** The answer to the command that prints so; comes before conditions. */
        public Builder on(String command, Answer answer) {
            answers.put(command, answer);
            return this;
        }

        /** The answer to commands for which that is true, unless it was of one named before. */
        public Builder on(Predicate<Command> condition, Answer answer) {
            rules.add(new Rule(condition, answer));
            return this;
        }

        /** What answers all other commands. */
        public Builder answer(Machine other) {
            machine = other;
            return this;
        }

        /** What {@link Connector#maxParallel} says; the connector only measures it. */
        public Builder maxParallel(int calls) {
            if (calls < 1) {
                throw new IllegalArgumentException("maxParallel must be >= 1, was " + calls);
            }
            maxParallel = calls;
            return this;
        }

        /** Whether to keep every command of every host. */
        public Builder recording(boolean wanted) {
            recording = wanted;
            return this;
        }

        public InMemoryConnector build() {
            return new InMemoryConnector(this);
        }

        private static double requirePart(String name, double part) {
            if (!(part >= 0 && part <= 1)) {
                throw new IllegalArgumentException(name + " must be 0 to 1, was " + part);
            }
            return part;
        }
    }
}
