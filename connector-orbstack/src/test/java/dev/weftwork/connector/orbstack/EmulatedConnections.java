package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.Connection;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator;
import dev.weftwork.connector.orbstack.emulator.SshGateway;
import dev.weftwork.inventory.Host;
import java.io.IOException;

/** One emulated machine, and a connector to it. */
final class EmulatedConnections implements AutoCloseable {

    private final OrbStackEmulator orbstack;
    private final SshGateway gateway;
    private final OrbStackConnector connector;

    EmulatedConnections(Transport transport) throws Exception {
        orbstack = OrbStackEmulator.start();
        gateway = SshGateway.start(orbstack.store());
        orbstack.machine("web01");
        connector = OrbStackConnector.builder()
                .transport(transport)
                .orbctl(OrbCtl.builder().program(orbstack.orbctl()).build())
                .gateway("127.0.0.1", gateway.port())
                .key(gateway.key())
                .knownHosts(gateway.knownHosts())
                .build();
    }

    Connection connect() throws InterruptedException {
        return connector.connect(Host.named("web01"));
    }

    @Override
    public void close() throws IOException {
        connector.close();
        gateway.close();
        orbstack.close();
    }
}
