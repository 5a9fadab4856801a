package dev.weftwork.connector.orbstack.cli;

import java.util.Optional;

/**
 * A machine as OrbStack lists it. A value: what was true when it was asked.
 *
 * @param id stays when the machine is renamed
 * @param name what it is called now
 * @param defaultUser whom commands run as unless another user is named. It is not always the user of the Mac
 * @param isolated whether it sees nothing of the Mac
 * @param builtin whether it is OrbStack's own, such as Docker's; those are never listed
 * @param stateText the state as OrbStack wrote it
 */
public record Machine(
        MachineId id,
        String name,
        Image image,
        Optional<String> defaultUser,
        boolean isolated,
        boolean builtin,
        MachineState state,
        String stateText) {

    /**
     * The name to call {@link OrbCtl} with.
     *
     * @throws IllegalArgumentException if the machine is one that can't be managed, as Docker's
     */
    public MachineName machineName() {
        return new MachineName(name);
    }

    public boolean isRunning() {
        return state == MachineState.RUNNING;
    }

    /** Its name in the network of the Mac and of other machines. Unlike its addresses it stays over a restart. */
    public String domain() {
        return name + ".orb.local";
    }
}
