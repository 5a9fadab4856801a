package dev.weftwork.connector.orbstack.emulator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.jcraft.jsch.ChannelExec;
import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.KeyPair;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SftpException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.channel.ClientChannel;
import org.apache.sshd.client.channel.ClientChannelEvent;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SshGatewayTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String LOGIN = "me@web1";

    /**
     * Stands in for the command line's emulator: one machine, whose commands run here. A command with a background part
     * writes to files first, so that what is left behind holds no stream of the session.
     */
    private static final String ORBCTL = """
            #!/bin/sh
            mode=$1
            shift
            while [ $# -gt 0 ]; do
                case $1 in
                --login) login=$2 ;;
                --env) export "$2" ;;
                --status-file) status=$2 ;;
                --command) command=$2 ;;
                *) exit 64 ;;
                esac
                shift 2
            done
            case $login in
            me@web1) user='me\t501\t501' home=/home/me ;;
            root@web1) user='root\t0\t0' home=/root ;;
            *) exit 1 ;;
            esac
            if [ "$mode" = --emulator-resolve ]; then
                printf "id1\t$user\t$home\tSTORE/web1\n"
                exit 0
            fi
            case $command in
            *'& '*)
                sh -c "$command" >"$status.out" 2>"$status.err" </dev/null
                code=$?
                cat "$status.out"
                ;;
            *)
                sh -c "${command:-exec sh}"
                code=$?
                ;;
            esac
            if [ $code -gt 128 ] && [ $code -lt 192 ]; then
                echo signal $((code - 128)) >"$status"
                exit 255
            fi
            echo exit $code >"$status"
            exit $code
            """;

    @TempDir
    private Path store;

    private SshGateway gateway;

    record Outcome(ByteArrayOutputStream out, ByteArrayOutputStream err, int status) {
        String text() {
            return out.toString(UTF_8);
        }

        String errors() {
            return err.toString(UTF_8);
        }
    }

    @BeforeEach
    void start() throws IOException {
        Files.createDirectories(store.resolve("knobs"));
        Files.createDirectories(store.resolve("web1/home/me"));
        Files.createDirectories(store.resolve("web1/root"));
        Path orbctl = Files.createDirectories(store.resolve("bin")).resolve("orbctl");
        Files.writeString(orbctl, ORBCTL.replace("STORE", store.toString()));
        Files.setPosixFilePermissions(orbctl, PosixFilePermissions.fromString("rwxr-xr-x"));
        gateway = SshGateway.start(store);
    }

    @AfterEach
    void stop() throws IOException {
        gateway.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7, 127, 255})
    void outputOnBothStreamsAndExitCodeArrive(int code) throws Exception {
        Session session = connect(LOGIN);

        Outcome outcome = run(session, "echo out; echo err >&2; exit " + code, InputStream.nullInputStream());

        assertThat(outcome.text()).isEqualTo("out\n");
        assertThat(outcome.errors()).isEqualTo("err\n");
        assertThat(outcome.status()).isEqualTo(code);
        session.disconnect();
    }

    @Test
    void deathBySignalIsSentAsTheGreatestStatus() throws Exception {
        ended(LOGIN, session -> session.createExecChannel("kill -9 $$"), channel -> {
            assertThat(channel.getExitStatus()).isEqualTo(-1);
            assertThat(channel.getExitSignal()).isNull();
        });
    }

    @Test
    void mebibyteOfInputComesBackByteForByte() throws Exception {
        byte[] sent = new byte[1024 * 1024];
        new Random(7).nextBytes(sent);
        Session session = connect(LOGIN);

        Outcome outcome = run(session, "cat", new ByteArrayInputStream(sent));

        assertThat(outcome.out().toByteArray()).isEqualTo(sent);
        assertThat(outcome.status()).isZero();
        session.disconnect();
    }

    @Test
    void inputNobodyReadsHoldsNothingUp() throws Exception {
        Session session = connect(LOGIN);

        Outcome outcome = run(session, "exec <&-; echo done", new ByteArrayInputStream(new byte[4 * 1024 * 1024]));

        assertThat(outcome.text()).isEqualTo("done\n");
        assertThat(outcome.status()).isZero();
        session.disconnect();
    }

    @Test
    void backgroundChildDoesntHoldTheChannel() throws Exception {
        Session session = connect(LOGIN);

        Outcome outcome = run(session, "sleep 600 & echo $!", InputStream.nullInputStream());

        ProcessHandle left = ProcessHandle.of(Long.parseLong(outcome.text().strip()))
                .orElseThrow(() -> new AssertionError("the background child ended with its session"));
        left.destroy();
        assertThat(outcome.status()).isZero();
        session.disconnect();
    }

    @Test
    void manySessionsShareAConnection() throws Exception {
        Session session = connect(LOGIN);

        for (int i = 0; i < 20; i++) {
            assertThat(run(session, "echo " + i, InputStream.nullInputStream()).text())
                    .isEqualTo(i + "\n");
        }

        assertThat(gateway.connectionsAccepted()).isEqualTo(1);
        assertThat(gateway.sessionsOpened()).isEqualTo(20);
        session.disconnect();
        await("the connection closes", () -> gateway.openConnections() == 0);
        assertThat(gateway.openSessions()).isZero();
    }

    @Test
    void variablesArriveAndTheLibrarysOwnDont() throws Exception {
        Session session = connect(LOGIN);
        ChannelExec channel = (ChannelExec) session.openChannel("exec");
        channel.setEnv("WEFT_COLOUR", "blue and green");

        Outcome outcome = run(channel, "echo $WEFT_COLOUR", InputStream.nullInputStream());

        assertThat(outcome.text()).isEqualTo("blue and green\n");
        session.disconnect();
    }

    @Test
    void shellReadsAScriptFromItsInput() throws Exception {
        Session session = connect(LOGIN);

        Outcome outcome = run(session, "", new ByteArrayInputStream("echo $((6 * 7)); exit 3\n".getBytes(UTF_8)));

        assertThat(outcome.text()).isEqualTo("42\n");
        assertThat(outcome.status()).isEqualTo(3);
        session.disconnect();
    }

    @Test
    void unknownMachineIsASilentOne() throws Exception {
        Session session = connect("me@nosuch");

        Outcome outcome = run(session, "echo hi", InputStream.nullInputStream());

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.text()).isEmpty();
        assertThat(outcome.errors()).isEmpty();
        session.disconnect();
    }

    @Test
    void commandTooLongForOneArgumentIsASilentOne() throws Exception {
        Session session = connect(LOGIN);

        Outcome outcome = run(session, "echo " + "x".repeat(140_000), InputStream.nullInputStream());

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.text()).isEmpty();
        session.disconnect();
    }

    @Test
    void droppedConnectionEndsTheInputAndLeavesTheCommandRunning() throws Exception {
        Path began = store.resolve("began");
        Path ended = store.resolve("ended");
        Session session = connect(LOGIN);
        ChannelExec channel = (ChannelExec) session.openChannel("exec");
        channel.setCommand("echo on >" + began + "; cat >/dev/null; echo over >" + ended);
        PipedOutputStream input = new PipedOutputStream();
        channel.setInputStream(new PipedInputStream(input));
        channel.connect();
        await("the command begins", () -> Files.exists(began));

        session.disconnect();

        await("the command sees the end of its input and goes on", () -> Files.exists(ended));
        input.close();
    }

    @Test
    void droppedConnectionLeavesNoSessionProgram() throws Exception {
        Path pid = store.resolve("pid");
        Session session = connect(LOGIN);
        ChannelExec channel = (ChannelExec) session.openChannel("exec");
        channel.setCommand(
                "exec >/dev/null 2>&1; echo $$ >" + pid + ".new; mv " + pid + ".new " + pid + "; exec sleep 600");
        channel.connect();
        await("the command begins", () -> Files.exists(pid));

        session.disconnect();

        await("the session program ends", () -> gateway.sessionPrograms() == 0);
        ProcessHandle command = ProcessHandle.of(
                        Long.parseLong(Files.readString(pid).strip()))
                .orElseThrow(() -> new AssertionError("the command ended with its connection"));
        command.destroy();
    }

    @Test
    void greatOutputWaitsForASlowReader() throws Exception {
        Session session = connect(LOGIN);
        ChannelExec channel = (ChannelExec) session.openChannel("exec");
        channel.setCommand("head -c 20000000 /dev/zero; echo end >&2");
        InputStream out = channel.getInputStream();
        InputStream err = channel.getErrStream();
        channel.connect();

        byte[] first = out.readNBytes(1000);
        assertThat(gateway.sessionPrograms()).isEqualTo(1);
        byte[] rest = out.readAllBytes();

        assertThat(first.length + rest.length).isEqualTo(20_000_000);
        assertThat(new String(err.readAllBytes(), UTF_8)).isEqualTo("end\n");
        session.disconnect();
    }

    @Test
    void otherKeysAndPasswordsAreRefused() throws Exception {
        JSch client = new JSch();
        addNewKey(client);
        Session session = client.getSession(LOGIN, "127.0.0.1", gateway.port());
        session.setConfig("StrictHostKeyChecking", "no");
        session.setPassword("secret".getBytes(UTF_8));

        assertThatThrownBy(() -> session.connect((int) PATIENCE.toMillis()))
                .isInstanceOf(JSchException.class)
                .hasMessageContaining("Auth");
        assertThat(gateway.failedAuthentications()).isEqualTo(1);
    }

    @Test
    void sixRefusedKeysEndTheConnection() throws Exception {
        JSch client = new JSch();
        for (int i = 0; i < 6; i++) {
            addNewKey(client);
        }
        client.addIdentity(gateway.key().toString());
        Session session = client.getSession(LOGIN, "127.0.0.1", gateway.port());
        session.setConfig("StrictHostKeyChecking", "no");
        session.setConfig("MaxAuthTries", "20");

        assertThatThrownBy(() -> session.connect((int) PATIENCE.toMillis())).isInstanceOf(JSchException.class);
        assertThat(gateway.failedAuthentications()).isEqualTo(6);
    }

    @Test
    void authorizedKeysGetInToo() throws Exception {
        KeyPair other = KeyPair.genKeyPair(new JSch(), KeyPair.ED25519);
        Path file = store.resolve("other");
        Files.writeString(file, privateKey(other));
        gateway.close();
        try (OutputStream out = Files.newOutputStream(store.resolve("ssh/authorized_keys"))) {
            other.writePublicKey(out, "other");
        }
        gateway = SshGateway.start(store);
        JSch client = new JSch();
        client.addIdentity(file.toString());

        Session session = connect(client, LOGIN);

        assertThat(run(session, "true", InputStream.nullInputStream()).status()).isZero();
        session.disconnect();
    }

    @Test
    void portAndKeysCanOutliveTheGateway() throws Exception {
        byte[] key = Files.readAllBytes(gateway.key());
        byte[] known = Files.readAllBytes(gateway.knownHosts());
        int port = gateway.port();
        Session before = connect(LOGIN);
        gateway.close();

        gateway = SshGateway.start(store, port);
        Session after = connect(LOGIN);

        await("the earlier connection is dropped", () -> !before.isConnected());
        assertThat(run(after, "true", InputStream.nullInputStream()).status()).isZero();
        assertThat(Files.readAllBytes(gateway.key())).isEqualTo(key);
        assertThat(Files.readAllBytes(gateway.knownHosts())).isEqualTo(known);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(gateway.key())))
                .isEqualTo("rw-------");
        after.disconnect();
    }

    @Test
    void closeDropsConnectionsItNeverAnswered() throws Exception {
        knob("hang", "ssh");
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            await("the connection is accepted", () -> gateway.openConnections() == 1);

            gateway.close();

            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void remoteForwardingIsRefused() throws Exception {
        Session session = connect(LOGIN);

        // On a thread of its own: JSch interrupts the one that asked, be it late.
        try (ExecutorService asking = Executors.newSingleThreadExecutor()) {
            assertThatThrownBy(() -> asking.submit(() -> {
                                session.setPortForwardingR(0, "127.0.0.1", 9);
                                return true;
                            })
                            .get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .hasCauseInstanceOf(JSchException.class);
        }

        assertThat(run(session, "true", InputStream.nullInputStream()).status()).isZero();
        session.disconnect();
    }

    @Test
    void keepAlivesLeaveTheConnectionAsItIs() throws Exception {
        Session session = connect(LOGIN);

        session.sendKeepAliveMsg();

        assertThat(run(session, "true", InputStream.nullInputStream()).status()).isZero();
        session.disconnect();
    }

    @Test
    void knobResetsTheNextConnections() throws Exception {
        knob("ssh-reset", "2");

        assertThatThrownBy(() -> connect(LOGIN)).isInstanceOf(JSchException.class);
        assertThatThrownBy(() -> connect(LOGIN)).isInstanceOf(JSchException.class);
        Session session = connect(LOGIN);

        assertThat(gateway.connectionsAccepted()).isEqualTo(3);
        assertThat(gateway.openConnections()).isEqualTo(1);
        session.disconnect();
    }

    @Test
    void knobStallsTheBanner() throws Exception {
        knob("ssh-banner-stall", "300");
        long begin = System.nanoTime();

        Session session = connect(LOGIN);

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
        assertThat(run(session, "true", InputStream.nullInputStream()).status()).isZero();
        session.disconnect();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ssh-banner-stall ever", "hang list ssh"})
    void knobKeepsTheGatewaySilent(String knob) throws Exception {
        knob(knob.split(" ", 2)[0], knob.split(" ", 2)[1]);

        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
            socket.getOutputStream().write("SSH-2.0-test\r\n".getBytes(UTF_8));
            socket.setSoTimeout(300);

            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            assertThat(gateway.openConnections()).isEqualTo(1);
        }
        await("the connection closes", () -> gateway.openConnections() == 0);
    }

    @Test
    void knobNamesTheSoftware() throws Exception {
        Session usual = connect(LOGIN);
        knob("ssh-software", "Go");
        Session other = connect(LOGIN);

        assertThat(usual.getServerVersion()).isEqualTo("SSH-2.0-OrbStack");
        assertThat(other.getServerVersion()).isEqualTo("SSH-2.0-Go");
        usual.disconnect();
        other.disconnect();
    }

    @Test
    void knobRefusesCommands() throws Exception {
        knob("ssh-refuse-exec", "");
        Session session = connect(LOGIN);

        assertThatThrownBy(() -> run(session, "echo hi", InputStream.nullInputStream()))
                .isInstanceOf(JSchException.class);
        assertThat(gateway.sessionsOpened()).isZero();
        session.disconnect();
    }

    @Test
    void knobDropsTheTailOfTheOutput() throws Exception {
        knob("ssh-drop-tail", "10");
        Session session = connect(LOGIN);

        assertThat(run(session, "printf 1234567; printf 890ab", InputStream.nullInputStream())
                        .text())
                .isEqualTo("12");
        assertThat(run(session, "printf short", InputStream.nullInputStream()).text())
                .isEmpty();
        session.disconnect();
    }

    @Test
    void filesAreThoseOfTheMachineAndTheUser() throws Exception {
        Files.writeString(store.resolve("web1/motd"), "welcome");
        Files.createSymbolicLink(store.resolve("web1/home/me/link"), Path.of("/motd"));
        Files.setPosixFilePermissions(store.resolve("web1/home/me"), PosixFilePermissions.fromString("rwxrwxrwx"));
        Session session = connect(LOGIN);
        ChannelSftp files = (ChannelSftp) session.openChannel("sftp");
        files.connect((int) PATIENCE.toMillis());

        assertThat(files.pwd()).isEqualTo("/home/me");
        files.put(new ByteArrayInputStream("hello".getBytes(UTF_8)), "new");
        ByteArrayOutputStream linked = new ByteArrayOutputStream();
        files.get("link", linked);

        Path made = store.resolve("web1/home/me/new");
        assertThat(made).hasContent("hello");
        assertThat(linked.toString(UTF_8)).isEqualTo("welcome");
        assertThat(files.readlink("link")).isEqualTo("/motd");
        files.symlink("/motd", "other");
        assertThat(Files.readSymbolicLink(store.resolve("web1/home/me/other"))).isEqualTo(Path.of("/motd"));
        assertThat(files.lstat("link").isLink()).isTrue();
        assertThat(files.stat("link").getSize()).isEqualTo(7);
        files.mkdir("sub");
        files.chmod(0700, "sub");
        files.put(new ByteArrayInputStream("hello".getBytes(UTF_8)), "sub/again");
        assertThat(files.ls("sub")).hasSize(3);
        files.rename("sub/again", "moved");
        assertThat(store.resolve("web1/home/me/moved")).hasContent("hello");
        if (System.getProperty("user.name").equals("root")) {
            assertThat(Files.getAttribute(made, "unix:uid")).isEqualTo(501);
            assertThatThrownBy(() -> files.put(new ByteArrayInputStream(new byte[1]), "/root/new"))
                    .isInstanceOfSatisfying(
                            SftpException.class, e -> assertThat(e.id).isEqualTo(ChannelSftp.SSH_FX_PERMISSION_DENIED));
        }
        session.disconnect();
    }

    @Test
    void filesOfAnUnknownMachineEndWithOne() throws Exception {
        ended(
                "me@nosuch",
                session -> session.createSubsystemChannel("sftp"),
                channel -> assertThat(channel.getExitStatus()).isEqualTo(1));
    }

    @Test
    void knobTurnsFilesOff() throws Exception {
        knob("ssh-sftp", "off");
        Session session = connect(LOGIN);

        assertThatThrownBy(() -> session.openChannel("sftp").connect((int) PATIENCE.toMillis()))
                .isInstanceOf(JSchException.class);
        session.disconnect();
    }

    @Test
    void fiftyConnectionsWithASessionEachAreOpenAtOnce() throws Exception {
        int many = 50;
        List<PipedOutputStream> inputs = new ArrayList<>();
        List<PipedInputStream> ends = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            PipedOutputStream input = new PipedOutputStream();
            ends.add(new PipedInputStream(input));
            inputs.add(input);
        }

        try (ExecutorService clients = Executors.newCachedThreadPool()) {
            List<Future<Outcome>> outcomes = new ArrayList<>();
            for (PipedInputStream end : ends) {
                outcomes.add(clients.submit(() -> {
                    Session session = connect(LOGIN);
                    try {
                        return run(session, "cat", end);
                    } finally {
                        session.disconnect();
                    }
                }));
            }
            await("all sessions are open at once", () -> gateway.openSessions() == many);
            assertThat(gateway.openConnections()).isEqualTo(many);
            assertThat(gateway.mostHandshakesAtOnce()).isBetween(1, many);
            for (int i = 0; i < many; i++) {
                inputs.get(i).write(("word " + i).getBytes(UTF_8));
                inputs.get(i).close();
            }

            for (int i = 0; i < many; i++) {
                Outcome outcome = outcomes.get(i).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                assertThat(outcome.text()).isEqualTo("word " + i);
                assertThat(outcome.status()).isZero();
            }
        }
        await("all connections close", () -> gateway.openConnections() == 0);
        assertThat(gateway.openSessions()).isZero();
    }

    @Test
    void opensshGetsInToo() throws Exception {
        Requirements.require(onPath("ssh"), "ssh isn't installed: a test that needs it is skipped");
        Process ssh = new ProcessBuilder(
                        "ssh",
                        "-F",
                        "none",
                        "-o",
                        "BatchMode=yes",
                        "-o",
                        "IdentitiesOnly=yes",
                        "-o",
                        "UserKnownHostsFile=" + gateway.knownHosts(),
                        "-i",
                        gateway.key().toString(),
                        "-p",
                        Integer.toString(gateway.port()),
                        "-l",
                        LOGIN,
                        "127.0.0.1",
                        "cat; echo err >&2; exit 7")
                .start();
        ssh.getOutputStream().write("in\n".getBytes(UTF_8));
        ssh.getOutputStream().close();

        assertThat(ssh.inputReader(UTF_8).readLine()).isEqualTo("in");
        assertThat(ssh.errorReader(UTF_8).lines()).containsExactly("err");
        assertThat(ssh.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("ssh ends")
                .isTrue();
        assertThat(ssh.exitValue()).isEqualTo(7);
    }

    private void knob(String name, String value) throws IOException {
        Files.writeString(store.resolve("knobs").resolve(name), value + "\n");
    }

    private Session connect(String login) throws JSchException {
        JSch client = new JSch();
        client.addIdentity(gateway.key().toString());
        return connect(client, login);
    }

    private Session connect(JSch client, String login) throws JSchException {
        client.setKnownHosts(gateway.knownHosts().toString());
        Session session = client.getSession(login, "127.0.0.1", gateway.port());
        session.connect((int) PATIENCE.toMillis());
        return session;
    }

    private static Outcome run(Session session, String command, InputStream input) throws Exception {
        return run((ChannelExec) session.openChannel("exec"), command, input);
    }

    private static Outcome run(ChannelExec channel, String command, InputStream input) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        channel.setCommand(command);
        channel.setInputStream(input);
        channel.setOutputStream(out);
        channel.setErrStream(err);
        channel.connect((int) PATIENCE.toMillis());
        await("the channel of '" + command.lines().findFirst().orElse("") + "' closes", channel::isClosed);
        return new Outcome(out, err, channel.getExitStatus());
    }

    private interface Opening {
        ClientChannel open(ClientSession session) throws IOException;
    }

    /** Another client, for what JSch doesn't tell: it says -1 as well where no status came at all. */
    private void ended(String login, Opening opening, Consumer<ClientChannel> check) throws Exception {
        try (SshClient client = SshClient.setUpDefaultClient()) {
            client.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
            client.start();
            try (ClientSession session = client.connect(login, "127.0.0.1", gateway.port())
                    .verify(PATIENCE)
                    .getSession()) {
                session.addPublicKeyIdentity(new FileKeyPairProvider(gateway.key())
                        .loadKeys(null)
                        .iterator()
                        .next());
                session.auth().verify(PATIENCE);
                try (ClientChannel channel = opening.open(session)) {
                    channel.open().verify(PATIENCE);
                    assertThat(channel.waitFor(List.of(ClientChannelEvent.CLOSED), PATIENCE))
                            .as("the channel closes")
                            .contains(ClientChannelEvent.CLOSED);
                    check.accept(channel);
                }
            }
        }
    }

    private static void addNewKey(JSch client) throws Exception {
        KeyPair pair = KeyPair.genKeyPair(client, KeyPair.ED25519);
        client.addIdentity("new", privateKey(pair).getBytes(UTF_8), pair.getPublicKeyBlob(), null);
    }

    private static String privateKey(KeyPair pair) throws JSchException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        pair.writeOpenSSHv1PrivateKey(bytes, null);
        return bytes.toString(UTF_8);
    }

    private static boolean onPath(String program) {
        String path = System.getenv("PATH");
        return path != null
                && Files.exists(List.of(path.split(":", -1)).stream()
                        .map(directory -> Path.of(directory, program))
                        .filter(Files::isExecutable)
                        .findFirst()
                        .orElse(Path.of("/nowhere")));
    }

    private static void await(String what, BooleanSupplier happened) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!happened.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                fail("it didn't happen within " + PATIENCE + " that " + what);
            }
            LockSupport.parkNanos(2_000_000);
        }
    }
}
