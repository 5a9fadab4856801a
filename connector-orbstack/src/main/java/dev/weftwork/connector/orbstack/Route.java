package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.session.ShellTransport;
import java.util.Optional;

/** The way into all machines that a connector has decided for. Safe for use from many threads. */
interface Route extends AutoCloseable {

    /**
     * Shells on one machine. Starts nothing yet, but waits until it is this machine's turn to be connected to.
     *
     * @param host whose name threads and messages carry
     * @param login whom to log in as; empty for the machine's default user
     * @param defaultUser who that is, if it is known
     */
    ShellTransport shells(String host, MachineName machine, Optional<String> login, Optional<String> defaultUser)
            throws InterruptedException;

    /** Ends the shells that are still open. A second call does nothing. */
    @Override
    void close();
}
