package dev.weftwork.listener;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A terminal in memory, so that tests can ask what is on the screen and not which bytes made it. Knows the few sequences that
 * are wanted of terminals here, and fails at any other and at every other control character.
 */
final class ConsoleEmulator {

    private static final String CONTINUED = "";

    private int columns;
    private int rows;
    private final boolean breaksAnew;
    private final List<String> scrolledOut = new ArrayList<>();
    private final List<String[]> screen = new ArrayList<>();
    private int row;
    private int column;
    private boolean wraps = true;
    private boolean atEdge;
    private boolean wrapped;
    private boolean inLastColumn;
    private final Set<String> styles = new TreeSet<>();

    /**
     * @param breaksAnew whether a line that is too wide after the terminal has become narrower goes on in the next row, or is
     *     clipped
     */
    ConsoleEmulator(int columns, int rows, boolean breaksAnew) {
        this.columns = columns;
        this.rows = rows;
        this.breaksAnew = breaksAnew;
        screen.add(blank());
    }

    /** Shows all that is written when it is flushed. */
    PrintStream stream(Charset charset) {
        return new PrintStream(
                new OutputStream() {
                    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

                    @Override
                    public void write(int b) {
                        written.write(b);
                    }

                    @Override
                    public void write(byte[] bytes, int offset, int length) {
                        written.write(bytes, offset, length);
                    }

                    @Override
                    public void flush() {
                        String text = written.toString(charset);
                        written.reset();
                        show(text);
                    }
                },
                false,
                charset);
    }

    // ---- what is there

    /** The rows down to the last one with something in it. */
    List<String> screen() {
        return withoutBlankEnd(screen.stream().map(ConsoleEmulator::text).toList());
    }

    /** As {@link #screen}, below what has left it at the top. */
    List<String> everything() {
        var all = new ArrayList<>(scrolledOut);
        all.addAll(screen());
        return all;
    }

    int cursorRow() {
        return row;
    }

    int cursorColumn() {
        return column;
    }

    boolean wraps() {
        return wraps;
    }

    /** Whether a character came too far right, and went on in the next row. */
    boolean hasWrapped() {
        return wrapped;
    }

    boolean wasInLastColumn() {
        return inLastColumn;
    }

    /** All that was ever asked for. */
    Set<String> styles() {
        return styles;
    }

    private static List<String> withoutBlankEnd(List<String> lines) {
        int end = lines.size();
        while (end > 0 && lines.get(end - 1).isEmpty()) {
            end--;
        }
        return lines.subList(0, end);
    }

    private static String text(String[] cells) {
        return String.join("", cells).stripTrailing();
    }

    // ---- what happens to it

    void resize(int newColumns, int newRows) {
        var all = new ArrayList<String[]>();
        int cursor = 0;
        for (int i = 0; i < screen.size(); i++) {
            String[] cells = screen.get(i);
            int used = cells.length;
            while (used > 0 && cells[used - 1].equals(" ")) {
                used--;
            }
            if (i == row) {
                cursor = all.size();
            }
            int from = 0;
            do {
                String[] line = new String[newColumns];
                Arrays.fill(line, " ");
                System.arraycopy(cells, from, line, 0, Math.min(newColumns, cells.length - from));
                all.add(line);
                from += newColumns;
            } while (breaksAnew && from < used);
        }
        screen.clear();
        screen.addAll(all);
        columns = newColumns;
        rows = newRows;
        row = cursor;
        column = Math.min(column, columns - 1);
        while (screen.size() > rows && row < screen.size() - 1) {
            screen.remove(screen.size() - 1);
        }
        while (screen.size() > rows) {
            scrolledOut.add(text(screen.remove(0)));
            row--;
        }
    }

    void show(String text) {
        for (int i = 0; i < text.length(); ) {
            int character = text.codePointAt(i);
            if (character == '\u001b') {
                i = sequence(text, i);
                continue;
            }
            i += Character.charCount(character);
            switch (character) {
                case '\r' -> {
                    column = 0;
                    atEdge = false;
                }
                case '\n' -> feed();
                default -> put(character);
            }
        }
    }

    private int sequence(String text, int begin) {
        int end = begin + 2;
        while (end < text.length() && "0123456789;?".indexOf(text.charAt(end)) >= 0) {
            end++;
        }
        String known = text.substring(begin + 1, end + 1);
        String number = known.replaceAll("\\D", "");
        int count = number.isEmpty() ? 1 : Integer.parseInt(number);
        atEdge = false;
        if (known.matches("\\[\\d*A")) {
            row = Math.max(0, row - count);
        } else if (known.matches("\\[\\d*B")) {
            row = Math.min(rows - 1, row + count);
            grow();
        } else if (known.equals("[K")) {
            Arrays.fill(screen.get(row), column, columns, " ");
        } else if (known.equals("[J")) {
            Arrays.fill(screen.get(row), column, columns, " ");
            screen.subList(row + 1, screen.size()).clear();
        } else if (known.equals("[?7l")) {
            wraps = false;
        } else if (known.equals("[?7h")) {
            wraps = true;
        } else if (known.matches("\\[\\d*m")) {
            styles.add(number);
        } else {
            throw new AssertionError("a sequence that not every terminal knows: ESC " + known);
        }
        return end + 1;
    }

    private void put(int character) {
        if (Character.isISOControl(character) || Character.getType(character) == Character.FORMAT) {
            throw new AssertionError("a control character: U+%04X".formatted(character));
        }
        int width = width(character);
        if (width == 0) {
            screen.get(row)[Math.max(0, column - 1)] += Character.toString(character);
            return;
        }
        if (column + width > columns || atEdge) {
            if (!wraps) {
                column = columns - width;
            } else {
                wrapped = true;
                column = 0;
                feed();
            }
        }
        String[] cells = screen.get(row);
        cells[column] = Character.toString(character);
        if (width == 2) {
            cells[column + 1] = CONTINUED;
        }
        column += width;
        if (column == columns) {
            inLastColumn = true;
            column--;
            atEdge = true;
        }
    }

    private static int width(int character) {
        int type = Character.getType(character);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK) {
            return 0;
        }
        Character.UnicodeScript script = Character.UnicodeScript.of(character);
        return script == Character.UnicodeScript.HAN || Character.isEmojiPresentation(character) ? 2 : 1;
    }

    private void feed() {
        atEdge = false;
        if (row < rows - 1) {
            row++;
            grow();
        } else {
            scrolledOut.add(text(screen.remove(0)));
            screen.add(blank());
        }
    }

    private void grow() {
        while (screen.size() <= row) {
            screen.add(blank());
        }
    }

    private String[] blank() {
        String[] cells = new String[columns];
        Arrays.fill(cells, " ");
        return cells;
    }
}
