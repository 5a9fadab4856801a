package dev.weftwork.report;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What became of a run: a result for every host of the inventory and for every step of the deploy on it, also when hosts
 * failed or the run was cancelled. Immutable.
 *
 * <pre>{@code
 * RunReport report = engine.run(inventory, deploy);
 * report.failedHosts().forEach(host -> System.err.println(host.failure().orElseThrow()));
 * report.throwIfFailed();
 * }</pre>
 *
 * @param deploy the deploy's name
 * @param hosts one result for every host, in inventory order
 * @param cancelled whether the run was cancelled before its end
 * @param elapsed from the start of the run to its end
 */
public record RunReport(String deploy, List<HostResult> hosts, boolean cancelled, Duration elapsed) {

    public RunReport {
        hosts = List.copyOf(hosts);
    }

    /** Whether every host succeeded. */
    public boolean succeeded() {
        return hosts.stream().allMatch(host -> host.status() == HostStatus.SUCCEEDED);
    }

    /** The hosts that did not succeed, whatever the reason. */
    public List<HostResult> failedHosts() {
        return hosts.stream()
                .filter(host -> host.status() != HostStatus.SUCCEEDED)
                .toList();
    }

    /**
     * The result of the host of that name.
     *
     * @throws IllegalArgumentException if it wasn't part of the run
     */
    public HostResult host(String name) {
        return hosts.stream()
                .filter(host -> host.host().name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("host '" + name + "' was not part of the run"));
    }

    /** How many hosts ended that way. */
    public long count(HostStatus wanted) {
        return hosts.stream().filter(host -> host.status() == wanted).count();
    }

    /** How many steps ended that way, over all hosts. */
    public long count(StepStatus wanted) {
        return hosts.stream().mapToLong(host -> host.count(wanted)).sum();
    }

    /**
     * Does nothing if every host succeeded.
     *
     * @throws RunFailedException otherwise; its message names every host that didn't, and why
     */
    public void throwIfFailed() {
        if (!succeeded()) {
            throw new RunFailedException(this);
        }
    }

    /** For people: a line of numbers, and one for each host that did not succeed. */
    public String describe() {
        List<HostResult> failed = failedHosts();
        String head = "run of '" + deploy + "'" + (cancelled ? " was cancelled" : "") + ": "
                + (hosts.size() - failed.size()) + " of " + hosts.size() + " hosts succeeded";
        return head + failed.stream().map(host -> "\n  " + describe(host)).collect(Collectors.joining());
    }

    private static String describe(HostResult host) {
        return host.status() + " "
                + host.failure()
                        .map(Failure::message)
                        .orElse(host.host().name())
                        .replace("\n", "\n    ");
    }
}
