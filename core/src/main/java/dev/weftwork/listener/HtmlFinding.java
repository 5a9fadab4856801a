package dev.weftwork.listener;

import dev.weftwork.report.ChangeResult;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Something to look at, which is the same on all of these hosts but for their names and for how long it took.
 *
 * @param kind what kind of thing
 * @param step in which step, or -1 if it isn't one's
 * @param message why; of the first of the hosts
 * @param hosts their numbers, at least one
 * @param first whether the run's first failure is among them
 */
record HtmlFinding(Kind kind, int step, String message, List<Integer> hosts, boolean first) {

    private static final Pattern MILLISECONDS = Pattern.compile("\\b\\d+ ms\\b");

    /** Where a step's name has quotes of its own it is left there, and said twice. */
    private static final Pattern STEP = Pattern.compile("step '[^'\\n]*'(?: (on [A-Za-z0-9._-]+))?: ");

    /** In the order in which they are shown. */
    enum Kind {
        FAILED(HtmlMark.FAILED),
        UNREACHABLE(HtmlMark.UNREACHABLE),
        IGNORED(HtmlMark.IGNORED),
        CANCELLED(HtmlMark.CANCELLED),
        STOPPED(HtmlMark.STOPPED),
        WOULD_CHANGE(HtmlMark.WOULD_CHANGE),
        UNKNOWN(HtmlMark.UNKNOWN);

        private final HtmlMark mark;

        Kind(HtmlMark mark) {
            this.mark = mark;
        }

        HtmlMark mark() {
            return mark;
        }

        boolean isFailure() {
            return this != WOULD_CHANGE && this != UNKNOWN;
        }
    }

    private record Key(Kind kind, int step, String text, List<Integer> changes) {}

    /** What is equal is found once, worst kinds first; of failures then what is so on most hosts, of changes the earlier steps. */
    static List<HtmlFinding> of(RunReport report, int[][] said, HtmlDetails details) {
        var found = new LinkedHashMap<Key, HtmlFinding>();
        for (int place = 0; place < report.hosts().size(); place++) {
            HostResult host = report.hosts().get(place);
            boolean told = host.status() == HostStatus.SUCCEEDED;
            for (int step = 0; step < host.steps().size(); step++) {
                StepResult result = host.steps().get(step);
                Kind kind = kindOf(result.status());
                if (kind != null) {
                    List<Integer> changes = kind == Kind.WOULD_CHANGE
                            ? details.alike(said[place][step], host.host().name())
                            : List.of();
                    add(found, report, place, kind, step, result, result.failure(), changes);
                    told |= result.status() == StepStatus.FAILED || result.status() == StepStatus.CANCELLED;
                }
            }
            if (!told) {
                add(found, report, place, kindOf(host.status()), -1, null, host.failure(), List.of());
            }
        }
        return found.values().stream()
                .sorted(Comparator.comparing(HtmlFinding::kind)
                        .thenComparingInt(
                                each -> each.kind().isFailure() ? -each.hosts().size() : each.step()))
                .toList();
    }

    private static void add(
            Map<Key, HtmlFinding> found,
            RunReport report,
            int place,
            Kind kind,
            int step,
            @Nullable StepResult result,
            Optional<Failure> failure,
            List<Integer> changes) {
        String host = report.hosts().get(place).host().name();
        String text = failure.map(each -> message(each, result, host)).orElse("");
        String same = MILLISECONDS.matcher(withoutName(text, host)).replaceAll("# ms");
        boolean first = failure.isPresent() && failure.equals(report.firstFailure());
        var key = new Key(kind, step, same, changes);
        HtmlFinding known = found.get(key);
        if (known == null) {
            var hosts = new ArrayList<Integer>();
            hosts.add(place);
            found.put(key, new HtmlFinding(kind, step, text, hosts, first));
        } else {
            known.hosts().add(place);
            if (first) {
                found.put(key, new HtmlFinding(kind, step, known.message(), known.hosts(), true));
            }
        }
    }

    private static @Nullable Kind kindOf(StepStatus status) {
        return switch (status) {
            case FAILED -> Kind.FAILED;
            case FAILURE_IGNORED -> Kind.IGNORED;
            case CANCELLED -> Kind.CANCELLED;
            case WOULD_CHANGE -> Kind.WOULD_CHANGE;
            case UNKNOWN -> Kind.UNKNOWN;
            case CHANGED, UNCHANGED, SKIPPED, NOT_RUN -> null;
        };
    }

    private static Kind kindOf(HostStatus status) {
        return switch (status) {
            case FAILED, SUCCEEDED -> Kind.FAILED;
            case UNREACHABLE -> Kind.UNREACHABLE;
            case CANCELLED -> Kind.CANCELLED;
            case STOPPED -> Kind.STOPPED;
        };
    }

    /** Without what the page says beside it, the host and the step. It may quote any of the step's commands. */
    static String message(Failure failure, @Nullable StepResult of, String host) {
        String text = hidden(HtmlText.clean(hidden(failure.message(), failure, of)), failure, of);
        text = text.startsWith(host + ": ") ? text.substring(host.length() + 2) : text;
        Matcher step = STEP.matcher(text);
        return step.lookingAt() ? step.replaceFirst(step.group(1) == null ? "" : "$1: ") : text;
    }

    private static String hidden(String text, Failure failure, @Nullable StepResult of) {
        String hidden = text;
        if (failure.command().isPresent()) {
            hidden = failure.command().get().command().hideSecretsIn(hidden);
        }
        for (ChangeResult change : of == null ? List.<ChangeResult>of() : of.changes()) {
            hidden = change.command().command().hideSecretsIn(hidden);
        }
        return hidden;
    }

    static String withoutName(String text, String host) {
        return text.contains(host)
                ? text.replaceAll("(?<![A-Za-z0-9._-])" + Pattern.quote(host) + "(?![A-Za-z0-9_-])", "\u0000")
                : text;
    }
}
