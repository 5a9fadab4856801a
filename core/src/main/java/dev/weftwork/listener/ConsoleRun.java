package dev.weftwork.listener;

import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.inventory.Host;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where one run is, for those who show it. The thread of a host writes into the row of that host and nowhere else, but for
 * failures, which it puts into a queue; it takes no lock and does no I/O. The painter reads all rows, as often as it likes.
 *
 * <p>Lifetime: of the run; the painter lets go of it when the run is over.
 */
final class ConsoleRun implements RunListener {

    /** Where a host is. */
    enum Phase {
        NOT_BEGUN,
        CONNECTING,
        /** At a gate or for a place. */
        WAITING,
        IN_STEP,
        LEFT
    }

    private final ConsolePainter painter;
    private final LongSupplier clock;

    // Set by the first event, which happens-before all others and before the painter knows of this run.
    private String deploy = "";
    private RunMode mode = RunMode.RUN;
    private List<String> steps = List.of();
    private List<Row> rows = List.of();
    private Map<String, Row> byName = Map.of();
    private long begun;

    private final Queue<String> failures = new ConcurrentLinkedQueue<>();

    ConsoleRun(ConsolePainter painter, LongSupplier clock) {
        this.painter = painter;
        this.clock = clock;
    }

    String deploy() {
        return deploy;
    }

    RunMode mode() {
        return mode;
    }

    List<String> steps() {
        return steps;
    }

    /** In inventory order. */
    List<Row> rows() {
        return rows;
    }

    long begun() {
        return begun;
    }

    /** Takes out the oldest failure that nobody has shown yet: how it is called, and its message. */
    @Nullable
    String nextFailure() {
        return failures.poll();
    }

    @Override
    public void on(RunEvent event) {
        switch (event) {
            case RunEvent.RunStarted started -> begin(started);
            case RunEvent.RunFinished finished -> painter.end(this, finished.report());
            case RunEvent.HostEvent of -> {
                Row row = byName.get(of.host().name());
                if (row != null) {
                    on(of, row);
                }
            }
        }
    }

    private void begin(RunEvent.RunStarted started) {
        deploy = started.deploy();
        mode = started.mode();
        steps = started.steps();
        begun = clock.getAsLong();
        var all = new ArrayList<Row>(started.hosts().size());
        Map<String, Row> named = HashMap.newHashMap(started.hosts().size());
        for (Host host : started.hosts()) {
            var row = new Row(host);
            all.add(row);
            named.put(host.name(), row);
        }
        rows = all;
        byName = named;
        painter.begin(this);
    }

    private void on(RunEvent.HostEvent event, Row row) {
        switch (event) {
            case RunEvent.HostStarted started -> row.enter(Phase.CONNECTING, clock.getAsLong());
            case RunEvent.HostConnected connected -> row.enter(Phase.WAITING, clock.getAsLong());
            case RunEvent.StepStarted started -> row.enter(Phase.IN_STEP, clock.getAsLong());
            case RunEvent.CommandStarted started -> row.command(started);
            case RunEvent.CommandFinished finished -> row.command(null);
            case RunEvent.StepRetried retried -> row.attempt = retried.attempt() + 1;
            case RunEvent.StepFinished finished -> {
                row.ended(finished.result(), steps.size(), clock.getAsLong());
                if (finished.result().status() == StepStatus.FAILED) {
                    finished.result().failure().ifPresent(failure -> tell(row, HostStatus.FAILED, failure));
                }
            }
            case RunEvent.HostFinished finished -> left(row, finished.result());
        }
    }

    private void left(Row row, HostResult result) {
        boolean bad = result.status() == HostStatus.FAILED || result.status() == HostStatus.UNREACHABLE;
        if (bad && !row.told) {
            result.failure().ifPresent(failure -> tell(row, result.status(), failure));
        }
        row.left(result.status());
    }

    private void tell(Row row, HostStatus status, Failure failure) {
        row.told = true;
        failures.add(status + " " + failure.message());
    }

    /**
     * One host, written by its thread. Each change is published by its last store; a reader that comes in between sees a phase
     * with the time of the next one, for one frame.
     */
    static final class Row {
        private static final VarHandle PHASE = handle("phase", Phase.class);
        private static final VarHandle COMMAND = handle("command", RunEvent.CommandStarted.class);
        private static final VarHandle DONE = handle("done", int.class);

        /** In an int: how a step ended, and its length in units of 0.1 ms, 7 hours at most. */
        private static final int STATUS_BITS = 4;

        private static final long UNIT_NANOS = 100_000;
        private static final long LONGEST = (1L << (32 - STATUS_BITS)) - 1;
        private static final StepStatus[] STATUSES = StepStatus.values();

        private final Host host;

        @SuppressWarnings("UnusedVariable") // by its handle
        private Phase phase = Phase.NOT_BEGUN;

        @SuppressWarnings("UnusedVariable") // by its handle
        private RunEvent.@Nullable CommandStarted command;

        /** How many steps are over. */
        private int done;

        private int[] ended = {};
        private volatile long since;
        private volatile int attempt = 1;
        private volatile @Nullable HostStatus status;

        /** By the host's thread only. */
        private boolean told;

        Row(Host host) {
            this.host = host;
        }

        private static VarHandle handle(String field, Class<?> type) {
            try {
                return MethodHandles.lookup().findVarHandle(Row.class, field, type);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        // ---- by the host's thread

        private void enter(Phase next, long now) {
            since = now;
            PHASE.setRelease(this, next);
        }

        private void command(RunEvent.@Nullable CommandStarted next) {
            COMMAND.setRelease(this, next);
        }

        @SuppressWarnings("EnumOrdinal") // is read again in this JVM only
        private void ended(StepResult result, int steps, long now) {
            if (done >= steps) {
                return;
            }
            if (ended.length == 0) {
                ended = new int[steps];
            }
            long units = Math.min(result.elapsed().toNanos() / UNIT_NANOS, LONGEST);
            ended[done] = (int) units << STATUS_BITS | result.status().ordinal();
            DONE.setRelease(this, done + 1);
            if (attempt != 1) {
                attempt = 1;
            }
            COMMAND.setRelease(this, null);
            enter(Phase.WAITING, now);
        }

        private void left(HostStatus how) {
            status = how;
            PHASE.setRelease(this, Phase.LEFT);
        }

        // ---- by the painter

        String name() {
            return host.name();
        }

        Phase phase() {
            return (Phase) PHASE.getAcquire(this);
        }

        /** When it entered its phase. */
        long since() {
            return since;
        }

        /** How many steps are over, which is the index of the one it is in or waits for. */
        int done() {
            return (int) DONE.getAcquire(this);
        }

        /** Of one of the steps that are over. */
        StepStatus statusOf(int step) {
            return STATUSES[ended[step] & (1 << STATUS_BITS) - 1];
        }

        /** Of one of the steps that are over, in nanoseconds. */
        long lengthOf(int step) {
            return (ended[step] >>> STATUS_BITS) * UNIT_NANOS;
        }

        RunEvent.@Nullable CommandStarted command() {
            return (RunEvent.@Nullable CommandStarted) COMMAND.getAcquire(this);
        }

        int attempt() {
            return attempt;
        }

        /** How it left the run; null until then. */
        @Nullable
        HostStatus status() {
            return status;
        }
    }
}
