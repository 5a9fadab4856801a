package dev.weftwork.session;

import dev.weftwork.connector.Escalation;
import java.util.List;
import java.util.Optional;

/**
 * Whose session it is to be, and how to get there.
 *
 * @param shell the words that start a shell on the machine which reads its script from standard input
 * @param escalation how to become another user
 * @param sharedMachine whether many sessions, of many hosts, are on that machine at once
 * @param user whom to become; empty for the user that the transport logs in as
 */
record Login(List<String> shell, Escalation escalation, boolean sharedMachine, Optional<String> user) {

    Login {
        shell = List.copyOf(shell);
    }

    /** As one line of shell. */
    String quotedShell() {
        return SessionScript.quoted(shell);
    }
}
