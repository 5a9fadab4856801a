package dev.weftwork.command;

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

    String display() {
        return secret ? Secret.STARS : ShellWords.display(bytes);
    }
}
