package dev.weftwork.report;

/** A run did not succeed on every host; the message is that of {@link RunReport#describe()}. */
public final class RunFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient RunReport report;

    RunFailedException(RunReport report) {
        super(report.describe());
        this.report = report;
        report.failedHosts().stream()
                .flatMap(host -> host.failure().stream())
                .flatMap(failure -> failure.cause().stream())
                .forEach(this::addSuppressed);
    }

    public RunReport report() {
        return report;
    }
}
