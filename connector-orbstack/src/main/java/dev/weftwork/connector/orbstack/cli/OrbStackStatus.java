package dev.weftwork.connector.orbstack.cli;

/** Whether OrbStack itself is up. */
public enum OrbStackStatus {
    RUNNING,
    STARTING,
    STOPPED
}
