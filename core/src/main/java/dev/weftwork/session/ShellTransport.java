package dev.weftwork.session;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * A way to start shells on one machine, as the user whom the connection logs in as. What a connector implements; sessions
 * do the rest.
 *
 * <p>Owned by the one {@link ShellConnection} that uses it, and closed with it. Safe for use from many threads.
 */
@FunctionalInterface
public interface ShellTransport {

    /**
     * Starts a POSIX shell that reads its script from its standard input, a plain {@code sh} without a terminal, and gives
     * what it writes to the listener from then on. Blocks until it is started, without holding a carrier thread.
     *
     * @param limit how long the caller waits, for a command with a timeout or for one that is being ended; positive
     * @throws IOException if it can't be started within that; the message says what was tried and what came back, and nothing
     *     is left open
     * @throws InterruptedException if the calling thread is interrupted; what was started is ended
     */
    ShellChannel open(ShellChannel.Listener listener, Duration limit) throws IOException, InterruptedException;

    /** Whom its shells belong to, if it knows: commands that are to run as that user need no other shell. */
    default Optional<String> user() {
        return Optional.empty();
    }

    /**
     * A way to start shells as another user of the same machine without a password and without a program there, if there is
     * one; the connection asks once for each user, and closes what it got. Empty, as by default, means that the connection
     * {@linkplain dev.weftwork.connector.Escalation becomes} that user in a shell of this transport. Doesn't block.
     */
    default Optional<ShellTransport> as(String user) {
        return Optional.empty();
    }

    /**
     * What can be said about a shell that was started, but ended or stayed silent before its first word; shown in place of
     * {@code reason}. Called once for such a shell, and may ask the machine's host; blocks for a few seconds at most.
     *
     * @param reason what the session knows
     */
    default String explain(String reason) throws InterruptedException {
        return reason;
    }

    /** Frees what shells share. They are closed by then. A second call does nothing. */
    default void close() {}
}
