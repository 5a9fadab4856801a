package dev.weftwork.operation.files;

import dev.weftwork.command.Command;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import java.util.List;

/**
 * An operation on something that has an owner, a group and a mode. Immutable: every option returns a new operation.
 *
 * @param <T> the operation's own type
 */
public abstract sealed class OwnedPath<T extends OwnedPath<T>> implements Operation
        permits ContentOperation, DirectoryOperation, FileOperation {

    private final String path;
    private final Attributes attributes;

    OwnedPath(String path, Attributes attributes) {
        this.path = path;
        this.attributes = attributes;
    }

    /**
     * Owned by that user, a name or a number.
     *
     * <p>Default: who makes it; as it is, for what is there.
     *
     * @throws IllegalArgumentException if it is neither
     */
    public T owner(String user) {
        return with(attributes.withOwner(user));
    }

    /**
     * Owned by that group, a name or a number.
     *
     * <p>Default: the group of who makes it, or what the directory gives; as it is, for what is there.
     *
     * @throws IllegalArgumentException if it is neither
     */
    public T group(String name) {
        return with(attributes.withGroup(name));
    }

    /**
     * With these permission bits, three or four octal digits such as {@code "640"}.
     *
     * <p>Default: what the machine's umask gives; as it is, for what is there.
     *
     * @throws IllegalArgumentException if it is anything else
     */
    public T mode(String octal) {
        return with(attributes.withMode(octal));
    }

    abstract T with(Attributes other);

    /** Makes what isn't there: the script has the path as $1, what chown takes as $2, what chmod takes as $3. */
    List<Change> creation(String what, String script) {
        String summary = "create " + what + " " + path + attributes.inBrackets();
        Command command = Command.script(script, path, attributes.ownership(), attributes.modeOrNothing())
                .inSessionShell()
                .successCodes(0)
                .describedAs(summary);
        return List.of(new Change(summary, command));
    }

    String path() {
        return path;
    }

    Attributes attributes() {
        return attributes;
    }

    @Override
    public String toString() {
        return summary();
    }
}
