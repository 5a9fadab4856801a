package dev.weftwork.session;

import dev.weftwork.command.Command;
import dev.weftwork.command.StandardInput;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A command in the form in which the session's shell takes it: a line of shell that calls one of the functions of
 * {@code session.sh}, with everything that the command holds in single quotes. It is in braces, because a shell runs what it
 * has of its last line when its input ends, and the line is whole behind any of its words: without the closing brace, which
 * is one of the last two bytes, it is nothing that can be run.
 */
final class Frame {

    /** Longer texts are sent by count of bytes: bash takes lines byte by byte. */
    private static final int LOAD_BYTES = 4 * 1024;

    /** Longer input is sent by count of bytes: up to here it costs less as a format of printf. */
    private static final int LITERAL_BYTES = 1024;

    static final int BLOCK_BYTES = 64 * 1024;

    /**
     * What asks, or may ask in a way that can't be seen from here, for the process number of the shell or its parent. In the
     * subshell that a command usually gets, {@code $$} is the session's shell; such a command gets a shell of its own,
     * which costs a program start.
     */
    private static final Pattern WANTS_OWN_SHELL =
            Pattern.compile("\\$\\$|\\$\\{\\$|PPID|eval|source\\b|(?:^|[\\s;&|({!'])\\.['\\s]");

    /**
     * Commands that start no process in any shell, so that it need not be asked whether one is left. A script never looks
     * like one: its text begins with setting its arguments.
     */
    private static final Pattern BUILTIN = Pattern.compile("'(?:echo|true|false|test|\\[)'[ \n]");

    /** The line, newline included. */
    final byte[] line;

    /** The text that must be sent ahead of it, empty if the line holds it. */
    final byte[] load;

    /** Whether a marker says that the command's text begins to run; without one it surely does. */
    final boolean announcesBegin;

    /** Whether the standard input is sent behind the line, when the shell says that it is ready. */
    final boolean feedsInput;

    private Frame(byte[] line, byte[] load, boolean announcesBegin, boolean feedsInput) {
        this.line = line;
        this.load = load;
        this.announcesBegin = announcesBegin;
        this.feedsInput = feedsInput;
    }

    static Frame of(long number, Command command) throws IOException {
        byte[] text = command.shellText();
        byte[] prelude = command.shellPrelude();
        String readable = new String(text, StandardCharsets.ISO_8859_1);
        boolean own = WANTS_OWN_SHELL.matcher(readable).find();
        boolean large = text.length > LOAD_BYTES;
        byte[] literal = own ? null : literal(command.stdin());
        String kind = command.stdin() instanceof StandardInput.Empty
                ? kindWithoutInput(own, prelude, readable)
                : literal == null ? "weft_input" : "weft_literal";

        var line = new ByteArrayOutputStream(kind.length() + prelude.length + text.length + 64);
        append(line, "{ " + kind + " " + number + " ");
        quote(prelude, line);
        line.write(' ');
        if (large) {
            append(line, "\"$weft_text\"");
        } else {
            quote(text, line);
        }
        if (kind.equals("weft_input")) {
            append(line, own ? " own" : " sub");
        } else if (literal != null) {
            line.write(' ');
            quote(literal, line);
        }
        append(line, ";}\n");
        return new Frame(
                line.toByteArray(), large ? text : new byte[0], own || prelude.length > 0, kind.equals("weft_input"));
    }

    private static String kindWithoutInput(boolean own, byte[] prelude, String text) {
        if (own) {
            return "weft_own";
        }
        return prelude.length == 0 && BUILTIN.matcher(text).lookingAt() ? "weft_builtin" : "weft_go";
    }

    /** The frame that announces a text of that many bytes, to be sent when the shell says that it is ready. */
    static byte[] load(long number, int bytes) {
        // Not %d, which writes the digits of the computer's language.
        return "{ weft_load %s %s %s %s;}\n"
                .formatted(number, BLOCK_BYTES, bytes / BLOCK_BYTES, bytes % BLOCK_BYTES)
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** A short input as a format that printf turns into exactly its bytes, or null if it isn't short. */
    private static byte @Nullable [] literal(StandardInput input) throws IOException {
        if (!(input instanceof StandardInput.Bytes) || input.length().orElseThrow() > LITERAL_BYTES) {
            return null;
        }
        var format = new ByteArrayOutputStream();
        try (InputStream in = input.open()) {
            for (int next = in.read(); next >= 0; next = in.read()) {
                // A dash in front would be an option of printf.
                if (next == '-' && format.size() == 0) {
                    append(format, "\\055");
                } else if (next == '%') {
                    append(format, "%%");
                } else if (next >= ' ' && next < 127 && next != '\\') {
                    format.write(next);
                } else {
                    append(format, "\\%03o".formatted(next));
                }
            }
        }
        return format.toByteArray();
    }

    /** Within single quotes every byte but the quote itself is literal in every shell. */
    private static void quote(byte[] word, ByteArrayOutputStream out) {
        out.write('\'');
        int start = 0;
        for (int i = 0; i < word.length; i++) {
            if (word[i] == '\'') {
                out.write(word, start, i - start);
                append(out, "'\\''");
                start = i + 1;
            }
        }
        out.write(word, start, word.length - start);
        out.write('\'');
    }

    private static void append(ByteArrayOutputStream out, String text) {
        out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
}
