package dev.weftwork.operation.files;

import dev.weftwork.fact.Facts;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.fact.PathInfo;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.PlanFailedException;
import java.util.List;

/**
 * A file is there, whatever it holds; made by {@link Files#file}.
 *
 * <dl>
 *   <dt>Reads
 *   <dd>{@link Facts#path}.
 *   <dt>Changes
 *   <dd>A file that is missing is made empty, with owner and mode, by one command, which fails rather than empty
 *       one that has appeared meanwhile. Of a file that is there, owner and group are one change and the mode another;
 *       its content and its times stay as they are.
 *   <dt>Refuses
 *   <dd>A directory, a link, a device, a socket or a pipe in its place, and a parent directory that isn't there.
 * </dl>
 *
 * <pre>{@code
 * Files.file("/var/log/app.log").owner("app").mode("640");
 * }</pre>
 */
public final class FileOperation extends OwnedPath<FileOperation> {

    /** With {@code set -C} the shell makes a new file or fails, so that what appeared meanwhile isn't emptied. */
    private static final String CREATE = """
            (set -C; : > "$1") || exit
            [ -z "$2" ] || chown "$2" "$1" || exit
            [ -z "$3" ] || chmod "$3" "$1"
            """;

    FileOperation(String path, Attributes attributes) {
        super(path, attributes);
    }

    @Override
    FileOperation with(Attributes other) {
        return new FileOperation(path(), other);
    }

    @Override
    public String summary() {
        return "file " + path();
    }

    @Override
    public List<Change> plan(HostFacts facts) {
        PathInfo found = facts.fact(Facts.path(path()));
        return switch (found.kind()) {
            case FILE -> attributes().changes(path(), found);
            case NOTHING -> creation("empty file", CREATE);
            case LINK, DIRECTORY, OTHER ->
                throw new PlanFailedException(
                        facts.host().name(),
                        path() + " is " + found.kind().withArticle()
                                + ", not a file; remove it with Files.absent first");
        };
    }
}
