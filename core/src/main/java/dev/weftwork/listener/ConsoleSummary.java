package dev.weftwork.listener;

import dev.weftwork.listener.ConsoleLine.Style;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What is left on the console of a run that is over. */
record ConsoleSummary(ConsoleText text, int columns, boolean colours) {

    private static final int MOST_STEPS = 40;
    private static final int WIDEST_STEP = 60;
    private static final int SLOWEST_HOSTS = 3;

    /** Hosts whose failures are the same. */
    private static final Pattern GROUP = Pattern.compile("  [A-Z]+ (\\d{1,9}) hosts(?=[:\n]|$)");

    /** What became of one step on all hosts. */
    private static final class Of {
        private final String name;
        private final ConsoleCounts<StepStatus> counts = new ConsoleCounts<>(StepStatus.class);
        private Duration longest = Duration.ZERO;
        private @Nullable String slowest;

        Of(String name) {
            this.name = name;
        }

        void add(String host, StepResult result) {
            counts.add(result.status());
            if (result.elapsed().compareTo(longest) > 0) {
                longest = result.elapsed();
                slowest = host;
            }
        }
    }

    private record Slow(int place, String host, Duration atWork) {}

    /**
     * @param label what the run was called while it was under way; empty if as its deploy
     * @param failureLines how many lines failures may take
     */
    List<String> lines(RunReport report, String label, int failureLines) {
        var lines = new ArrayList<String>();
        String[] described = report.describe().split("\n", -1);
        Style style = report.succeeded() ? Style.GOOD : Style.BAD;
        String head = (label.isEmpty() ? "" : label + ": ") + described[0] + ", " + ConsoleText.took(report.elapsed());
        for (String line : text.fold(head, "    ", columns)) {
            lines.add(new ConsoleLine(text).add(style, line).end(columns, colours));
        }
        List<Of> steps = steps(report);
        if (!steps.isEmpty()) {
            addTable(lines, steps);
        }
        String slowest = slowestHosts(report);
        if (!slowest.isEmpty()) {
            lines.add(new ConsoleLine(text).add("  slowest hosts: " + slowest).end(columns, colours));
        }
        addFailures(lines, described, failureLines);
        return lines;
    }

    private static List<Of> steps(RunReport report) {
        var steps = new ArrayList<Of>();
        for (HostResult host : report.hosts()) {
            List<StepResult> results = host.steps();
            for (int step = 0; step < results.size(); step++) {
                if (step == steps.size()) {
                    steps.add(new Of(results.get(step).step()));
                }
                steps.get(step).add(host.host().name(), results.get(step));
            }
        }
        return steps;
    }

    private void addTable(List<String> lines, List<Of> steps) {
        var columnsShown = new ArrayList<StepStatus>();
        for (StepStatus status : StepStatus.values()) {
            boolean always = switch (status) {
                case UNCHANGED, FAILED, NOT_RUN -> true;
                case CHANGED -> steps.stream().allMatch(step -> step.counts.of(StepStatus.WOULD_CHANGE) == 0);
                default -> false;
            };
            if (always || steps.stream().anyMatch(step -> step.counts.of(status) > 0)) {
                columnsShown.add(status);
            }
        }
        int names = 4;
        for (Of step : steps) {
            names = Math.max(names, ConsoleText.width(text.clean(step.name)));
        }
        names = Math.min(names, Math.max(8, Math.min(WIDEST_STEP, columns - 2 - 10 * columnsShown.size() - 16)));
        ConsoleLine head = new ConsoleLine(text).left(Style.FAINT, "  step", names + 2);
        for (StepStatus status : columnsShown) {
            head.add(Style.FAINT, "  " + word(status));
        }
        lines.add(head.add(Style.FAINT, "  slowest").end(columns, colours));
        for (Of step : steps.subList(0, Math.min(steps.size(), MOST_STEPS))) {
            ConsoleLine line = new ConsoleLine(text).add("  ").left(Style.NORMAL, step.name, names);
            for (StepStatus status : columnsShown) {
                int count = step.counts.of(status);
                line.right(
                        count > 0 && status == StepStatus.FAILED ? Style.BAD : Style.NORMAL, "" + count, width(status));
            }
            if (step.slowest != null) {
                line.add("  " + ConsoleText.took(step.longest) + " " + step.slowest);
            }
            lines.add(line.end(columns, colours));
        }
        if (steps.size() > MOST_STEPS) {
            lines.add(new ConsoleLine(text)
                    .add("  ... and " + (steps.size() - MOST_STEPS) + " more steps")
                    .end(columns, colours));
        }
    }

    private static int width(StepStatus status) {
        return word(status).length() + 2;
    }

    private static String slowestHosts(RunReport report) {
        if (report.hosts().size() <= 1) {
            return "";
        }
        var slowest = new PriorityQueue<Slow>(
                Comparator.comparing(Slow::atWork).thenComparing(Slow::place, Comparator.reverseOrder()));
        int place = 0;
        for (HostResult host : report.hosts()) {
            Duration atWork = Duration.ZERO;
            for (StepResult step : host.steps()) {
                atWork = atWork.plus(step.elapsed());
            }
            slowest.add(new Slow(place++, host.host().name(), atWork));
            if (slowest.size() > SLOWEST_HOSTS) {
                slowest.remove();
            }
        }
        var words = new ArrayList<String>();
        while (!slowest.isEmpty()) {
            Slow slow = slowest.remove();
            if (!slow.atWork.isZero()) {
                words.add(0, slow.host + " " + ConsoleText.took(slow.atWork));
            }
        }
        return String.join(", ", words);
    }

    /** Hosts that failed first, then such that only didn't come so far. */
    private void addFailures(List<String> lines, String[] described, int most) {
        List<String> entries = entries(described);
        entries.sort(Comparator.comparing(
                entry -> entry.startsWith("  " + HostStatus.CANCELLED) || entry.startsWith("  " + HostStatus.STOPPED)));
        int room = most;
        for (int i = 0; i < entries.size(); i++) {
            List<String> folded = text.fold(entries.get(i), "    ", columns);
            if (folded.size() > room && i > 0) {
                int more = entries.subList(i, entries.size()).stream()
                        .mapToInt(ConsoleSummary::hostsOf)
                        .sum();
                lines.add(end(Style.NORMAL, "  ... and " + hosts(more) + " more"));
                return;
            }
            // The first one is shown as far as it goes.
            int shown = folded.size() > room ? room - 1 : folded.size();
            for (int line = 0; line < shown; line++) {
                lines.add(end(line == 0 ? Style.BAD : Style.NORMAL, folded.get(line)));
            }
            if (shown < folded.size()) {
                lines.add(end(Style.NORMAL, "    ... and " + (folded.size() - shown) + " more lines"));
            }
            room -= folded.size();
        }
    }

    private String end(Style style, String line) {
        return new ConsoleLine(text).add(style, line).end(columns, colours);
    }

    /** Each begins with two spaces, its further lines with four; names of hosts that are broken into lines are put together. */
    private static List<String> entries(String[] described) {
        var entries = new ArrayList<String>();
        boolean names = false;
        for (int i = 1; i < described.length; i++) {
            String line = described[i];
            if (entries.isEmpty() || !line.startsWith("    ")) {
                names = line.startsWith("  " + HostStatus.STOPPED);
                entries.add(line);
                continue;
            }
            boolean goesOn = names && line.startsWith("      ");
            names = goesOn || line.startsWith("    hosts: ");
            int last = entries.size() - 1;
            entries.set(last, entries.get(last) + (goesOn ? " " + line.strip() : "\n" + line));
        }
        return entries;
    }

    /** How many hosts an entry is about. */
    private static int hostsOf(String entry) {
        Matcher group = GROUP.matcher(entry);
        if (group.lookingAt()) {
            return Integer.parseInt(group.group(1));
        }
        return entry.startsWith("  " + HostStatus.STOPPED) ? entry.split(",", -1).length : 1;
    }

    // ---- words

    static String word(HostStatus status) {
        return status.name().toLowerCase(Locale.ROOT);
    }

    static String word(StepStatus status) {
        return switch (status) {
            case NOT_RUN -> "not run";
            case FAILURE_IGNORED -> "failure ignored";
            case WOULD_CHANGE -> "to change";
            default -> status.name().toLowerCase(Locale.ROOT);
        };
    }

    static String hosts(int count) {
        return count + (count == 1 ? " host" : " hosts");
    }

    static String steps(int count) {
        return count + (count == 1 ? " step" : " steps");
    }
}
