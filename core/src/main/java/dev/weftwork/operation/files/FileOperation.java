package dev.weftwork.operation.files;

import dev.weftwork.fact.Facts;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.fact.PathInfo;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.PlanFailedException;
import java.util.List;

/** A file is there, whatever it holds; made by {@link Files#file}. */
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
