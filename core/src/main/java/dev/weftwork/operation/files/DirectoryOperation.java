package dev.weftwork.operation.files;

import dev.weftwork.fact.Facts;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.fact.PathInfo;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.PlanFailedException;
import java.util.List;

/**
 * A directory is there; made by {@link Files#directory}.
 *
 * <dl>
 *   <dt>Reads
 *   <dd>{@link Facts#path}.
 *   <dt>Changes
 *   <dd>What is missing is made by one command, {@code mkdir -p} with {@code chown} and {@code chmod} of the last
 *       directory; parents that are made on the way belong to whoever makes them. Of a directory that is there, owner
 *       and group are one change and the mode another; what is in it stays as it is.
 *   <dt>Refuses
 *   <dd>A link, a file, a device, a socket or a pipe in its place.
 * </dl>
 *
 * <pre>{@code
 * Files.directory("/etc/app").owner("root").group("app").mode("750");
 * }</pre>
 */
public final class DirectoryOperation extends OwnedPath<DirectoryOperation> {

    private static final String CREATE = """
            mkdir -p "$1" || exit
            [ -z "$2" ] || chown "$2" "$1" || exit
            [ -z "$3" ] || chmod "$3" "$1"
            """;

    DirectoryOperation(String path, Attributes attributes) {
        super(path, attributes);
    }

    @Override
    DirectoryOperation with(Attributes other) {
        return new DirectoryOperation(path(), other);
    }

    @Override
    public String summary() {
        return "directory " + path();
    }

    @Override
    public List<Change> plan(HostFacts facts) {
        PathInfo found = facts.fact(Facts.path(path()));
        return switch (found.kind()) {
            case DIRECTORY -> attributes().changes(path(), found);
            case NOTHING -> creation("directory", CREATE);
            case LINK ->
                throw new PlanFailedException(
                        facts.host().name(),
                        path() + " is a link to " + found.linkTarget().orElse("?")
                                + ", not a directory; name the directory it points to, or remove the link with"
                                + " Files.absent first");
            case FILE, OTHER ->
                throw new PlanFailedException(
                        facts.host().name(),
                        path() + " is " + found.kind().withArticle()
                                + ", not a directory; remove it with Files.absent first");
        };
    }
}
