package dev.weftwork.connector.orbstack.fleet;

import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.MachineSpec;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;

/**
 * Machines that ought to exist, and how {@link #ensure} goes about it. An immutable value; each option returns a
 * new one.
 *
 * <pre>{@code
 * Fleet fleet = Fleet.of(MachineSpec.of("web01", "ubuntu:24.04"), MachineSpec.of("db01", "debian")).parallelism(2);
 * }</pre>
 *
 * @param machines each of another name
 * @param parallelism how many machines are created or started at once, and how many are looked at at once; 4 unless set
 * @param attempts how often a machine is created at most, the first time included; 3 unless set
 * @param readyTimeout how long a machine may take to be ready once it is there; 3 minutes unless set
 * @param timeout how long all of it may take; unless set, as long as it takes
 * @param probe asks a machine that runs and has an address whether it is ready; unless set, whether a command runs on it
 */
public record Fleet(
        List<MachineSpec> machines,
        int parallelism,
        int attempts,
        Duration readyTimeout,
        Optional<Duration> timeout,
        Optional<Probe> probe) {

    private static final Duration LONGEST = Duration.ofDays(1);

    public Fleet {
        machines = List.copyOf(machines);
        if (machines.isEmpty()) {
            throw new IllegalArgumentException("a fleet must have at least one machine");
        }
        var names = new HashSet<MachineName>();
        var twice = new LinkedHashSet<String>();
        machines.forEach(each -> {
            if (!names.add(each.name())) {
                twice.add(each.name().value());
            }
        });
        if (!twice.isEmpty()) {
            throw new IllegalArgumentException(
                    "machine names in a fleet must be unique, more than once: " + String.join(", ", twice));
        }
        requireAtLeastOne("parallelism", parallelism);
        requireAtLeastOne("attempts", attempts);
        requireLimit("readyTimeout", readyTimeout);
        timeout.ifPresent(limit -> requireLimit("timeout", limit));
    }

    private static void requireLimit(String what, Duration limit) {
        if (limit.isNegative() || limit.isZero() || limit.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(what + " must be > 0 and at most a day, was " + limit);
        }
    }

    private static void requireAtLeastOne(String what, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(what + " must be >= 1, was " + value);
        }
    }

    /**
     * These machines, with the defaults.
     *
     * @throws IllegalArgumentException if there is none, or two of one name
     */
    public static Fleet of(List<MachineSpec> machines) {
        return new Fleet(machines, 4, 3, Duration.ofMinutes(3), Optional.empty(), Optional.empty());
    }

    /** These machines, with the defaults. */
    public static Fleet of(MachineSpec... machines) {
        return of(List.of(machines));
    }

    /**
     * Makes it exist, and blocks until each machine is ready or has failed; {@link
     * dev.weftwork.connector.orbstack.OrbStack#ensure(OrbCtl, Fleet)} says all about it.
     */
    public FleetReport ensure(OrbCtl orbctl) throws InterruptedException {
        return new FleetEnsurer(orbctl, this, Pauses.SYSTEM).ensure();
    }

    public Fleet parallelism(int machinesAtOnce) {
        return new Fleet(machines, machinesAtOnce, attempts, readyTimeout, timeout, probe);
    }

    public Fleet attempts(int most) {
        return new Fleet(machines, parallelism, most, readyTimeout, timeout, probe);
    }

    public Fleet readyTimeout(Duration limit) {
        return new Fleet(machines, parallelism, attempts, limit, timeout, probe);
    }

    /** How long all of it may take. Machines that aren't ready then have failed; what OrbStack is at goes on within it. */
    public Fleet timeout(Duration limit) {
        return new Fleet(machines, parallelism, attempts, readyTimeout, Optional.of(limit), probe);
    }

    public Fleet probe(Probe probe) {
        return new Fleet(machines, parallelism, attempts, readyTimeout, timeout, Optional.of(probe));
    }
}
