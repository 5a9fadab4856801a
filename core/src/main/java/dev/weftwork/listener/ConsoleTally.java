package dev.weftwork.listener;

import dev.weftwork.listener.ConsoleRun.Phase;
import dev.weftwork.listener.ConsoleRun.Row;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.StepStatus;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The numbers of one run, counted anew from the rows of its hosts at each look; lengths of steps are added up once, when a
 * row is first seen with them. So a look takes as long as there are hosts, however much has happened. Used by one thread at
 * a time.
 *
 * <p>How the time left is estimated. Of the run: the work that is over is the time that hosts have spent in steps. The work
 * left is what hosts have before them, where a step that is known, because {@link #MIN_HOSTS} hosts have ended it or half of
 * fewer, counts with its mean length, another one with the mean of those means, and one that is under way with what is missing to
 * its mean. The work left is assumed to be done at the rate of that before, since somebody was seen in a step first, which
 * covers limits on hosts at work as well as waits at gates, and leaves out the connecting before, which doesn't come again. Of a step that all hosts take at once: that as many hosts end it in a second as since its beginning. Both
 * are wrong when what comes is unlike what was, so nothing is said in the first seconds, nor before {@link #MIN_SHARE} of the
 * hosts are through with the step, or half of all steps are known and {@link #MIN_SHARE} of the work is over.
 */
final class ConsoleTally {

    private static final double MIN_SHARE = 0.2;
    private static final int MIN_HOSTS = 5;
    private static final long MIN_NANOS = 3_000_000_000L;

    /** The longest steps of single hosts that are over. */
    record Slow(Row row, int step, long nanos) {}

    private static final int SLOWEST = 3;

    private final ConsoleRun run;
    private final int hosts;
    private final int steps;

    // Added up.
    /** By the place of the host: how many of its steps are in the sums. */
    private final int[] seen;

    private final List<ConsoleCounts<StepStatus>> ended;
    private final long[] lengths;
    private final int[] endedBy;
    private final List<Slow> slowest = new ArrayList<>(SLOWEST + 1);

    // Counted at each look.
    private long now;
    private final ConsoleCounts<Phase> inPhase = new ConsoleCounts<>(Phase.class);
    private final ConsoleCounts<HostStatus> left = new ConsoleCounts<>(HostStatus.class);
    /** By step: hosts under way that are through with so many. */
    private final int[] atStep;

    private final int[] through;
    private int lowest;
    private int highest;
    private int underWay;
    private Row[] longest = {};
    private long[] longestSince = {};
    private int longestCount;

    private final double[] work;
    private OptionalLong runLeft = OptionalLong.empty();

    /** Since when somebody is in steps, as far as was seen, and how much work was over then. */
    private OptionalLong workBegan = OptionalLong.empty();

    private double overAtBegin;

    /** Which step all hosts took at the last look, since when, and how many were through with it then. */
    private int commonStep = -1;

    private long commonSince;
    private int commonAtBegin;

    ConsoleTally(ConsoleRun run) {
        this.run = run;
        hosts = run.rows().size();
        steps = run.steps().size();
        seen = new int[hosts];
        ended = Stream.generate(() -> new ConsoleCounts<>(StepStatus.class))
                .limit(steps)
                .toList();
        lengths = new long[steps];
        endedBy = new int[steps];
        atStep = new int[steps + 1];
        through = new int[steps];
        work = new double[steps + 1];
    }

    /**
     * Counts everything.
     *
     * @param most how many of the hosts at work are to be known by name, those that are longest at it
     */
    void look(long time, int most) {
        now = time;
        inPhase.clear();
        left.clear();
        Arrays.fill(atStep, 0);
        if (longest.length != most) {
            longest = new Row[most];
            longestSince = new long[most];
        }
        longestCount = 0;
        lowest = steps;
        highest = -1;
        double age = 0;
        long oldest = 0;
        List<Row> rows = run.rows();
        for (int i = 0; i < hosts; i++) {
            Row row = rows.get(i);
            Phase phase = row.phase();
            int done = addUp(i, row);
            inPhase.add(phase);
            if (phase == Phase.LEFT) {
                HostStatus status = row.status();
                left.add(status == null ? HostStatus.CANCELLED : status);
                continue;
            }
            atStep[done]++;
            if (phase == Phase.NOT_BEGUN) {
                continue;
            }
            if (phase == Phase.IN_STEP && done < steps) {
                highest = Math.max(highest, done);
                long own = Math.max(0, now - row.since());
                age += own;
                oldest = Math.max(oldest, own);
            }
            lowest = Math.min(lowest, done);
            if (phase == Phase.IN_STEP || phase == Phase.CONNECTING) {
                keepIfLong(row, row.since());
            }
        }
        underWay = hosts - inPhase.of(Phase.LEFT) - inPhase.of(Phase.NOT_BEGUN);
        int over = inPhase.of(Phase.LEFT);
        for (int step = steps - 1; step >= 0; step--) {
            over += atStep[step + 1];
            through[step] = over;
        }
        followCommonStep();
        if (workBegan.isEmpty() && inSteps()) {
            workBegan = OptionalLong.of(now - oldest);
            overAtBegin = Arrays.stream(lengths).sum();
        }
        runLeft = estimateRun(age);
    }

    private int addUp(int place, Row row) {
        int done = row.done();
        for (int step = seen[place]; step < done; step++) {
            long length = row.lengthOf(step);
            ended.get(step).add(row.statusOf(step));
            endedBy[step]++;
            lengths[step] += length;
            keepIfSlow(row, step, length);
        }
        seen[place] = done;
        return done;
    }

    private void keepIfSlow(Row row, int step, long length) {
        int i = slowest.size();
        while (i > 0 && slowest.get(i - 1).nanos < length) {
            i--;
        }
        if (i < SLOWEST) {
            slowest.add(i, new Slow(row, step, length));
            if (slowest.size() > SLOWEST) {
                slowest.remove(SLOWEST);
            }
        }
    }

    private void keepIfLong(Row row, long since) {
        int i = longestCount;
        while (i > 0 && longestSince[i - 1] - since > 0) {
            i--;
        }
        if (i >= longest.length) {
            return;
        }
        int moved = Math.min(longestCount, longest.length - 1) - i;
        System.arraycopy(longest, i, longest, i + 1, moved);
        System.arraycopy(longestSince, i, longestSince, i + 1, moved);
        longest[i] = row;
        longestSince[i] = since;
        longestCount = Math.min(longestCount + 1, longest.length);
    }

    // ---- hosts

    int hosts() {
        return hosts;
    }

    int count(HostStatus status) {
        return left.of(status);
    }

    int count(Phase phase) {
        return inPhase.of(phase);
    }

    int atWork() {
        return count(Phase.CONNECTING) + count(Phase.IN_STEP);
    }

    int waiting() {
        return count(Phase.NOT_BEGUN) + count(Phase.WAITING);
    }

    /** Of the hosts at work, those that are longest at what they do, the longest first. */
    List<Row> longest() {
        return Arrays.asList(longest).subList(0, longestCount);
    }

    // ---- steps

    /** Steps that are over, on all hosts together; those that a host will never come to are. */
    long stepsOver() {
        long sum = 0;
        for (int step = 0; step < steps; step++) {
            sum += through[step];
        }
        return sum;
    }

    long stepsInAll() {
        return (long) hosts * steps;
    }

    /** How many hosts are through with it, or will never come to it. */
    int through(int step) {
        return through[step];
    }

    /** How many hosts have ended it so. */
    int count(int step, StepStatus status) {
        return ended.get(step).of(status);
    }

    /** How many hosts have ended it at all. */
    int endedBy(int step) {
        return endedBy[step];
    }

    /** Whether somebody is in a step. */
    boolean inSteps() {
        return highest >= 0;
    }

    /** The first and the last step that hosts are in or wait for. */
    int firstStep() {
        return Math.min(lowest, highest);
    }

    int lastStep() {
        return highest;
    }

    /** Of hosts that have begun and not left: how many are through with that step. */
    int throughOfThoseUnderWay(int step) {
        int sum = 0;
        for (int later = step + 1; later <= steps; later++) {
            sum += atStep[later];
        }
        return sum;
    }

    int underWay() {
        return underWay;
    }

    /** Slowest first; of those that are over. */
    List<Slow> slowest() {
        return slowest;
    }

    // ---- time left

    /** Of the run, in nanoseconds; nothing if too little is known. */
    OptionalLong runLeft() {
        return runLeft;
    }

    /** Of the step that all hosts take at once, in nanoseconds; nothing if they don't, or too little is known. */
    OptionalLong stepLeft() {
        if (commonStep < 0) {
            return OptionalLong.empty();
        }
        long elapsed = now - commonSince;
        int over = throughOfThoseUnderWay(commonStep);
        int since = over - commonAtBegin;
        int missing = underWay - over;
        if (elapsed < MIN_NANOS || since < MIN_HOSTS || over < MIN_SHARE * underWay || missing == 0) {
            return OptionalLong.empty();
        }
        return OptionalLong.of((long) ((double) elapsed * missing / since));
    }

    private void followCommonStep() {
        int common = inSteps() && lowest == highest ? lowest : -1;
        if (common != commonStep) {
            commonStep = common;
            commonSince = now;
            commonAtBegin = common < 0 ? 0 : throughOfThoseUnderWay(common);
        }
    }

    private OptionalLong estimateRun(double age) {
        int known = 0;
        double sumOfMeans = 0;
        double over = age;
        for (int step = 0; step < steps; step++) {
            over += lengths[step];
            if (isKnown(step)) {
                known++;
                sumOfMeans += (double) lengths[step] / endedBy[step];
            }
        }
        long elapsed = now - workBegan.orElse(run.begun());
        if (known == 0 || 2 * known < steps || elapsed < MIN_NANOS) {
            return OptionalLong.empty();
        }
        work[steps] = 0;
        for (int step = steps - 1; step >= 0; step--) {
            work[step] = work[step + 1] + (isKnown(step) ? (double) lengths[step] / endedBy[step] : sumOfMeans / known);
        }
        double missing = 0;
        for (int step = 0; step < steps; step++) {
            missing += atStep[step] * work[step];
        }
        // Of what is under way some is over already, but no more than the step was thought to take.
        for (Row row : run.rows()) {
            int done = row.done();
            if (row.phase() == Phase.IN_STEP && done < steps) {
                missing -= Math.min(work[done] - work[done + 1], (double) Math.max(0, now - row.since()));
            }
        }
        double seen = over - overAtBegin;
        if (over < MIN_SHARE * (over + missing) || missing <= 0 || seen <= 0) {
            return OptionalLong.empty();
        }
        return OptionalLong.of((long) (elapsed * missing / seen));
    }

    private boolean isKnown(int step) {
        return endedBy[step] >= Math.min(MIN_HOSTS, (hosts + 1) / 2);
    }
}
