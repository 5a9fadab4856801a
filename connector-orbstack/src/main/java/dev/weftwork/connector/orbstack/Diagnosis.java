package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.orbstack.cli.MachineInfo;
import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.cli.OrbCtlException;
import java.util.Optional;

/**
 * Finds out why a shell ended before its first word: OrbStack answers an unknown machine, an unknown user and a machine that
 * can't be started alike, with status 1 and without a word.
 */
final class Diagnosis {

    private static final String STATUS_1 = "its shell ended with status 1";
    private static final String SILENCE = "its shell didn't answer";

    private final Optional<OrbCtl> orbctl;

    /** @param orbctl to ask; empty if there is none */
    Diagnosis(Optional<OrbCtl> orbctl) {
        this.orbctl = orbctl;
    }

    /**
     * The reason, or a better one.
     *
     * @param login empty for the machine's default user
     */
    String of(String reason, MachineName machine, Optional<String> login) throws InterruptedException {
        if (reason.startsWith(SILENCE)) {
            return "OrbStack gave it no shell that answers, which may be its daemon hanging: try `orbctl status`, and restart"
                    + " OrbStack if that hangs too (" + reason + ")";
        }
        if (!reason.startsWith(STATUS_1)) {
            return reason;
        }
        if (orbctl.isEmpty()) {
            return "OrbStack has no machine '" + machine + "', no user '" + login.orElse("default")
                    + "' on it, or can't start it; without orbctl it can't be found out which (" + reason + ")";
        }
        try {
            Optional<MachineInfo> info = orbctl.get().findInfo(machine);
            if (info.isEmpty()) {
                return "OrbStack has no machine '" + machine + "'; `orbctl list` shows those there are (" + reason
                        + ")";
            }
            String state = info.get().machine().stateText();
            if (!info.get().machine().isRunning()) {
                return "OrbStack didn't start the machine, which is " + state + "; try `orbctl start " + machine + "` ("
                        + reason + ")";
            }
            String user = login.or(() -> info.get().machine().defaultUser()).orElse("default");
            return "the machine is running, but has probably no user '" + user + "' (" + reason + ")";
        } catch (OrbCtlException e) {
            return reason + "; why can't be found out: " + e.getMessage();
        }
    }
}
