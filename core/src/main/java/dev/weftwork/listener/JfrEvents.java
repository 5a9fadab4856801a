package dev.weftwork.listener;

import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import jdk.jfr.Configuration;
import org.jspecify.annotations.Nullable;

/**
 * Writes runs, hosts, steps and commands to the JDK's flight recorder, as events with a duration: {@code
 * dev.weftwork.Run}, {@code dev.weftwork.Host}, {@code dev.weftwork.Step} and {@code dev.weftwork.Command}. They stand
 * in a recording beside the JDK's own, such as those of pinned virtual threads, garbage collections and started processes.
 *
 * <p>While nothing is recorded it looks at a flag and returns, so it may always be there. What begins before a
 * recording doesn't come into it, nor does a host whose turn never came; each kind may be turned off by its name.
 *
 * <p>Texts of commands have stars for secrets, and what machines write isn't recorded, but for the message of a failure. Holds the
 * events that are under way, by host; an engine asks it for another one for each run.
 *
 * <pre>{@code
 * try (Recording recording = new Recording(JfrEvents.configuration());
 *     Engine engine = Engine.builder(connector).listener(JfrEvents.create()).build()) {
 *   recording.start();
 *   engine.run(inventory, deploy);
 *   recording.dump(Path.of("run.jfr"));
 * }
 * }</pre>
 */
public final class JfrEvents implements RunListener {

    private static final String SETTINGS = "weftwork.jfc";

    /** What is under way on a host; null where it isn't recorded. Used by the host's thread. */
    private static final class OfHost {
        private JfrSpan.@Nullable OfHost host;
        private JfrSpan.@Nullable OfStep step;
        private JfrSpan.@Nullable OfCommand command;
        private String stepName = "";
    }

    private final ConcurrentHashMap<String, OfHost> hosts = new ConcurrentHashMap<>();
    private volatile String deploy = "";
    private volatile JfrSpan.@Nullable OfRun run;

    private JfrEvents() {}

    public static JfrEvents create() {
        return new JfrEvents();
    }

    /**
     * Settings for a recording of a run: Weftwork's events, and of the JDK's those that tell of what slows one. The
     * file of which they are read is {@value #SETTINGS} beside this class, for {@code -XX:StartFlightRecording}.
     *
     * @throws UncheckedIOException if it can't be read
     */
    public static Configuration configuration() {
        try (InputStream settings = Objects.requireNonNull(JfrEvents.class.getResourceAsStream(SETTINGS), SETTINGS)) {
            return Configuration.create(new InputStreamReader(settings, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ParseException e) {
            throw new IllegalStateException(SETTINGS + " is broken", e);
        }
    }

    @Override
    public RunListener forRun() {
        return new JfrEvents();
    }

    /** As the listener of one run after the other; an engine asks {@link #forRun} instead. */
    @Override
    public void on(RunEvent event) {
        switch (event) {
            case RunEvent.RunStarted started -> begin(started);
            case RunEvent.HostStarted started -> begin(started);
            case RunEvent.HostConnected connected -> {}
            case RunEvent.StepStarted started -> begin(started);
            case RunEvent.CommandStarted started -> begin(started);
            case RunEvent.CommandFinished finished -> end(finished);
            case RunEvent.StepRetried retried -> {}
            case RunEvent.StepFinished finished -> end(finished);
            case RunEvent.HostFinished finished -> end(finished.result());
            case RunEvent.RunFinished finished -> end(finished.report());
        }
    }

    private void begin(RunEvent.RunStarted started) {
        deploy = started.deploy();
        var span = new JfrSpan.OfRun();
        if (span.isEnabled()) {
            span.mode = Words.name(started.mode());
            span.steps = started.steps().size();
            span.begin();
            run = span;
        }
    }

    private void begin(RunEvent.HostStarted started) {
        var span = new JfrSpan.OfHost();
        if (span.isEnabled()) {
            span.begin();
            of(started).host = span;
        }
    }

    private void begin(RunEvent.StepStarted started) {
        var span = new JfrSpan.OfStep();
        boolean recorded = span.isEnabled();
        if (recorded || new JfrSpan.OfCommand().isEnabled()) {
            OfHost own = of(started);
            own.stepName = started.step();
            if (recorded) {
                span.begin();
                own.step = span;
            }
        }
    }

    private void begin(RunEvent.CommandStarted started) {
        var span = new JfrSpan.OfCommand();
        if (span.isEnabled()) {
            span.machine = started.machine();
            span.begin();
            of(started).command = span;
        }
    }

    private OfHost of(RunEvent.HostEvent event) {
        return hosts.computeIfAbsent(event.host().name(), name -> new OfHost());
    }

    /** Null where nothing of the host is recorded. */
    private @Nullable OfHost found(RunEvent.HostEvent event) {
        return hosts.isEmpty() ? null : hosts.get(event.host().name());
    }

    private void end(RunEvent.CommandFinished finished) {
        OfHost own = found(finished);
        if (own == null || own.command == null) {
            return;
        }
        JfrSpan.OfCommand span = own.command;
        own.command = null;
        span.end();
        if (span.shouldCommit()) {
            CommandResult result = finished.result();
            span.deploy = deploy;
            span.host = finished.host().name();
            span.step = own.stepName;
            span.command = result.command().toString();
            span.outcome = switch (result.outcome()) {
                case Outcome.Completed completed -> "completed";
                case Outcome.TimedOut timedOut -> "timed-out";
                case Outcome.Cancelled cancelled -> "cancelled";
                case Outcome.ConnectionLost lost -> "connection-lost";
                case Outcome.NotStarted notStarted -> "not-started";
            };
            span.exitCode = result.exitCode().orElse(-1);
            span.succeeded = result.succeeded();
            span.stdoutBytes = result.stdout().length();
            span.stderrBytes = result.stderr().length();
            span.commit();
        }
    }

    private void end(RunEvent.StepFinished finished) {
        OfHost own = found(finished);
        if (own == null || own.step == null) {
            return;
        }
        JfrSpan.OfStep span = own.step;
        own.step = null;
        span.end();
        if (span.shouldCommit()) {
            StepResult result = finished.result();
            span.deploy = deploy;
            span.host = finished.host().name();
            span.step = result.step();
            span.status = Words.name(result.status());
            span.attempts = result.attempts();
            span.changes = result.changes().size();
            span.failure = result.failure().map(Failure::message).orElse(null);
            span.commit();
        }
    }

    private void end(HostResult result) {
        OfHost own = hosts.remove(result.host().name());
        if (own == null || own.host == null) {
            return;
        }
        JfrSpan.OfHost span = own.host;
        span.end();
        if (span.shouldCommit()) {
            span.deploy = deploy;
            span.host = result.host().name();
            span.status = Words.name(result.status());
            span.changed = result.count(StepStatus.CHANGED) + result.count(StepStatus.WOULD_CHANGE);
            span.failure = result.failure().map(Failure::message).orElse(null);
            span.commit();
        }
    }

    private void end(RunReport report) {
        JfrSpan.OfRun span = run;
        run = null;
        hosts.clear();
        if (span == null) {
            return;
        }
        span.end();
        if (span.shouldCommit()) {
            span.deploy = report.deploy();
            span.hosts = report.hosts().size();
            span.succeeded = report.count(HostStatus.SUCCEEDED);
            span.changed = report.count(StepStatus.CHANGED) + report.count(StepStatus.WOULD_CHANGE);
            span.cancelled = report.cancelled();
            span.commit();
        }
    }
}
