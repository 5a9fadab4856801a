package dev.weftwork.connector.orbstack.ssh;

import java.io.IOException;
import java.time.Duration;

/**
 * Makes connections to one SSH server, with one key. All that the connector knows of SSH, so that another library can take
 * the place of the present one.
 *
 * <p>Safe for use from many threads.
 */
@FunctionalInterface
public interface SshClient extends AutoCloseable {

    /**
     * Connects, checks the server's key, and logs in. Blocks without holding a carrier thread.
     *
     * @param login the user name as the server is to get it, {@code user@machine} for OrbStack
     * @param limit for all of it together
     * @throws SshFailure if that fails; nothing is left open, and nothing has run
     * @throws InterruptedException if the calling thread is interrupted; nothing is left open
     */
    SshConnection connect(String login, Duration limit) throws IOException, InterruptedException;

    /** Ends all connections, also those that are being made. A second call does nothing. */
    @Override
    default void close() {}
}
