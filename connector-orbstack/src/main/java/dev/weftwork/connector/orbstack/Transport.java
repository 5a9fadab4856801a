package dev.weftwork.connector.orbstack;

/** How {@link OrbStackConnector} gets into machines. A command ends the same way and means the same over each. */
public enum Transport {
    /** {@link #SSH} where the gateway answers and its key and known hosts are there, otherwise {@link #CLI}. */
    AUTO,
    /** OrbStack's SSH gateway: one connection per host and user, in this process. */
    SSH,
    /** A long-lived {@code orbctl run} process per host and user. */
    CLI
}
