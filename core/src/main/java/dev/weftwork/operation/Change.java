package dev.weftwork.operation;

import dev.weftwork.command.Command;
import dev.weftwork.command.Output;
import java.util.Objects;
import java.util.Optional;

/**
 * One thing that an operation will do to a machine: what it is, for people, and the command that does it.
 *
 * @param summary what will be different, such as {@code mode of /etc/app.conf 0644 -> 0640}
 * @param command does it; the change is made when it succeeds
 * @param diff what will be different in a file's content, as a unified diff; only where it was asked for
 * @param everyTime whether it is made whenever the operation is planned, because nobody can tell whether it is needed
 */
public record Change(String summary, Command command, Optional<String> diff, boolean everyTime) {
    /** Takes out of the summary, which may quote what was found on the machine, what a terminal would obey. */
    public Change {
        summary = Output.printable(Objects.requireNonNull(summary, "summary must not be null"));
        Objects.requireNonNull(command, "command must not be null");
    }

    /** A change that is made because something is not as wanted. */
    public Change(String summary, Command command) {
        this(summary, command, Optional.empty(), false);
    }

    /** This change with that diff. */
    public Change withDiff(String unifiedDiff) {
        return new Change(summary, command, Optional.of(unifiedDiff), everyTime);
    }

    /** This change as one that is made every time. */
    public Change madeEveryTime() {
        return new Change(summary, command, diff, true);
    }
}
