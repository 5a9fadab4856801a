package dev.weftwork.session;

import dev.weftwork.command.Output;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.connector.OutputConsumer.Stream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One frame that was sent to the session's shell, until its markers are back.
 *
 * <p>Fed by the channel's reading threads, each stream by one at a time; waited for by the thread that executes the command.
 */
final class Exchange {

    /** How it ended. */
    sealed interface End {
        /**
         * Its markers are here.
         *
         * @param left whether a process of the command may still be there
         */
        record Exited(int status, boolean left) implements End {}

        /** The shell or the way to it ended first. */
        record Closed(String reason) implements End {}

        /** The command got a part of its input, and there is no more. */
        record InputFailed(String reason) implements End {}
    }

    /** How much is kept of what is said before the command begins. */
    private static final int REASON_BYTES = 4 * 1024;

    final long number;

    /** As markers have it. */
    final String numberText;

    private final boolean announcesBegin;
    private final @Nullable OutputConsumer consumer;
    private final Output.Collector stdout;
    private final Output.Collector stderr;
    private final Output.@Nullable Collector reason;
    private final AtomicReference<@Nullable Throwable> consumerFailure = new AtomicReference<>();
    private final CompletableFuture<Boolean> ready = new CompletableFuture<>();
    private final CompletableFuture<End> end = new CompletableFuture<>();
    private volatile @Nullable Runnable onEnough;
    private final CompletableFuture<Boolean> over = new CompletableFuture<>();
    private volatile boolean stopped;
    private volatile boolean begun;
    private volatile boolean enough;

    /** Each is written by the thread of its stream; who writes the second one completes the exchange. */
    private volatile boolean stdoutEnded;

    private volatile boolean stderrEnded;

    Exchange(long number, boolean announcesBegin, int outputLimit, @Nullable OutputConsumer consumer) {
        this.number = number;
        numberText = Long.toString(number);
        this.announcesBegin = announcesBegin;
        this.consumer = consumer;
        stdout = new Output.Collector(outputLimit);
        stderr = new Output.Collector(outputLimit);
        reason = announcesBegin ? new Output.Collector(REASON_BYTES) : null;
    }

    void output(Stream stream, byte[] bytes, int offset, int count) {
        if (stream == Stream.STDOUT ? stdoutEnded : stderrEnded) {
            // Somebody else's, who was left.
            return;
        }
        if (reason != null && !begun && stream == Stream.STDERR) {
            reason.add(bytes, offset, count);
            return;
        }
        (stream == Stream.STDOUT ? stdout : stderr).add(bytes, offset, count);
        if (consumer != null && !stopped && consumerFailure.get() == null) {
            try {
                consumer.accept(stream, bytes, offset, count);
            } catch (Throwable e) {
                if (consumerFailure.compareAndSet(null, e)) {
                    // Wakes who waits, and ends the command.
                    end.completeExceptionally(e);
                }
            }
        }
    }

    /** Whether it is a word that shells say. */
    boolean note(String word) {
        switch (word) {
            case "begin" -> begun = true;
            case "ready" -> ready.complete(true);
            case "enough" -> {
                enough = true;
                Runnable action = onEnough;
                if (action != null) {
                    action.run();
                }
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    void ended(Stream stream, int status, boolean left) {
        if (stream == Stream.STDOUT) {
            stdoutEnded = true;
        } else {
            stderrEnded = true;
        }
        if (stdoutEnded && stderrEnded) {
            end.complete(new End.Exited(status, left));
        }
    }

    void closed(String why) {
        end.complete(new End.Closed(why));
        ready.complete(false);
    }

    /** Nobody waits for it any more: it is ended as by an interrupt. */
    void cancel() {
        end.completeExceptionally(new IllegalStateException("its connection was closed"));
        ready.complete(false);
    }

    /** The result is made: the consumer gets nothing more. */
    void stop() {
        stopped = true;
        over.complete(true);
    }

    /** Completes when the command's result is made. */
    CompletableFuture<Boolean> over() {
        return over;
    }

    void inputFailed(String why) {
        end.complete(new End.InputFailed(why));
    }

    /** Sets what is done when the command has ended and needs no more input; at once, if it has already. */
    void onEnough(Runnable action) {
        onEnough = action;
        if (enough) {
            action.run();
        }
    }

    /** Completes with whether the shell waits for what comes behind the frame. */
    CompletableFuture<Boolean> ready() {
        return ready;
    }

    /** Completes when all output is here, exceptionally with what a consumer threw. */
    CompletableFuture<End> end() {
        return end;
    }

    /** How it has ended, or null if it hasn't or a consumer failed. */
    @Nullable
    End endSoFar() {
        return end.isCompletedExceptionally() ? null : end.getNow(null);
    }

    /** Whether the command surely began, or never announces it. */
    boolean begun() {
        return begun || !announcesBegin;
    }

    /** Whether the command has ended, and nobody wants more of its input. */
    boolean enough() {
        return enough || end.isDone();
    }

    @Nullable
    Throwable consumerFailure() {
        return consumerFailure.get();
    }

    /** What was said about a command that didn't begin. */
    String reason() {
        return reason == null ? "" : reason.soFar().text().strip();
    }

    Output stdout() {
        return stdout.soFar();
    }

    Output stderr() {
        return stderr.soFar();
    }
}
