package dev.weftwork.listener;

import java.util.regex.Pattern;

/** Text from anywhere, made fit for a page. All of it is hostile: whoever is root on a machine decides what it writes. */
final class HtmlText {

    /** Colours, movements of the cursor, titles of windows, and the rest of what terminals take for orders. */
    private static final Pattern TERMINAL = Pattern.compile("\\x1b\\[[0-?]*[ -/]*[@-~]"
            // What a message has made of one that sets a colour.
            + "|\ufffd\\[[0-9;]*m"
            + "|\\x1b[]PX^_][^\\x07\\x1b]{0,4096}(?:\\x07|\\x1b\\\\)"
            + "|\\x1b[()*+][0-~]"
            + "|\\x1b[=>78cDEHMNOZ]");

    private HtmlText() {}

    /**
     * As a person should see it: without orders to a terminal, other control characters visible, and so what would turn the
     * direction of text around; halves of characters replaced.
     */
    static String clean(String text) {
        if (isPlain(text)) {
            return text;
        }
        String without = text.indexOf('\u001b') < 0 && text.indexOf('\ufffd') < 0
                ? text
                : TERMINAL.matcher(text).replaceAll("");
        var out = new StringBuilder(without.length() + 16);
        for (int i = 0; i < without.length(); i++) {
            char c = without.charAt(i);
            boolean more = i + 1 < without.length();
            if (c == '\r' && more && without.charAt(i + 1) == '\n') {
                continue;
            }
            if (c == '\n' || c == '\t') {
                out.append(c);
            } else if (c < ' ') {
                out.append((char) ('\u2400' + c));
            } else if (c == 0x7f) {
                out.append('\u2421');
            } else if ((c >= 0x80 && c < 0xa0) || isFormat(c)) {
                out.append("[U+").append("%04X".formatted((int) c)).append(']');
            } else if (Character.isHighSurrogate(c) && more && Character.isLowSurrogate(without.charAt(i + 1))) {
                out.append(c).append(without.charAt(++i));
            } else {
                out.append(Character.isSurrogate(c) || c >= 0xfffe ? '\ufffd' : c);
            }
        }
        return out.toString();
    }

    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\n' && c != '\t' && (c < ' ' || c >= 0x7f)) {
                return false;
            }
        }
        return true;
    }

    /** What isn't seen itself, and changes how other text looks. */
    private static boolean isFormat(char c) {
        return (c >= '\u200b' && c <= '\u200f')
                || (c >= '\u2028' && c <= '\u202e')
                || (c >= '\u2060' && c <= '\u206f')
                || c == '\u061c'
                || c == '\ufeff';
    }

    /** As an element's content, or an attribute's value in quotes; without {@link #clean}. */
    static String escape(String text) {
        StringBuilder out = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            String entity = switch (c) {
                case '&' -> "&amp;";
                case '<' -> "&lt;";
                case '>' -> "&gt;";
                case '"' -> "&quot;";
                case '\'' -> "&#39;";
                default -> "";
            };
            if (!entity.isEmpty() && out == null) {
                out = new StringBuilder(text.length() + 32).append(text, 0, i);
            }
            if (out != null) {
                if (entity.isEmpty()) {
                    out.append(c);
                } else {
                    out.append(entity);
                }
            }
        }
        return out == null ? text : out.toString();
    }
}
