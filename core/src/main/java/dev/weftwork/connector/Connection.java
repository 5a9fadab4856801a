package dev.weftwork.connector;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Upload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * An open way to one machine, on which commands run one after the other.
 *
 * <p>Lifetime: from {@link Connector#connect} to {@link #close}, owned by who opened it. Not for concurrent use: the
 * engine's host executor sees to it that one command at a time is under way.
 */
public interface Connection extends AutoCloseable {

    /**
     * Runs a command to its end and says how it ended. Blocks; called on a virtual thread.
     *
     * <p>Whatever happens to the command is in the result, and only there: a failed command, a timeout, a lost
     * connection. A command of which the connection can't be sure that nothing ran is never reported as not started,
     * and never run a second time.
     *
     * <p>Interrupting the calling thread ends the command with everything it started on the machine: this method then
     * returns {@link dev.weftwork.command.Outcome.Cancelled} with the output so far, and leaves the thread's interrupt
     * status set. On a thread that is interrupted from the start nothing runs.
     *
     * @param consumer sees all that the command writes; the result holds it too, up to the command's output limit
     */
    CommandResult execute(Command command, OutputConsumer consumer);

    /** As {@link #execute(Command, OutputConsumer)}, with its output in the result only. */
    default CommandResult execute(Command command) {
        return execute(command, (stream, bytes, offset, count) -> {});
    }

    /**
     * Puts a content into a file of the machine, as a whole or not at all; as {@link #execute(Command)} of
     * {@link Upload#command()}.
     */
    default CommandResult upload(Upload upload) {
        return execute(upload.command());
    }

    /**
     * Brings a file of the machine to this computer: to a temporary name beside {@code file}, checked for its length and,
     * where the machine has a program for that, its SHA-256, then moved into place. Blocks; an interrupt ends it as it ends
     * a command. Unless the result has succeeded, {@code file} is as it was.
     *
     * @throws IOException if it can't be written here, or has been changed on the machine meanwhile
     */
    default CommandResult download(String path, Path file) throws IOException {
        return Download.run(this, path, file, Optional.empty());
    }

    /** As {@link #download(String, Path)}, read by that user of the machine, as a command {@linkplain Command#as as} them. */
    default CommandResult download(String path, Path file, String user) throws IOException {
        return Download.run(this, path, file, Optional.of(user));
    }

    /** Ends the connection; a command after this is not started. A second call does nothing. */
    @Override
    void close();
}
