package dev.weftwork.connector;

/**
 * Sees everything that one command writes, while it writes it, however much it is.
 *
 * <p>Called by the connection's reading threads, never by two at once for the same stream, in the order of the stream; the
 * two streams may come from two threads. All calls happen before {@link Connection#execute} returns, but one that
 * blocks when its command is ended by a timeout or an interrupt: that isn't waited for, and is the last one. A consumer that blocks
 * holds back the command, as a slow reader of a pipe does, and nobody else. A consumer that throws ends the command as a
 * cancel does, and {@code execute} throws the same then.
 *
 * <pre>{@code
 * connection.execute(Command.of("make"), (stream, bytes, offset, count) -> System.out.write(bytes, offset, count));
 * }</pre>
 */
@FunctionalInterface
public interface OutputConsumer {

    /** Which of a command's streams. */
    enum Stream {
        STDOUT,
        STDERR
    }

    /**
     * Takes what has come.
     *
     * @param bytes valid during the call only
     * @param count at least 1
     */
    void accept(Stream stream, byte[] bytes, int offset, int count);
}
