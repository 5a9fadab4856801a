package dev.weftwork.listener;

import dev.weftwork.event.RunEvent;
import dev.weftwork.listener.ConsoleLine.Style;
import dev.weftwork.listener.ConsoleRun.Phase;
import dev.weftwork.listener.ConsoleRun.Row;
import dev.weftwork.report.HostStatus;
import java.util.ArrayList;
import java.util.List;

/** The picture of one run that is under way: the most important lines first, as many as there is room for. */
record ConsoleLive(ConsoleText text, int columns, boolean colours) {

    /** A command is shown when its step takes at least so long. */
    private static final long COMMAND_AFTER = 2_000_000_000L;

    private static final long WORTH_MENTIONING = 1_000_000_000L;
    private static final int WIDEST_BAR = 40;
    private static final int ROOM_FOR_SLOWEST = 10;

    /**
     * @param label what the run is called
     * @param tally after a look at least as far as there are lines
     * @param most how many lines there may be
     */
    List<String> lines(ConsoleRun run, String label, ConsoleTally tally, long now, int most) {
        var lines = new ArrayList<String>();
        lines.add(head(run, label, tally, now));
        lines.add(bar(tally));
        lines.add(end(hosts(line(), tally)));
        String step = end(step(line(), run, tally));
        if (!step.isEmpty()) {
            lines.add(step);
        }
        if (most >= ROOM_FOR_SLOWEST) {
            String slowest = end(slowest(line(), run, tally));
            if (!slowest.isEmpty()) {
                lines.add(slowest);
            }
        }
        int room = most - lines.size();
        if (room <= 0) {
            return lines.subList(0, Math.max(0, most));
        }
        addHosts(lines, run, tally, now, room);
        return lines;
    }

    private ConsoleLine line() {
        return new ConsoleLine(text);
    }

    private String end(ConsoleLine line) {
        return line.end(columns, colours);
    }

    private String head(ConsoleRun run, String label, ConsoleTally tally, long now) {
        ConsoleLine line = line().add(Style.STRONG, label)
                .add(": " + Words.noun(run.mode()) + ", " + ConsoleText.running(now - run.begun()));
        tally.runLeft().ifPresent(left -> line.add(", " + about(left)));
        return end(line);
    }

    private String bar(ConsoleTally tally) {
        long over = tally.stepsOver();
        long all = Math.max(1, tally.stepsInAll());
        String percent = " " + 100 * over / all + "%";
        String rest = percent + ", " + over + " of " + tally.stepsInAll() + " steps";
        String behind = rest.length() + 10 <= columns ? rest : percent;
        int width = Math.min(WIDEST_BAR, columns - behind.length() - 2);
        if (width < 1) {
            return end(line().add(percent.strip()));
        }
        int full = (int) (width * over / all);
        String head = full == width || full == 0 ? "" : ">";
        return end(line().add("[")
                .add(Style.GOOD, "=".repeat(full - head.length()) + head)
                .add(" ".repeat(width - full) + "]" + behind));
    }

    /** How many hosts are where. */
    static ConsoleLine hosts(ConsoleLine line, ConsoleTally tally) {
        line.add(tally.hosts() + (tally.hosts() == 1 ? " host:" : " hosts:"));
        String between = " ";
        for (HostStatus status : HostStatus.values()) {
            int count = tally.count(status);
            boolean bad = status == HostStatus.FAILED || status == HostStatus.UNREACHABLE;
            if (count > 0 || status == HostStatus.SUCCEEDED) {
                String word = status == HostStatus.SUCCEEDED ? "ok" : ConsoleSummary.word(status);
                line.add(between).add(bad ? Style.BAD : Style.NORMAL, count + " " + word);
                between = ", ";
            }
        }
        if (tally.atWork() > 0) {
            line.add(between + tally.atWork() + " at work");
        }
        if (tally.waiting() > 0) {
            line.add(between + tally.waiting() + " waiting");
        }
        return line;
    }

    /** Which step the hosts are at; nothing if at none. */
    static ConsoleLine step(ConsoleLine line, ConsoleRun run, ConsoleTally tally) {
        int steps = run.steps().size();
        if (!tally.inSteps()) {
            int connecting = tally.count(Phase.CONNECTING);
            return connecting == 0 ? line : line.add("connecting to " + ConsoleSummary.hosts(connecting));
        }
        int first = tally.firstStep();
        if (first < tally.lastStep()) {
            return line.add("steps " + (first + 1) + " to " + (tally.lastStep() + 1) + " of " + steps);
        }
        line.add("step " + (first + 1) + " of " + steps + ": ")
                .add(Style.STRONG, run.steps().get(first))
                .add(", " + tally.throughOfThoseUnderWay(first) + " of " + ConsoleSummary.hosts(tally.underWay())
                        + " through");
        tally.stepLeft().ifPresent(left -> line.add(", " + about(left)));
        return line;
    }

    private static ConsoleLine slowest(ConsoleLine line, ConsoleRun run, ConsoleTally tally) {
        String between = "slowest so far: ";
        for (ConsoleTally.Slow slow : tally.slowest()) {
            if (slow.nanos() >= WORTH_MENTIONING) {
                line.add(
                        Style.FAINT,
                        between + slow.row().name() + " " + ConsoleText.running(slow.nanos()) + " in "
                                + run.steps().get(slow.step()));
                between = ", ";
            }
        }
        return line;
    }

    private void addHosts(List<String> lines, ConsoleRun run, ConsoleTally tally, long now, int room) {
        List<Row> longest = tally.longest();
        int shown = tally.atWork() <= room ? Math.min(longest.size(), room) : Math.min(longest.size(), room - 1);
        int names = 0;
        int steps = 0;
        for (Row row : longest.subList(0, shown)) {
            names = Math.max(names, row.name().length());
            steps = Math.max(steps, ConsoleText.width(text.clean(doing(row, run))));
        }
        names = Math.min(names, Math.max(6, columns / 3));
        steps = Math.min(steps, Math.max(8, columns / 3));
        for (Row row : longest.subList(0, shown)) {
            long time = Math.max(0, now - row.since());
            ConsoleLine line = line().add("  ")
                    .left(Style.NORMAL, row.name(), names)
                    .right(Style.NORMAL, ConsoleText.running(time), 7)
                    .add("  ");
            RunEvent.CommandStarted command = row.command();
            if (command != null && time >= COMMAND_AFTER) {
                String elsewhere = command.machine().equals(row.name()) ? "" : "on " + command.machine() + ": ";
                line.left(Style.STRONG, doing(row, run), steps)
                        .add("  ")
                        .add(Style.FAINT, elsewhere + command.command());
            } else {
                line.add(Style.STRONG, doing(row, run));
            }
            lines.add(end(line));
        }
        int more = tally.atWork() - shown;
        if (more > 0) {
            lines.add(end(line().add(
                            Style.FAINT,
                            "  ... and " + more + " more " + (more == 1 ? "host" : "hosts") + " at work")));
        }
    }

    static String doing(Row row, ConsoleRun run) {
        int step = row.done();
        if (row.phase() == Phase.CONNECTING || step >= run.steps().size()) {
            return "connecting";
        }
        int attempt = row.attempt();
        return run.steps().get(step) + (attempt == 1 ? "" : " (attempt " + attempt + ")");
    }

    static String about(long nanos) {
        long seconds = nanos / 1_000_000_000;
        long unit = seconds < 10 ? 1 : seconds < 60 ? 5 : seconds < 600 ? 10 : 60;
        long rounded = Math.max(1, (seconds + unit - 1) / unit * unit);
        return "about " + ConsoleText.running(rounded * 1_000_000_000) + " left";
    }
}
