package dev.weftwork.deploy;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.operation.Operation;

/**
 * One host of a run as plain code sees it: its data, its facts, and a way to run commands on it.
 *
 * <p>Lifetime: made by the engine for one call, and valid within that, on the thread that was called; elsewhere facts and commands throw
 * {@code IllegalStateException}. What is run is in the report, with the options of the step (as whom, where, with what
 * environment, how long).
 *
 * <pre>{@code
 * RunReport report = engine.forEachHost(inventory, host -> {
 *   if (!host.query("systemctl is-active --quiet app").succeeded()) {
 *     host.run("systemctl restart app").orThrow();
 *   }
 *   return host.fact(Facts.osRelease()).id();
 * });
 * }</pre>
 */
public interface RunningHost extends HostFacts {

    /**
     * Runs a command and says how it ended; that it failed is a value, not an exception. Blocks. The facts that are known of
     * the machine are dropped, because it may have changed something.
     *
     * @param consumer sees all that the command writes; the result holds it too, up to the command's output limit
     */
    CommandResult run(Command command, OutputConsumer consumer);

    /** As {@link #run(Command, OutputConsumer)}, with its output in the result only. */
    default CommandResult run(Command command) {
        return run(command, (stream, bytes, offset, count) -> {});
    }

    /** As {@link #run(Command)} of shell text, with {@code arguments} as {@code $1}, {@code $2}, ... */
    default CommandResult run(String script, String... arguments) {
        return run(Command.script(script, arguments));
    }

    /**
     * As {@link #run(Command)}, of a command that changes nothing: the step isn't {@code CHANGED} for it, facts stay known
     * to its end, and the report doesn't list it.
     */
    CommandResult query(Command command);

    /** As {@link #query(Command)} of shell text, with {@code arguments} as {@code $1}, {@code $2}, ... */
    default CommandResult query(String script, String... arguments) {
        return query(Command.script(script, arguments));
    }

    /**
     * Plans an operation and makes its changes. Blocks.
     *
     * @return whether there was something to change
     * @throws dev.weftwork.command.CommandFailedException if a change failed; those behind it aren't made
     */
    boolean apply(Operation operation);
}
