package dev.weftwork.session;

import java.io.IOException;

/**
 * A way to start shells on one machine, as the user whom the connection logs in as. What a connector implements; sessions
 * do the rest.
 *
 * <p>Owned by its connector, and used by one {@link ShellConnection}. Safe for use from many threads.
 */
@FunctionalInterface
public interface ShellTransport {

    /**
     * Starts a POSIX shell that reads its script from its standard input, a plain {@code sh} without a terminal, and gives
     * what it writes to the listener from then on. Blocks until it is started, without holding a carrier thread.
     *
     * @throws IOException if it can't be started; the message says what was tried and what came back
     * @throws InterruptedException if the calling thread is interrupted; what was started is ended
     */
    ShellChannel open(ShellChannel.Listener listener) throws IOException, InterruptedException;
}
