package dev.weftwork.session;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All processes of this computer at a moment, as {@code ps} lists them: unlike the JDK it knows groups and sessions, and
 * tells what is dead and only waits to be collected by its parent, which in many containers nobody ever does.
 *
 * <p>When many ask at once, as when a run on a thousand hosts is cancelled, one listing serves all who asked before it
 * began. Called on platform threads only.
 */
final class ProcessTable {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessTable.class);

    /** Sessions are known where commands have one of their own; elsewhere the column repeats the group. */
    private static final List<String> WITH_SESSION =
            List.of("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "sid=", "-o", "stat=");

    private static final List<String> WITHOUT_SESSION =
            List.of("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "pgid=", "-o", "stat=");

    private static final ReentrantLock LOCK = new ReentrantLock();
    private static @Nullable List<Row> latest;
    private static long latestBegan;

    private ProcessTable() {}

    /** A process that is not dead. */
    record Row(long pid, long parent, long group, long session) {}

    /** A listing that began after this call. Blocks while it is made. */
    static List<Row> list() throws InterruptedException {
        long asked = System.nanoTime();
        LOCK.lockInterruptibly();
        try {
            List<Row> rows = latest;
            if (rows == null || latestBegan - asked < 0) {
                latestBegan = System.nanoTime();
                rows = read();
                latest = rows;
            }
            return rows;
        } finally {
            LOCK.unlock();
        }
    }

    private static List<Row> read() throws InterruptedException {
        try {
            return ps(WITH_SESSION);
        } catch (IOException e) {
            LOG.debug("ps with sessions failed", e);
        }
        try {
            return ps(WITHOUT_SESSION);
        } catch (IOException e) {
            LOG.debug("ps failed, so groups of processes are not known", e);
        }
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.map(process -> new Row(
                            process.pid(),
                            process.parent().map(ProcessHandle::pid).orElse(0L),
                            0,
                            0))
                    .toList();
        }
    }

    /** One whose first thread has ended, and others have not, shows as dead too. */
    private static boolean isDead(String state) {
        return state.startsWith("Z") && !state.contains("l");
    }

    private static List<Row> ps(List<String> command) throws IOException, InterruptedException {
        Process ps = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        ps.getOutputStream().close();
        var rows = new ArrayList<Row>();
        try (var lines = new BufferedReader(new InputStreamReader(ps.getInputStream(), StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] columns = line.strip().split("\\s+", -1);
                if (columns.length == 5 && !isDead(columns[4])) {
                    rows.add(new Row(
                            Long.parseLong(columns[0]),
                            Long.parseLong(columns[1]),
                            Long.parseLong(columns[2]),
                            Long.parseLong(columns[3])));
                }
            }
        } catch (NumberFormatException e) {
            throw new IOException("ps printed something unexpected", e);
        }
        int status = ps.waitFor();
        if (status != 0 || rows.isEmpty()) {
            throw new IOException("ps exited " + status);
        }
        return rows;
    }
}
