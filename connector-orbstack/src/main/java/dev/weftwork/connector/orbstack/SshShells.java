package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.ssh.SshConnection;
import dev.weftwork.session.ShellChannel;
import dev.weftwork.session.ShellTransport;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Shells of one user on one machine, over one SSH connection that is made when it is first needed, and again when lost. */
final class SshShells implements ShellTransport {

    /** A login shell with a profile that prints or changes what it likes; this one is what the session talks to. */
    private static final String SHELL = "exec sh";

    /** How long another shell may take on a connection that is there. */
    private static final Duration BESIDE = Duration.ofSeconds(5);

    private final SshRoute route;
    private final String host;
    private final MachineName machine;
    private final Optional<String> login;
    private final Optional<String> defaultUser;
    private final ReentrantLock connecting = new ReentrantLock();
    private final Set<SshConnection> connections = ConcurrentHashMap.newKeySet();

    /** Guarded by {@link #connecting}. */
    private @Nullable SshConnection main;

    private volatile boolean closed;

    SshShells(SshRoute route, String host, MachineName machine, Optional<String> login, Optional<String> defaultUser) {
        this.route = route;
        this.host = host;
        this.machine = machine;
        this.login = login;
        this.defaultUser = defaultUser;
    }

    @Override
    public ShellChannel open(ShellChannel.Listener listener, Duration limit) throws IOException, InterruptedException {
        Duration most = least(limit, route.limit());
        long deadline = System.nanoTime() + most.toNanos();
        if (!connecting.tryLock(most.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new IOException("another shell was being opened for all of " + most.toMillis() + " ms");
        }
        try {
            SshConnection known = main;
            if (known != null && known.isOpen()) {
                try {
                    if (known.heldUp().isZero()) {
                        return known.open(SHELL, listener, least(BESIDE, left(deadline)));
                    }
                } catch (IOException e) {
                    if (known.isOpen() && known.heldUp().isZero()) {
                        throw e;
                    }
                    // It was lost while nobody looked, or is held up now.
                }
                if (known.isOpen()) {
                    return openBeside(listener, deadline);
                }
            }
            if (known != null) {
                forget(known);
            }
            main = connect(deadline);
            return main.open(SHELL, listener, left(deadline));
        } finally {
            connecting.unlock();
        }
    }

    /** The login always names the machine: a single word that isn't one would be a user of the default machine. */
    private SshConnection connect(long deadline) throws IOException, InterruptedException {
        SshConnection made = route.connect(host, login.orElse("default") + "@" + machine, deadline);
        connections.add(made);
        if (closed) {
            forget(made);
            throw new IOException("its connection is closed");
        }
        return made;
    }

    private void forget(SshConnection connection) {
        connections.remove(connection);
        connection.close();
    }

    @Override
    public Optional<String> user() {
        return login.or(() -> defaultUser);
    }

    @Override
    public Optional<ShellTransport> as(String user) {
        return route.ownLogins() && OrbCtl.isLogin(user)
                ? Optional.of(new SshShells(route, host, machine, Optional.of(user), defaultUser))
                : Optional.empty();
    }

    @Override
    public String explain(String reason) throws InterruptedException {
        return route.explain(host, machine, login, reason);
    }

    @Override
    public void close() {
        closed = true;
        connections.forEach(this::forget);
    }

    private static Duration left(long deadline) {
        return Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** A shell with a connection of its own, which ends with it: a consumer of output holds the other one. */
    private ShellChannel openBeside(ShellChannel.Listener listener, long deadline)
            throws IOException, InterruptedException {
        SshConnection connection = connect(deadline);
        boolean opened = false;
        try {
            ShellChannel channel = connection.open(SHELL, listener, left(deadline));
            opened = true;
            return new ShellChannel() {
                @Override
                public void write(byte[] bytes, int offset, int count) throws IOException {
                    channel.write(bytes, offset, count);
                }

                @Override
                public void close() {
                    channel.close();
                    forget(connection);
                }
            };
        } finally {
            if (!opened) {
                forget(connection);
            }
        }
    }
}
