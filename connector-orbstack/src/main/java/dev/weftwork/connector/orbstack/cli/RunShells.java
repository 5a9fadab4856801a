package dev.weftwork.connector.orbstack.cli;

import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ProcessTransport;
import dev.weftwork.session.ShellChannel;
import dev.weftwork.session.ShellTransport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Shells behind processes of {@code orbctl run}. */
final class RunShells implements ShellTransport {

    /** OrbStack takes the directory from the Mac where the machine has it too: one that every machine has. */
    private static final Path ROOT = Path.of("/");

    /** The first line that the shell reads, before the session's. */
    private static final byte[] GO_HOME = "cd \"${HOME:-/}\" || cd /\n".getBytes(StandardCharsets.US_ASCII);

    private final Optional<String> user;
    private final ShellTransport processes;

    RunShells(
            String host,
            List<String> argv,
            Optional<String> user,
            Map<String, String> environment,
            PipeThreads threads) {
        this.user = user;
        processes = ProcessTransport.elsewhere(host, argv, ROOT, environment, threads);
    }

    @Override
    public ShellChannel open(ShellChannel.Listener listener) throws IOException, InterruptedException {
        ShellChannel channel = processes.open(listener);
        try {
            channel.write(GO_HOME, 0, GO_HOME.length);
        } catch (IOException e) {
            // It has ended already; the listener is told why, or the session finds out when it writes.
        }
        return channel;
    }

    @Override
    public Optional<String> user() {
        return user;
    }
}
