package dev.weftwork.operation;

import dev.weftwork.command.Command;
import java.util.Objects;

/**
 * One thing that an operation will do to a machine: what it is, for people, and the command that does it.
 *
 * @param summary what will be different, such as {@code mode of /etc/app.conf 0644 -> 0640}
 * @param command does it; the change is made when it succeeds
 */
public record Change(String summary, Command command) {
    public Change {
        Objects.requireNonNull(summary, "summary must not be null");
        Objects.requireNonNull(command, "command must not be null");
    }
}
