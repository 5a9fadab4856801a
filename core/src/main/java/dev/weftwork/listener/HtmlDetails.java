package dev.weftwork.listener;

import static dev.weftwork.listener.HtmlText.escape;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.operation.Change;
import dev.weftwork.report.ChangeResult;
import dev.weftwork.report.Failure;
import dev.weftwork.report.StepResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What there is to say of steps beyond how they ended: changes, commands, what they wrote, failures. Kept once for all
 * hosts where it is the same; texts too. Used by one thread.
 */
final class HtmlDetails {

    private static final int NOTHING = -1;

    /** Of one step; its code may run any number of commands. */
    private static final int LINES = 200;

    private final int outputLimit;
    private final int totalOutputLimit;
    private final Map<String, Integer> texts = new LinkedHashMap<>();
    private final List<String> textsInOrder = new ArrayList<>();
    private final Map<Detail, Integer> details = new LinkedHashMap<>();
    private final List<Detail> detailsInOrder = new ArrayList<>();
    private final Map<String, Integer> alike = new HashMap<>();
    private long outputLeft;

    HtmlDetails(int outputLimit, int totalOutputLimit) {
        this.outputLimit = outputLimit;
        this.totalOutputLimit = totalOutputLimit;
        outputLeft = totalOutputLimit;
    }

    /** How far a change came. */
    private enum Made {
        YES(0),
        FAILED(1),
        NOT(2);

        private final int number;

        Made(int number) {
            this.number = number;
        }
    }

    /** A change, or a command that was none; numbers are those of texts, -1 where there is none. */
    private record Line(
            Made made,
            int summary,
            int command,
            int outcome,
            int machine,
            int stdout,
            int stderr,
            int diff,
            boolean everyTime,
            int times) {
        Line times(int number) {
            return new Line(made, summary, command, outcome, machine, stdout, stderr, diff, everyTime, number);
        }
    }

    private record Detail(List<Line> lines, int message, List<Integer> earlier) {}

    int textOf(String text) {
        Integer known = texts.get(text);
        if (known != null) {
            return known;
        }
        texts.put(text, textsInOrder.size());
        textsInOrder.add(text);
        return textsInOrder.size() - 1;
    }

    private String text(int number) {
        return textsInOrder.get(number);
    }

    /** The number of what there is to say of that step on that host; -1 if nothing is. */
    int of(String host, StepResult step) {
        if (step.changes().isEmpty()
                && step.notMade().isEmpty()
                && step.failure().isEmpty()
                && step.earlierFailures().isEmpty()) {
            return NOTHING;
        }
        var lines = new ArrayList<Line>(step.changes().size() + step.notMade().size());
        for (ChangeResult change : step.changes()) {
            add(lines, line(host, change.change(), change.command(), change.succeeded()));
        }
        step.failure()
                .flatMap(Failure::command)
                .filter(result -> step.changes().stream()
                        .noneMatch(change -> change.command().equals(result)))
                .ifPresent(result -> lines.add(line(host, null, result, result.succeeded())));
        for (Change change : step.notMade()) {
            lines.add(planned(change));
        }
        var detail = new Detail(
                List.copyOf(lines),
                step.failure()
                        .map(failure -> textOf(HtmlFinding.message(failure, step, host)))
                        .orElse(NOTHING),
                step.earlierFailures().stream()
                        .map(failure -> textOf(HtmlFinding.message(failure, step, host)))
                        .toList());
        Integer known = details.get(detail);
        if (known != null) {
            return known;
        }
        details.put(detail, detailsInOrder.size());
        detailsInOrder.add(detail);
        return detailsInOrder.size() - 1;
    }

    /** What was tried again in vain is said once. */
    private static void add(List<Line> lines, Line line) {
        Line last = lines.isEmpty() ? null : lines.getLast();
        if (last != null && last.times(1).equals(line)) {
            lines.set(lines.size() - 1, last.times(last.times + 1));
        } else {
            lines.add(line);
        }
    }

    /** Equal for what is the same on two hosts but for their names. */
    List<Integer> alike(int number, String host) {
        var parts = new ArrayList<Integer>();
        for (Line line : number == NOTHING ? List.<Line>of() : detailsInOrder.get(number).lines) {
            for (int part : new int[] {line.summary, line.command, line.diff}) {
                parts.add(
                        part < 0
                                ? NOTHING
                                : alike.computeIfAbsent(
                                        HtmlFinding.withoutName(text(part), host), text -> alike.size()));
            }
        }
        return parts;
    }

    private Line planned(Change change) {
        return new Line(
                Made.NOT,
                textOf(shown(change.summary(), change.command())),
                textOf(shown(change.command().toString(), change.command())),
                NOTHING,
                NOTHING,
                NOTHING,
                NOTHING,
                diff(change),
                change.everyTime(),
                1);
    }

    private Line line(String host, @Nullable Change change, CommandResult result, boolean made) {
        Command command = result.command();
        String shown = shown(command.toString(), command);
        String summary = change == null ? "" : shown(change.summary(), command);
        return new Line(
                made ? Made.YES : Made.FAILED,
                summary.isEmpty() || summary.equals(shown) || summary.equals("run " + shown)
                        ? NOTHING
                        : textOf(summary),
                textOf(shown),
                textOf(ending(result)),
                result.host().equals(host) ? NOTHING : textOf(HtmlText.clean(result.host())),
                output(result, true),
                output(result, false),
                change == null ? NOTHING : diff(change),
                change != null && change.everyTime(),
                1);
    }

    private static String ending(CommandResult result) {
        String text = switch (result.outcome()) {
            case Outcome.Completed completed -> "exit code " + completed.exitCode();
            case Outcome.TimedOut timedOut -> "ended after its limit" + unconfirmed(timedOut.deathConfirmed());
            case Outcome.Cancelled cancelled -> "cancelled" + unconfirmed(cancelled.deathConfirmed());
            case Outcome.ConnectionLost lost ->
                "connection lost (" + lost.reason() + "); it may have run, wholly or in part";
            case Outcome.NotStarted notStarted -> "not started: " + notStarted.reason();
        };
        return shown(text, result.command());
    }

    private static String unconfirmed(boolean deathConfirmed) {
        return deathConfirmed ? "" : "; some of its processes may still be running";
    }

    private int output(CommandResult result, boolean stdout) {
        if ((stdout ? result.stdout() : result.stderr()).length() == 0 || outputLimit == 0) {
            return NOTHING;
        }
        int limit = Math.max(2, outputLimit);
        return kept(shown(stdout ? result.stdoutForRecord(limit) : result.stderrForRecord(limit), result.command()));
    }

    private int diff(Change change) {
        if (change.diff().isEmpty() || outputLimit == 0) {
            return NOTHING;
        }
        // Secrets are hidden before anything is cut off, because half of one tells too.
        String hidden = change.command().hideSecretsIn(change.diff().get());
        return kept(shown(Words.shorten(hidden, outputLimit), change.command()));
    }

    /** Once more when it is clean, because colours within a secret have hidden it before. */
    private static String shown(String text, Command command) {
        return command.hideSecretsIn(HtmlText.clean(command.hideSecretsIn(text)));
    }

    /** Unless there is no room for it any more. */
    private int kept(String text) {
        String shown = text.stripTrailing();
        if (shown.isEmpty()) {
            return NOTHING;
        }
        Integer known = texts.get(shown);
        if (known != null) {
            return known;
        }
        if (shown.length() > outputLeft) {
            return textOf("[left out: this page holds " + HtmlPage.count(totalOutputLimit)
                    + " characters of output at most]");
        }
        outputLeft -= shown.length();
        return textOf(shown);
    }

    // ---- as data

    /** The page's script reads these in the same order. */
    void json(Json json) {
        json.array("texts", all -> textsInOrder.forEach(all::value));
        json.array(
                "details",
                all -> detailsInOrder.forEach(detail -> all.array(row -> {
                    row.value(detail.message);
                    row.array(earlier -> detail.earlier.forEach(earlier::value));
                    detail.lines.forEach(line -> row.array(each -> each.value(line.made.number)
                            .value(line.summary)
                            .value(line.command)
                            .value(line.outcome)
                            .value(line.machine)
                            .value(line.stdout)
                            .value(line.stderr)
                            .value(line.diff)
                            .value(line.everyTime ? 1 : 0)
                            .value(line.times)));
                })));
    }

    // ---- as HTML

    /** What the script shows of a step in the same way. */
    void html(StringBuilder html, int number, String host, boolean failure) {
        if (number == NOTHING) {
            return;
        }
        Detail detail = detailsInOrder.get(number);
        if (detail.lines.isEmpty() && detail.earlier.isEmpty()) {
            return;
        }
        html.append("<details class=\"detail\"%s><summary>%s</summary>\n"
                .formatted(failure ? "" : " open", (failure ? "What ran on " : "The changes, as on ") + escape(host)));
        if (!detail.earlier.isEmpty()) {
            html.append("<p>Tried ")
                    .append(HtmlPage.count(detail.earlier.size() + 1))
                    .append(" times; before:</p>\n<ol class=\"earlier\">\n");
            detail.earlier.forEach(
                    earlier -> html.append("<li>").append(escape(text(earlier))).append("</li>\n"));
            html.append("</ol>\n");
        }
        html.append("<ul class=\"lines\">\n");
        detail.lines.stream().limit(LINES).forEach(line -> html(html, line, failure, host));
        if (detail.lines.size() > LINES) {
            html.append("<li>and ")
                    .append(HtmlPage.count(detail.lines.size() - LINES))
                    .append(" more</li>\n");
        }
        html.append("</ul>\n</details>\n");
    }

    private void html(StringBuilder html, Line line, boolean failure, String host) {
        HtmlMark mark = switch (line.made) {
            case YES -> HtmlMark.CHANGED;
            case FAILED -> HtmlMark.FAILED;
            case NOT -> failure ? HtmlMark.NOT_RUN : HtmlMark.WOULD_CHANGE;
        };
        html.append("<li>").append(mark.chip());
        if (line.summary >= 0) {
            html.append("<span class=\"what\">")
                    .append(escape(text(line.summary)))
                    .append("</span> ");
        }
        if (line.everyTime) {
            html.append("<span class=\"tag\">every time</span> ");
        }
        if (line.made == Made.NOT && failure) {
            html.append("<span class=\"tag\">not tried</span> ");
        }
        if (line.times > 1) {
            html.append("<span class=\"tag\">")
                    .append(HtmlPage.count(line.times))
                    .append(" times</span> ");
        }
        html.append("<code>").append(escape(text(line.command))).append("</code>");
        if (line.outcome >= 0) {
            html.append(" <span class=\"outcome\">").append(escape(text(line.outcome)));
            html.append(line.machine >= 0 ? " on " + escape(text(line.machine)) : "")
                    .append("</span>");
        }
        block(html, "standard output", host, line.stdout, false);
        block(html, "standard error", host, line.stderr, false);
        block(html, "diff", host, line.diff, true);
        html.append("</li>\n");
    }

    private void block(StringBuilder html, String title, String host, int number, boolean diff) {
        if (number < 0) {
            return;
        }
        html.append("<p class=\"stream\">%s</p><pre tabindex=\"0\" role=\"group\" aria-label=\"%s of %s\">"
                .formatted(title, title, escape(host)));
        for (String each : text(number).split("\n", -1)) {
            String kind = diff ? kindOf(each) : "";
            html.append(kind.isEmpty() ? "" : "<span class=\"" + kind + "\">")
                    .append(escape(each))
                    .append(kind.isEmpty() ? "" : "</span>")
                    .append('\n');
        }
        html.append("</pre>");
    }

    /** Of a line of a diff. */
    private static String kindOf(String line) {
        if (line.startsWith("+")) {
            return "added";
        } else if (line.startsWith("-")) {
            return "removed";
        }
        return line.startsWith("@@") ? "place" : "";
    }
}
