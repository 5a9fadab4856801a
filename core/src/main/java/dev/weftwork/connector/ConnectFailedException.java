package dev.weftwork.connector;

/** A machine could not be reached. Nothing has run on it, so trying again is safe. */
public final class ConnectFailedException extends ConnectorException {

    private static final long serialVersionUID = 1L;

    /**
     * @param host the name of the host
     * @param message what was tried, what came back and what to do, without the host's name
     */
    public ConnectFailedException(String host, String message) {
        super(host, message);
    }

    public ConnectFailedException(String host, String message, Throwable cause) {
        super(host, message, cause);
    }
}
