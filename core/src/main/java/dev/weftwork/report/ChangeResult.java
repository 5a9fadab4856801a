package dev.weftwork.report;

import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.operation.Change;

/**
 * A change that was tried on a host, and what its command answered.
 *
 * @param change what was to be different
 * @param command its command's result; the change was made if that succeeded
 */
public record ChangeResult(Change change, CommandResult command) {

    /** Whether something of it may have been done on the machine. */
    public boolean mayHaveRun() {
        return !(command.outcome() instanceof Outcome.NotStarted);
    }

    public boolean succeeded() {
        return command.succeeded();
    }
}
