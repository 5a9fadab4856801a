package dev.weftwork.connector.orbstack.fleet;

import java.util.List;

/**
 * What became of a fleet.
 *
 * @param machines each of its machines, in its order
 */
public record FleetReport(List<EnsuredMachine> machines) {

    public FleetReport {
        machines = List.copyOf(machines);
    }

    /** Whether all machines are ready; they may differ from what was asked for all the same. */
    public boolean succeeded() {
        return machines.stream().allMatch(EnsuredMachine::succeeded);
    }

    /** Those that aren't ready. */
    public List<EnsuredMachine> failed() {
        return machines.stream().filter(each -> !each.succeeded()).toList();
    }

    /** Those that are there but aren't what was asked for. */
    public List<EnsuredMachine> different() {
        return machines.stream().filter(each -> !each.differences().isEmpty()).toList();
    }

    /**
     * This report if all machines are ready.
     *
     * @throws FleetFailedException otherwise, saying of each that isn't why
     */
    public FleetReport orThrow() {
        if (!succeeded()) {
            throw new FleetFailedException(this);
        }
        return this;
    }
}
