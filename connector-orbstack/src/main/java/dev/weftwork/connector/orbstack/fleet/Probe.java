package dev.weftwork.connector.orbstack.fleet;

import dev.weftwork.connector.orbstack.cli.MachineName;

/**
 * Says whether a machine that runs is ready to be worked on. Asked again and again until it is, by several threads at once
 * for different machines.
 *
 * <pre>{@code
 * Fleet.of(specs).probe(machine -> orbctl.answers(machine) && canLogIn(machine));
 * }</pre>
 */
@FunctionalInterface
public interface Probe {

    /**
     * Whether it is ready. May block, but holds one of the fleet's places meanwhile, so that something that takes minutes
     * is better asked whether it is done than waited for. An {@link dev.weftwork.connector.orbstack.cli.OrbCtlException} means not yet;
     * anything else it throws fails that machine.
     */
    boolean isReady(MachineName machine) throws InterruptedException;
}
