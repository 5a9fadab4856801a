package dev.weftwork.connector.orbstack.cli;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * All that OrbStack tells of one machine. A value: addresses above all change whenever the machine starts, so they are
 * asked for each time they are needed; {@link Machine#domain()} stays.
 *
 * @param diskBytes what it takes on disk, if it is known
 * @param ip4 only of a machine that runs, and not from its first moment on
 * @param ip6 as {@code ip4}
 * @param mounts the folders of the Mac that an isolated machine was given
 * @param memoryLimitMib in MiB, if it has a limit of its own
 */
public record MachineInfo(
        Machine machine,
        OptionalLong diskBytes,
        Optional<String> ip4,
        Optional<String> ip6,
        List<Mount> mounts,
        OptionalLong memoryLimitMib) {

    public MachineInfo {
        mounts = List.copyOf(mounts);
    }
}
