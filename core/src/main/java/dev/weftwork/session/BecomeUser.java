package dev.weftwork.session;

import dev.weftwork.command.Command;
import dev.weftwork.command.Secret;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The step from a shell to one of another user, by {@code sudo}, {@code su} or {@code doas}: what is sent for it, and what
 * the answers mean. The new shell prints a token before it reads anything, so that nothing for it is taken for a password,
 * and no password for a command.
 */
final class BecomeUser {

    private final String host;
    private final Login login;
    private final String user;
    private final boolean root;
    private final String token;
    private @Nullable Secret given;

    /**
     * A step from one user to another.
     *
     * @param root whether it starts at root, whom su asks for nothing: what looks like a prompt then is none
     */
    BecomeUser(String host, Login login, String user, boolean root) {
        this.root = root;
        this.host = host;
        this.login = login;
        this.user = user;
        token = "weftwork-" + Long.toHexString(Nonce.number());
    }

    private String program() {
        return login.escalation().program().name().toLowerCase(Locale.ROOT);
    }

    /** What the shell is sent. It becomes the program, so that no process more than needed is left. */
    byte[] line() {
        String shell = login.quotedShell();
        String inner = "echo " + token + "; exec " + shell;
        boolean withPassword = login.escalation().password().isPresent();
        String words = switch (login.escalation().program()) {
            case SUDO ->
                "sudo " + (withPassword ? "-S -p " + token + "-prompt:" : "-n") + " -u " + user + " -- " + shell
                        + " -c " + Command.quote(inner);
            case SU -> "su -s /bin/sh " + user + " -c " + Command.quote(inner);
            case DOAS -> "doas -n -u " + user + " " + shell + " -c " + Command.quote(inner);
        };
        return ("weft_enter 0 ''; exec 2>&3 3>&-; exec " + words + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** What it said, if that is an answer; otherwise null, and more is to come. */
    @Nullable
    String answered(String said) {
        return arrived(said) || asks(said) ? said : null;
    }

    /** Whether the new shell is there. */
    boolean arrived(String said) {
        return said.contains(token + "\n");
    }

    private boolean asks(String said) {
        return switch (login.escalation().program()) {
            case SUDO -> said.contains(token + "-prompt:");
            // Its prompt is in the language of the machine. It asks once; what looks like a prompt later is the
            // beginning of a
            // message that is still on its way.
            case SU ->
                !root
                        && given == null
                        && ((said.stripTrailing().endsWith(":")
                                        || said.stripTrailing().endsWith("\uff1a"))
                                && !said.endsWith("\n"));
            case DOAS -> false;
        };
    }

    /**
     * The line that answers the prompt.
     *
     * @throws IOException if there is no answer to it
     */
    byte[] answer(String said) throws IOException {
        if (given != null) {
            throw new IOException(this + " refused the password that was given for it");
        }
        var password = login.escalation().password();
        if (password.isEmpty()) {
            throw new IOException(this + " asks for a password; give one with the connector's escalation");
        }
        try {
            given = password.get().of(host, user);
        } catch (RuntimeException e) {
            throw new IOException(this + " asks for a password, and who was to give it failed: " + e, e);
        }
        if (given == null) {
            throw new IOException(this + " asks for a password, and none was given for it");
        }
        if (new String(given.bytes(), StandardCharsets.UTF_8).chars().anyMatch(c -> c == '\n' || c == '\r' || c == 0)) {
            // sudo takes what comes before a carriage return; the rest would go to the new shell.
            throw new IOException("the password for " + this + " has a newline or NUL in it, which no prompt takes");
        }
        var line = new ByteArrayOutputStream();
        line.writeBytes(given.bytes());
        line.write('\n');
        return line.toByteArray();
    }

    /** What to do about a refusal that is known to be about a password. */
    String advice(String said) {
        boolean asked = login.escalation().password().isPresent();
        return switch (login.escalation().program()) {
            case SUDO ->
                !asked && said.contains("password")
                        ? "; give a password with the connector's escalation, or allow it without one (NOPASSWD)"
                        : "";
            case SU -> "";
            case DOAS ->
                said.contains("uthenti") || said.contains("uthoriz")
                        ? "; doas is never given a password: allow it with `nopass` in doas.conf"
                        : "";
        };
    }

    String hideSecretsIn(String text) {
        String shown = text.replace(token + "-prompt:", "");
        return given == null ? shown : given.hideIn(shown);
    }

    /** What was tried, for messages. */
    @Override
    public String toString() {
        return program() + " as " + user;
    }
}
