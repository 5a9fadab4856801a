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

/** Into machines by processes of {@code orbctl run}. */
final class CliRoute implements Route {

    private final OrbCtl orbctl;
    private final Semaphore handshakes;
    private final boolean ownLogins;
    private final PipeThreads threads;

    /**
     * @param ownLogins whether commands of another user get a login of their own
     */
    CliRoute(OrbCtl orbctl, Semaphore handshakes, boolean ownLogins, PipeThreads threads) {
        this.orbctl = orbctl;
        this.handshakes = handshakes;
        this.ownLogins = ownLogins;
        this.threads = threads;
    }

    @Override
    public ShellTransport shells(
            String host, MachineName machine, Optional<String> login, Optional<String> defaultUser) {
        return new CliShells(host, machine, login, defaultUser);
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
            return Handshake.open(processes, listener, handshakes, limit);
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
    }
}
