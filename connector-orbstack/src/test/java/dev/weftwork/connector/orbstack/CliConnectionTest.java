package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.Connection;
import dev.weftwork.testing.ConnectionContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract of every connector, over processes of {@code orbctl run}. */
class CliConnectionTest extends ConnectionContract {

    private static EmulatedConnections connections;

    @BeforeAll
    static void start() throws Exception {
        connections = new EmulatedConnections(Transport.CLI);
    }

    @AfterAll
    static void stop() throws Exception {
        connections.close();
    }

    @Override
    protected Connection connect() throws Exception {
        return connections.connect();
    }
}
