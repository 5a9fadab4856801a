package dev.weftwork.connector.orbstack.ssh;

import java.nio.file.Path;

/**
 * Where an SSH server is, and what is needed to log in.
 *
 * @param host name or address
 * @param port 1 to 65,535
 * @param key a private key in a format of OpenSSH's, without a passphrase
 * @param knownHosts the server's keys, in the format of OpenSSH's file of that name
 */
public record SshServer(String host, int port, Path key, Path knownHosts) {

    public SshServer {
        require(host, port);
    }

    /** Throws an IllegalArgumentException that says what is wrong with them, if anything is. */
    public static void require(String host, int port) {
        if (host.isBlank()) {
            throw new IllegalArgumentException("host must not be blank, was '" + host + "'");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port must be 1 to 65535, was " + port);
        }
    }

    /** As in a message. */
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
