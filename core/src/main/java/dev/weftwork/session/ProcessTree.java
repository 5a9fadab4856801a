package dev.weftwork.session;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Ends a process on this computer with everything it started: TERM, and KILL for what is left after a grace period.
 *
 * <p>A process that leads a process group is ended through the group, in which no child can be missed however fast it
 * forks. Without a group (no {@code setsid} on this computer, as on macOS) the tree is walked, the root first so that a
 * script can't go on to its next command; a child whose parent died before, which is one that a command put into the
 * background long ago, isn't found that way.
 */
final class ProcessTree {

    /** How long processes have after TERM, and again after KILL. */
    static final Duration GRACE = Duration.ofSeconds(2);

    private static final int POLLS_PER_GRACE = 40;

    /**
     * Ends group $1; exits 0 once nothing of it is left. {@code kill -0} finds a group as long as it has a member, also a
     * dead one that waits for its parent to collect it, which in many containers nobody ever does: then ps tells.
     */
    private static final String END_GROUP = """
            alive() {
              kill -0 -"$1" 2>/dev/null || return 1
              [ "$2" -gt 2 ] || return 0
              listing=$(ps -A -o pgid= -o stat= 2>/dev/null) || return 0
              printf '%s\\n' "$listing" |
                awk -v group="$1" '$1 == group && $2 !~ /^Z/ { found = 1 } END { exit !found }'
            }
            end() {
              kill -"$1" -"$2" 2>/dev/null
              n=0
              while alive "$2" "$n"; do
                n=$((n + 1))
                [ "$n" -le "$3" ] || return 1
                sleep 0.05
              done
            }
            end TERM "$1" "$2" || end KILL "$1" "$2"
            """;

    private ProcessTree() {}

    /** Ends a process and its group, which has the process's id. Blocks, twice the grace period at most. */
    static boolean endGroup(Process leader) throws IOException, InterruptedException {
        Process killer = new ProcessBuilder(
                        "/bin/sh",
                        "-c",
                        END_GROUP,
                        "sh",
                        Long.toString(leader.pid()),
                        Integer.toString(POLLS_PER_GRACE))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        killer.getOutputStream().close();
        return killer.waitFor() == 0;
    }

    /** Ends a process and the tree below it. Blocks, twice the grace period at most. */
    static boolean endTree(Process root) throws InterruptedException {
        Set<ProcessHandle> tree = new LinkedHashSet<>(List.of(root.toHandle()));
        root.descendants().forEach(tree::add);
        tree.forEach(ProcessHandle::destroy);
        if (allEnd(tree)) {
            return true;
        }
        List.copyOf(tree).forEach(process -> process.descendants().forEach(tree::add));
        tree.forEach(ProcessHandle::destroyForcibly);
        return allEnd(tree);
    }

    private static boolean allEnd(Set<ProcessHandle> tree) throws InterruptedException {
        var ends = tree.stream().map(ProcessHandle::onExit).toArray(CompletableFuture[]::new);
        try {
            CompletableFuture.allOf(ends).get(GRACE.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("waiting for processes to end failed", e);
        }
    }
}
