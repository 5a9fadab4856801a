package dev.weftwork.session;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Ends a shell on this computer with everything it started: TERM, once more after half of a grace period, and KILL for what
 * is left after all of it; the shell itself last, because it reports to nobody what the others still write when it is gone.
 *
 * <p>Belongs to it: the process itself; whatever is in its session, which {@code setsid} gives to each shell where it
 * exists, so that no child is missed however fast it forks and whatever group it makes for itself; children and groups of
 * those. Without {@code setsid}, as on macOS, a child whose parent died before the first look, which is one that a command
 * put into the background long ago, isn't found.
 *
 * <p>Signals go to one process at a time, through handles of the JDK, which make sure that a number hasn't been given to
 * another process meanwhile.
 */
final class ProcessTree {

    /** How long processes have after TERM, and again after KILL. */
    static final Duration GRACE = Duration.ofSeconds(2);

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(20);

    private final long root;
    private final boolean leadsSession;
    private final Map<Long, ProcessHandle> known = new HashMap<>();
    private final Set<Long> signalled = new HashSet<>();

    private ProcessTree(Process root, boolean leadsSession) {
        this.root = root.pid();
        this.leadsSession = leadsSession;
    }

    /**
     * Blocks until nothing of it is left, twice the grace period and two looks at the most.
     *
     * @param leadsSession whether it leads a session of its own, or is about to
     * @return whether nothing was seen to be left
     */
    static boolean end(Process root, boolean leadsSession) throws InterruptedException {
        var tree = new ProcessTree(root, leadsSession);
        return tree.signalUntilGone(false) || tree.signalUntilGone(true);
    }

    private boolean signalUntilGone(boolean kill) throws InterruptedException {
        long deadline = System.nanoTime() + GRACE.toNanos();
        boolean again = false;
        while (true) {
            List<ProcessHandle> alive = members(ProcessTable.list());
            if (alive.isEmpty()) {
                return true;
            }
            if (!again && System.nanoTime() - deadline >= -GRACE.toNanos() / 2) {
                // A shell's child that is met between its birth and its program has the shell's trap, which takes the
                // signal and is forgotten with the program: that one has never heard of it, and its shell waits for it.
                again = true;
                signalled.clear();
            }
            // Parents have the lower numbers mostly: a script ends before the command it waits for, and starts no
            // other.
            for (ProcessHandle process : alive) {
                if (kill || (process.pid() == root && alive.size() == 1)) {
                    process.destroyForcibly();
                } else if (process.pid() != root && signalled.add(process.pid())) {
                    process.destroy();
                }
            }
            if (System.nanoTime() - deadline >= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.sleep(BETWEEN_LOOKS.toNanos());
        }
    }

    /** What is alive of the tree, in the order of the listing. */
    private List<ProcessHandle> members(List<ProcessTable.Row> all) {
        known.values().removeIf(handle -> !handle.isAlive());
        var pids = new HashSet<Long>(known.keySet());
        pids.add(root);
        boolean grew = true;
        while (grew) {
            grew = false;
            for (ProcessTable.Row row : all) {
                if (belongs(row, pids) && pids.add(row.pid())) {
                    grew = true;
                }
            }
        }
        return all.stream()
                .filter(row -> pids.contains(row.pid()))
                .flatMap(row -> handleOf(row.pid()).stream())
                .toList();
    }

    private boolean belongs(ProcessTable.Row row, Set<Long> pids) {
        return (leadsSession && row.session() == root) || pids.contains(row.parent()) || pids.contains(row.group());
    }

    /** The handle taken when the process was first seen, so that a later process of the same number isn't taken for it. */
    private Optional<ProcessHandle> handleOf(long pid) {
        ProcessHandle handle = known.get(pid);
        if (handle == null) {
            handle = ProcessHandle.of(pid).orElse(null);
            if (handle != null) {
                known.put(pid, handle);
            }
        }
        return Optional.ofNullable(handle).filter(ProcessHandle::isAlive);
    }
}
