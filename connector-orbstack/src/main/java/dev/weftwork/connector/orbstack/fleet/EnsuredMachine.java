package dev.weftwork.connector.orbstack.fleet;

import dev.weftwork.command.Output;
import dev.weftwork.connector.orbstack.cli.MachineInfo;
import dev.weftwork.connector.orbstack.cli.MachineName;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What became of one machine of a fleet.
 *
 * @param took to its end, with the time that it waited for others to be through
 * @param attempts how often it was tried to create it
 * @param differences in what an existing machine isn't what was asked for; nothing was done about them
 * @param info the machine when it was ready; nothing if it failed
 * @param failure why it failed
 */
public record EnsuredMachine(
        MachineName name,
        Action action,
        Duration took,
        int attempts,
        List<String> differences,
        Optional<MachineInfo> info,
        Optional<String> failure) {

    /** What was done for it to be there. */
    public enum Action {
        /** Nothing: it ran, or was about to. */
        EXISTED,
        /** It was there, but stopped. */
        STARTED,
        CREATED,
        /** It was created by an attempt that didn't come back with an answer. */
        ADOPTED,
        FAILED
    }

    public EnsuredMachine {
        differences = List.copyOf(differences);
    }

    public boolean succeeded() {
        return action != Action.FAILED;
    }

    /** On one line, for people. */
    public String describe() {
        var text = new StringBuilder(name.value())
                .append(": ")
                .append(action.name().toLowerCase(Locale.ROOT))
                .append(" after ")
                .append(took.toMillis())
                .append(" ms");
        if (attempts > 1) {
            text.append(" and ").append(attempts).append(" attempts");
        }
        failure.ifPresent(reason -> text.append(": ").append(reason));
        if (!differences.isEmpty()) {
            text.append(" (differs: ").append(String.join("; ", differences)).append(')');
        }
        return Output.printable(text.toString());
    }
}
