package dev.weftwork.listener;

import dev.weftwork.listener.ConsoleRun.Row;
import dev.weftwork.report.StepStatus;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** One run in plain lines, each written once: the begin, steps that are over on all hosts, now and then where it is. */
final class ConsolePlain {

    /** At least so long between two lines that nothing but time is the reason of. */
    static final long BETWEEN_PROGRESS = 10_000_000_000L;

    /** Wider ones are cut: nobody reads them, and a log may not take them. */
    static final int COLUMNS = 500;

    private final ConsoleText text;
    private final ConsoleRun run;
    private final BitSet told = new BitSet();
    private boolean begun;
    private long last;

    ConsolePlain(ConsoleText text, ConsoleRun run) {
        this.text = text;
        this.run = run;
    }

    /** The first line, once. */
    List<String> begin() {
        if (begun) {
            return List.of();
        }
        begun = true;
        last = run.begun();
        return List.of(end(line().add(Words.noun(run.mode()) + " of '" + run.deploy() + "' begins: "
                + ConsoleSummary.steps(run.steps().size()) + " on "
                + ConsoleSummary.hosts(run.rows().size()))));
    }

    /** The other lines that are due. */
    List<String> news(ConsoleTally tally, long now, boolean over) {
        var lines = new ArrayList<String>();
        for (int step = 0; step < run.steps().size(); step++) {
            // One that nobody came to is in the summary.
            if (!told.get(step) && tally.through(step) == tally.hosts() && tally.endedBy(step) > 0) {
                told.set(step);
                lines.add(step(tally, step, now));
                last = now;
            }
        }
        if (!over && now - last >= BETWEEN_PROGRESS) {
            last = now;
            lines.add(progress(tally, now));
        }
        return lines;
    }

    private ConsoleLine line() {
        return new ConsoleLine(text);
    }

    private static String end(ConsoleLine line) {
        return line.end(COLUMNS, false);
    }

    private String step(ConsoleTally tally, int step, long now) {
        var words = new ArrayList<String>();
        for (StepStatus status : StepStatus.values()) {
            int count = status == StepStatus.NOT_RUN ? tally.hosts() - tally.endedBy(step) : tally.count(step, status);
            if (count > 0) {
                words.add(count + " " + ConsoleSummary.word(status));
            }
        }
        return end(line().add("  step " + (step + 1) + " of " + run.steps().size() + " is over: "
                + run.steps().get(step) + ": " + String.join(", ", words) + ", "
                + ConsoleText.running(now - run.begun())));
    }

    private String progress(ConsoleTally tally, long now) {
        ConsoleLine line = ConsoleLive.hosts(line().add("  " + ConsoleText.running(now - run.begun()) + ": "), tally);
        if (tally.inSteps() || tally.atWork() > 0) {
            ConsoleLive.step(line.add("; "), run, tally);
        }
        tally.runLeft().ifPresent(left -> line.add("; run: " + ConsoleLive.about(left)));
        List<Row> longest = tally.longest();
        if (!longest.isEmpty()) {
            Row row = longest.get(0);
            line.add("; longest: " + row.name() + " " + ConsoleText.running(now - row.since()) + " in "
                    + ConsoleLive.doing(row, run));
        }
        return end(line);
    }
}
