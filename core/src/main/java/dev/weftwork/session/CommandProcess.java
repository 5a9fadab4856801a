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
 * text and evaluates it; what it may do to itself ({@code exec}, {@code exit}, {@code kill $$}, {@code kill $PPID}) hits
 * neither the marker nor this JVM. The outer shell gets everything on its standard input: texts by count of lines and
 * read by the shell's own {@code read}, which takes no byte too many, so the rest of the stream is the command's
 * standard input. Nothing of the command is ever in an argument list of ours.
 *
 * <p>A child left in the background may hold the streams open as long as it likes: reading ends at the marker.
 *
 * <p>Everything that can block in a pipe happens on {@link PipeThreads}.
 */
final class CommandProcess {

    /** How the process ended, when nobody ended it from here. */
    sealed interface End {
        record Exited(int status) implements End {}

        record PreludeFailed() implements End {}

        record StartFailed(String reason) implements End {}

        record Vanished(String reason) implements End {}
    }

    private static final Logger LOG = LoggerFactory.getLogger(CommandProcess.class);

    /** How long output may still come in after every process was ended. */
    private static final long LAST_OUTPUT_MILLIS = 1_000;

    /** What a pipe takes at once on every system even when memory is short; more is written by a thread of its own. */
    private static final int DIRECT_WRITE_BYTES = 4_096;

    /** Reads a count, then as many lines, into weft_text; an incomplete text is never evaluated. */
    private static final String TAKE = """
            weft_take() {
              IFS= read -r weft_count || exit 1
              weft_text=
              while [ "$weft_count" -gt 0 ]; do
                IFS= read -r weft_line || exit 1
                weft_text=$weft_text$weft_line'
            '
                weft_count=$((weft_count - 1))
              done
            }
            weft_take
            """;

    /** Its own standard error goes nowhere, so that it doesn't report there which signal killed the inner shell. */
    private static final String OUTER = "exec 3>&2 2>/dev/null\nIFS= read -r weft_nonce || exit 1\n" + TAKE + """
            weft_prelude() { eval "$weft_text"; }
            if weft_prelude 2>&3; then (exec "$@" 2>&3 3>&-); weft_status=$?; else weft_status=p; fi
            printf '%s %s\\n' "$weft_nonce" "$weft_status"
            printf '%s %s\\n' "$weft_nonce" "$weft_status" >&3
            """;

    private static final String INNER = TAKE + """
            set -- "$weft_text"
            unset weft_count weft_line weft_text
            unset -f weft_take
            eval "$1"
            """;

    private final String host;
    private final Command command;
    private final String nonce;
    private final boolean ownGroup;
    private final Output.Collector stdout = new Output.Collector(Output.DEFAULT_LIMIT);
    private final Output.Collector stderr = new Output.Collector(Output.DEFAULT_LIMIT);
    private final CompletableFuture<Process> started = new CompletableFuture<>();
    private final CompletableFuture<End> end;

    /** Starts it. The builder has environment and directory set; its command is replaced. */
    CommandProcess(
            String host,
            Command command,
            String nonce,
            ProcessBuilder builder,
            List<String> shell,
            List<String> entry,
            @Nullable String setsid) {
        this.host = host;
        this.command = command;
        this.nonce = nonce;
        ownGroup = setsid != null;
        var argv = new ArrayList<String>();
        if (setsid != null) {
            argv.add(setsid);
        }
        argv.addAll(entry);
        argv.addAll(shell);
        argv.addAll(List.of("-c", OUTER, "sh"));
        argv.addAll(shell);
        argv.addAll(List.of("-c", INNER, "sh"));
        end = PipeThreads.start("weftwork-out-" + host, () -> run(builder.command(argv)));
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

    /**
     * Ends the command with everything it started. Blocks, about five seconds at most; an interrupt doesn't shorten it.
     *
     * @return whether all of its processes were seen to be gone
     */
    CompletableFuture<Boolean> kill() {
        return PipeThreads.start("weftwork-kill-" + host, () -> {
            Process process;
            try {
                process = started.get();
            } catch (ExecutionException e) {
                return true;
            }
            boolean gone = ownGroup ? ProcessTree.endGroup(process) : ProcessTree.endTree(process);
            try {
                end.get(LAST_OUTPUT_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                LOG.debug("{}: a process that left its group still holds the output of `{}`", host, command);
                return false;
            } catch (ExecutionException e) {
                LOG.debug("{}: reading the output of `{}` failed", host, command, e);
            }
            return gone;
        });
    }

    private End run(ProcessBuilder builder) throws InterruptedException {
        InputStream input;
        Process process;
        try {
            input = command.stdin().open();
        } catch (IOException e) {
            return startFailed("its standard input can't be opened: " + e, e);
        }
        try {
            process = builder.start();
        } catch (IOException e) {
            closeQuietly(input);
            return startFailed("its shell can't be started: " + e.getMessage(), e);
        }
        started.complete(process);
        try {
            CompletableFuture<Optional<String>> inputFailure = send(process.getOutputStream(), input, process);
            var errors = PipeThreads.start(
                    "weftwork-err-" + host,
                    () -> new FrameReader(nonce, stderr).readToMarker(process.getErrorStream()));
            String status = new FrameReader(nonce, stdout).readToMarker(process.getInputStream());
            String sameStatus = errors.get();
            process.waitFor();
            if (status == null || sameStatus == null) {
                return new End.Vanished(inputFailure
                        .completeOnTimeout(Optional.empty(), LAST_OUTPUT_MILLIS, TimeUnit.MILLISECONDS)
                        .get()
                        .orElse("its shell ended without saying how the command did"));
            }
            return status.equals("p") ? new End.PreludeFailed() : new End.Exited(Integer.parseInt(status));
        } catch (IOException | ExecutionException | NumberFormatException e) {
            return new End.Vanished("reading its output failed: " + e);
        } finally {
            closeQuietly(process.getInputStream());
            closeQuietly(process.getErrorStream());
            closeQuietly(process.getOutputStream());
        }
    }

    private End startFailed(String reason, IOException cause) {
        started.completeExceptionally(cause);
        return new End.StartFailed(reason);
    }

    /** Writes texts and input; the future holds what went wrong, if anything that matters did. */
    private CompletableFuture<Optional<String>> send(OutputStream out, InputStream input, Process process)
            throws IOException {
        byte[] texts = texts();
        if (command.stdin() instanceof StandardInput.Empty && texts.length <= DIRECT_WRITE_BYTES) {
            return CompletableFuture.completedFuture(write(out, texts, input, process));
        }
        return PipeThreads.start("weftwork-in-" + host, () -> write(out, texts, input, process));
    }

    private byte[] texts() {
        var texts = new ByteArrayOutputStream();
        texts.writeBytes((nonce + "\n").getBytes(StandardCharsets.US_ASCII));
        for (byte[] text : List.of(command.shellPrelude(), command.shellText())) {
            int lines = 0;
            for (byte b : text) {
                lines += b == '\n' ? 1 : 0;
            }
            texts.writeBytes((lines + "\n").getBytes(StandardCharsets.US_ASCII));
            texts.writeBytes(text);
        }
        return texts.toByteArray();
    }

    private static Optional<String> write(OutputStream out, byte[] texts, InputStream input, Process process) {
        try (input;
                out) {
            out.write(texts);
            byte[] buffer = new byte[8 * 1024];
            while (true) {
                int count;
                try {
                    count = input.read(buffer);
                } catch (IOException e) {
                    process.destroyForcibly();
                    return Optional.of("its standard input could not be read to the end, so it was killed: " + e);
                }
                if (count < 0) {
                    return Optional.empty();
                }
                out.write(buffer, 0, count);
            }
        } catch (IOException e) {
            // The command ended, or closed its input, before it had read all of it: that is its right.
            LOG.trace("a command did not read all of its standard input", e);
            return Optional.empty();
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
