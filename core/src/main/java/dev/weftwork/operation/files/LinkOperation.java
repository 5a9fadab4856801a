package dev.weftwork.operation.files;

import dev.weftwork.command.Command;
import dev.weftwork.fact.Facts;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.fact.PathInfo;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.PlanFailedException;
import java.util.List;

/**
 * At a path is a symbolic link; made by {@link Files#link}. A link to something else is changed, no more than that.
 *
 * <dl>
 *   <dt>Reads
 *   <dd>{@link Facts#path}.
 *   <dt>Changes
 *   <dd>One change, {@code ln -sfn}: the link is made, or points elsewhere from then on. What it pointed to stays.
 *   <dt>Refuses
 *   <dd>A file, directory, device, socket or pipe in its place, and a parent directory that isn't there.
 * </dl>
 *
 * <pre>{@code
 * Files.link("/srv/current").to("/srv/releases/42");
 * }</pre>
 */
public final class LinkOperation implements Operation {

    private final String path;
    private final String target;

    LinkOperation(String path, String target) {
        this.path = path;
        this.target = target;
    }

    @Override
    public String summary() {
        return "link " + path + " -> " + target;
    }

    @Override
    public List<Change> plan(HostFacts facts) {
        PathInfo found = facts.fact(Facts.path(path));
        return switch (found.kind()) {
            case NOTHING -> List.of(change("create link " + path + " -> " + target));
            case LINK -> {
                String current = found.linkTarget().orElse("");
                yield current.equals(target)
                        ? List.of()
                        : List.of(change("link " + path + " -> " + current + " now -> " + target));
            }
            case FILE, DIRECTORY, OTHER ->
                throw new PlanFailedException(
                        facts.host().name(),
                        path + " is " + found.kind().withArticle() + ", not a link; remove it with Files.absent first");
        };
    }

    /** With -n an existing link to a directory is replaced, not entered. */
    private Change change(String summary) {
        return new Change(
                summary,
                Command.of("ln", "-sfn", "--", target, path).successCodes(0).describedAs(summary));
    }

    @Override
    public String toString() {
        return summary();
    }
}
