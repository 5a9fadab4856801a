package dev.weftwork.session;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import java.time.Duration;
import java.util.OptionalLong;

/** Ends a session with everything it started from a shell beside it, on whatever machine they are. */
final class EndSession {

    private static final String SCRIPT = SessionScript.read("end-session.sh");
    private static final Duration LIMIT = Duration.ofSeconds(15);

    private EndSession() {}

    /** Whether nothing is left of it. Blocks for a few seconds at most. */
    static boolean from(ShellSession beside, ShellSession session) {
        ShellSession.Shell shell = session.shell();
        var command = Command.script(
                        "weft_target=$1 weft_leads=$2 weft_grace=$3\n" + SCRIPT,
                        Long.toString(shell.pid()),
                        // Where nothing tells sessions, a shell that leads its group is as good as one that leads both.
                        shell.leads().equals("yes")
                                        || (shell.leads().equals("group")
                                                && shell.mode().equals("none"))
                                ? "yes"
                                : "no",
                        Long.toString(ProcessTree.GRACE.toSeconds()))
                .timeout(LIMIT);
        long now = System.nanoTime();
        // One that doesn't end by itself is left to its shell: ending it would take another one.
        CommandResult result =
                beside.execute(command, null, now, OptionalLong.of(now + LIMIT.toNanos()), stuck -> false);
        return result.succeeded() && result.stdoutText().strip().equals("weft gone");
    }
}
