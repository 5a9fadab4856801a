package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ShellChannel;
import dev.weftwork.session.ShellTransport;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Into machines by processes of {@code orbctl run}. */
final class CliRoute implements Route {

    /** Longer than a connection to OrbStack takes, if it comes to be at all. */
    private static final Duration LONGEST_HANDSHAKE = Duration.ofSeconds(5);

    private final OrbCtl orbctl;
    private final Handshakes handshakes;
    private final boolean ownLogins;
    private final PipeThreads threads;

    /**
     * @param ownLogins whether commands of another user get a login of their own
     */
    CliRoute(OrbCtl orbctl, Semaphore handshakes, boolean ownLogins, PipeThreads threads) {
        this.orbctl = orbctl;
        this.handshakes = new Handshakes(handshakes, LONGEST_HANDSHAKE);
        this.ownLogins = ownLogins;
        this.threads = threads;
    }

    @Override
    public ShellTransport shells(String host, MachineName machine, Optional<String> login, Optional<String> defaultUser)
            throws InterruptedException {
        var shells = new CliShells(host, machine, login, defaultUser);
        // Before the time of this machine begins, which isn't to pass with waiting for others.
        shells.reserved.set(handshakes.take());
        return shells;
    }

    /** Their processes end with the threads at their pipes. */
    @Override
    public void close() {}

    /** Those of one machine and user. */
    private final class CliShells implements ShellTransport {
        private final String host;
        private final MachineName machine;
        private final Optional<String> login;
        private final Optional<String> defaultUser;
        private final ShellTransport processes;

        /** For the first shell. */
        private final AtomicReference<Handshakes.@Nullable Place> reserved = new AtomicReference<>();

        CliShells(String host, MachineName machine, Optional<String> login, Optional<String> defaultUser) {
            this.host = host;
            this.machine = machine;
            this.login = login;
            this.defaultUser = defaultUser;
            processes = orbctl.shells(host, machine, login, threads);
        }

        @Override
        public ShellChannel open(ShellChannel.Listener listener, Duration limit)
                throws IOException, InterruptedException {
            Handshakes.Place place = reserved.getAndSet(null);
            if (place != null) {
                return Handshake.open(processes, listener, place, limit);
            }
            long begun = System.nanoTime();
            place = handshakes.take(limit);
            Duration left = limit.minusNanos(System.nanoTime() - begun);
            return Handshake.open(processes, listener, place, left.isPositive() ? left : Duration.ofNanos(1));
        }

        @Override
        public Optional<String> user() {
            return login.or(() -> defaultUser);
        }

        @Override
        public Optional<ShellTransport> as(String user) {
            return ownLogins && OrbCtl.isLogin(user)
                    ? Optional.of(new CliShells(host, machine, Optional.of(user), defaultUser))
                    : Optional.empty();
        }

        @Override
        public String explain(String reason) throws InterruptedException {
            return processes.explain(reason);
        }

        @Override
        public void close() {
            Handshakes.Place place = reserved.getAndSet(null);
            if (place != null) {
                place.giveUp();
            }
        }
    }
}
