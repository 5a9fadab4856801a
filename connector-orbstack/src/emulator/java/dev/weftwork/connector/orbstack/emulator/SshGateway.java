package dev.weftwork.connector.orbstack.emulator;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.config.keys.AuthorizedKeyEntry;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.global.KeepAliveHandler;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.session.helpers.AbstractSession;
import org.apache.sshd.common.util.Readable;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.ServerBuilder;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.pubkey.PublickeyAuthenticator;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.forward.RejectAllForwardingFilter;
import org.apache.sshd.server.global.NoMoreSessionsHandler;
import org.apache.sshd.server.session.ServerSession;
import org.apache.sshd.server.session.SessionFactory;
import org.jspecify.annotations.Nullable;

/**
 * OrbStack's SSH gateway over the machines of a store.
 *
 * <p>Any login name gets in with an authorized key ({@code STORE/ssh/id_ed25519.pub}, made here if it is missing, and
 * the lines of {@code STORE/ssh/authorized_keys} at the time of the start); six refused keys end the connection. Which
 * machine and user a login means is settled per session, by {@code STORE/bin/orbctl}, so an unknown one is exit status
 * 1 without a word. A session's exit status is always sent, 0xFFFFFFFF for a death by signal, and the channel closes
 * when the command ends, whatever it left in the background. Environment requests are all taken. Left out, and
 * refused: terminals, forwarding in any direction, agents, passwords.
 *
 * <p>Knobs, read from {@code STORE/knobs} when they matter: {@code ssh-reset} (so many connections are dropped before
 * the banner), {@code ssh-banner-stall} (milliseconds before the banner, or {@code ever}), {@code hang} with the word
 * {@code ssh} (no answer at all), {@code ssh-software} (instead of {@code OrbStack}), {@code ssh-sftp} ({@code off}),
 * {@code ssh-refuse-exec} (exec requests fail), {@code ssh-drop-tail} (so many bytes are missing at the end of each
 * command's standard output).
 *
 * <p>It lives from {@link #start} to {@link #close}. A session has two threads of its own, one per output stream; its
 * input shares a pool in which only blocked writers hold a thread.
 */
public final class SshGateway implements AutoCloseable {
    private static final int REFUSED_KEYS = 6;
    private static final AttributeKey<Held> HELD = new AttributeKey<>();
    private static final AttributeKey<Boolean> COUNTED = new AttributeKey<>();
    private static final AttributeKey<AtomicInteger> REFUSALS = new AttributeKey<>();

    private final Knobs knobs;
    private final Path key;
    private final Path knownHosts;
    private final KeyPair hostKey;
    private final SshServer server;
    private final GuestSessions sessions;
    private final ScheduledThreadPoolExecutor timer;
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger refusedKeys = new AtomicInteger();
    private final AtomicInteger mostHandshakes = new AtomicInteger();
    private final Set<Session> handshakes = ConcurrentHashMap.newKeySet();

    /** Starts a gateway on a free port of 127.0.0.1. */
    public static SshGateway start(Path store) throws IOException {
        return start(store, 0);
    }

    /** Starts a gateway on that port of 127.0.0.1, as after a restart of OrbStack. */
    public static SshGateway start(Path store, int port) throws IOException {
        SshGateway gateway = new SshGateway(store);
        try {
            gateway.open(port);
        } catch (IOException | RuntimeException | Error e) {
            gateway.close();
            throw e;
        }
        return gateway;
    }

    private SshGateway(Path store) throws IOException {
        Path ssh = Files.createDirectories(store.resolve("ssh"));
        knobs = new Knobs(store);
        key = ssh.resolve("id_ed25519");
        knownHosts = ssh.resolve("known_hosts");
        keyPair(key, "orbstack");
        hostKey = keyPair(ssh.resolve("host_ed25519"), "gateway");
        timer = new ScheduledThreadPoolExecutor(
                1,
                Thread.ofPlatform().daemon().name("ssh-gateway-timer").factory(),
                new ThreadPoolExecutor.DiscardPolicy());
        sessions = new GuestSessions(store, knobs, timer);
        server = ServerBuilder.builder().factory(Server::new).build();
        configure(authorizedKeys(ssh));
    }

    private void configure(List<PublicKey> authorized) {
        server.setHost("127.0.0.1");
        server.setKeyPairProvider(KeyPairProvider.wrap(hostKey));
        server.setUserAuthFactories(List.of(UserAuthPublicKeyFactory.INSTANCE));
        server.setPublickeyAuthenticator(new AuthorizedKeys(authorized));
        server.setChannelFactories(List.of(sessions.channels()));
        server.setCommandFactory(sessions);
        server.setShellFactory(sessions);
        server.setSubsystemFactories(List.of(sessions.files()));
        server.setForwardingFilter(RejectAllForwardingFilter.INSTANCE);
        server.setGlobalRequestHandlers(List.of(KeepAliveHandler.INSTANCE, NoMoreSessionsHandler.INSTANCE));
        server.addSessionListener(new Handshakes());
        CoreModuleProperties.IDLE_TIMEOUT.set(server, Duration.ZERO);
        CoreModuleProperties.NIO2_READ_TIMEOUT.set(server, Duration.ZERO);
        CoreModuleProperties.SOCKET_BACKLOG.set(server, 1024);
        // As every server in Go; otherwise the second of two small writes waits 40 ms for the client to acknowledge the first.
        CoreModuleProperties.TCP_NODELAY.set(server, true);
        // A client may read as slowly as it likes, and its leaving shall not wait for the guest.
        CoreModuleProperties.WAIT_FOR_SPACE_TIMEOUT.set(server, Duration.ofDays(1));
        CoreModuleProperties.COMMAND_EXIT_TIMEOUT.set(server, Duration.ofMillis(50));
    }

    private void open(int port) throws IOException {
        server.setPort(port);
        server.start();
        Files.writeString(
                knownHosts, "[127.0.0.1]:" + port() + " " + PublicKeyEntry.toString(hostKey.getPublic()) + "\n");
    }

    public int port() {
        return server.getPort();
    }

    /** The private key that gets in, in OpenSSH's format; the public one is beside it. */
    public Path key() {
        return key;
    }

    public Path knownHosts() {
        return knownHosts;
    }

    /** Connections taken since the start, those that a knob dropped included. */
    public int connectionsAccepted() {
        return accepted.get();
    }

    public int openConnections() {
        return open.get();
    }

    /** Commands and shells since the start; SFTP isn't counted. */
    public int sessionsOpened() {
        return sessions.opened();
    }

    /** Commands and shells whose channel is open. */
    public int openSessions() {
        return sessions.open();
    }

    /** Session programs that run, those whose channel is closed already included. */
    public int sessionPrograms() {
        return sessions.programs();
    }

    /** The most connections that were between the banner and the end of authentication at one time. */
    public int mostHandshakesAtOnce() {
        return mostHandshakes.get();
    }

    /** Keys that were offered and refused. */
    public int failedAuthentications() {
        return refusedKeys.get();
    }

    /** Drops every connection and ends every session program. What those started in a machine goes on. */
    @Override
    public void close() throws IOException {
        try {
            server.close(true).await(Duration.ofSeconds(10));
            server.stop(true);
        } finally {
            sessions.close();
            timer.shutdownNow();
        }
    }

    private static KeyPair keyPair(Path file, String comment) throws IOException {
        try {
            if (!Files.exists(file)) {
                KeyPair made = KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, 256);
                try (OutputStream out = Files.newOutputStream(
                        Files.createFile(
                                file,
                                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))),
                        StandardOpenOption.WRITE)) {
                    OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(made, comment, null, out);
                }
                try (OutputStream out = Files.newOutputStream(file.resolveSibling(file.getFileName() + ".pub"))) {
                    OpenSSHKeyPairResourceWriter.INSTANCE.writePublicKey(made, comment, out);
                }
            }
            return new FileKeyPairProvider(file).loadKeys(null).iterator().next();
        } catch (GeneralSecurityException e) {
            throw new IOException("no key pair in " + file, e);
        }
    }

    private static List<PublicKey> authorizedKeys(Path ssh) throws IOException {
        List<PublicKey> keys = new ArrayList<>();
        for (Path file : List.of(ssh.resolve("id_ed25519.pub"), ssh.resolve("authorized_keys"))) {
            if (Files.exists(file)) {
                try (InputStream in = Files.newInputStream(file)) {
                    for (AuthorizedKeyEntry entry : AuthorizedKeyEntry.readAuthorizedKeys(in, true)) {
                        keys.add(entry.resolvePublicKey(null, PublicKeyEntryResolver.FAILING));
                    }
                } catch (GeneralSecurityException e) {
                    throw new IOException("no public keys in " + file, e);
                }
            }
        }
        return List.copyOf(keys);
    }

    /** A connection without a banner yet, and what the client has sent to it so far. */
    private static final class Held {
        final ReentrantLock lock = new ReentrantLock();
        final ByteArrayBuffer received = new ByteArrayBuffer();
        boolean admitted;
    }

    private final class Server extends SshServer {
        @Override
        protected SessionFactory createSessionFactory() {
            return new Connections(this);
        }
    }

    /** Decides what becomes of a connection before SSH begins. */
    private final class Connections extends SessionFactory {
        Connections(Server server) {
            super(server);
        }

        @Override
        public void sessionCreated(IoSession connection) throws Exception {
            accepted.incrementAndGet();
            if (knobs.take("ssh-reset")) {
                connection.setAttribute(HELD, new Held());
                connection.close(true);
                return;
            }
            connection.setAttribute(COUNTED, true);
            open.incrementAndGet();
            if (knobs.names("hang", "ssh") || knobs.names("ssh-banner-stall", "ever")) {
                connection.setAttribute(HELD, new Held());
                return;
            }
            long stall = knobs.number("ssh-banner-stall");
            if (stall == 0) {
                greet(connection);
                return;
            }
            Held held = new Held();
            connection.setAttribute(HELD, held);
            var unused = timer.schedule(() -> admit(connection, held), stall, TimeUnit.MILLISECONDS);
        }

        private void greet(IoSession connection) throws Exception {
            CoreModuleProperties.SERVER_IDENTIFICATION.set(
                    server, knobs.text("ssh-software").orElse("OrbStack"));
            super.sessionCreated(connection);
        }

        private void admit(IoSession connection, Held held) {
            held.lock.lock();
            try {
                if (!connection.isClosing()) {
                    greet(connection);
                    held.admitted = true;
                    if (held.received.available() > 0) {
                        super.messageReceived(connection, held.received);
                    }
                }
            } catch (Exception e) {
                connection.close(true);
            } finally {
                held.lock.unlock();
            }
        }

        @Override
        public void messageReceived(IoSession connection, Readable message) throws Exception {
            if (connection.getAttribute(HELD) instanceof Held held) {
                held.lock.lock();
                try {
                    if (!held.admitted) {
                        held.received.putBuffer(message);
                        return;
                    }
                } finally {
                    held.lock.unlock();
                }
            }
            super.messageReceived(connection, message);
        }

        @Override
        public void sessionClosed(IoSession connection) throws Exception {
            if (connection.removeAttribute(COUNTED) != null) {
                open.decrementAndGet();
            }
            if (AbstractSession.getSession(connection, true) != null) {
                super.sessionClosed(connection);
            }
        }

        @Override
        public void exceptionCaught(IoSession connection, Throwable cause) throws Exception {
            if (AbstractSession.getSession(connection, true) != null) {
                super.exceptionCaught(connection, cause);
            } else {
                connection.close(true);
            }
        }
    }

    private final class Handshakes implements SessionListener {
        @Override
        public void sessionCreated(Session session) {
            handshakes.add(session);
            mostHandshakes.accumulateAndGet(handshakes.size(), Math::max);
        }

        @Override
        public void sessionEvent(Session session, Event event) {
            if (event == Event.Authenticated) {
                handshakes.remove(session);
            }
        }

        @Override
        public void sessionClosed(Session session) {
            handshakes.remove(session);
        }
    }

    private final class AuthorizedKeys implements PublickeyAuthenticator {
        private final List<PublicKey> authorized;

        AuthorizedKeys(List<PublicKey> authorized) {
            this.authorized = authorized;
        }

        @Override
        public boolean authenticate(String login, PublicKey offered, @Nullable ServerSession session) {
            if (authorized.stream().anyMatch(known -> KeyUtils.compareKeys(known, offered))) {
                return true;
            }
            refusedKeys.incrementAndGet();
            if (session != null
                    && session.computeAttributeIfAbsent(REFUSALS, any -> new AtomicInteger())
                                    .incrementAndGet()
                            >= REFUSED_KEYS) {
                try {
                    session.disconnect(SshConstants.SSH2_DISCONNECT_PROTOCOL_ERROR, "too many authentication failures");
                } catch (IOException e) {
                    session.close(true);
                }
            }
            return false;
        }
    }

    /**
     * Runs a gateway by hand until it is interrupted: {@code SshGateway STORE [PORT]}, a free port without one. Prints
     * one line of three words, separated by tabs: the port, the private key's file and the known hosts' file.
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length < 1 || arguments.length > 2) {
            throw new IllegalArgumentException("usage: SshGateway STORE [PORT]");
        }
        int port = arguments.length == 2 ? Integer.parseInt(arguments[1]) : 0;
        CountDownLatch ended = new CountDownLatch(1);
        try (SshGateway gateway = start(Path.of(arguments[0]).toAbsolutePath(), port)) {
            Thread main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                ended.countDown();
                try {
                    main.join(Duration.ofSeconds(15));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
            System.out.println(gateway.port() + "\t" + gateway.key() + "\t" + gateway.knownHosts());
            ended.await();
        }
    }
}
