package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.ssh.SshClient;
import dev.weftwork.connector.orbstack.ssh.SshConnection;
import dev.weftwork.connector.orbstack.ssh.SshFailure;
import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ShellTransport;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Into machines by OrbStack's SSH gateway. */
final class SshRoute implements Route {

    private static final Logger LOG = LoggerFactory.getLogger(SshRoute.class);

    /** Resets with hundreds of new connections have been seen, never many in a row. */
    private static final int ATTEMPTS = 5;

    private static final Duration FIRST_WAIT = Duration.ofMillis(100);

    private final SshClient client;
    private final OrbStackProcess orbstack;
    private final Duration limit;
    private final Semaphore handshakes;
    private final boolean ownLogins;
    private final PipeThreads threads;
    private final CountDownLatch closed;

    /**
     * Connects when asked to.
     *
     * @param limit for connecting, with all attempts
     * @param handshakes how many at once
     * @param ownLogins whether commands of another user get a login of their own
     * @param closed open as long as the connector is
     */
    SshRoute(
            SshClient client,
            OrbStackProcess orbstack,
            Duration limit,
            Semaphore handshakes,
            boolean ownLogins,
            PipeThreads threads,
            CountDownLatch closed) {
        this.client = client;
        this.orbstack = orbstack;
        this.limit = limit;
        this.handshakes = handshakes;
        this.ownLogins = ownLogins;
        this.threads = threads;
        this.closed = closed;
    }

    @Override
    public ShellTransport shells(
            String host, MachineName machine, Optional<String> login, Optional<String> defaultUser) {
        return new SshShells(this, host, machine, login, defaultUser);
    }

    boolean ownLogins() {
        return ownLogins;
    }

    Duration limit() {
        return limit;
    }

    /** Why a shell ended before its first word, or stayed silent: {@code orbctl} knows more than the gateway tells. */
    String explain(String host, MachineName machine, Optional<String> login, String reason)
            throws InterruptedException {
        if (orbstack.orbctl().isPresent()) {
            return orbstack.orbctl().get().shells(host, machine, login, threads).explain(reason);
        }
        return reason.matches("its shell ended with status 1(\\D[^\\x00]*)?")
                ? "OrbStack has no machine '" + machine + "', no user '" + login.orElse("default")
                        + "' on it, or can't start it; without orbctl it can't be found out which (" + reason + ")"
                : reason;
    }

    /**
     * A new connection. Tries again, with growing pauses, while nothing but the way there has failed; nothing has run then.
     *
     * @param host whom messages are about
     * @param deadline by {@code nanoTime}, for all attempts
     */
    SshConnection connect(String host, String login, long deadline) throws IOException, InterruptedException {
        return connect(host, login, limit, deadline);
    }

    /**
     * As {@link #connect(String, String, long)}, with a limit for each attempt: OrbStack may take longer to be started than
     * an answer may.
     */
    SshConnection connect(String host, String login, Duration patience, long deadline)
            throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return connectOnce(login, patience, deadline);
            } catch (SshFailure e) {
                boolean mayPass = switch (e.kind()) {
                    case REFUSED -> orbstack.isUpNow(deadline);
                    case CUT_OFF -> true;
                    case SILENT, HOST_KEY, KEY, OTHER -> false;
                };
                Duration wait = pause(attempt);
                if (!mayPass || attempt == ATTEMPTS || System.nanoTime() + wait.toNanos() - deadline >= 0) {
                    throw new IOException(e.getMessage() + advice(e, attempt), e);
                }
                LOG.debug("{}: attempt {} to connect failed, next in {}", host, attempt, wait, e);
                if (closed.await(wait.toNanos(), TimeUnit.NANOSECONDS)) {
                    throw new IOException("the connector is closed", e);
                }
            }
        }
    }

    private SshConnection connectOnce(String login, Duration patience, long deadline)
            throws IOException, InterruptedException {
        if (!handshakes.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            throw new IOException(
                    "other connections were being made for all the time there was; raise connectTimeout, or find out why they take so long");
        }
        try {
            long left = Math.min(patience.toNanos(), deadline - System.nanoTime());
            return client.connect(login, Duration.ofNanos(Math.max(1, left)));
        } finally {
            handshakes.release();
        }
    }

    @Override
    public void close() {
        client.close();
    }

    /** Twice as long as the one before, give or take a half, so that hundreds don't come back at the same time. */
    private static Duration pause(int attempt) {
        long nanos = FIRST_WAIT.toNanos() << (attempt - 1);
        return Duration.ofNanos(nanos / 2 + ThreadLocalRandom.current().nextLong(nanos));
    }

    private String advice(SshFailure failure, int attempts) {
        String tried = attempts == 1 ? "" : " (" + attempts + " attempts)";
        return tried
                + switch (failure.kind()) {
                    case REFUSED -> "; " + orbstack.whyNotUp();
                    case SILENT ->
                        "; OrbStack's daemon may hang: try `orbctl status`, and restart OrbStack if that hangs too";
                    case HOST_KEY ->
                        "; if this is OrbStack, take the file it writes, ~/.orbstack/ssh/known_hosts, or choose the transport CLI";
                    case KEY -> "; OrbStack's own is ~/.orbstack/ssh/id_ed25519";
                    case CUT_OFF, OTHER -> "";
                };
    }
}
