package dev.weftwork.listener;

import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.inventory.Host;
import dev.weftwork.report.RunReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Collects the times of one run, which nobody else keeps, and writes its page. A host's times are written by its own thread
 * only, and read by the run's when all hosts are through: nothing is locked.
 */
final class HtmlRun implements RunListener {

    private final HtmlReport report;
    private final Map<String, Integer> steps = new HashMap<>();
    private final Map<String, Times> hosts = new HashMap<>();
    private ZonedDateTime begin = ZonedDateTime.now(ZoneId.systemDefault());
    private long began;
    private List<String> stepNames = List.of();
    private @Nullable Path file;

    HtmlRun(HtmlReport report) {
        this.report = report;
    }

    /** When things happened on one host, in nanoseconds since the beginning of the run; -1 where they haven't. */
    static final class Times {
        long started = -1;
        long connected = -1;
        long ended = -1;

        /** For each step its begin and its end; nothing until the host has its turn. */
        private long[] steps = {};

        /** For each step the machine that it ran on, where that was another one. */
        private @Nullable String[] machines = {};

        private int current = -1;

        long stepBegan(int step) {
            return 2 * step < steps.length ? steps[2 * step] : -1;
        }

        long stepEnded(int step) {
            return 2 * step < steps.length ? steps[2 * step + 1] : -1;
        }

        @Nullable
        String machine(int step) {
            return step < machines.length ? machines[step] : null;
        }
    }

    @Override
    public void on(RunEvent event) {
        switch (event) {
            case RunEvent.RunStarted started -> begin(started);
            case RunEvent.HostStarted started -> started(started.host());
            case RunEvent.HostConnected connected -> times(connected.host()).connected = now();
            case RunEvent.StepStarted started -> stepBegins(started);
            case RunEvent.CommandStarted started -> {
                if (!started.machine().equals(started.host().name())) {
                    ranElsewhere(times(started.host()), started.machine());
                }
            }
            case RunEvent.CommandFinished finished -> {}
            case RunEvent.StepRetried retried -> {}
            case RunEvent.StepFinished finished -> stepEnded(finished);
            case RunEvent.HostFinished finished -> times(finished.host()).ended = now();
            case RunEvent.RunFinished finished -> write(finished.report());
        }
    }

    private long now() {
        return report.nanoTime.getAsLong() - began;
    }

    private void begin(RunEvent.RunStarted started) {
        began = report.nanoTime.getAsLong();
        begin = ZonedDateTime.now(ZoneId.systemDefault());
        stepNames = started.steps();
        for (String step : stepNames) {
            steps.put(step, steps.size());
        }
        for (Host host : started.hosts()) {
            hosts.put(host.name(), new Times());
        }
        file = report.fileFor(started.deploy(), started.mode().name().toLowerCase(Locale.ROOT), begin);
    }

    private Times times(Host host) {
        Times times = hosts.get(host.name());
        if (times == null) {
            throw new IllegalStateException(host + " wasn't named when the run began");
        }
        return times;
    }

    private void started(Host host) {
        Times times = times(host);
        times.started = now();
        times.steps = new long[2 * stepNames.size()];
        Arrays.fill(times.steps, -1);
    }

    private void stepBegins(RunEvent.StepStarted started) {
        Times times = times(started.host());
        Integer step = steps.get(started.step());
        if (step != null && times.steps.length > 0) {
            times.current = step;
            times.steps[2 * step] = now();
        }
    }

    private void ranElsewhere(Times times, String machine) {
        if (times.current >= 0) {
            if (times.machines.length == 0) {
                times.machines = new @Nullable String[stepNames.size()];
            }
            times.machines[times.current] = machine;
        }
    }

    /** A step in whose place the strategy threw never began. */
    private void stepEnded(RunEvent.StepFinished finished) {
        Times times = times(finished.host());
        Integer step = steps.get(finished.result().step());
        if (step != null && times.steps.length > 0) {
            long now = now();
            times.steps[2 * step + 1] = now;
            if (times.steps[2 * step] < 0) {
                times.steps[2 * step] = now;
            }
            times.current = -1;
        }
    }

    private void write(RunReport ended) {
        Path own = file;
        if (own == null) {
            throw new IllegalStateException("a run has ended that never began");
        }
        // A cancelled run has its page too, and files are closed under a thread that is interrupted.
        boolean interrupted = Thread.interrupted();
        try {
            var page = new HtmlPage(ended, stepNames, hosts, begin, report.outputLimit, report.totalOutputLimit);
            replace(own, page);
            report.ended(own, null);
        } catch (IOException e) {
            String message = "the HTML report of '" + ended.deploy() + "' could not be written to " + own + ": " + e;
            report.ended(null, new IOException(message, e));
            throw new UncheckedIOException(message, e);
        } catch (RuntimeException | Error e) {
            report.ended(
                    null, new IOException("the HTML report of '" + ended.deploy() + "' could not be made: " + e, e));
            throw e;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void replace(Path file, HtmlPage page) throws IOException {
        Path folder = file.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        Path beside = file.resolveSibling("." + UUID.randomUUID() + ".html.part");
        try {
            try (Writer out = Files.newBufferedWriter(
                    beside, StandardCharsets.UTF_8, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                page.write(out);
            }
            try {
                Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(beside);
        }
    }
}
