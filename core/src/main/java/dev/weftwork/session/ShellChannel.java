package dev.weftwork.session;

import dev.weftwork.connector.OutputConsumer;
import java.io.IOException;
import java.util.Optional;

/**
 * The three streams of one shell on a machine.
 *
 * <p>Lifetime: from {@link ShellTransport#open} to {@link #close}, owned by the session that opened it.
 */
public interface ShellChannel extends AutoCloseable {

    /**
     * Takes what the shell writes, on threads of the transport; one call at a time for each stream. It may block, when a
     * consumer of output does, and must be allowed to: it holds back this shell then and no other.
     */
    interface Listener {
        /**
         * Takes what has come.
         *
         * @param bytes valid during the call only
         * @return whether more is wanted of this stream; if not, {@link ShellChannel#abandon} follows
         */
        boolean output(OutputConsumer.Stream stream, byte[] bytes, int offset, int count);

        /** The shell or the way to it has ended; after all output that could still be read. Called once. */
        void closed(String reason);
    }

    /**
     * Sends bytes to the shell's standard input, all of them. Blocks while the shell doesn't read. A few kilobytes, which
     * an idle shell takes at once, are written on any thread, also a virtual one; more on a thread of {@link PipeThreads}.
     *
     * @throws IOException if that fails, and then none of the last two bytes has reached the machine: a frame that wasn't
     *     sent as a whole is never run
     */
    void write(byte[] bytes, int offset, int count) throws IOException;

    /** No command is under way: what comes on standard error may wait. The next {@link #write} ends that. */
    default void settled() {}

    /**
     * The shell is not going to be used any more, but lives until {@link #close}, for processes which a command left and
     * which still hold its streams. What they write is to be read and goes nowhere. Called by the listener, or later.
     */
    default void abandon() {}

    /**
     * Ends the shell with everything it started, if this transport has a way of its own to do that on the machine. Blocks
     * for a few seconds at most; called on a thread that may hold its carrier.
     *
     * @param shell the shell's process number on the machine
     * @param leadsSession whether it leads a session of processes of its own
     * @return whether nothing is left; empty if there is no such way, and a shell beside it must do that
     */
    default Optional<Boolean> endProcesses(long shell, boolean leadsSession) throws InterruptedException {
        return Optional.empty();
    }

    /**
     * Ends the shell's input, on which it ends by itself, and frees what the channel holds; does not wait for a command
     * that is under way. A second call does nothing.
     */
    @Override
    void close();
}
