package dev.weftwork.connector.orbstack;

import dev.weftwork.command.Command;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.Escalation;
import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.cli.OrbCtlException;
import dev.weftwork.connector.orbstack.ssh.JschClient;
import dev.weftwork.connector.orbstack.ssh.SshServer;
import dev.weftwork.inventory.Host;
import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ShellConnection;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reaches OrbStack's Linux machines: a host of the inventory is the machine of the same name.
 *
 * <p>There are two ways in, and {@link Transport#AUTO} takes the better one that works: OrbStack's SSH gateway, or a
 * long-lived {@code orbctl run} for each host. Over both, a host has one shell for all commands of one user for as long as
 * its connection lives; a command's text, input and output go through that shell, so that neither the quoting of
 * {@code orbctl} nor the length of an argument matters.
 *
 * <p>Commands run as the machine's default user unless the {@linkplain Builder#user connector} names one. Those that are to
 * run {@linkplain Command#as as} somebody else get a login of their own, because OrbStack lets its owner log in as
 * anybody; no {@code sudo} is needed, unless {@linkplain Builder#escalation wanted}. Commands start in the user's home.
 *
 * <p><strong>OrbStack starts what is connected to</strong>: itself, if it isn't running, and a stopped machine. Leave machines
 * that are to stay stopped out of the inventory ({@link OrbStack#runningInventory}).
 *
 * <p>Lifetime: owned by its engine once given to one; {@link #close} ends every connection. Safe for use from many threads.
 * Each SSH connection has one thread that reads it, from JDK 24 on a virtual one for all but the first 64; each {@code orbctl} process has two small
 * platform threads.
 *
 * <pre>{@code
 * try (Engine engine = Engine.of(OrbStackConnector.create())) {
 *   engine.run(OrbStack.runningInventory(), deploy).throwIfFailed();
 * }
 * }</pre>
 */
public final class OrbStackConnector implements Connector {

    private static final Logger LOG = LoggerFactory.getLogger(OrbStackConnector.class);

    /** How long logging in at the gateway may take, when it is only asked whether that works. */
    private static final Duration GATEWAY_ANSWER = Duration.ofSeconds(10);

    private final Transport transport;
    private final Optional<OrbCtl> givenOrbctl;
    private final Optional<String> user;
    private final SshServer gateway;
    private final Duration connectTimeout;
    private final Duration keepAlive;
    private final int maxParallel;
    private final Semaphore handshakes;
    private final Optional<Escalation> escalation;

    private final PipeThreads threads = new PipeThreads();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final ReentrantLock deciding = new ReentrantLock();
    private volatile @Nullable Route route;

    private OrbStackConnector(Builder builder) {
        transport = builder.transport;
        givenOrbctl = Optional.ofNullable(builder.orbctl);
        user = Optional.ofNullable(builder.user);
        gateway = new SshServer(builder.sshHost, builder.sshPort, builder.key, builder.knownHosts);
        connectTimeout = builder.connectTimeout;
        keepAlive = builder.keepAlive;
        maxParallel = builder.maxParallel;
        handshakes = new Semaphore(builder.maxHandshakes, true);
        escalation = Optional.ofNullable(builder.escalation);
    }

    /** With {@link Transport#AUTO}, as the machines' default users, and where OrbStack puts things. */
    public static OrbStackConnector create() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Connects to the machine with the name of the host; a stopped one is started by OrbStack. The first call also decides how
     * machines are reached, and logs it.
     *
     * @throws ConnectFailedException if the machine isn't there or can't be reached; the message says which, as far as
     *     OrbStack tells
     */
    @Override
    public Connection connect(Host host) throws InterruptedException {
        MachineName machine;
        try {
            machine = new MachineName(host.name());
        } catch (IllegalArgumentException e) {
            throw new ConnectFailedException(host.name(), "it can't be an OrbStack machine: " + e.getMessage(), e);
        }
        if (closed.getCount() == 0) {
            throw new ConnectFailedException(host.name(), "the connector of OrbStack machines is closed");
        }
        var defaultUser = host.findData(OrbStack.DEFAULT_USER, String.class);
        var shells = route(host, machine).shells(host.name(), machine, user, defaultUser);
        var connection = ShellConnection.to(host.name(), shells, threads).openTimeout(connectTimeout);
        escalation.ifPresent(connection::escalation);
        return connection.open();
    }

    @Override
    public int maxParallel() {
        return maxParallel;
    }

    private Route route(Host host, MachineName machine) throws InterruptedException {
        Route decided = route;
        if (decided != null) {
            return decided;
        }
        if (!deciding.tryLock(connectTimeout.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new ConnectFailedException(
                    host.name(),
                    "how machines are reached was being found out for all of " + connectTimeout.toMillis()
                            + " ms; raise connectTimeout, or see at level DEBUG what it waits for");
        }
        try {
            decided = route;
            if (decided == null) {
                decided = decide(machine);
                route = decided;
                if (closed.getCount() == 0) {
                    decided.close();
                }
            }
            return decided;
        } catch (IOException e) {
            throw new ConnectFailedException(host.name(), String.valueOf(e.getMessage()), e);
        } finally {
            deciding.unlock();
        }
    }

    private Route decide(MachineName machine) throws IOException, InterruptedException {
        Optional<OrbCtl> orbctl = givenOrbctl;
        String noOrbctl = "";
        if (orbctl.isEmpty()) {
            try {
                orbctl = Optional.of(OrbCtl.onPath());
            } catch (OrbCtlException.NotInstalled e) {
                noOrbctl = String.valueOf(e.getMessage());
            }
        }
        String noGateway = "it isn't wanted";
        if (transport != Transport.CLI) {
            try {
                Route ssh = ssh(machine, orbctl);
                LOG.info("OrbStack machines are reached by the SSH gateway at {}", gateway);
                return ssh;
            } catch (IOException e) {
                noGateway = String.valueOf(e.getMessage());
                if (transport == Transport.SSH) {
                    throw e;
                }
            }
        }
        if (orbctl.isEmpty()) {
            throw new IOException(
                    transport == Transport.CLI
                            ? noOrbctl
                            : "OrbStack can't be reached, neither by SSH (" + noGateway + ") nor by orbctl (" + noOrbctl
                                    + ")");
        }
        LOG.info(
                "OrbStack machines are reached by {} run, not by the SSH gateway: {}",
                orbctl.get().program(),
                noGateway);
        return new CliRoute(orbctl.get(), handshakes, escalation.isEmpty(), threads);
    }

    /**
     * What decides for the gateway is that one can log in there, for whatever reason else: no key, other host keys, a server
     * that is none. Nothing runs on the machine for that.
     */
    private Route ssh(MachineName machine, Optional<OrbCtl> orbctl) throws IOException, InterruptedException {
        var client = new JschClient(gateway, keepAlive, threads);
        var orbstack = new OrbStackProcess(orbctl, closed);
        var ssh = new SshRoute(client, orbstack, connectTimeout, handshakes, escalation.isEmpty(), threads, closed);
        if (transport == Transport.AUTO) {
            String login = user.orElse("default") + "@" + machine;
            long deadline = System.nanoTime() + connectTimeout.toNanos();
            ssh.connect(machine.value(), login, least(GATEWAY_ANSWER, connectTimeout), deadline)
                    .close();
        }
        return ssh;
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    @Override
    public void close() {
        closed.countDown();
        Route decided = route;
        if (decided != null) {
            decided.close();
        }
        threads.close();
    }

    /** Collects the options of a connector; used by one thread, then thrown away. */
    public static final class Builder {

        private static final Path OWN_FILES = Path.of(System.getProperty("user.home"), ".orbstack", "ssh");

        private Transport transport = Transport.AUTO;
        private @Nullable OrbCtl orbctl;
        private @Nullable String user;
        private String sshHost = "127.0.0.1";
        private int sshPort = 32_222;
        private Path key = OWN_FILES.resolve("id_ed25519");
        private Path knownHosts = OWN_FILES.resolve("known_hosts");
        private Duration connectTimeout = Duration.ofSeconds(60);
        private Duration keepAlive = Duration.ofSeconds(15);
        private int maxParallel = Integer.MAX_VALUE;
        private int maxHandshakes = 16;
        private @Nullable Escalation escalation;

        private Builder() {}

        /** By default {@link Transport#AUTO}. */
        public Builder transport(Transport way) {
            transport = way;
            return this;
        }

        /** The client of {@code orbctl}; by default the one on PATH, if it is there. */
        public Builder orbctl(OrbCtl client) {
            orbctl = client;
            return this;
        }

        /**
         * Whom to log in as on every machine; by default each machine's own default user.
         *
         * @throws IllegalArgumentException if a login can't be made with that name
         */
        public Builder user(String name) {
            if (!OrbCtl.isLogin(name)) {
                throw new IllegalArgumentException(
                        "user must be letters, digits, '_', '.' and '-', beginning with a letter"
                                + " or '_', and not 'default', was '" + name + "'");
            }
            user = name;
            return this;
        }

        /**
         * Where the SSH gateway is; by default port 32222 of 127.0.0.1.
         *
         * @throws IllegalArgumentException if the host is blank, or the port not one of 1 to 65,535
         */
        public Builder gateway(String host, int port) {
            SshServer.require(host, port);
            sshHost = host;
            sshPort = port;
            return this;
        }

        /** The private key for the gateway, without a passphrase; by default {@code ~/.orbstack/ssh/id_ed25519}. */
        public Builder key(Path file) {
            key = file;
            return this;
        }

        /** The gateway's host keys, which are always checked; by default {@code ~/.orbstack/ssh/known_hosts}. */
        public Builder knownHosts(Path file) {
            knownHosts = file;
            return this;
        }

        /**
         * How long connecting to a machine may take, a start of the machine or of OrbStack included; by default 60 seconds. By
         * the CLI, the time that it waits for its {@linkplain #maxHandshakes turn} doesn't count.
         */
        public Builder connectTimeout(Duration limit) {
            connectTimeout = positive("connectTimeout", limit);
            return this;
        }

        /**
         * How long an SSH connection may be silent before it is asked whether it is still there, by default 15 seconds; lost
         * after three such questions without an answer.
         */
        public Builder keepAlive(Duration interval) {
            keepAlive = positive("keepAlive", interval);
            return this;
        }

        /**
         * How many connections may be in the making at once; by default 16. By the CLI, those that have been silent for five
         * seconds give way to others that wait.
         */
        public Builder maxHandshakes(int limit) {
            maxHandshakes = atLeastOne("maxHandshakes", limit);
            return this;
        }

        /** How many connects and commands OrbStack is to get at once, over all hosts; by default there is no limit. */
        public Builder maxParallel(int limit) {
            maxParallel = atLeastOne("maxParallel", limit);
            return this;
        }

        /**
         * Commands of other users are run by that program in a shell of the one who logged in, instead of by a login of
         * their own.
         */
        public Builder escalation(Escalation way) {
            escalation = way;
            return this;
        }

        public OrbStackConnector build() {
            return new OrbStackConnector(this);
        }

        private static Duration positive(String what, Duration duration) {
            if (duration.isZero() || duration.isNegative()) {
                throw new IllegalArgumentException(what + " must be > 0, was " + duration);
            }
            return duration;
        }

        private static int atLeastOne(String what, int limit) {
            if (limit < 1) {
                throw new IllegalArgumentException(what + " must be >= 1, was " + limit);
            }
            return limit;
        }
    }
}
