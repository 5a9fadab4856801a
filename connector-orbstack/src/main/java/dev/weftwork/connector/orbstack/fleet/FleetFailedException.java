package dev.weftwork.connector.orbstack.fleet;

import java.util.stream.Collectors;

/** Some machines of a fleet aren't ready; the message says which, and why. */
public final class FleetFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient FleetReport report;

    FleetFailedException(FleetReport report) {
        super(report.failed().size() + " of " + report.machines().size() + " machines are not ready\n"
                + report.failed().stream().map(each -> "  " + each.describe()).collect(Collectors.joining("\n")));
        this.report = report;
    }

    /** What became of all of them. */
    public FleetReport report() {
        return report;
    }
}
