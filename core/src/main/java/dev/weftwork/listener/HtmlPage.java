package dev.weftwork.listener;

import static dev.weftwork.listener.HtmlText.escape;

import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The page about one run: a summary and what is to be looked at as plain HTML, everything else as data for the page's
 * script. Used by one thread, once.
 */
final class HtmlPage {

    /** Findings that are shown with what commands wrote, and those that are shown at all. */
    private static final int FINDINGS_IN_FULL = 100;

    private static final int FINDINGS = 1_000;
    private static final int NAMES = 30;
    private static final int UNREACHED = -1;
    private static final DateTimeFormatter WHEN =
            DateTimeFormatter.ofPattern("d MMM yyyy, HH:mm:ss xxx", Locale.ENGLISH);

    private final RunReport report;
    private final List<String> steps;
    private final Map<String, HtmlRun.Times> times;
    private final ZonedDateTime begin;
    private final HtmlDetails details;
    private final List<HtmlFinding> findings;

    /** For each host and step the number of what there is to say about it. */
    private final int[][] said;

    HtmlPage(
            RunReport report,
            List<String> steps,
            Map<String, HtmlRun.Times> times,
            ZonedDateTime begin,
            int outputLimit,
            int totalOutputLimit) {
        this.report = report;
        this.steps = steps;
        this.times = times;
        this.begin = begin;
        details = new HtmlDetails(outputLimit, totalOutputLimit);
        said = new int[report.hosts().size()][];
        // In this order, because what comes too late for the limit is left out.
        say(true);
        say(false);
        findings = HtmlFinding.of(report, said, details);
    }

    private void say(boolean failures) {
        for (int place = 0; place < said.length; place++) {
            HostResult host = report.hosts().get(place);
            if (said[place] == null) {
                said[place] = new int[host.steps().size()];
            }
            for (int step = 0; step < said[place].length; step++) {
                StepResult result = host.steps().get(step);
                if (failed(result.status()) == failures) {
                    said[place][step] = details.of(host.host().name(), result);
                }
            }
        }
    }

    private static boolean failed(StepStatus status) {
        return switch (status) {
            case FAILED, FAILURE_IGNORED, CANCELLED -> true;
            case CHANGED, UNCHANGED, SKIPPED, NOT_RUN, WOULD_CHANGE, UNKNOWN -> false;
        };
    }

    void write(Writer out) throws IOException {
        String style = resource("report.css");
        String script = resource("report.js");
        var parts = Map.of(
                "style", style,
                "style-hash", hash(style),
                "script", script,
                "script-hash", hash(script),
                "title", escape(HtmlText.clean(report.deploy())) + ": " + verdict(),
                "header", header(),
                "summary", summary(),
                "findings", findings(),
                "data", data());
        String template = resource("report.html");
        int from = 0;
        for (int at = template.indexOf("{{"); at >= 0; at = template.indexOf("{{", from)) {
            int end = template.indexOf("}}", at);
            out.append(template, from, at);
            out.append(parts.getOrDefault(template.substring(at + 2, end), ""));
            from = end + 2;
        }
        out.append(template, from, template.length());
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = HtmlPage.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is missing beside " + HtmlPage.class.getName());
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** By which the page's policy lets in this text and no other. */
    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    // ---- summary

    private String noun() {
        return switch (report.mode()) {
            case RUN -> "Run";
            case PLAN -> "Plan";
            case VERIFY -> "Verification";
        };
    }

    private long notSucceeded() {
        return report.hosts().size() - report.count(HostStatus.SUCCEEDED);
    }

    private long changesToMake() {
        return report.hosts().stream()
                .flatMap(host -> host.steps().stream())
                .filter(step -> step.status() == StepStatus.WOULD_CHANGE)
                .mapToLong(step -> step.notMade().size())
                .sum();
    }

    private String verdict() {
        long failed = notSucceeded();
        String hosts = number(report.hosts().size(), "host", "hosts");
        if (failed > 0) {
            return failed == report.hosts().size()
                    ? (failed == 1 ? "the host did not succeed" : "none of " + hosts + " succeeded")
                    : count(failed) + " of " + hosts + " did not succeed";
        }
        String all = report.hosts().size() == 1 ? "the host succeeded" : "all " + hosts + " succeeded";
        long ignored = report.count(StepStatus.FAILURE_IGNORED);
        String more = ignored == 0 ? "" : ", " + number(ignored, "failure", "failures") + " ignored";
        if (report.mode() == RunMode.RUN) {
            return all + more;
        }
        long changes = changesToMake();
        long unknown = report.count(StepStatus.UNKNOWN);
        return (changes == 0 ? "nothing to change" : number(changes, "change", "changes") + " to make")
                + (unknown == 0 ? "" : ", " + number(unknown, "step", "steps") + " can't be known")
                + more;
    }

    private String tone() {
        if (notSucceeded() > 0) {
            return report.cancelled() && report.count(HostStatus.FAILED) + report.count(HostStatus.UNREACHABLE) == 0
                    ? "cut"
                    : "bad";
        }
        return changesToMake() > 0 || report.count(StepStatus.FAILURE_IGNORED) > 0 ? "look" : "good";
    }

    private HtmlMark sign() {
        return switch (tone()) {
            case "bad" -> HtmlMark.FAILED;
            case "cut" -> HtmlMark.CANCELLED;
            case "look" -> changesToMake() > 0 ? HtmlMark.WOULD_CHANGE : HtmlMark.IGNORED;
            default -> HtmlMark.OK;
        };
    }

    private String header() {
        String verdict = verdict();
        return """
                <p class="kind">%s</p>
                <h1>%s</h1>
                <p class="verdict %s">%s%s</p>
                """.formatted(
                        noun(),
                        escape(HtmlText.clean(report.deploy())),
                        tone(),
                        sign().chip(),
                        escape(verdict.substring(0, 1).toUpperCase(Locale.ROOT) + verdict.substring(1)));
    }

    private String summary() {
        var html = new StringBuilder();
        report.earlyEnd()
                .ifPresent(end -> html.append("<p class=\"alert\"><strong>")
                        .append(end.cancelled() ? "It was cancelled" : "It was stopped")
                        .append("</strong>")
                        .append(end.reason().isEmpty() ? "." : ": " + escape(HtmlText.clean(end.reason())))
                        .append("</p>\n"));
        html.append("<dl class=\"facts\">\n");
        fact(
                html,
                "Began",
                "<time datetime=\"%s\">%s</time>"
                        .formatted(DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(begin), WHEN.format(begin)));
        fact(html, "Took", duration(report.elapsed()));
        fact(html, "Hosts", count(report.hosts().size()));
        fact(html, "Steps", count(steps.size()));
        html.append("</dl>\n<div class=\"counts\">\n");
        counts(html, "Hosts", hostCounts());
        counts(html, "Steps of all hosts", stepCounts());
        return html.append("</div>\n").toString();
    }

    private static void fact(StringBuilder html, String name, String value) {
        html.append("<div><dt>").append(name).append("</dt><dd>").append(value).append("</dd></div>\n");
    }

    private Map<HtmlMark, Long> hostCounts() {
        var counts = new LinkedHashMap<HtmlMark, Long>();
        for (HostStatus status : HostStatus.values()) {
            counts.put(HtmlMark.of(status), report.count(status));
        }
        return counts;
    }

    private Map<HtmlMark, Long> stepCounts() {
        var counts = new LinkedHashMap<HtmlMark, Long>();
        for (StepStatus status : StepStatus.values()) {
            counts.put(HtmlMark.of(status), report.count(status));
        }
        return counts;
    }

    private static void counts(StringBuilder html, String title, Map<HtmlMark, Long> counts) {
        double all = counts.values().stream().mapToLong(Long::longValue).sum();
        html.append("<div>\n<h3>").append(title).append("</h3>\n");
        html.append("<svg class=\"parts\" width=\"100%\" height=\"14\" aria-hidden=\"true\" focusable=\"false\">");
        double x = 0;
        for (Map.Entry<HtmlMark, Long> each : counts.entrySet()) {
            if (each.getValue() > 0) {
                // What is there at all is to be seen.
                double width = 100 * each.getValue() / all;
                html.append("<rect class=\"%s\" x=\"%s%%\" width=\"%s%%\" height=\"14\"/>"
                        .formatted(each.getKey().name(), decimal(x), decimal(width)));
                x += width;
            }
        }
        html.append("</svg>\n<ul class=\"legend\">\n");
        counts.forEach((mark, count) -> {
            if (count > 0) {
                html.append("<li>%s<span class=\"n\">%s</span> %s</li>\n"
                        .formatted(mark.chip(), count(count), mark.text()));
            }
        });
        html.append("</ul>\n</div>\n");
    }

    // ---- findings

    private String findings() {
        var html = new StringBuilder();
        section(html, "failures", "Failures", HtmlFinding.Kind::isFailure, "Nothing failed.");
        if (report.mode() != RunMode.RUN) {
            section(
                    html,
                    "changes",
                    report.mode() == RunMode.PLAN ? "What would change" : "What is still missing",
                    kind -> kind == HtmlFinding.Kind.WOULD_CHANGE,
                    "Nothing: everything that can be known is as wanted.");
            section(
                    html,
                    "unknown",
                    "What can't be known",
                    kind -> kind == HtmlFinding.Kind.UNKNOWN,
                    "Nothing: every step could be planned.");
        }
        return html.toString();
    }

    private void section(StringBuilder html, String id, String title, Predicate<HtmlFinding.Kind> wanted, String none) {
        List<Integer> here = IntStream.range(0, findings.size())
                .filter(each -> wanted.test(findings.get(each).kind()))
                .boxed()
                .toList();
        html.append("<section id=\"%s\" aria-labelledby=\"%s-title\" tabindex=\"-1\">\n<h2 id=\"%s-title\">%s%s</h2>\n"
                .formatted(
                        id,
                        id,
                        id,
                        title,
                        here.isEmpty() ? "" : " <span class=\"n\">" + count(here.size()) + "</span>"));
        if (here.isEmpty()) {
            html.append("<p class=\"none\">").append(none).append("</p>\n");
        }
        for (int i = 0; i < Math.min(here.size(), FINDINGS); i++) {
            finding(html, here.get(i), i < FINDINGS_IN_FULL);
        }
        if (here.size() > FINDINGS) {
            html.append("<p class=\"none\">And ")
                    .append(count(here.size() - FINDINGS))
                    .append(" more, which the table of all steps has.</p>\n");
        }
        html.append(
                "<p class=\"none filtered\" hidden>Nothing here is about the hosts that are shown.</p>\n</section>\n");
    }

    private void finding(StringBuilder html, int number, boolean inFull) {
        HtmlFinding finding = findings.get(number);
        HtmlMark mark = finding.kind().mark();
        String where = finding.step() < 0 ? "" : escape(HtmlText.clean(steps.get(finding.step())));
        // Not %d, which writes the digits of the computer's language; the script reads the number.
        html.append(
                "<article class=\"finding\" data-finding=\"%s\">\n<h3>%s <span class=\"what\">%s%s</span>%s <span class=\"on\">%s</span></h3>\n"
                        .formatted(
                                number,
                                mark.chip(),
                                where.isEmpty() ? "" : "<b>" + where + "</b> ",
                                mark.text(),
                                finding.first() && findings.size() > 1 ? " <span class=\"tag\">came first</span>" : "",
                                number(finding.hosts().size(), "host", "hosts")));
        if (!finding.message().isEmpty()) {
            html.append("<p class=\"message\">")
                    .append(escape(finding.message()))
                    .append("</p>\n");
        }
        String shown = report.hosts().get(finding.hosts().get(0)).host().name();
        if (inFull && finding.step() >= 0) {
            details.html(
                    html,
                    said[finding.hosts().get(0)][finding.step()],
                    shown,
                    finding.kind().isFailure());
        }
        html.append("<ul class=\"names\" aria-label=\"Hosts\">");
        for (int i = 0; i < Math.min(NAMES, finding.hosts().size()); i++) {
            html.append("<li>")
                    .append(escape(
                            report.hosts().get(finding.hosts().get(i)).host().name()))
                    .append("</li>");
        }
        if (finding.hosts().size() > NAMES) {
            html.append("<li>and ")
                    .append(count(finding.hosts().size() - NAMES))
                    .append(" more</li>");
        }
        html.append("</ul>\n</article>\n");
    }

    // ---- data

    private String data() {
        var groups = new LinkedHashMap<String, Integer>();
        for (HostResult host : report.hosts()) {
            host.host().groups().forEach(group -> groups.putIfAbsent(group, groups.size()));
        }
        return Json.text(json -> {
            json.field("mode", report.mode().name())
                    .field("elapsed", micros(report.elapsed().toNanos()));
            json.array("steps", all -> steps.forEach(step -> all.value(HtmlText.clean(step))));
            json.array("groups", all -> groups.keySet().forEach(all::value));
            json.array("hosts", all -> {
                for (int place = 0; place < said.length; place++) {
                    int at = place;
                    all.array(row -> host(row, at, groups));
                }
            });
            json.array(
                    "findings",
                    all -> findings.forEach(
                            each -> all.array(hosts -> each.hosts().forEach(hosts::value))));
            details.json(json);
        });
    }

    /** What stands where in such a row, the page's script says too. */
    private void host(Json row, int place, Map<String, Integer> groups) {
        HostResult host = report.hosts().get(place);
        HtmlRun.Times own = times.getOrDefault(host.host().name(), new HtmlRun.Times());
        row.value(host.host().name()).value(HtmlMark.of(host.status()).name());
        row.array(all -> host.host().groups().forEach(group -> all.value(groups.getOrDefault(group, 0))));
        row.value(micros(own.started)).value(micros(own.connected)).value(micros(own.ended));
        // That of a step is said there.
        row.value(host.failure()
                .filter(failure -> host.steps().stream()
                        .noneMatch(
                                step -> step.failure().filter(failure::equals).isPresent()))
                .map(failure -> details.textOf(
                        HtmlFinding.message(failure, null, host.host().name())))
                .orElse(-1));
        row.value(host.steps().stream()
                .map(step -> HtmlMark.of(step.status()).letter())
                .collect(Collectors.joining()));
        row.array(all -> times(all, host, own));
        row.array(all -> {
            for (int step = 0; step < said[place].length; step++) {
                if (said[place][step] >= 0) {
                    all.value(step).value(said[place][step]);
                }
            }
        });
        row.array(all -> {
            for (int step = 0; step < said[place].length; step++) {
                String machine = own.machine(step);
                if (machine != null) {
                    all.value(step).value(details.textOf(machine));
                }
            }
        });
    }

    /** For each step that it came to how long it waited before, and how long the step took. */
    private void times(Json all, HostResult host, HtmlRun.Times own) {
        long before = 0;
        for (int step = 0; step < host.steps().size(); step++) {
            if (host.steps().get(step).status() != StepStatus.NOT_RUN) {
                long began = micros(own.stepBegan(step));
                long ended = Math.max(began, micros(own.stepEnded(step)));
                if (began < 0) {
                    all.value(UNREACHED).value(0);
                } else {
                    all.value(Math.max(0, began - before)).value(ended - began);
                    before = ended;
                }
            }
        }
    }

    private static long micros(long nanos) {
        return nanos < 0 ? -1 : nanos / 1_000;
    }

    // ---- numbers

    static String number(long count, String one, String many) {
        return count(count) + " " + (count == 1 ? one : many);
    }

    static String count(long count) {
        return String.format(Locale.ENGLISH, "%,d", count);
    }

    private static String decimal(double number) {
        return String.format(Locale.ROOT, "%.3f", number);
    }

    /** As the page's script writes them. */
    static String duration(Duration time) {
        double ms = time.toNanos() / 1e6;
        if (ms < 1) {
            return ms < 0.05 ? "0 ms" : String.format(Locale.ROOT, "%.1f ms", ms);
        } else if (ms < 999.5) {
            return String.format(Locale.ROOT, "%.0f ms", ms);
        } else if (ms < 59_995) {
            return String.format(Locale.ROOT, "%.2f s", ms / 1000);
        }
        long s = Math.round(ms / 1000);
        return s < 3600 ? s / 60 + " min " + s % 60 + " s" : s / 3600 + " h " + s % 3600 / 60 + " min";
    }
}
