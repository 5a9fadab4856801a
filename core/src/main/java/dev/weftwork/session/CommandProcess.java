package dev.weftwork.session;

import dev.weftwork.command.Command;
import dev.weftwork.command.Output;
import dev.weftwork.command.StandardInput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One command in a shell process of its own on this computer, from start to end.
 *
 * <p>Two shells stand behind each other. The outer one enters the directory and sets the environment, starts the inner
 * one, and prints a marker with the exit status on both streams when that has ended. The inner one reads the command's
 * text, prints a marker on standard error to say that it has all of it, and evaluates it: without that marker nothing of
 * the command has run. What a command may do to itself ({@code exec}, {@code exit}, {@code kill $$}) doesn't touch the
 * markers; {@code kill $PPID} hits the outer shell, not this JVM, and is told from an end by the missing marker.
 *
 * <p>The shells get everything on their standard input: texts by count of lines and read by the shell's own {@code read},
 * which takes no byte too many, so the rest of the stream is the command's standard input. Nothing of the command is ever
 * in an argument list of ours.
 *
 * <p>A child left in the background may hold the streams open as long as it likes: reading ends at the marker.
 *
 * <p>Everything that can block in a pipe happens on {@link PipeThreads}.
 */
final class CommandProcess {

    /** How the process ended, when nobody ended it from here. */
    sealed interface End {
        record Exited(int status) implements End {}

        /** Nothing of the command ran. */
        record NotStarted(String reason) implements End {}

        /** The command began, and how it ended isn't known. */
        record Vanished(String reason) implements End {}
    }

    /** What became of an attempt to end it. */
    enum Death {
        CONFIRMED,
        UNCONFIRMED,
        /** It hadn't been started, and never will be. */
        BEFORE_START
    }

    private static final Logger LOG = LoggerFactory.getLogger(CommandProcess.class);

    private static final String CANCELLED = "it was cancelled before its process was started";

    /** How long output may still come in after every process was ended, and a reason after a lost one. */
    private static final long LAST_WORDS_MILLIS = 1_000;

    /** What a pipe takes at once on every system even when memory is short; more is written by a thread of its own. */
    private static final int DIRECT_WRITE_BYTES = 4_096;

    /** How much is kept of what shells print before the command. */
    private static final int PREAMBLE_BYTES = 8 * 1024;

    /**
     * Reads a count, then as many lines, into weft_text; an incomplete text is never evaluated. In the C locale, because
     * bash takes a newline behind half a character for its second half in others. In parts, because appending each line
     * to the whole would take time by the square.
     */
    private static final String TAKE = """
            weft_had=${LC_ALL+yes} weft_locale=${LC_ALL-}
            LC_ALL=C
            weft_text= weft_part=
            IFS= read -r weft_nonce || exit 1
            IFS= read -r weft_count || exit 1
            while [ "$weft_count" -gt 0 ]; do
              IFS= read -r weft_line || exit 1
              weft_part=$weft_part$weft_line'
            '
              weft_count=$((weft_count - 1))
              if [ $((weft_count % 128)) -eq 0 ]; then weft_text=$weft_text$weft_part weft_part=; fi
            done
            if [ -n "$weft_had" ]; then LC_ALL=$weft_locale; else unset LC_ALL; fi
            """;

    /** Its own standard error goes nowhere, so that it doesn't report there which signal killed the inner shell. */
    private static final String OUTER = "exec 3>&2 2>/dev/null\n" + TAKE + """
            weft_prelude() { eval "$weft_text"; }
            if weft_prelude 2>&3; then (exec "$@" 2>&3 3>&-); weft_status=$?; else weft_status=1; fi
            printf '%s %s\\n' "$weft_nonce" "$weft_status"
            printf '%s %s\\n' "$weft_nonce" "$weft_status" >&3
            """;

    private static final String INNER = TAKE + """
            printf '%s %s\\n' "$weft_nonce" begin >&2
            set -- "$weft_text"
            unset weft_had weft_locale weft_nonce weft_count weft_line weft_text weft_part
            eval "$1"
            """;

    private final String host;
    private final Command command;
    private final String nonce;
    private final PipeThreads threads;
    private final boolean leadsSession;
    private final Output.Collector preamble = new Output.Collector(PREAMBLE_BYTES);
    private final Output.Collector stdout = new Output.Collector(Output.DEFAULT_LIMIT);
    private final Output.Collector stderr = new Output.Collector(Output.DEFAULT_LIMIT);
    private final CompletableFuture<Process> started = new CompletableFuture<>();
    private final CompletableFuture<Boolean> begun = new CompletableFuture<>();
    private final CompletableFuture<End> end = new CompletableFuture<>();

    /** Starts it. The builder has environment and directory set; its command is replaced. */
    CommandProcess(
            String host,
            Command command,
            String nonce,
            ProcessBuilder builder,
            List<String> shell,
            List<String> entry,
            @Nullable String setsid,
            PipeThreads threads) {
        this.host = host;
        this.command = command;
        this.nonce = nonce;
        this.threads = threads;
        leadsSession = setsid != null;
        var argv = new ArrayList<String>();
        if (setsid != null) {
            argv.add(setsid);
        }
        argv.addAll(entry);
        argv.addAll(shell);
        argv.addAll(List.of("-c", OUTER, "sh"));
        argv.addAll(shell);
        argv.addAll(List.of("-c", INNER, "sh"));
        var unused = threads.start("weftwork-out-" + host, () -> run(builder.command(argv)))
                .whenComplete((ended, failure) -> {
                    if (failure != null) {
                        end.complete(new End.NotStarted("it could not be started: " + failure));
                    }
                });
    }

    /** Completes when the command has ended and all its output is here. */
    CompletableFuture<End> end() {
        return end;
    }

    Output stdout() {
        return stdout.soFar();
    }

    Output stderr() {
        return stderr.soFar();
    }

    /** Ends the command with everything it started; takes about five seconds at most. */
    CompletableFuture<Death> kill() {
        if (started.completeExceptionally(new CancellationException(CANCELLED))) {
            return CompletableFuture.completedFuture(Death.BEFORE_START);
        }
        if (started.isCompletedExceptionally()) {
            return CompletableFuture.completedFuture(Death.BEFORE_START);
        }
        return threads.start("weftwork-kill-" + host, () -> {
            boolean gone = ProcessTree.end(started.join(), leadsSession);
            try {
                end.get(LAST_WORDS_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                LOG.debug("{}: a process that escaped still holds the output of `{}`", host, command);
                gone = false;
            }
            return gone ? Death.CONFIRMED : Death.UNCONFIRMED;
        });
    }

    /** Returns whether it was started; all else is in {@link #end}. */
    private boolean run(ProcessBuilder builder) {
        if (started.isDone()) {
            return notStarted(CANCELLED, new CancellationException(CANCELLED));
        }
        InputStream input;
        try {
            input = command.stdin().open();
        } catch (IOException e) {
            return notStarted("its standard input can't be opened: " + e, e);
        }
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            closeQuietly(input);
            return notStarted("its shell can't be started: " + e.getMessage(), e);
        }
        // Until here it could be cancelled; the shell has been sent nothing yet.
        if (!started.complete(process)) {
            process.destroyForcibly();
            closeQuietly(input);
            closeQuietly(process.getOutputStream());
            closeQuietly(process.getInputStream());
            closeQuietly(process.getErrorStream());
            return notStarted(CANCELLED, new CancellationException(CANCELLED));
        }
        try {
            end.complete(converse(process, input));
        } catch (Throwable e) {
            LOG.debug("{}: `{}` is ended because its streams failed", host, command, e);
            endNow(process);
            end.complete(new End.Vanished("its streams failed: " + e));
        } finally {
            closeQuietly(process.getInputStream());
            closeQuietly(process.getErrorStream());
        }
        return true;
    }

    private boolean notStarted(String reason, Exception cause) {
        started.completeExceptionally(cause);
        end.complete(new End.NotStarted(reason));
        return false;
    }

    private End converse(Process process, InputStream input)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        var errors = threads.start("weftwork-err-" + host, () -> readErrors(process));
        var unused = errors.whenComplete((word, failure) -> {
            if (failure != null) {
                process.destroyForcibly();
            }
        });
        CompletableFuture<Optional<String>> inputFailure = send(process, input);
        String status = new FrameReader(process.getInputStream(), nonce).readToMarker(stdout);
        Optional<String> sameStatus = errors.get();
        process.waitFor();
        if (!begun.isDone()) {
            String words = preamble.soFar().text().strip();
            return new End.NotStarted("its directory, environment or shell can't be used: "
                    + (words.isEmpty() ? "the shell said nothing" : words));
        }
        if (status == null || sameStatus.isEmpty()) {
            return new End.Vanished(inputFailure
                    .completeOnTimeout(Optional.empty(), LAST_WORDS_MILLIS, TimeUnit.MILLISECONDS)
                    .get()
                    .orElse("its shell ended without saying how the command did"));
        }
        return new End.Exited(Integer.parseInt(status));
    }

    private Optional<String> readErrors(Process process) throws IOException {
        var reader = new FrameReader(process.getErrorStream(), nonce);
        String word = reader.readToMarker(preamble);
        if (!"begin".equals(word)) {
            return Optional.ofNullable(word);
        }
        begun.complete(true);
        return Optional.ofNullable(reader.readToMarker(stderr));
    }

    /** Writes texts and input; the future holds what went wrong, if anything that matters did. */
    private CompletableFuture<Optional<String>> send(Process process, InputStream input) {
        byte[] texts = texts();
        if (command.stdin() instanceof StandardInput.Empty && texts.length <= DIRECT_WRITE_BYTES) {
            return CompletableFuture.completedFuture(write(process, texts, input));
        }
        return threads.start("weftwork-in-" + host, () -> write(process, texts, input));
    }

    private byte[] texts() {
        var texts = new ByteArrayOutputStream();
        for (byte[] text : List.of(command.shellPrelude(), command.shellText())) {
            int lines = 0;
            for (byte b : text) {
                lines += b == '\n' ? 1 : 0;
            }
            texts.writeBytes((nonce + "\n" + lines + "\n").getBytes(StandardCharsets.US_ASCII));
            texts.writeBytes(text);
        }
        return texts.toByteArray();
    }

    /**
     * The only place that closes the stream: closing waits for a write, and a write may be blocked for as long as a
     * daemon that inherited the other end lives.
     */
    private Optional<String> write(Process process, byte[] texts, InputStream input) {
        try (input;
                OutputStream out = process.getOutputStream()) {
            out.write(texts);
            byte[] buffer = new byte[8 * 1024];
            while (true) {
                int count;
                try {
                    count = input.read(buffer);
                } catch (IOException e) {
                    // Ended before the stream is closed, or the command would take a part of its input for the whole.
                    endNow(process);
                    return Optional.of("its standard input could not be read to the end, so it was killed: " + e);
                }
                if (count < 0) {
                    return Optional.empty();
                }
                out.write(buffer, 0, count);
            }
        } catch (IOException e) {
            // The command ended, or closed its input, before it had read all of it: that is its right.
            LOG.trace("{}: `{}` did not read all of its standard input", host, command, e);
            return Optional.empty();
        }
    }

    private void endNow(Process process) {
        try {
            ProcessTree.end(process, leadsSession);
        } catch (InterruptedException e) {
            // Nobody interrupts these threads.
            Thread.currentThread().interrupt();
        }
    }

    private static void closeQuietly(AutoCloseable stream) {
        try {
            stream.close();
        } catch (Exception e) {
            LOG.trace("closing a pipe", e);
        }
    }
}
