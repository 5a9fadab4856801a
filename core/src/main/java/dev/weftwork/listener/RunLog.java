package dev.weftwork.listener;

import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.inventory.Host;
import dev.weftwork.report.ChangeResult;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Logs runs through SLF4J, and names the host and its step in the MDC, so that whatever is logged on a host's thread, by
 * steps of code, operations or libraries, says where it comes from.
 *
 * <p>The MDC has {@value #HOST} from the beginning of a host's turn to its end, and {@value #STEP} while it takes a step;
 * a pattern shows them by {@code %X{weftwork.host}}. Levels: {@code WARN} for what failed, {@code INFO} for a run's begin
 * and end and for each step that changed something, {@code DEBUG} for all other steps and for hosts, {@code TRACE} for
 * commands. What machines write reaches no line but in the message of a failure, with its further lines indented and
 * without control characters.
 *
 * <p>One serves all engines and runs; an engine asks it for another one for each run. What a thread that calls {@code run} has
 * in its MDC is left as it is. Its logger is called {@value #LOGGER} unless another is given.
 *
 * <pre>{@code
 * Engine engine = Engine.builder(connector).listener(RunLog.create()).build();
 * }</pre>
 */
public final class RunLog implements RunListener {

    /** The name of the logger. */
    public static final String LOGGER = "dev.weftwork.run";

    /** The key of the host's name in the MDC. */
    public static final String HOST = "weftwork.host";

    /** The key of the step's name in the MDC. */
    public static final String STEP = "weftwork.step";

    private final Logger log;

    /** Of the run, which isn't ours, and may be that of a host of another run. */
    private volatile @Nullable Thread caller;

    private RunLog(Logger log) {
        this.log = log;
    }

    /** A listener that writes to the logger called {@value #LOGGER}. */
    public static RunLog create() {
        return to(LOGGER);
    }

    /** A listener that writes to the logger of that name. */
    public static RunLog to(String logger) {
        return new RunLog(LoggerFactory.getLogger(logger));
    }

    @Override
    public RunListener forRun() {
        return new RunLog(log);
    }

    /** As the listener of one run after the other; an engine asks {@link #forRun} instead. */
    @Override
    public void on(RunEvent event) {
        switch (event) {
            case RunEvent.RunStarted started -> {
                caller = Thread.currentThread();
                log.info(
                        "{} of '{}' begins: {} steps on {} hosts",
                        Words.noun(started.mode()),
                        started.deploy(),
                        started.steps().size(),
                        started.hosts().size());
            }
            case RunEvent.HostStarted started -> {
                MDC.put(HOST, started.host().name());
                log.debug("{}: connecting", started.host());
            }
            case RunEvent.HostConnected connected -> log.debug("{}: connected", connected.host());
            case RunEvent.StepStarted started -> {
                MDC.put(STEP, started.step());
                log.debug("{}: step '{}' begins", started.host(), started.step());
            }
            case RunEvent.CommandStarted started ->
                log.trace("{}: on {}: `{}`", started.host(), started.machine(), started.command());
            case RunEvent.CommandFinished finished -> log.trace("{}: ended: {}", finished.host(), finished.result());
            case RunEvent.StepRetried retried ->
                log.warn(
                        "attempt {} failed, the next one in {} ms: {}",
                        retried.attempt(),
                        retried.pause().toMillis(),
                        indented(retried.failure()));
            case RunEvent.StepFinished finished -> {
                step(finished.host(), finished.result());
                MDC.remove(STEP);
            }
            case RunEvent.HostFinished finished -> host(finished.result());
            case RunEvent.RunFinished finished -> run(finished.report());
        }
    }

    private void step(Host host, StepResult result) {
        switch (result.status()) {
            // The host fails by it, and says so.
            case FAILED, CANCELLED -> log.debug("{}: step '{}': {}", host, result.step(), result.status());
            case FAILURE_IGNORED, UNKNOWN ->
                log.warn(
                        "{} {}",
                        result.status(),
                        result.failure().map(RunLog::indented).orElse(host + ": step '" + result.step() + "'"));
            case CHANGED, WOULD_CHANGE -> {
                if (log.isInfoEnabled()) {
                    log.info(
                            "{}: step '{}': {} in {} ms: {}",
                            host,
                            result.step(),
                            result.status(),
                            result.elapsed().toMillis(),
                            changes(result));
                }
            }
            case UNCHANGED, SKIPPED, NOT_RUN -> log.debug("{}: step '{}': {}", host, result.step(), result.status());
        }
    }

    private static String changes(StepResult result) {
        return (result.status() == StepStatus.WOULD_CHANGE
                        ? result.notMade().stream()
                        : result.changes().stream().map(ChangeResult::change))
                .map(change -> indented(change.command().hideSecretsIn(change.summary())))
                .collect(Collectors.joining("; "));
    }

    /** Of a host whose turn never came it is told on the thread of the caller, which gets back what it had in the MDC. */
    private void host(HostResult result) {
        boolean ofCaller = Thread.currentThread().equals(caller);
        @Nullable String hostBefore = ofCaller ? MDC.get(HOST) : null;
        @Nullable String stepBefore = ofCaller ? MDC.get(STEP) : null;
        put(HOST, result.host().name());
        put(STEP, null);
        try {
            if (result.status() == HostStatus.SUCCEEDED || result.status() == HostStatus.STOPPED) {
                log.debug("{}: {}", result.host(), result.status());
            } else {
                log.warn(
                        "{} {}",
                        result.status(),
                        result.failure()
                                .map(RunLog::indented)
                                .orElse(result.host().name()));
            }
        } finally {
            put(HOST, hostBefore);
            put(STEP, stepBefore);
        }
    }

    private static void put(String key, @Nullable String value) {
        if (value == null) {
            MDC.remove(key);
        } else {
            MDC.put(key, value);
        }
    }

    private void run(RunReport report) {
        long succeeded = report.count(HostStatus.SUCCEEDED);
        String early = report.earlyEnd()
                .map(end -> (end.cancelled() ? ", cancelled" : ", stopped")
                        + (end.reason().isEmpty() ? "" : " (" + end.reason() + ")"))
                .orElse("");
        String text = "{} of '{}' ended after {} ms{}: {} of {} hosts succeeded, {} steps changed something";
        Object[] values = {
            Words.noun(report.mode()),
            report.deploy(),
            report.elapsed().toMillis(),
            early,
            succeeded,
            report.hosts().size(),
            report.count(StepStatus.CHANGED) + report.count(StepStatus.WOULD_CHANGE)
        };
        if (succeeded == report.hosts().size()) {
            log.info(text, values);
        } else {
            log.warn(text, values);
        }
    }

    private static String indented(Failure failure) {
        return indented(failure.message());
    }

    /** So that no line of it can be taken for one of the log's own; what a terminal obeys isn't in it. */
    private static String indented(String text) {
        return text.replace("\n", "\n    ");
    }
}
