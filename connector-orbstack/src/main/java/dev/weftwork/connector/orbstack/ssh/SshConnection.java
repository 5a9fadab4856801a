package dev.weftwork.connector.orbstack.ssh;

import dev.weftwork.session.ShellChannel;
import java.io.IOException;
import java.time.Duration;

/**
 * One connection to an SSH server, over which several commands can be under way.
 *
 * <p>Owned by who {@linkplain SshClient#connect made} it. Safe for use from many threads.
 */
public interface SshConnection extends AutoCloseable {

    /**
     * Starts a command on the machine, without a terminal. Blocks until the server has accepted it, without holding a carrier
     * thread.
     *
     * @param listener gets what it writes, on the one thread that reads this connection: while it blocks, nothing else of
     *     the connection goes on
     * @throws IOException if the server refuses it, the limit is over or the connection lost
     * @throws InterruptedException if the calling thread is interrupted; the command ends then, or never begins
     */
    ShellChannel open(String command, ShellChannel.Listener listener, Duration limit)
            throws IOException, InterruptedException;

    /** Whether it is there, as far as is known. */
    boolean isOpen();

    /** How long a listener has been holding the thread that reads the connection; zero if none does. */
    Duration heldUp();

    /** Ends it; a command's streams end with it. Doesn't wait for the server. A second call does nothing. */
    @Override
    void close();
}
