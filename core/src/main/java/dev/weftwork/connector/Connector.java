package dev.weftwork.connector;

import dev.weftwork.inventory.Host;

/**
 * Opens connections to the machines that hosts stand for. One connector serves all hosts of a run, and many runs.
 *
 * <p>Lifetime: made by the user, given to an engine, which owns it from then on and closes it when it is closed itself,
 * after all its connections. {@link #connect} is called from many threads at once, virtual ones; it must not hold a
 * carrier thread while it waits (no {@code synchronized} around blocking calls, no read of a process's pipe).
 *
 * <p>A connector knows nothing of deploys and operations: it gets a host and commands, nothing more.
 */
public interface Connector extends AutoCloseable {

    /**
     * Opens a connection to the machine, ready for commands. Blocks until it is.
     *
     * @return a connection that the caller closes
     * @throws ConnectFailedException if the machine can't be reached; nothing has run on it
     * @throws InterruptedException if the calling thread is interrupted; what was opened is closed again
     */
    Connection connect(Host host) throws InterruptedException;

    /**
     * How many {@link #connect} and {@link Connection#execute} calls its backend can take at once, over all hosts and runs;
     * no limit unless said otherwise. The engine keeps to it, and lets callers wait in the order in which they come.
     */
    default int maxParallel() {
        return Integer.MAX_VALUE;
    }

    /**
     * Frees what connections share. They are closed by then, and run nothing any more. A second call does nothing.
     */
    @Override
    void close();
}
