package dev.weftwork.connector;

import dev.weftwork.command.Secret;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a connection becomes another user of its machine, for commands that are to run {@linkplain
 * dev.weftwork.command.Command#as as} one. It does so once per host and user, by opening a session of its own; each command
 * after that costs what other commands cost.
 *
 * <p>A password goes to the program by its standard input when it asks for one, and nowhere else: it is in no argument
 * list, environment, log or message. Without a password a program that asks for one is refused it, and the command is not
 * started. A connection that has logged in as the wanted user already becomes nobody else.
 *
 * <p>Immutable, and safe for use by many connections at once.
 *
 * <pre>{@code
 * LocalConnector.builder(root).escalation(Escalation.sudo((host, user) -> vault.password(host))).build();
 * connection.execute(Command.of("apt-get", "update").as("root"));
 * }</pre>
 */
public final class Escalation {

    /** The programs that can be used. */
    public enum Program {
        SUDO,
        SU,
        DOAS
    }

    /** Gives the password when it is asked for; called on the thread of the host, and may block. */
    @FunctionalInterface
    public interface Password {
        /**
         * The password to answer the prompt with.
         *
         * @param host the name of the host
         * @param user the user to become
         */
        Secret of(String host, String user);
    }

    private final Program program;
    private final @Nullable Password password;

    private Escalation(Program program, @Nullable Password password) {
        this.program = program;
        this.password = password;
    }

    /** By {@code sudo}, where it asks for no password. */
    public static Escalation sudo() {
        return new Escalation(Program.SUDO, null);
    }

    /** By {@code sudo}, with the password of the user who logged in where it asks for one. */
    public static Escalation sudo(Password password) {
        return new Escalation(Program.SUDO, password);
    }

    /** By {@code su}, which asks root for no password. */
    public static Escalation su() {
        return new Escalation(Program.SU, null);
    }

    /** By {@code su}, with the password of the user to become. */
    public static Escalation su(Password password) {
        return new Escalation(Program.SU, password);
    }

    /** By {@code doas}, where it asks for no password; it takes one from a terminal only, which there isn't. */
    public static Escalation doas() {
        return new Escalation(Program.DOAS, null);
    }

    public Program program() {
        return program;
    }

    public Optional<Password> password() {
        return Optional.ofNullable(password);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return program + (password == null ? " without a password" : " with a password");
    }
}
