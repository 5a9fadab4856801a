package dev.weftwork.session;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.StandardInput;
import dev.weftwork.command.Upload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** A program of its own, so that it can be given little memory: sends and receives more than it could hold. */
public final class LargeTransfers {

    private LargeTransfers() {}

    /** Takes a folder, how many MiB of output, and how many MiB of files. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        long output = Long.parseLong(arguments[1]);
        int file = Integer.parseInt(arguments[2]);
        try (var threads = new PipeThreads()) {
            var transport = new ProcessTransport(
                    "web01", List.of("/bin/sh"), folder, Map.of("PATH", System.getenv("PATH")), threads);
            try (var connection =
                    ShellConnection.to("web01", transport, threads).open()) {
                var seen = new AtomicLong();
                CommandResult result = connection
                        .execute(
                                Command.of("dd", "if=/dev/zero", "bs=1048576", "count=" + output),
                                (stream, bytes, offset, count) -> seen.addAndGet(count))
                        .orThrow();
                System.out.println("output " + (seen.get() - result.stderr().length()) / (1 << 20) + " MiB, kept "
                        + result.stdout().bytes().length + " of "
                        + result.stdout().length());

                byte[] block = new byte[1 << 20];
                Path source = folder.resolve("source");
                try (var out = Files.newOutputStream(source)) {
                    for (int i = 0; i < file; i++) {
                        block[0] = (byte) i;
                        out.write(block);
                    }
                }
                connection.upload(Upload.of(source).to("there")).orThrow();
                connection.download("there", folder.resolve("back")).orThrow();
                var unknown = new StandardInput.Stream(() -> Files.newInputStream(source));
                connection.execute(Command.script("cmp - there").stdin(unknown)).orThrow();
                System.out.println("files " + (Files.mismatch(source, folder.resolve("back")) < 0 ? "same" : "differ"));
            }
        }
    }
}
