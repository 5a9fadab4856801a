package dev.weftwork.session;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Escalation;
import dev.weftwork.connector.OutputConsumer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that runs commands in long-lived shells, one for each user of the machine that commands run as. What a
 * connector gives to the engine, over a {@link ShellTransport} of its own.
 *
 * <p>A session is opened when it is first needed, and again when it was lost or had to be given up: after a command that
 * was ended, after one that left a process in the background, after one that killed its shell. The caller sees that in the
 * result of that command only.
 *
 * <p>Lifetime: from {@link Builder#open} to {@link #close}, which ends all its shells. What a command left in the background
 * lives on, as on any machine, but writes to nobody any more: a write into the output it was started with fails. So it does
 * before that when sixteen later commands have left something too.
 *
 * <p>Not for concurrent use, as every {@link Connection}; {@link #close} may be called by any thread, and ends a
 * command that is under way as an interrupt of its caller does.
 *
 * <pre>{@code
 * Connection connect(Host host) throws InterruptedException {
 *   return ShellConnection.to(host.name(), (listener, limit) -> openChannel(host, listener, limit), threads).open();
 * }
 * }</pre>
 */
public final class ShellConnection implements Connection {

    private static final Logger LOG = LoggerFactory.getLogger(ShellConnection.class);

    /** How many sessions live on for processes that commands left. */
    private static final int ABANDONED_LIMIT = 16;

    /** How long opening a shell may take from which a command is ended: whoever cancels waits for it. */
    private static final Duration END_LIMIT = Duration.ofSeconds(20);

    private final String host;
    private final ShellTransport transport;
    private final PipeThreads threads;
    private final List<String> shell;
    private final Escalation escalation;
    private final boolean sharedMachine;
    private final Duration openTimeout;
    private final Map<String, ShellSession> sessions = new ConcurrentHashMap<>();

    /** How shells of other users are started, for those that were asked for: by a login of their own, where there is one. */
    private final Map<String, Optional<ShellTransport>> logins = new ConcurrentHashMap<>();

    /** Sessions that live for what commands left in the background. */
    private final ConcurrentLinkedQueue<ShellSession> abandoned = new ConcurrentLinkedQueue<>();

    private volatile boolean closed;

    private ShellConnection(Builder builder) {
        host = builder.host;
        transport = builder.transport;
        threads = builder.threads;
        shell = builder.shell;
        escalation = builder.escalation;
        sharedMachine = builder.sharedMachine;
        openTimeout = builder.openTimeout;
    }

    /**
     * A connection to that machine.
     *
     * @param host the name of the host
     * @param threads of the connector, which owns them
     */
    public static Builder to(String host, ShellTransport transport, PipeThreads threads) {
        return new Builder(host, transport, threads);
    }

    @Override
    public CommandResult execute(Command command, OutputConsumer consumer) {
        return run(command, consumer);
    }

    @Override
    public CommandResult execute(Command command) {
        return run(command, null);
    }

    private CommandResult run(Command command, @Nullable OutputConsumer consumer) {
        if (Thread.currentThread().isInterrupted()) {
            return CommandResult.notStarted(host, command, "the run was cancelled before it was sent");
        }
        if (closed) {
            return CommandResult.notStarted(host, command, "its connection is closed");
        }
        long begin = System.nanoTime();
        OptionalLong deadline = command.timeout()
                .map(limit -> OptionalLong.of(begin + limit.toNanos()))
                .orElse(OptionalLong.empty());
        String user = command.user()
                .filter(name -> !transport.user().equals(Optional.of(name)))
                .orElse("");
        ShellSession session;
        try {
            session = session(
                    user,
                    Math.min(
                            openTimeout.toNanos(),
                            command.timeout().map(Duration::toNanos).orElse(Long.MAX_VALUE)));
        } catch (IOException e) {
            boolean late = deadline.isPresent() && System.nanoTime() - deadline.getAsLong() >= 0;
            return CommandResult.notStarted(
                    host,
                    command,
                    late
                            ? "its timeout of "
                                    + command.timeout().orElseThrow().toMillis()
                                    + " ms passed while its session was opened (" + e.getMessage() + ")"
                            : failure(user, e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return CommandResult.notStarted(host, command, "the run was cancelled before it was sent");
        }
        CommandResult result = session.execute(command, consumer, begin, deadline, each -> end(each, user));
        if (!session.usable()) {
            sessions.remove(user, session);
            if (session.retire()) {
                abandoned.add(session);
                closeOldest();
            }
        }
        return result;
    }

    /** Whether those whom they live for are still there isn't known: a host that starts daemons all day must end somewhere. */
    private void closeOldest() {
        if (abandoned.size() > ABANDONED_LIMIT) {
            ShellSession oldest = abandoned.poll();
            if (oldest != null) {
                oldest.close();
            }
        }
    }

    private static String failure(String user, IOException e) {
        return (user.isEmpty() ? "a shell" : "a shell as " + user) + " can't be opened: " + e.getMessage();
    }

    private ShellSession session(String user, long limit) throws IOException, InterruptedException {
        ShellSession known = sessions.get(user);
        if (known != null && known.usable()) {
            return known;
        }
        if (known != null) {
            sessions.remove(user, known);
            known.close();
        }
        if (closed) {
            throw new IOException("its connection is closed");
        }
        ShellSession session;
        try {
            session = open(user, limit);
        } catch (IOException | InterruptedException e) {
            if (closed) {
                closeTransports();
            }
            throw e;
        }
        sessions.put(user, session);
        if (closed) {
            session.close();
            // Its transport may have come behind the back of close.
            closeTransports();
            throw new IOException("its connection is closed");
        }
        return session;
    }

    private ShellSession open(String user, long limit) throws IOException, InterruptedException {
        var session = new ShellSession(host, threads);
        Optional<ShellTransport> own =
                user.isEmpty() ? Optional.of(transport) : logins.computeIfAbsent(user, transport::as);
        var login = new Login(shell, escalation, sharedMachine, own.isPresent() ? Optional.empty() : Optional.of(user));
        session.open(own.orElse(transport), login, System.nanoTime() + limit);
        return session;
    }

    /** By the transport, or from a shell of the same user beside it. */
    private boolean end(ShellSession session, String user) throws InterruptedException {
        Optional<Boolean> ended = session.endProcesses();
        if (ended.isPresent()) {
            return ended.get();
        }
        try {
            ShellSession beside = open(user, Math.min(openTimeout.toNanos(), END_LIMIT.toNanos()));
            try {
                return EndSession.from(beside, session);
            } finally {
                beside.close();
            }
        } catch (IOException e) {
            LOG.debug("{}: no shell could be opened to end a command from", host, e);
            return false;
        }
    }

    @Override
    public void close() {
        closed = true;
        sessions.values().forEach(ShellSession::cancel);
        sessions.values().forEach(ShellSession::close);
        sessions.clear();
        for (ShellSession each = abandoned.poll(); each != null; each = abandoned.poll()) {
            each.close();
        }
        closeTransports();
    }

    private void closeTransports() {
        logins.values().forEach(login -> login.ifPresent(ShellTransport::close));
        transport.close();
    }

    /** Collects the options of a connection; used by one thread, then thrown away. */
    public static final class Builder {
        private static final Duration DEFAULT_OPEN_TIMEOUT = Duration.ofSeconds(30);

        private final String host;
        private final ShellTransport transport;
        private final PipeThreads threads;
        private List<String> shell = List.of("sh");
        private Escalation escalation = Escalation.sudo();
        private boolean sharedMachine;
        private Duration openTimeout = DEFAULT_OPEN_TIMEOUT;

        private Builder(String host, ShellTransport transport, PipeThreads threads) {
            this.host = host;
            this.transport = transport;
            this.threads = threads;
        }

        /** The words that start the machine's shell, by default {@code sh}: for shells beside and behind the first one. */
        public Builder shell(List<String> words) {
            if (words.isEmpty()) {
                throw new IllegalArgumentException("shell must have at least one word");
            }
            shell = List.copyOf(words);
            return this;
        }

        /** How commands become another user, by default {@link Escalation#sudo()}. */
        public Builder escalation(Escalation way) {
            escalation = way;
            return this;
        }

        /**
         * Says that many hosts are on the same machine, as embedded ones are on this computer. What a command left in the
         * background is then found by a descriptor that it inherited, number 5, because looking at all processes that were
         * started meanwhile would take longer than the commands.
         */
        public Builder sharedMachine() {
            sharedMachine = true;
            return this;
        }

        /** How long opening a session may take, password prompts included; by default 30 seconds. */
        public Builder openTimeout(Duration limit) {
            if (limit.isNegative() || limit.isZero()) {
                throw new IllegalArgumentException("openTimeout must be > 0, was " + limit);
            }
            openTimeout = limit;
            return this;
        }

        /**
         * Opens the first session.
         *
         * @throws ConnectFailedException if that fails; nothing has run on the machine, and the transport is closed
         * @throws InterruptedException if the calling thread is interrupted; what was opened is closed again
         */
        public ShellConnection open() throws InterruptedException {
            var connection = new ShellConnection(this);
            boolean opened = false;
            try {
                connection.session("", openTimeout.toNanos());
                opened = true;
                return connection;
            } catch (IOException e) {
                throw new ConnectFailedException(host, failure("", e), e);
            } finally {
                if (!opened) {
                    connection.close();
                }
            }
        }
    }
}
