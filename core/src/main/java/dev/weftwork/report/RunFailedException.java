package dev.weftwork.report;

import dev.weftwork.command.CommandFailedException;
import java.util.List;

/**
 * A run did not succeed on every host; the message is that of {@link RunReport#describe()}. Its cause is the failure that
 * came first; those of other hosts are suppressed, in inventory order.
 */
public final class RunFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient RunReport report;

    RunFailedException(RunReport report) {
        super(
                report.describe(),
                report.firstFailure().map(RunFailedException::throwable).orElse(null));
        this.report = report;
        List<Failure> failures = report.failedHosts().stream()
                .flatMap(host -> host.failure().stream())
                .filter(failure -> report.firstFailure().filter(failure::equals).isEmpty())
                .toList();
        failures.stream()
                .map(RunFailedException::throwable)
                .filter(each -> !each.equals(getCause()))
                .forEach(this::addSuppressed);
    }

    private static Throwable throwable(Failure failure) {
        return failure.cause()
                .orElseGet(() -> withoutTrace(failure.command()
                        .<Throwable>map(CommandFailedException::new)
                        .orElseGet(() -> new IllegalStateException(failure.message()))));
    }

    /** It would be that of this class, once for every host. */
    private static Throwable withoutTrace(Throwable made) {
        made.setStackTrace(new StackTraceElement[0]);
        return made;
    }

    public RunReport report() {
        return report;
    }
}
