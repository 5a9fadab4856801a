package dev.weftwork.listener;

import java.util.ArrayList;
import java.util.List;

/** One line of the console while it is put together: pieces of text in styles, cut and coloured at its end. */
final class ConsoleLine {

    /** By the number that a terminal knows it by. */
    enum Style {
        NORMAL(""),
        STRONG("1"),
        FAINT("2"),
        BAD("31"),
        GOOD("32"),
        SPECIAL("33");

        private final String code;

        Style(String code) {
            this.code = code;
        }
    }

    private record Piece(Style style, String text) {}

    private final ConsoleText text;
    private final List<Piece> pieces = new ArrayList<>();

    ConsoleLine(ConsoleText text) {
        this.text = text;
    }

    ConsoleLine add(String piece) {
        return add(Style.NORMAL, piece);
    }

    ConsoleLine add(Style style, String piece) {
        if (!piece.isEmpty()) {
            pieces.add(new Piece(style, text.clean(piece)));
        }
        return this;
    }

    /** In so many columns, cut or filled up behind it. */
    ConsoleLine left(Style style, String piece, int columns) {
        String shown = text.cut(text.clean(piece), columns);
        return add(style, shown + " ".repeat(Math.max(0, columns - ConsoleText.width(shown))));
    }

    /** In so many columns, cut or filled up before it. */
    ConsoleLine right(Style style, String piece, int columns) {
        String shown = text.cut(text.clean(piece), columns);
        return add(style, " ".repeat(Math.max(0, columns - ConsoleText.width(shown))) + shown);
    }

    /** At most so many columns of it. */
    String end(int columns, boolean colours) {
        int width = 0;
        for (Piece piece : pieces) {
            width += ConsoleText.width(piece.text);
        }
        var line = new StringBuilder();
        int left = columns;
        for (Piece piece : pieces) {
            // Where the line is too long the column of the sign is kept free of pieces that would fit wholly.
            int own = ConsoleText.width(piece.text);
            boolean last = width > columns && own >= left;
            String shown = last ? text.cut(own == left ? piece.text + " " : piece.text, left) : piece.text;
            if (colours && piece.style != Style.NORMAL) {
                line.append("\u001b[")
                        .append(piece.style.code)
                        .append('m')
                        .append(shown)
                        .append("\u001b[m");
            } else {
                line.append(shown);
            }
            if (last) {
                return line.toString();
            }
            left -= own;
        }
        // Nothing that could be seen.
        return colours ? line.toString() : line.toString().stripTrailing();
    }
}
