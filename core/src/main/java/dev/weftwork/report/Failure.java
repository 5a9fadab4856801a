package dev.weftwork.report;

import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Output;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Why a step or a connection failed on one host.
 *
 * @param message for people: the host, what was tried, what came back
 * @param command the command that did not succeed, with all its output, where it was one
 * @param cause what was thrown, where something was; where that has a secret of the step's commands in its text, another
 *     one that says the same with stars
 */
public record Failure(String message, Optional<CommandResult> command, Optional<Throwable> cause) {

    /** Takes out of the message what a terminal would obey. */
    public Failure {
        message = Output.printable(message);
    }

    public static Failure of(CommandResult result) {
        return new Failure(result.describe(), Optional.of(result), Optional.empty());
    }

    public static Failure of(String message, Throwable cause, @Nullable CommandResult result) {
        return new Failure(message, Optional.ofNullable(result), Optional.of(cause));
    }

    @Override
    public String toString() {
        return message;
    }
}
