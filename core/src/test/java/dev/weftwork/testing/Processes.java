package dev.weftwork.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What really runs on this computer. */
public final class Processes {

    private Processes() {}

    /** Whether a process can still do anything: one that is dead and waits to be collected by its parent can't. */
    public static boolean running(long pid) {
        try {
            Process ps = new ProcessBuilder("ps", "-o", "stat=", "-p", Long.toString(pid)).start();
            String state = new String(ps.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            ps.waitFor();
            return !state.isEmpty() && !state.startsWith("Z");
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException("ps failed", e);
        }
    }

    /** The processes that have this word among their arguments. */
    public static List<ProcessHandle> withArgument(String word) {
        return ProcessHandle.allProcesses()
                .filter(process -> process.info()
                        .arguments()
                        .map(List::of)
                        .filter(arguments -> arguments.contains(word))
                        .isPresent())
                .toList();
    }
}
