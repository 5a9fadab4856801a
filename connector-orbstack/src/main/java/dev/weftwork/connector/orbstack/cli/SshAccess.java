package dev.weftwork.connector.orbstack.cli;

import java.nio.file.Path;

/**
 * How an SSH client reaches a machine: all machines are behind one gateway on the Mac, the login says which one and who.
 *
 * <p>The login always names both. One of a single word would mean a user of the default machine wherever no machine has
 * that name, so that a mistyped name runs somewhere else. A client must take it as it is: it is no part of a URI.
 *
 * @param host the gateway's
 * @param port the gateway's
 * @param login {@code USER@MACHINE}
 * @param identityFile the private key that OrbStack made
 */
public record SshAccess(String host, int port, String login, Path identityFile) {

    /** As OrbStack sets it up for that user of a machine. */
    public static SshAccess to(MachineName machine, String user) {
        MachineSpec.requireUser(user);
        return new SshAccess(
                "127.0.0.1",
                32222,
                user + "@" + machine,
                Path.of(System.getProperty("user.home"), ".orbstack", "ssh", "id_ed25519"));
    }

    /** What a person types in a terminal of the Mac, by the host {@code orb} that OrbStack adds to its SSH settings. */
    public String connectString() {
        return "ssh " + login + "@orb";
    }
}
