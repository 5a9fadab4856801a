package dev.weftwork.listener;

import dev.weftwork.listener.ConsoleLine.Style;
import dev.weftwork.listener.ConsoleTerminal.Size;
import dev.weftwork.report.RunReport;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes all runs that are under way on one console, so that they don't write over each other.
 *
 * <p>Lifetime: as long as its listener; its thread, a daemon called {@code weftwork-console}, is there only while runs are
 * under way: the first one starts it, it ends itself with the last one, and the end of that run waits for it; that of a run that
 * was cancelled not for ever where the console takes nothing, as a terminal that was stopped. All that is written is written by this thread, without the
 * lock, so that no run waits for it to begin; where there is none, by the thread on which a run ends.
 */
final class ConsolePainter {

    private static final Logger LOG = LoggerFactory.getLogger(ConsolePainter.class);

    private static final long LIVE_FRAME = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long PLAIN_FRAME = TimeUnit.MILLISECONDS.toNanos(250);

    /** With very many hosts a frame takes longer; painting then takes this part of one core, not more. */
    private static final int PART_OF_TIME = 20;

    private static final long LONGEST_WAIT = TimeUnit.SECONDS.toNanos(2);

    private static final long BETWEEN_SIZES = TimeUnit.SECONDS.toNanos(2);

    /** Answers missed one after another, after which nobody is asked any more; a busy computer may miss one. */
    private static final int MOST_MISSED = 5;

    /** Of one run; later ones are only counted, the report has them all. */
    private static final int MOST_FAILURES = 50;

    private static final int FAILURE_LINES_OF_PLAIN_SUMMARY = 40;
    private static final int LEAST_FAILURE_LINES = 6;
    private static final int LEAST_LINES_OF_A_RUN = 3;

    private final PrintStream out;
    private final boolean live;
    private final boolean colours;
    private final LongSupplier clock;
    private final boolean byHand;
    private final Duration patience;
    private final ConsoleText text;
    private final ConsoleScreen screen;

    private final ReentrantLock lock = new ReentrantLock();
    /** A run has ended, or is shown to its end. */
    private final Condition changed = lock.newCondition();

    // With the lock.
    private final List<Shown> runs = new ArrayList<>();
    private @Nullable Thread thread;

    // By the thread that paints.
    private int missed;
    private @Nullable Supplier<Optional<Size>> sizes;
    private volatile Size size;
    private boolean sizeAsked;
    private long sizeAskedAt;
    private long lastCost;

    /** A run and what is known of it here; what isn't volatile or final is for the thread that paints. */
    private final class Shown {
        private final ConsoleRun run;
        private final String label;
        private final boolean labelled;
        private final ConsoleTally tally;
        private final ConsolePlain plain;
        private int failures;
        private volatile boolean hasCompany;
        private volatile @Nullable RunReport report;
        private volatile boolean over;

        Shown(ConsoleRun run, int sameBefore) {
            this.run = run;
            labelled = sameBefore > 0;
            label = run.deploy() + (labelled ? " #" + (sameBefore + 1) : "");
            tally = new ConsoleTally(run);
            plain = new ConsolePlain(text, run);
        }
    }

    /**
     * @param size until something else is known
     * @param sizes asked now and then, until it gives nothing {@value #MOST_MISSED} times in a row
     * @param byHand without a thread; {@link #paint} is called instead
     * @param patience how long the end of a run that was cancelled waits for the console
     */
    ConsolePainter(
            PrintStream out,
            boolean live,
            boolean colours,
            Size size,
            Supplier<Optional<Size>> sizes,
            LongSupplier clock,
            boolean byHand,
            Duration patience) {
        this.out = out;
        this.live = live;
        this.colours = colours && live;
        this.size = size;
        this.sizes = live ? sizes : null;
        this.clock = clock;
        this.byHand = byHand;
        this.patience = patience;
        text = new ConsoleText(out.charset());
        screen = new ConsoleScreen(out);
    }

    // ---- by the threads of runs

    void begin(ConsoleRun run) {
        lock.lock();
        try {
            int same = 0;
            for (Shown other : runs) {
                other.hasCompany = true;
                same += other.run.deploy().equals(run.deploy()) ? 1 : 0;
            }
            if (thread == null && !byHand) {
                // Before the run is added: nobody would paint it if this fails. It waits for the lock.
                Thread painter =
                        Thread.ofPlatform().daemon().name("weftwork-console").unstarted(this::paintWhileThereAreRuns);
                painter.start();
                thread = painter;
            }
            var shown = new Shown(run, same);
            shown.hasCompany = !runs.isEmpty();
            runs.add(shown);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns when all of the run is on the console, and the thread is gone if it was the last run. Of a run that was
     * cancelled also when patience is at its end: then it is written when the console takes it. An interrupt is kept for
     * later.
     */
    void end(ConsoleRun run, RunReport report) {
        Thread painter;
        boolean leaves;
        lock.lock();
        try {
            Shown shown = find(run);
            if (shown == null) {
                return;
            }
            shown.report = report;
            painter = thread;
            if (painter != null) {
                changed.signalAll();
                if (!awaitEnd(shown, report.cancelled())) {
                    LOG.warn("the console takes nothing; the end of the run of '{}' isn't shown yet", report.deploy());
                    return;
                }
            }
            leaves = painter != null && thread != painter;
        } finally {
            lock.unlock();
        }
        if (painter == null) {
            frame();
        } else if (leaves) {
            LineWriter.joinUninterruptibly(painter);
        }
    }

    /** With the lock; false if it doesn't come. */
    private boolean awaitEnd(Shown shown, boolean cancelled) {
        long until = System.nanoTime() + patience.toNanos();
        boolean interrupted = false;
        while (!shown.over && !(cancelled && until - System.nanoTime() <= 0)) {
            try {
                if (cancelled) {
                    changed.await(until - System.nanoTime(), TimeUnit.NANOSECONDS);
                } else {
                    changed.await();
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return shown.over;
    }

    private @Nullable Shown find(ConsoleRun run) {
        for (Shown shown : runs) {
            if (shown.run == run) {
                return shown;
            }
        }
        return null;
    }

    // ---- by the thread that paints

    /** One frame. */
    void paint() {
        askSize();
        frame();
    }

    private void paintWhileThereAreRuns() {
        try {
            while (paintAndWait()) {
                askSize();
            }
        } catch (Throwable e) {
            LOG.warn("the console can't be painted; runs go on without", e);
        } finally {
            lock.lock();
            try {
                if (thread == Thread.currentThread()) {
                    letGoOfAll();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private void letGoOfAll() {
        thread = null;
        runs.forEach(shown -> shown.over = true);
        runs.clear();
        changed.signalAll();
    }

    /** Whether there are runs left. */
    private boolean paintAndWait() throws InterruptedException {
        if (!sizeAsked) {
            askSize();
        }
        long begun = System.nanoTime();
        frame();
        long cost = System.nanoTime() - begun;
        lock.lock();
        try {
            if (thread != Thread.currentThread()) {
                return false;
            }
            // Of the last two the shorter one: the first frame loads classes, and one may wait for the terminal.
            long usual = Math.min(cost, lastCost);
            lastCost = cost;
            long wait = Math.max(live ? LIVE_FRAME : PLAIN_FRAME, Math.min(LONGEST_WAIT, PART_OF_TIME * usual));
            while (wait > 0 && runs.stream().noneMatch(shown -> shown.report != null)) {
                wait = changed.awaitNanos(wait);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Without the lock, because it starts a process. */
    private void askSize() {
        Supplier<Optional<Size>> known = sizes;
        long now = clock.getAsLong();
        if (known == null || (sizeAsked && now - sizeAskedAt < BETWEEN_SIZES)) {
            return;
        }
        sizeAsked = true;
        sizeAskedAt = now;
        Optional<Size> answer = known.get();
        if (answer.isPresent()) {
            size = answer.get();
            missed = 0;
        } else if (++missed >= MOST_MISSED) {
            sizes = null;
        }
    }

    /** Without the lock while it writes: who begins a run doesn't wait for the console. */
    private void frame() {
        long now = clock.getAsLong();
        Size of = size;
        // A column and a row are kept free: in the last column terminals wait to wrap, and the cursor stands below.
        int columns = live ? Math.max(1, of.columns() - 1) : ConsolePlain.COLUMNS;
        int rows = of.rows() - 1;
        var lasting = new ArrayList<String>();
        var ended = new ArrayList<Shown>();
        List<Shown> known = known();
        for (Shown shown : known) {
            // Asked before the look at its rows, so that nothing is missing when it is there.
            RunReport report = shown.report;
            shown.tally.look(now, live ? Math.max(1, rows) : 1);
            if (live) {
                addFailures(shown, lasting, columns);
            } else {
                addPlain(shown, lasting, now, report != null);
            }
            if (report != null) {
                int room = live ? rows - report.hosts().get(0).steps().size() - 4 : FAILURE_LINES_OF_PLAIN_SUMMARY;
                lasting.addAll(new ConsoleSummary(text, columns, colours)
                        .lines(report, shown.labelled ? shown.label : "", Math.max(LEAST_FAILURE_LINES, room)));
                ended.add(shown);
            }
        }
        var going = new ArrayList<>(known);
        going.removeAll(ended);
        if (live) {
            screen.show(lasting, picture(going, columns, rows, now));
        } else if (!lasting.isEmpty()) {
            out.print(String.join("\n", lasting) + "\n");
            out.flush();
        }
        // Not before: what is written may throw, and then they are let go of with the others.
        if (!ended.isEmpty()) {
            letGoOf(ended);
        }
    }

    private List<Shown> known() {
        lock.lock();
        try {
            return List.copyOf(runs);
        } finally {
            lock.unlock();
        }
    }

    private void letGoOf(List<Shown> ended) {
        lock.lock();
        try {
            runs.removeAll(ended);
            ended.forEach(shown -> shown.over = true);
            if (runs.isEmpty()) {
                // At once, so that who waits for the end of the last run knows that the thread is ending.
                thread = null;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private List<String> picture(List<Shown> going, int columns, int rows, long now) {
        var lines = new ArrayList<String>();
        var painter = new ConsoleLive(text, columns, colours);
        int left = going.size();
        for (Shown shown : going) {
            int room = rows - lines.size();
            if (room < 1) {
                break;
            }
            if (left > 1 && room < 2 * LEAST_LINES_OF_A_RUN) {
                lines.addAll(painter.lines(shown.run, shown.label, shown.tally, now, Math.min(1, room)));
            } else {
                // Those after it get what it doesn't need.
                lines.addAll(painter.lines(shown.run, shown.label, shown.tally, now, room / left));
            }
            left--;
        }
        return lines;
    }

    private void addPlain(Shown shown, List<String> lasting, long now, boolean over) {
        String prefix = shown.hasCompany ? "[" + text.clean(shown.label) + "] " : "";
        var lines = new ArrayList<>(shown.plain.begin());
        // Before the step that they are of.
        addFailures(shown, lines, ConsolePlain.COLUMNS);
        lines.addAll(shown.plain.news(shown.tally, now, over));
        lines.forEach(line -> lasting.add(prefix + line));
    }

    private void addFailures(Shown shown, List<String> lines, int columns) {
        String failure;
        while ((failure = shown.run.nextFailure()) != null) {
            shown.failures++;
            if (shown.failures <= MOST_FAILURES) {
                List<String> folded = text.fold("  " + failure.replace("\n", "\n    "), "    ", columns);
                for (int i = 0; i < folded.size(); i++) {
                    lines.add(new ConsoleLine(text)
                            .add(i == 0 ? Style.BAD : Style.NORMAL, folded.get(i))
                            .end(columns, colours));
                }
            } else if (shown.failures == MOST_FAILURES + 1) {
                lines.add(new ConsoleLine(text)
                        .add(Style.BAD, "  failures are counted only from here on")
                        .end(columns, colours));
            }
        }
    }

    @Nullable
    Thread thread() {
        lock.lock();
        try {
            return thread;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String toString() {
        return "console, " + (live ? "live, " + Objects.toString(size) : "plain");
    }
}
