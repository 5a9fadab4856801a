package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.inventory.Host;
import dev.weftwork.testing.Fifo;
import dev.weftwork.testing.Waiting;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManySessionsTest {

    private static final int SESSIONS = 1_000;

    /**
     * Each command ends only when all of them have begun; so none waits for another's thread, carrier or pipe. While they
     * wait they cost nothing: a thousand shells that look for a file once a second keep two cores busy with starting programs.
     */
    @Test
    void aThousandSessionsAreOpenAndUnderWayAtOnce(@TempDir Path directory) throws Exception {
        long before = ProcessHandle.current().descendants().count();
        var results = new ConcurrentLinkedQueue<CommandResult>();
        var begun = new CountDownLatch(SESSIONS);
        Fifo go = Fifo.in(directory, "go");
        // Held open for both ways, so that opening it blocks nobody and a command that comes late finds its line.
        try (var connector = LocalConnector.temporary();
                var lines = new RandomAccessFile(go.path().toFile(), "rw")) {
            var hosts = new ArrayList<Thread>();
            for (int i = 0; i < SESSIONS; i++) {
                Host host = Host.named("m" + i);
                hosts.add(Thread.ofVirtual().start(() -> {
                    try (Connection connection = connector.connect(host)) {
                        results.add(connection.execute(
                                Command.script("echo begun; read -r line < " + Command.quote(go.toString()) + "; echo "
                                        + host.name()),
                                (stream, bytes, offset, count) -> begun.countDown()));
                        results.add(connection.execute(Command.of("echo", host.name())));
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }));
            }
            Waiting.await(begun, "every command has begun");
            lines.write("\n".repeat(SESSIONS).getBytes(StandardCharsets.US_ASCII));

            for (Thread host : hosts) {
                Waiting.join(host);
            }
        }

        assertThat(results).hasSize(2 * SESSIONS).allMatch(CommandResult::succeeded);
        assertThat(results)
                .allSatisfy(result ->
                        assertThat(result.stdoutText()).isIn("begun\n" + result.host() + "\n", result.host() + "\n"));
        assertThat(ProcessHandle.current().descendants().count()).isLessThanOrEqualTo(before);
    }
}
