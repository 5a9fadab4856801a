package dev.weftwork.listener;

import java.util.function.Consumer;

/**
 * Writes one JSON value as text on one line. Of ASCII only, and without {@code <}, so that it may stand in a script element
 * of a page, in a file of any encoding, and in a log. Used by one thread.
 *
 * <pre>{@code
 * String line = Json.text(json -> json.field("host", "web01").field("exit", 3));
 * }</pre>
 */
final class Json {

    private static final String HEX = "0123456789abcdef";

    private final StringBuilder out;
    /** Whether a value stands before, in the object or array that is being written. */
    private boolean more;

    private Json(StringBuilder out) {
        this.out = out;
    }

    /** The text of an object with the fields that {@code content} writes. */
    static String text(Consumer<Json> content) {
        var out = new StringBuilder(256);
        new Json(out).nested('{', '}', content);
        return out.toString();
    }

    Json field(String name, String value) {
        name(name);
        quote(value);
        return this;
    }

    Json field(String name, long value) {
        name(name);
        out.append(value);
        return this;
    }

    Json field(String name, boolean value) {
        name(name);
        out.append(value);
        return this;
    }

    Json object(String name, Consumer<Json> content) {
        name(name);
        return nested('{', '}', content);
    }

    Json array(String name, Consumer<Json> content) {
        name(name);
        return nested('[', ']', content);
    }

    /** An element of an array. */
    Json value(String value) {
        separate();
        quote(value);
        return this;
    }

    /** An element of an array. */
    Json value(long value) {
        separate();
        out.append(value);
        return this;
    }

    /** An element of an array. */
    Json object(Consumer<Json> content) {
        separate();
        return nested('{', '}', content);
    }

    /** An element of an array. */
    Json array(Consumer<Json> content) {
        separate();
        return nested('[', ']', content);
    }

    private Json nested(char open, char close, Consumer<Json> content) {
        out.append(open);
        more = false;
        content.accept(this);
        out.append(close);
        more = true;
        return this;
    }

    private void name(String name) {
        separate();
        quote(name);
        out.append(':');
    }

    private void separate() {
        if (more) {
            out.append(',');
        }
        more = true;
    }

    private void quote(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < ' ' || c >= 0x7f || c == '<') {
                        escape(isAlone(text, i) ? '\ufffd' : c);
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    /** Whether it is half of a character; parsers disagree about those. */
    private static boolean isAlone(String text, int at) {
        char c = text.charAt(at);
        if (Character.isHighSurrogate(c)) {
            return at + 1 == text.length() || !Character.isLowSurrogate(text.charAt(at + 1));
        }
        return Character.isLowSurrogate(c) && (at == 0 || !Character.isHighSurrogate(text.charAt(at - 1)));
    }

    private void escape(char c) {
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            out.append(HEX.charAt(c >> shift & 0xf));
        }
    }
}
