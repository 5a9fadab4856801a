package dev.weftwork.command;

import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;

/** One argument of a command: its bytes, and whether people may see them. */
final class Argument {

    private final byte[] bytes;
    private final boolean secret;

    Argument(byte[] bytes, boolean secret) {
        this.bytes = bytes;
        this.secret = secret;
    }

    byte[] bytes() {
        return bytes;
    }

    /** Secrets are hidden before anything is quoted: quoted they would not be found. */
    String display(UnaryOperator<String> hideSecrets) {
        return secret ? Secret.STARS : ShellWords.display(hideSecrets.apply(new String(bytes, StandardCharsets.UTF_8)));
    }
}
