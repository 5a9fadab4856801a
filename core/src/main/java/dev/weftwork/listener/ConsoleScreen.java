package dev.weftwork.listener;

import java.io.PrintStream;
import java.util.List;

/**
 * The lower part of a terminal, which is painted again and again, and the lines above it, which stay. Needs what every
 * terminal of the last thirty years does: to move the cursor up and down, to clear from it on, not to wrap.
 *
 * <p>Between two frames the cursor stands at the beginning of the line below the painted part, so that whatever ends the JVM
 * leaves a terminal that can be used. While a frame is written the terminal doesn't wrap: what is too wide, because the
 * terminal became narrower a moment ago, is clipped, and each line stays one row. Where lines are there already the cursor
 * moves down to the next instead of feeding a line, which in a terminal that became lower would push a copy of the
 * painted part out at its top with every frame. A terminal that breaks lines anew when it becomes narrower may keep some
 * rows of the frame before.
 *
 * <p>Used by one thread at a time.
 */
final class ConsoleScreen {

    private static final String ESC = "\u001b[";
    private static final String NO_WRAP = ESC + "?7l";
    private static final String WRAP = ESC + "?7h";
    private static final String CLEAR_TO_END_OF_LINE = ESC + "K";
    private static final String CLEAR_TO_END_OF_SCREEN = ESC + "J";
    private static final String NEXT_LINE = "\r" + ESC + "1B";

    private final PrintStream out;

    /** How many lines are painted above the cursor. */
    private int painted;

    private String last = "";

    ConsoleScreen(PrintStream out) {
        this.out = out;
    }

    /** Lines that stay, and below them the part that the next call replaces; none of them is wider than the terminal. */
    void show(List<String> lasting, List<String> part) {
        String lines = String.join("\n", part);
        if (lasting.isEmpty() && painted == part.size() && lines.equals(last)) {
            return;
        }
        var frame = new StringBuilder(NO_WRAP).append('\r');
        if (painted > 0) {
            frame.append(ESC).append(painted).append('A');
        }
        int row = 0;
        for (List<String> some : List.of(lasting, part)) {
            for (String line : some) {
                frame.append(line).append(CLEAR_TO_END_OF_LINE).append(row < painted ? NEXT_LINE : "\r\n");
                row++;
            }
        }
        if (row < painted) {
            frame.append(CLEAR_TO_END_OF_SCREEN);
        }
        painted = part.size();
        last = lines;
        // In one piece, so that nothing of others comes in between.
        out.print(frame.append(WRAP));
        out.flush();
    }
}
