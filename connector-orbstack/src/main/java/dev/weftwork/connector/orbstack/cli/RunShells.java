package dev.weftwork.connector.orbstack.cli;

import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ProcessTransport;
import dev.weftwork.session.ShellChannel;
import dev.weftwork.session.ShellTransport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Shells behind processes of {@code orbctl run}. */
final class RunShells implements ShellTransport {

    /** OrbStack takes the directory from the Mac where the machine has it too: one that every machine has. */
    private static final Path ROOT = Path.of("/");

    /** The first line that the shell reads, before the session's. */
    private static final byte[] GO_HOME = "cd \"${HOME:-/}\" || cd /\n".getBytes(StandardCharsets.US_ASCII);

    /** Not 126 or 127, for which the machine's own shell says why. */
    private static final Pattern STATUS_1 = Pattern.compile("its shell ended with status 1(\\D.*)?", Pattern.DOTALL);

    private static final String SILENCE = "its shell didn't answer";

    private final OrbCtl orbctl;
    private final MachineName machine;
    private final Optional<String> user;
    private final ShellTransport processes;

    RunShells(
            OrbCtl orbctl,
            String host,
            MachineName machine,
            List<String> argv,
            Optional<String> user,
            Map<String, String> environment,
            PipeThreads threads) {
        this.orbctl = orbctl;
        this.machine = machine;
        this.user = user;
        processes = ProcessTransport.elsewhere(host, argv, ROOT, environment, threads);
    }

    @Override
    public ShellChannel open(ShellChannel.Listener listener, Duration limit) throws IOException, InterruptedException {
        ShellChannel channel = processes.open(listener, limit);
        try {
            channel.write(GO_HOME, 0, GO_HOME.length);
        } catch (IOException e) {
            // It has ended already; the listener is told why, or the session finds out when it writes.
        }
        return channel;
    }

    @Override
    public Optional<String> user() {
        return user;
    }

    /**
     * OrbStack answers an unknown machine, an unknown user and a machine that can't be started alike, with status 1 and
     * without a word; what it knows of the machine tells them apart.
     */
    @Override
    public String explain(String reason) throws InterruptedException {
        if (reason.startsWith(SILENCE)) {
            return "OrbStack gave it no shell that answers, which may be its daemon hanging: try `orbctl status`, and restart"
                    + " OrbStack if that hangs too (" + reason + ")";
        }
        if (!STATUS_1.matcher(reason).matches()) {
            return reason;
        }
        try {
            Optional<MachineInfo> info = orbctl.findInfo(machine);
            if (info.isEmpty()) {
                return "OrbStack has no machine '" + machine + "'; `orbctl list` shows those there are (" + reason
                        + ")";
            }
            Machine found = info.get().machine();
            if (!found.isRunning()) {
                return "OrbStack didn't start the machine, which is " + found.stateText() + "; try `orbctl start "
                        + machine + "` (" + reason + ")";
            }
            String who = user.or(found::defaultUser).orElse("default");
            return "the machine is running, but has probably no user '" + who + "' (" + reason + ")";
        } catch (OrbCtlException e) {
            return reason + "; why can't be found out: " + e.getMessage();
        }
    }
}
