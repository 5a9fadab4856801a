package dev.weftwork.connector.orbstack.ssh;

import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchChangedHostKeyException;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.JSchHostKeyException;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SocketFactory;
import dev.weftwork.session.PipeThreads;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SSH by JSch.
 *
 * <p>JSch waits inside monitors, which hold the carriers of virtual threads before JDK 24. So its reader threads, one for each
 * connection, are platform threads there. From JDK 24 on only the first few are, and all further ones virtual: once a
 * virtual thread has waited for a socket, the JVM takes 0.3 seconds longer to end, which matters to small runs only.
 * Connecting and opening happen on platform threads for all, on which the caller waits.
 */
public final class JschClient implements SshClient {

    private static final Logger LOG = LoggerFactory.getLogger(JschClient.class);

    /** Virtual threads that wait in a monitor keep their carriers before this release of Java. */
    private static final int MONITORS_RELEASE_CARRIERS = 24;

    /** So many connections may have platform threads where virtual ones would do. */
    private static final int FEW = 64;

    /** What JSch's reader needs; virtual memory until touched. */
    private static final long STACK_BYTES = 256 * 1024;

    private static final int KEEP_ALIVE_MISSES = 3;

    /**
     * What every JDK from 21 on can do, and every SSH server of today. JSch would otherwise try out at each connection
     * whether the JDK can do what it offers, by making keys for each algorithm: half of what connecting costs.
     */
    private static final Properties ALGORITHMS = algorithms();

    private final SshServer server;
    private final Duration keepAlive;
    private final PipeThreads threads;
    private final JSch jsch;
    private final Set<Attempt> attempts = ConcurrentHashMap.newKeySet();
    private final Set<JschConnection> connections = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * Reads the key and the known hosts; looks at nothing else.
     *
     * @param keepAlive how long nothing may come before the server is asked whether it is there; after three unanswered
     *     questions the connection is lost
     * @param threads owned by the caller
     * @throws SshFailure if one of the files can't be used
     */
    public JschClient(SshServer server, Duration keepAlive, PipeThreads threads) throws SshFailure {
        this.server = server;
        this.keepAlive = keepAlive;
        this.threads = threads;
        jsch = new JSch();
        if (!Files.isReadable(server.knownHosts())) {
            throw new SshFailure(
                    SshFailure.Kind.HOST_KEY,
                    "its host key can't be checked: no file " + server.knownHosts() + " that can be read",
                    new IOException("no known hosts"));
        }
        try {
            jsch.setKnownHosts(server.knownHosts().toString());
        } catch (JSchException e) {
            throw new SshFailure(
                    SshFailure.Kind.HOST_KEY,
                    "its host key can't be checked: " + server.knownHosts() + ": " + said(e),
                    e);
        }
        if (!Files.isReadable(server.key())) {
            throw new SshFailure(
                    SshFailure.Kind.KEY,
                    "there is no key " + server.key() + " that can be read",
                    new IOException("no key"));
        }
        try {
            jsch.addIdentity(server.key().toString());
            for (var identity : jsch.getIdentityRepository().getIdentities()) {
                if (identity.isEncrypted()) {
                    throw new JSchException("it has a passphrase, which isn't supported");
                }
            }
        } catch (JSchException e) {
            throw new SshFailure(SshFailure.Kind.KEY, "the key " + server.key() + " can't be used: " + said(e), e);
        }
    }

    @Override
    public SshConnection connect(String login, Duration limit) throws IOException, InterruptedException {
        var attempt = new Attempt(limit);
        attempts.add(attempt);
        try {
            if (closed) {
                throw new IOException("the connector is closed");
            }
            return connect(login, limit, attempt);
        } finally {
            attempts.remove(attempt);
        }
    }

    private SshConnection connect(String login, Duration limit, Attempt attempt)
            throws IOException, InterruptedException {
        CompletableFuture<Session> connecting;
        try {
            connecting = threads.start("weftwork-connect-" + login, () -> connect(login, attempt));
        } catch (IllegalStateException e) {
            throw new IOException(e.getMessage(), e);
        }
        boolean connected = false;
        try {
            Session session = connecting.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            var connection = new JschConnection(login, session, attempt::lost, threads, connections::remove);
            attempt.atEnd = connection::wakeThoseWhoOpen;
            connections.add(connection);
            connected = true;
            if (closed) {
                connection.close();
                throw new IOException("the connector is closed");
            }
            return connection;
        } catch (TimeoutException e) {
            throw silent(limit, e);
        } catch (ExecutionException e) {
            throw failure(login, limit, e.getCause() == null ? e : e.getCause());
        } finally {
            if (!connected) {
                attempt.giveUp();
                // It may have come to its end just now.
                var unused = connecting.thenAccept(Session::disconnect);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        attempts.forEach(Attempt::giveUp);
        connections.forEach(JschConnection::close);
    }

    private static Properties algorithms() {
        var config = new Properties();
        config.setProperty(
                "kex",
                "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
                        + "diffie-hellman-group14-sha256");
        config.setProperty(
                "server_host_key",
                "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256");
        String ciphers = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr";
        config.setProperty("cipher.c2s", ciphers);
        config.setProperty("cipher.s2c", ciphers);
        for (String check : List.of("CheckKexes", "CheckCiphers", "CheckMacs", "CheckSignatures")) {
            config.setProperty(check, "");
        }
        return config;
    }

    private Session connect(String login, Attempt attempt) throws JSchException {
        Session session = jsch.getSession(login, server.host(), server.port());
        session.setConfig("StrictHostKeyChecking", "yes");
        session.setConfig("PreferredAuthentications", "publickey");
        session.setConfig(ALGORITHMS);
        session.setSocketFactory(attempt);
        session.setThreadFactory(readers(login, attempt));
        session.setServerAliveInterval(milliseconds(keepAlive));
        session.setServerAliveCountMax(KEEP_ALIVE_MISSES);
        session.connect(milliseconds(attempt.limit));
        return session;
    }

    private ThreadFactory readers(String login, Attempt attempt) {
        String name = "weftwork-ssh-" + login;
        Thread.Builder kind =
                Runtime.version().feature() >= MONITORS_RELEASE_CARRIERS && connections.size() + attempts.size() > FEW
                        ? Thread.ofVirtual()
                        : Thread.ofPlatform().daemon().stackSize(STACK_BYTES);
        // The library gives all of them the same name, before they begin.
        return task -> kind.unstarted(() -> {
            Thread.currentThread().setName(name);
            try {
                task.run();
            } finally {
                attempt.readerEnded();
            }
        });
    }

    private SshFailure silent(Duration limit, Throwable cause) {
        return new SshFailure(
                SshFailure.Kind.SILENT,
                "the SSH server at " + server + " was silent for " + limit.toMillis() + " ms",
                cause);
    }

    private SshFailure failure(String login, Duration limit, Throwable failure) {
        if (failure instanceof JSchHostKeyException) {
            String what = failure instanceof JSchChangedHostKeyException ? "is another than" : "is not among";
            return new SshFailure(
                    SshFailure.Kind.HOST_KEY,
                    "the host key of the SSH server at " + server + " " + what + " those in " + server.knownHosts()
                            + " (" + said(failure) + ")",
                    failure);
        }
        if (hasCause(failure, ConnectException.class)) {
            return new SshFailure(
                    SshFailure.Kind.REFUSED, "nobody listens at " + server + " (" + said(failure) + ")", failure);
        }
        if (hasCause(failure, SocketTimeoutException.class)) {
            return silent(limit, failure);
        }
        String said = said(failure);
        String lower = said.toLowerCase(Locale.ROOT);
        if (lower.startsWith("auth fail")
                || lower.startsWith("auth cancel")
                || lower.contains("too many authentication")) {
            return new SshFailure(
                    SshFailure.Kind.KEY,
                    "the SSH server at " + server + " doesn't take the key " + server.key() + " for login " + login
                            + " (" + said + ")",
                    failure);
        }
        if (hasCause(failure, NoClassDefFoundError.class)) {
            return new SshFailure(
                    SshFailure.Kind.OTHER,
                    "JSch lacks its classes for this Java: it is a multi-release jar, and a jar that packs it needs"
                            + " `Multi-Release: true` in its manifest (" + said + ")",
                    failure);
        }
        if (hasCause(failure, UnknownHostException.class)) {
            return new SshFailure(SshFailure.Kind.OTHER, "the host of " + server + " is unknown: " + said, failure);
        }
        boolean cutOff = hasCause(failure, IOException.class) || lower.contains("closed by foreign host");
        return new SshFailure(
                cutOff ? SshFailure.Kind.CUT_OFF : SshFailure.Kind.OTHER,
                "the SSH server at " + server + (cutOff ? " cut the connection off" : " can't be used") + ": " + said,
                failure);
    }

    private static boolean hasCause(@Nullable Throwable failure, Class<? extends Throwable> type) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (type.isInstance(each)) {
                return true;
            }
        }
        return false;
    }

    /** As the library takes them: at least 1, for 0 means for ever there. */
    static int milliseconds(Duration duration) {
        return Math.toIntExact(Math.min(Integer.MAX_VALUE, Math.max(1, duration.toMillis())));
    }

    static String said(@Nullable Throwable failure) {
        if (failure == null) {
            return "for no known reason";
        }
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }

    /** Knows the socket, so that whoever has waited long enough can close it under the library's hands. */
    private static final class Attempt implements SocketFactory {
        private final Duration limit;
        private volatile @Nullable Socket socket;
        private volatile boolean over;
        private volatile boolean lost;
        private volatile Runnable atEnd = () -> {};

        Attempt(Duration limit) {
            this.limit = limit;
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            var made = new Socket();
            socket = made;
            if (over) {
                throw new IOException("given up");
            }
            made.connect(new InetSocketAddress(host, port), milliseconds(limit));
            return made;
        }

        /** Whether nothing came when it was last looked for; also while it is. */
        boolean lost() {
            return lost;
        }

        void readerEnded() {
            atEnd.run();
        }

        void giveUp() {
            over = true;
            Socket made = socket;
            if (made != null) {
                try {
                    made.close();
                } catch (IOException e) {
                    LOG.trace("closing a socket", e);
                }
            }
        }

        @Override
        public InputStream getInputStream(Socket made) throws IOException {
            return new FilterInputStream(made.getInputStream()) {
                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
                }

                @Override
                public int read(byte[] bytes, int offset, int count) throws IOException {
                    lost = true;
                    int got = super.read(bytes, offset, count);
                    lost = got < 0;
                    return got;
                }
            };
        }

        @Override
        public OutputStream getOutputStream(Socket made) throws IOException {
            return made.getOutputStream();
        }
    }
}
