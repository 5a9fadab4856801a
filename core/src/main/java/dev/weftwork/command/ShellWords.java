package dev.weftwork.command;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Turns arguments into words of a POSIX shell that evaluate to exactly the same bytes.
 *
 * <p>Works on bytes, because file names and arguments of a Unix machine are bytes: within single quotes every byte but
 * the quote itself is literal in dash, busybox ash and bash, whatever the locale.
 */
final class ShellWords {

    /** Controls, the byte order mark, separators of lines and paragraphs, marks of direction. */
    private static final Pattern CONTROL =
            Pattern.compile("[\\p{Cntrl}\\x{80}-\\x{9f}\\x{61c}\\x{200e}\\x{200f}\\x{2028}-\\x{202e}"
                    + "\\x{2066}-\\x{2069}\\x{feff}&&[^\n\t]]");

    private ShellWords() {}

    /** The UTF-8 bytes of {@code text}, which is refused if they could not arrive: NUL, or half a surrogate pair. */
    static byte[] encode(String what, String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(what + " must not contain a NUL character: no shell can pass one on");
        }
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        // A question mark has come in the place of what has no bytes. An encoder that reports it goes character by
        // character.
        if (!new String(encoded, StandardCharsets.UTF_8).equals(text)) {
            throw new IllegalArgumentException(
                    what + " has half of a surrogate pair, which has no bytes to send; pass bytes instead");
        }
        return encoded;
    }

    static byte[] requireNoNul(String what, byte[] bytes) {
        for (byte b : bytes) {
            if (b == 0) {
                throw new IllegalArgumentException(what + " must not contain a NUL byte: no shell can pass one on");
            }
        }
        return bytes;
    }

    /** Appends {@code word} in single quotes. */
    static void quote(byte[] word, ByteArrayOutputStream out) {
        out.write('\'');
        for (byte b : word) {
            if (b == '\'') {
                out.write('\'');
                out.write('\\');
                out.write('\'');
                out.write('\'');
            } else {
                out.write(b);
            }
        }
        out.write('\'');
    }

    /** As {@link Output#printable}. */
    static String withoutControls(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c > '~' || (c < ' ' && c != '\n' && c != '\t')) {
                return CONTROL.matcher(text).replaceAll("\ufffd");
            }
        }
        return text;
    }

    /** For people: quotes only where a shell would need it. */
    static String display(String text) {
        boolean plain = !text.isEmpty()
                && text.replace(Secret.STARS, "")
                        .chars()
                        .allMatch(c -> (c >= 'a' && c <= 'z')
                                || (c >= 'A' && c <= 'Z')
                                || (c >= '0' && c <= '9')
                                || "_@%+=:,./-".indexOf(c) >= 0);
        return plain ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
