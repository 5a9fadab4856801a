package dev.weftwork.fact;

import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Output;
import org.jspecify.annotations.Nullable;

/** A fact could not be read. The message says on which host, and what its command answered. */
public final class FactFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient CommandResult result;

    private FactFailedException(String message, CommandResult result, @Nullable Throwable cause) {
        super(Output.printable(message), cause);
        this.result = result;
    }

    /** For a command that did not succeed. */
    public static FactFailedException notRead(Fact<?> fact, CommandResult result) {
        return new FactFailedException(
                result.host() + ": fact " + fact.name() + " can't be read: " + result.describeCommand(), result, null);
    }

    /** For a command that succeeded and whose output the fact could not parse. */
    public static FactFailedException notUnderstood(Fact<?> fact, CommandResult result, RuntimeException cause) {
        return new FactFailedException(
                result.host() + ": fact " + fact.name() + " can't be read from what `" + result.command()
                        + "` printed: " + result.command().hideSecretsIn(text(cause)),
                result,
                cause);
    }

    /** Without a class where that says nothing. */
    private static String text(RuntimeException cause) {
        boolean told =
                cause.getClass() == IllegalArgumentException.class || cause.getClass() == IllegalStateException.class;
        return told && cause.getMessage() != null ? cause.getMessage() : cause.toString();
    }

    /** What the fact's command answered. */
    public CommandResult result() {
        return result;
    }
}
