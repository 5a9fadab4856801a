package dev.weftwork.connector;

import dev.weftwork.command.Output;

/**
 * A connector could not do what was asked of it for one host. The message names the host, what was tried and what came
 * back; of what a machine said it has no character that a terminal would obey.
 */
public abstract sealed class ConnectorException extends RuntimeException permits ConnectFailedException {

    private static final long serialVersionUID = 1L;

    private final String host;

    ConnectorException(String host, String message, Throwable cause) {
        super(host + ": " + Output.printable(message), cause);
        this.host = host;
    }

    ConnectorException(String host, String message) {
        super(host + ": " + Output.printable(message));
        this.host = host;
    }

    /** The name of the host. */
    public String host() {
        return host;
    }
}
