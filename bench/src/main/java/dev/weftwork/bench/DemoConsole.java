package dev.weftwork.bench;

import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Shows the demo's runs as plain lines: a line for each step once every host is through with it, then a table. */
final class DemoConsole implements RunListener {

    private static final int SHOWN = 3;

    private final PrintStream out;
    private final Map<String, AtomicInteger> toDo = new ConcurrentHashMap<>();
    private int passes;

    DemoConsole(PrintStream out) {
        this.out = out;
    }

    @Override
    public void on(RunEvent event) {
        switch (event) {
            case RunEvent.RunStarted started -> {
                passes++;
                out.printf(
                        "pass %d: '%s', %d steps on %d hosts%n",
                        passes,
                        started.deploy(),
                        started.steps().size(),
                        started.hosts().size());
                started.steps()
                        .forEach(step ->
                                toDo.put(step, new AtomicInteger(started.hosts().size())));
            }
            case RunEvent.StepFinished finished -> countDown(finished.result().step());
            case RunEvent.HostFinished finished ->
                finished.result().steps().stream()
                        .filter(step -> step.status() == StepStatus.NOT_RUN)
                        .forEach(step -> countDown(step.step()));
            case RunEvent.RunFinished finished -> table(finished.report());
            case RunEvent.HostStarted started -> {}
            case RunEvent.HostConnected connected -> {}
            case RunEvent.StepStarted started -> {}
            case RunEvent.StepRetried retried -> {}
            case RunEvent.CommandStarted started -> {}
            case RunEvent.CommandFinished finished -> {}
        }
    }

    private void countDown(String step) {
        AtomicInteger left = toDo.get(step);
        if (left != null && left.decrementAndGet() == 0) {
            out.printf("  done: %s%n", step);
        }
    }

    private void table(RunReport report) {
        List<String> steps =
                report.hosts().get(0).steps().stream().map(StepResult::step).toList();
        int width = steps.stream().mapToInt(String::length).max().orElse(4);
        String row = "  %-" + width + "s %8s %10s %8s %8s%n";
        out.println();
        out.printf(row, "step", "changed", "unchanged", "failed", "not run");
        for (int i = 0; i < steps.size(); i++) {
            int index = i;
            out.printf(
                    row,
                    steps.get(i),
                    count(report, index, StepStatus.CHANGED),
                    count(report, index, StepStatus.UNCHANGED),
                    count(report, index, StepStatus.FAILED),
                    count(report, index, StepStatus.NOT_RUN));
        }
        out.printf(
                "  %d of %d hosts succeeded in %d ms%n",
                report.count(HostStatus.SUCCEEDED),
                report.hosts().size(),
                report.elapsed().toMillis());
        List<HostResult> failed = report.failedHosts();
        failed.stream()
                .limit(SHOWN)
                .flatMap(host -> host.failure().stream())
                .forEach(failure -> out.println("  FAILED " + failure.message()));
        if (failed.size() > SHOWN) {
            out.printf("  ... and %d more%n", failed.size() - SHOWN);
        }
        out.println();
    }

    private static long count(RunReport report, int step, StepStatus status) {
        return report.hosts().stream()
                .filter(host -> host.steps().get(step).status() == status)
                .count();
    }

    /** What a step's commands wrote on the first hosts where it ran. */
    void outputs(RunReport report, String step) {
        out.printf("what '%s' wrote:%n", step);
        report.hosts().stream()
                .map(host -> host.step(step))
                .filter(result -> result.status() == StepStatus.CHANGED)
                .limit(SHOWN)
                .forEach(result -> out.print("  " + result.stdoutText()));
        out.println();
    }
}
