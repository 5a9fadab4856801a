package dev.weftwork.operation.files;

import dev.weftwork.command.Command;
import dev.weftwork.fact.Facts;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.fact.PathInfo;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import java.util.List;

/**
 * Nothing is at a path; made by {@link Files#absent}.
 *
 * <dl>
 *   <dt>Reads
 *   <dd>{@link Facts#path}.
 *   <dt>Changes
 *   <dd>One change, {@code rm -rf}: a directory goes with everything in it, a link without what it points to.
 *   <dt>Refuses
 *   <dd>Nothing that it finds there.
 * </dl>
 *
 * <pre>{@code
 * Files.absent("/etc/app/old.conf");
 * }</pre>
 */
public final class AbsentOperation implements Operation {

    private final String path;

    AbsentOperation(String path) {
        this.path = path;
    }

    @Override
    public String summary() {
        return "nothing at " + path;
    }

    @Override
    public List<Change> plan(HostFacts facts) {
        PathInfo found = facts.fact(Facts.path(path));
        if (!found.exists()) {
            return List.of();
        }
        String summary = switch (found.kind()) {
            case DIRECTORY -> "delete directory " + path + " with everything in it";
            case LINK -> "delete link " + path;
            default -> "delete " + path;
        };
        return List.of(new Change(
                summary, Command.of("rm", "-rf", path).successCodes(0).describedAs(summary)));
    }

    @Override
    public String toString() {
        return summary();
    }
}
