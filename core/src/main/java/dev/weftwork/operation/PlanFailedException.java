package dev.weftwork.operation;

import dev.weftwork.command.Output;

/** An operation can't get from what it found on a host to what is wanted. The message says what to do about it. */
public final class PlanFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * @param host the name of the host
     * @param message what was found, why that can't be changed into what is wanted, and what to do
     */
    public PlanFailedException(String host, String message) {
        super(host + ": " + Output.printable(message));
    }

    /**
     * @param host the name of the host
     * @param message as above
     * @param cause what was thrown meanwhile
     */
    public PlanFailedException(String host, String message, Throwable cause) {
        super(host + ": " + Output.printable(message), cause);
    }
}
