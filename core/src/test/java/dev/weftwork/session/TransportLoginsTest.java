package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.testing.Fifo;
import dev.weftwork.testing.Processes;
import dev.weftwork.testing.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A transport to another machine, which can log in as several users, and knows more about failures than a session does. */
class TransportLoginsTest {

    private final Path folder;
    private final PipeThreads threads = new PipeThreads();
    private final ConcurrentLinkedQueue<String> events = new ConcurrentLinkedQueue<>();

    TransportLoginsTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @AfterEach
    void close() {
        threads.close();
    }

    /** Shells that tell who they are by a variable. */
    private final class Logins implements ShellTransport {
        private final String user;
        private final ShellTransport processes;

        Logins(String user, String... words) {
            this.user = user;
            processes = ProcessTransport.elsewhere(
                    "web01",
                    words.length == 0 ? List.of("sh") : List.of(words),
                    folder,
                    Map.of("PATH", System.getenv("PATH"), "WHO", user),
                    threads);
        }

        @Override
        public ShellChannel open(ShellChannel.Listener listener, Duration limit)
                throws IOException, InterruptedException {
            events.add("open " + user);
            return processes.open(listener, limit);
        }

        @Override
        public Optional<String> user() {
            return Optional.of(user);
        }

        @Override
        public Optional<ShellTransport> as(String other) {
            events.add("login " + other);
            return Optional.of(other.equals("nobody-there") ? new Logins(other, "false") : new Logins(other));
        }

        @Override
        public String explain(String reason) {
            return "no user " + user + " (" + reason + ")";
        }

        @Override
        public void close() {
            events.add("close " + user);
        }
    }

    private ShellConnection open(ShellTransport transport) throws InterruptedException {
        return ShellConnection.to("web01", transport, threads).open();
    }

    private static String who(ShellConnection connection, String user) {
        return connection.execute(Command.script("echo $WHO").as(user)).stdoutText();
    }

    @Test
    void eachUserGetsALoginOfTheirOwnOnceAndThatIsClosedWithTheConnection() throws Exception {
        try (ShellConnection connection = open(new Logins("me"))) {
            assertThat(who(connection, "app")).isEqualTo("app\n");
            assertThat(who(connection, "app")).isEqualTo("app\n");
            assertThat(who(connection, "root")).isEqualTo("root\n");
            assertThat(connection.execute(Command.script("echo $WHO")).stdoutText())
                    .isEqualTo("me\n");
        }

        assertThat(events)
                .containsExactlyInAnyOrder(
                        "open me",
                        "login app",
                        "open app",
                        "login root",
                        "open root",
                        "close me",
                        "close app",
                        "close root");
    }

    @Test
    void commandsOfTheUserWhoLoggedInNeedNoOtherShell() throws Exception {
        try (ShellConnection connection = open(new Logins("me"))) {
            assertThat(who(connection, "me")).isEqualTo("me\n");
        }

        assertThat(events).containsExactly("open me", "close me");
    }

    @Test
    void aShellThatEndsBeforeItsFirstWordIsExplainedByItsTransport() throws Exception {
        try (ShellConnection connection = open(new Logins("me"))) {
            CommandResult result = connection.execute(Command.of("true").as("nobody-there"));

            assertThat(result.outcome())
                    .isEqualTo(new Outcome.NotStarted("a shell as nobody-there can't be opened: no user nobody-there"
                            + " (its shell ended with status 1)"));
            assertThat(connection.execute(Command.of("true")).succeeded()).isTrue();
        }
    }

    @Test
    void aTransportWhoseFirstShellCantBeOpenedIsClosed() {
        assertThatThrownBy(() -> open(new Logins("me", "false")))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessage("web01: a shell can't be opened: no user me (its shell ended with status 1)");

        assertThat(events).containsExactly("open me", "close me");
    }

    /** What carries the streams of another machine may bring standard error late; a command ends when both have come. */
    @Test
    void outputsMayArriveInAnyOrder() throws Exception {
        Fifo late = Fifo.in(folder, "late");
        // Standard error goes through one more process, which waits for the test once a command has run.
        String relay = "sh 2>&1 >&3 3>&- | while IFS= read -r line; do case $line in wait) cat '" + late
                + "' ;; *) printf '%s\\n' \"$line\" ;; esac; done >&2";
        try (ShellConnection connection = open(new Logins("me", "sh", "-c", "exec 3>&1; " + relay))) {
            var result = new CompletableFuture<CommandResult>();
            var stdoutSeen = new CompletableFuture<Boolean>();
            Thread.ofVirtual()
                    .start(() -> result.complete(connection.execute(
                            Command.script("echo wait >&2; echo out"),
                            (stream, bytes, offset, count) -> stdoutSeen.complete(true))));
            Waiting.await(stdoutSeen, "standard output came");
            assertThat(result).isNotDone();
            Files.writeString(late.path(), "err\n");

            CommandResult ended = Waiting.await(result, "the command ended");
            assertThat(ended.stdoutText()).isEqualTo("out\n");
            assertThat(ended.stderrText()).isEqualTo("err\n");
        }
    }

    /** The shell's number may be that of the program here that leads to it; that one isn't what must be ended. */
    @Test
    void aCommandElsewhereIsEndedFromAShellBesideItsOwn() throws Exception {
        Fifo fifo = Fifo.in(folder, "pid");
        try (ShellConnection connection = open(new Logins("me"))) {
            var result = new CompletableFuture<CommandResult>();
            Thread caller = Thread.ofVirtual()
                    .start(() -> result.complete(
                            connection.execute(Command.script("sleep 300 & echo $! >'" + fifo + "'; wait"))));
            long child = Long.parseLong(fifo.read().strip());

            caller.interrupt();

            assertThat(Waiting.await(result, "the command ended").outcome()).isEqualTo(new Outcome.Cancelled(true));
            assertThat(Processes.running(child)).isFalse();
        }
        assertThat(events).containsExactly("open me", "open me", "close me");
    }

    @Test
    void aTimeoutHoldsForOpeningTheShellOfAnotherUserToo() throws Exception {
        var limits = new ConcurrentLinkedQueue<Duration>();
        var transport = new ShellTransport() {
            @Override
            public ShellChannel open(ShellChannel.Listener listener, Duration limit)
                    throws IOException, InterruptedException {
                return new Logins("me").open(listener, limit);
            }

            @Override
            public Optional<ShellTransport> as(String user) {
                return Optional.of((listener, limit) -> {
                    limits.add(limit);
                    throw new IOException("not now");
                });
            }
        };
        try (ShellConnection connection = open(transport)) {
            connection.execute(Command.of("id").as("root").timeout(Duration.ofSeconds(2)));
        }

        assertThat(limits)
                .singleElement()
                .satisfies(limit -> assertThat(limit).isBetween(Duration.ofNanos(1), Duration.ofSeconds(2)));
    }
}
