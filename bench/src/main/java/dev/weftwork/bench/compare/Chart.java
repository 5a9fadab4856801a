package dev.weftwork.bench.compare;

import dev.weftwork.bench.compare.Results.Cell;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/**
 * Results as one SVG picture: a panel for each pass, hosts against seconds, both axes logarithmic, a line for each tool. Drawn
 * here because chart libraries draw by AWT, which needs fonts that servers don't have.
 */
final class Chart {

    private static final int WIDTH = 330;
    private static final int HEIGHT = 270;
    private static final int LEFT = 44;
    private static final int RIGHT = 14;
    private static final int TOP = 30;
    private static final int BOTTOM = 36;
    private static final int LEGEND = 30;
    private static final int COLUMNS = 3;

    /** Told apart also by those who see fewer colours; ours is the first. */
    private static final List<String> COLOURS =
            List.of("#d55e00", "#e69f00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#555555", "#999933", "#882255");

    private final Results results;
    private final List<String> tools;
    private final List<Pass> panels;
    private final double leastHosts;
    private final double mostHosts;
    private final double leastSeconds;
    private final double mostSeconds;

    Chart(Results results) {
        this.results = results;
        // What is only quoted is nothing to compare with.
        panels = Pass.all().stream()
                .filter(pass ->
                        results.cells().stream().anyMatch(cell -> pass.has(cell) && cell.valid() && !cell.quoted()))
                .toList();
        List<Cell> shown = panels.stream()
                .flatMap(pass -> results.cells().stream().filter(pass::has).filter(Cell::valid))
                .toList();
        tools = new TreeSet<>(shown.stream().map(Cell::tool).toList())
                .stream()
                        .sorted(Comparator.comparing(tool -> !tool.startsWith(Table.OURS)))
                        .toList();
        leastHosts = shown.stream().mapToDouble(Cell::hosts).min().orElse(1);
        mostHosts = Math.max(
                leastHosts * 2, shown.stream().mapToDouble(Cell::hosts).max().orElse(2));
        leastSeconds = shown.stream().mapToDouble(Chart::seconds).min().orElse(1) / 1.2;
        mostSeconds = shown.stream().mapToDouble(Chart::seconds).max().orElse(2) * 1.2;
    }

    private static double seconds(Cell cell) {
        return cell.median(Measured::wall);
    }

    String svg() {
        int columns = Math.min(COLUMNS, Math.max(1, panels.size()));
        int rows = (panels.size() + COLUMNS - 1) / COLUMNS;
        int width = columns * WIDTH;
        int height = rows * HEIGHT + LEGEND;
        var svg = new StringBuilder();
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
                .formatted(width, height, width, height));
        svg.append(" font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#222\">\n");
        svg.append("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        legend(svg);
        for (int i = 0; i < panels.size(); i++) {
            svg.append("<g transform=\"translate(%d %d)\">%n"
                    .formatted(i % COLUMNS * WIDTH, LEGEND + i / COLUMNS * HEIGHT));
            panel(svg, panels.get(i));
            svg.append("</g>\n");
        }
        return svg.append("</svg>\n").toString();
    }

    private void legend(StringBuilder svg) {
        int x = LEFT;
        for (String tool : tools) {
            String label = quoted(tool) ? tool + " (quoted)" : tool;
            svg.append("<line x1=\"%d\" y1=\"15\" x2=\"%d\" y2=\"15\" stroke=\"%s\" stroke-width=\"3\"%s/>"
                    .formatted(x, x + 18, colour(tool), dash(tool)));
            svg.append("<text x=\"%d\" y=\"19\">%s</text>%n".formatted(x + 23, label));
            x += 44 + label.length() * 6;
        }
    }

    private void panel(StringBuilder svg, Pass pass) {
        svg.append("<text x=\"%d\" y=\"18\" font-weight=\"600\">%s</text>%n".formatted(LEFT, pass.title()));
        for (double seconds : List.of(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)) {
            if (seconds >= leastSeconds && seconds <= mostSeconds) {
                svg.append(
                        "<line x1=\"%d\" x2=\"%d\" y1=\"%s\" y2=\"%s\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%s\" text-anchor=\"end\">%s</text>%n"
                                .formatted(
                                        LEFT,
                                        WIDTH - RIGHT,
                                        number(y(seconds)),
                                        number(y(seconds)),
                                        LEFT - 5,
                                        number(y(seconds) + 4),
                                        new BigDecimal(String.valueOf(seconds))
                                                .stripTrailingZeros()
                                                .toPlainString()));
            }
        }
        List<Cell> cells = results.cells().stream()
                .filter(Cell::valid)
                .filter(pass::has)
                .sorted(Comparator.comparingInt(Cell::hosts))
                .toList();
        for (int hosts : new TreeSet<>(cells.stream().map(Cell::hosts).toList())) {
            svg.append("<text x=\"%s\" y=\"%d\" text-anchor=\"middle\">%d</text>%n"
                    .formatted(number(x(hosts)), HEIGHT - BOTTOM + 16, hosts));
        }
        svg.append("<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"#666\">hosts</text>"
                .formatted(WIDTH - RIGHT, HEIGHT - BOTTOM + 30));
        svg.append("<text x=\"%d\" y=\"%d\" fill=\"#666\">s</text>%n".formatted(LEFT - 10, TOP - 3));
        // Ours last, on top of the others.
        for (String tool : tools.reversed()) {
            line(svg, cells.stream().filter(cell -> cell.tool().equals(tool)).toList(), tool);
        }
    }

    private void line(StringBuilder svg, List<Cell> cells, String tool) {
        if (cells.isEmpty()) {
            return;
        }
        var points = new ArrayList<String>();
        for (Cell cell : cells) {
            points.add(number(x(cell.hosts())) + "," + number(y(seconds(cell))));
        }
        svg.append("<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"%s/>%n"
                .formatted(
                        String.join(" ", points), colour(tool), tool.startsWith(Table.OURS) ? "3" : "1.8", dash(tool)));
        for (String point : points) {
            String[] at = point.split(",", -1);
            svg.append("<circle cx=\"%s\" cy=\"%s\" r=\"2.5\" fill=\"%s\"/>".formatted(at[0], at[1], colour(tool)));
        }
        svg.append('\n');
    }

    private boolean quoted(String tool) {
        return results.cells().stream().anyMatch(cell -> cell.tool().equals(tool) && cell.quoted());
    }

    private String dash(String tool) {
        return quoted(tool) ? " stroke-dasharray=\"5 4\"" : "";
    }

    private String colour(String tool) {
        return COLOURS.get(tools.indexOf(tool) % COLOURS.size());
    }

    private double x(double hosts) {
        return LEFT
                + (WIDTH - LEFT - RIGHT)
                        * (Math.log(hosts) - Math.log(leastHosts))
                        / (Math.log(mostHosts) - Math.log(leastHosts));
    }

    private double y(double seconds) {
        return HEIGHT
                - BOTTOM
                - (HEIGHT - TOP - BOTTOM)
                        * (Math.log(seconds) - Math.log(leastSeconds))
                        / (Math.log(mostSeconds) - Math.log(leastSeconds));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
