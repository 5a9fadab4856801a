package dev.weftwork.connector.orbstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.KeyPair;
import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator;
import dev.weftwork.connector.orbstack.emulator.Requirements;
import dev.weftwork.connector.orbstack.emulator.SshGateway;
import dev.weftwork.connector.orbstack.ssh.JschClient;
import dev.weftwork.connector.orbstack.ssh.SshConnection;
import dev.weftwork.connector.orbstack.ssh.SshServer;
import dev.weftwork.inventory.Host;
import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ShellChannel;
import dev.weftwork.testing.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What can be in the way of the SSH gateway, and which way a connector decides for. */
class GatewayTest {

    private final Path folder;
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(OrbStackConnector.class);
    private OrbStackEmulator orbstack;
    private SshGateway gateway;

    GatewayTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @BeforeEach
    void start() throws Exception {
        Requirements.root();
        orbstack = OrbStackEmulator.start();
        gateway = SshGateway.start(orbstack.store());
        orbstack.machine("web01");
        log.start();
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(log);
    }

    @AfterEach
    void stop() throws Exception {
        logger.detachAppender(log);
        logger.setAdditive(true);
        logger.setLevel(null);
        gateway.close();
        orbstack.close();
    }

    private OrbStackConnector.Builder builder(Transport transport) {
        return OrbStackConnector.builder()
                .transport(transport)
                .orbctl(OrbCtl.builder().program(orbstack.orbctl()).build())
                .gateway("127.0.0.1", gateway.port())
                .key(gateway.key())
                .knownHosts(gateway.knownHosts());
    }

    private static void works(OrbStackConnector.Builder builder) throws InterruptedException {
        try (OrbStackConnector connector = builder.build();
                Connection connection = connector.connect(Host.named("web01"))) {
            assertThat(connection.execute(Command.of("hostname")).stdoutText()).isEqualTo("web01\n");
        }
    }

    private static void fails(OrbStackConnector.Builder builder, String... messages) {
        try (OrbStackConnector connector = builder.build()) {
            var thrown = assertThatThrownBy(() -> connector.connect(Host.named("web01")))
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessageStartingWith("web01: ");
            for (String message : messages) {
                thrown.hasMessageContaining(message);
            }
        }
    }

    private String logged() {
        return log.list.stream()
                .map(ILoggingEvent::getFormattedMessage)
                .reduce((one, other) -> one + "\n" + other)
                .orElse("");
    }

    // ---- which way

    @Test
    void theGatewayIsTakenWhereItAnswers() throws Exception {
        works(builder(Transport.AUTO));

        assertThat(logged())
                .isEqualTo("OrbStack machines are reached by the SSH gateway at 127.0.0.1:" + gateway.port());
        assertThat(orbstack.calls()).noneMatch(call -> call.contains("run"));
    }

    @Test
    void withoutItsKeyTheCliIsTaken_25() throws Exception {
        works(builder(Transport.AUTO).key(folder.resolve("none")));

        assertThat(logged())
                .contains("are reached by " + orbstack.orbctl() + " run, not by the SSH gateway: there is no key")
                .contains(folder.resolve("none").toString());
    }

    @Test
    void withoutKnownHostsTheCliIsTaken() throws Exception {
        works(builder(Transport.AUTO).knownHosts(folder.resolve("none")));

        assertThat(logged()).contains("its host key can't be checked: no file");
    }

    @Test
    void whereNobodyListensTheCliIsTaken() throws Exception {
        gateway.close();

        works(builder(Transport.AUTO));

        assertThat(logged()).contains("not by the SSH gateway: nobody listens at 127.0.0.1:");
    }

    @Test
    void whereSomethingElseListensTheCliIsTaken() throws Exception {
        try (var other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                while (!other.isClosed()) {
                    try (var accepted = other.accept()) {
                        accepted.getOutputStream().write("HTTP/1.1 400\r\n".getBytes(StandardCharsets.US_ASCII));
                    } catch (IOException e) {
                        // The test is over, or the client gone.
                    }
                }
            });

            works(builder(Transport.AUTO).gateway("127.0.0.1", other.getLocalPort()));
        }

        assertThat(logged()).contains("not by the SSH gateway: the SSH server at 127.0.0.1:");
    }

    @Test
    void whereTheHostKeyIsAnotherTheCliIsTaken() throws Exception {
        Path knownHosts = Files.writeString(folder.resolve("known_hosts"), "");

        works(builder(Transport.AUTO).knownHosts(knownHosts));

        assertThat(logged()).contains("not by the SSH gateway: the host key of the SSH server");
    }

    @Test
    void aGatewayThatStaysSilentIsLeftForTheCli() throws Exception {
        orbstack.knob("ssh-banner-stall", "ever");

        works(builder(Transport.AUTO).connectTimeout(Duration.ofSeconds(2)));

        assertThat(logged()).contains("was silent for ");
    }

    /** 22: only here is OrbStack started, and a status doesn't do it. */
    @Test
    void anOrbStackThatIsDownIsStartedForTheGateway_22() throws Exception {
        int port = gateway.port();
        Path key = gateway.key();
        Path knownHosts = gateway.knownHosts();
        gateway.close();
        orbstack.call("stop");
        orbstack.knob("up-delay", "300");
        Thread starts = Thread.ofVirtual().start(() -> {
            try {
                Waiting.until(() -> orbstack.call("status").stdout().startsWith("Running"), "OrbStack was started");
                gateway = SshGateway.start(orbstack.store(), port);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });

        works(OrbStackConnector.builder()
                .transport(Transport.SSH)
                .orbctl(OrbCtl.builder().program(orbstack.orbctl()).build())
                .gateway("127.0.0.1", port)
                .key(key)
                .knownHosts(knownHosts));
        Waiting.join(starts);

        assertThat(orbstack.calls().stream().filter(call -> call.contains("start")))
                .hasSize(1);
    }

    @Test
    void theWayIsDecidedOnce() throws Exception {
        orbstack.machine("web02");
        try (OrbStackConnector connector = builder(Transport.AUTO).build()) {
            for (String machine : List.of("web01", "web02", "web01")) {
                connector.connect(Host.named(machine)).close();
            }
        }

        assertThat(log.list).hasSize(1);
    }

    // ---- what is in the way

    @Test
    void resetsAreTriedAgain() throws Exception {
        orbstack.knob("ssh-reset", "3");

        works(builder(Transport.SSH));
    }

    @Test
    void resetsForEverAreGivenUp() throws Exception {
        orbstack.knob("ssh-reset", "1000");

        fails(builder(Transport.SSH), "cut the connection off", "(5 attempts)");
    }

    @Test
    void aBannerThatNeverComesIsNotWaitedForLongerThanAllowed_27() throws Exception {
        orbstack.knob("ssh-banner-stall", "ever");

        fails(builder(Transport.SSH).connectTimeout(Duration.ofMillis(700)), "was silent for", "try `orbctl status`");
    }

    @Test
    void anotherHostKeyIsRefused() throws Exception {
        Path other = folder.resolve("other");
        KeyPair.genKeyPair(new JSch(), KeyPair.ED25519).writePublicKey(other.toString(), "x");
        Path knownHosts = folder.resolve("known_hosts");
        String key = Files.readString(other);
        Files.writeString(
                knownHosts, "[127.0.0.1]:" + gateway.port() + " " + key.substring(0, key.lastIndexOf(' ')) + "\n");

        fails(
                builder(Transport.SSH).knownHosts(knownHosts),
                "the host key of the SSH server at 127.0.0.1:" + gateway.port() + " is another than those in "
                        + knownHosts);

        Files.writeString(knownHosts, "");
        fails(builder(Transport.SSH).knownHosts(knownHosts), "is not among those in " + knownHosts);
    }

    @Test
    void aKeyThatTheGatewayDoesntKnowIsSaidSo() throws Exception {
        Path other = folder.resolve("id");
        KeyPair.genKeyPair(new JSch(), KeyPair.RSA, 2048).writePrivateKey(other.toString());

        fails(builder(Transport.SSH).key(other), "doesn't take the key " + other + " for login default@web01");
        assertThat(gateway.connectionsAccepted()).isEqualTo(1);
    }

    @Test
    void aKeyWithAPassphraseIsSaidSo() throws Exception {
        Path locked = folder.resolve("id");
        KeyPair.genKeyPair(new JSch(), KeyPair.RSA, 2048)
                .writePrivateKey(locked.toString(), "passphrase".getBytes(StandardCharsets.US_ASCII));

        fails(builder(Transport.SSH).key(locked), "the key " + locked + " can't be used: it has a passphrase");
        assertThat(gateway.connectionsAccepted()).isZero();
    }

    @Test
    void oneResetIsNoReasonForTheCli() throws Exception {
        orbstack.knob("ssh-reset", "2");

        works(builder(Transport.AUTO));

        assertThat(logged()).contains("are reached by the SSH gateway");
    }

    @Test
    void aConnectionThatIsDeadIsNoticed() throws Exception {
        try (var way = new FreezingWay(gateway.port());
                OrbStackConnector connector = builder(Transport.SSH)
                        .gateway("127.0.0.1", way.port())
                        .knownHosts(knownHostsFor(way.port()))
                        .keepAlive(Duration.ofMillis(100))
                        .build();
                Connection connection = connector.connect(Host.named("web01"))) {
            var begun = new CountDownLatch(1);
            var result = new CompletableFuture<CommandResult>();
            Thread.ofVirtual()
                    .start(() -> result.complete(connection.execute(
                            Command.script("echo begun; sleep 601"),
                            (stream, bytes, offset, count) -> begun.countDown())));
            Waiting.await(begun, "the command began");

            way.freeze();

            CommandResult lost = Waiting.await(result, "the connection was given up");
            assertThat(lost.outcome()).isInstanceOf(Outcome.ConnectionLost.class);
            assertThat(lost.stdoutText()).isEqualTo("begun\n");
        }
    }

    private Path knownHostsFor(int port) throws IOException {
        String known = Files.readString(gateway.knownHosts());
        return Files.writeString(folder.resolve("known"), known.replace(":" + gateway.port(), ":" + port));
    }

    @Test
    void aFileThatIsNoKeyIsSaidSo() throws Exception {
        Path nonsense = Files.writeString(folder.resolve("id"), "no key\n");

        fails(builder(Transport.SSH).key(nonsense), "the key " + nonsense + " can't be used");
    }

    @Test
    void aGatewayThatStartsNoCommandsIsSaidSo() throws Exception {
        orbstack.knob("ssh-refuse-exec", "1");

        fails(builder(Transport.SSH));
    }

    @Test
    void noThreadIsLeftOfConnectionsThatFailed() throws Exception {
        orbstack.knob("ssh-banner-stall", "ever");
        fails(builder(Transport.SSH).connectTimeout(Duration.ofMillis(200)));

        Waiting.until(
                () -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith("weftwork-")),
                "all threads of the connector ended");
    }

    // ---- how long it may take, and what ends it

    private interface Timed {
        void run() throws Exception;
    }

    private static Duration timeOf(Timed code) throws Exception {
        long begin = System.nanoTime();
        code.run();
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    @Test
    void aTimeoutHoldsWhileTheLoginOfAnotherUserIsMade() throws Exception {
        try (OrbStackConnector connector = builder(Transport.SSH).build();
                Connection connection = connector.connect(Host.named("web01"))) {
            orbstack.knob("ssh-banner-stall", "ever");

            Duration time = timeOf(() -> assertThat(connection
                            .execute(Command.of("id").as("root").timeout(Duration.ofMillis(500)))
                            .outcome())
                    .isInstanceOfSatisfying(
                            Outcome.NotStarted.class,
                            outcome -> assertThat(outcome.reason()).startsWith("its timeout of 500 ms passed")));

            assertThat(time).isLessThan(Duration.ofSeconds(20));
        }
    }

    @Test
    void closingTheConnectorEndsItsConnections() throws Exception {
        Connection connection;
        try (OrbStackConnector connector = builder(Transport.SSH).build()) {
            connection = connector.connect(Host.named("web01"));
            assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
                    .noneMatch(name -> name.startsWith("Connect thread"));
        }

        Waiting.until(() -> gateway.openConnections() == 0, "the connection was closed");
        assertThat(connection.execute(Command.of("true")).outcome()).isInstanceOf(Outcome.NotStarted.class);
        connection.close();
    }

    @Test
    void closingTheConnectorEndsConnecting() throws Exception {
        orbstack.knob("ssh-banner-stall", "ever");
        OrbStackConnector connector = builder(Transport.SSH).build();
        Thread closes = Thread.ofVirtual().start(() -> {
            try {
                Waiting.until(() -> gateway.connectionsAccepted() == 1, "somebody connects");
            } finally {
                connector.close();
            }
        });

        Duration time = timeOf(() -> assertThatThrownBy(() -> connector.connect(Host.named("web01")))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("the connector is closed"));

        Waiting.join(closes);
        assertThat(time).isLessThan(Duration.ofSeconds(30));
    }

    @Test
    void statusesThatHangDontAddUp() throws Exception {
        int nobody;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = socket.getLocalPort();
        }
        orbstack.knob("hang", "status");
        var orbctl = OrbCtl.builder()
                .program(orbstack.orbctl())
                .timeout(Duration.ofSeconds(4))
                .build();
        try (OrbStackConnector connector = builder(Transport.SSH)
                .orbctl(orbctl)
                .gateway("127.0.0.1", nobody)
                .connectTimeout(Duration.ofSeconds(1))
                .build()) {
            Duration time = timeOf(() -> {
                var threads = Stream.generate(() -> Thread.ofVirtual()
                                .start(() -> assertThatThrownBy(() -> connector.connect(Host.named("web01")))
                                        .isInstanceOf(ConnectFailedException.class)))
                        .limit(6)
                        .toList();
                for (Thread thread : threads) {
                    Waiting.join(thread);
                }
            });

            assertThat(time).isLessThan(Duration.ofSeconds(12));
        }
    }

    @Test
    void aLostConnectionIsSaidToBeLost() throws Exception {
        try (OrbStackConnector connector = builder(Transport.SSH).build();
                Connection connection = connector.connect(Host.named("web01"))) {
            Thread closes = Thread.ofVirtual().start(() -> {
                try {
                    Waiting.until(() -> Files.exists(orbstack.rootfs("web01").resolve("tmp/runs")), "it runs");
                    gateway.close();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });

            assertThat(connection
                            .execute(Command.script("touch /tmp/runs; sleep 60").timeout(Duration.ofSeconds(30)))
                            .outcome())
                    .isEqualTo(new Outcome.ConnectionLost("the SSH connection was lost"));
            Waiting.join(closes);
        }
    }

    @Test
    void aUserWhoseNameMeansAnotherToOrbStackIsNotLoggedIn() throws Exception {
        for (Transport way : List.of(Transport.SSH, Transport.CLI)) {
            try (OrbStackConnector connector = builder(way).build();
                    Connection connection = connector.connect(Host.named("web01"))) {
                for (String user : List.of("default", "9x", "svc$")) {
                    assertThat(connection.execute(Command.of("id").as(user)).outcome())
                            .as("%s by %s", user, way)
                            .isInstanceOf(Outcome.NotStarted.class);
                }
            }
        }
    }

    @Test
    void withoutOrbctlTheReasonsThatThereMayBeAreNamed() throws Exception {
        try (OrbStackConnector connector = OrbStackConnector.builder()
                .transport(Transport.SSH)
                .gateway("127.0.0.1", gateway.port())
                .key(gateway.key())
                .knownHosts(gateway.knownHosts())
                .build()) {
            assertThatThrownBy(() -> connector.connect(Host.named("web02")))
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessageContaining(
                            "OrbStack has no machine 'web02', no user 'default' on it, or can't start it");
        }
    }

    @Test
    void withNeitherGatewayNorOrbctlBothAreNamed() throws Exception {
        gateway.close();
        try (OrbStackConnector connector = OrbStackConnector.builder()
                .gateway("127.0.0.1", gateway.port())
                .key(gateway.key())
                .knownHosts(gateway.knownHosts())
                .build()) {
            assertThatThrownBy(() -> connector.connect(Host.named("web01")))
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessageContaining("OrbStack can't be reached, neither by SSH (nobody listens at 127.0.0.1:")
                    .hasMessageContaining("nor by orbctl (no orbctl found in ");
        }
    }

    @Test
    void aConnectionThatIsLostWhileAShellIsOpenedIsNotWaitedFor() throws Exception {
        try (var way = new FreezingWay(gateway.port());
                var threads = new PipeThreads()) {
            int port = way.port();
            Path knownHosts = knownHostsFor(port);
            var client = new JschClient(
                    new SshServer("127.0.0.1", port, gateway.key(), knownHosts), Duration.ofMinutes(1), threads);
            SshConnection connection = client.connect("default@web01", Duration.ofSeconds(30));
            way.freeze();
            Thread ends = Thread.ofVirtual().start(() -> {
                try {
                    Waiting.until(
                            () -> Thread.getAllStackTraces().entrySet().stream()
                                    .anyMatch(each -> each.getKey().getName().startsWith("weftwork-open-")
                                            && each.getKey().getState() == Thread.State.TIMED_WAITING),
                            "a shell is being opened");
                    way.cut();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });

            Duration time = timeOf(() -> assertThatThrownBy(() -> connection.open(
                            "exec sh",
                            new ShellChannel.Listener() {
                                @Override
                                public boolean output(
                                        OutputConsumer.Stream stream, byte[] bytes, int offset, int count) {
                                    return true;
                                }

                                @Override
                                public void closed(String reason) {}
                            },
                            Duration.ofSeconds(50)))
                    .isInstanceOf(IOException.class));

            Waiting.join(ends);
            assertThat(time).isLessThan(Duration.ofSeconds(30));
            client.close();
        }
    }
}
