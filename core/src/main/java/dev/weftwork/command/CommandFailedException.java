package dev.weftwork.command;

/**
 * A command whose success was asked for did not succeed. The message is that of {@link CommandResult#describe()}; the
 * result, with all output, is here too.
 */
public final class CommandFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient CommandResult result;

    public CommandFailedException(CommandResult result) {
        super(result.describe());
        this.result = result;
    }

    public CommandResult result() {
        return result;
    }
}
