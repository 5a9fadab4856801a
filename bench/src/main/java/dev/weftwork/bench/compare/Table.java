package dev.weftwork.bench.compare;

import dev.weftwork.bench.compare.Results.Cell;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;

/** Results as Markdown: a table for each pass, a row for each tool, a column for each number of hosts. */
final class Table {

    static final String OURS = "weftwork";

    /** Fewer have no median worth the name. */
    private static final int FEW_RUNS = 3;

    private final Results results;

    Table(Results results) {
        this.results = results;
    }

    String markdown() {
        var text = new StringBuilder();
        Results.Computer computer = results.computer();
        text.append("%s, %d cores, %d GiB, %s; %s; %s%n%n"
                .formatted(
                        computer.cpu(),
                        computer.cores(),
                        computer.memoryGiB(),
                        computer.system(),
                        computer.java(),
                        computer.date()));
        Pass.all().forEach(pass -> section(text, pass));
        text.append(
                "Seconds are medians of three runs or more, with \u2020 of fewer; in brackets how many times ours.\n\nTools:\n\n");
        for (Results.ToolNote note : results.tools()) {
            text.append("- `").append(note.tool()).append("`: ");
            text.append(note.there() || note.text().contains("quoted") ? "" : "**not measured**: ")
                    .append(note.text())
                    .append('\n');
        }
        return text.toString();
    }

    private void section(StringBuilder text, Pass pass) {
        List<Cell> cells = results.cells().stream().filter(pass::has).toList();
        List<Integer> hosts = new ArrayList<>(new TreeSet<>(
                cells.stream().filter(cell -> !cell.quoted()).map(Cell::hosts).toList()));
        if (hosts.isEmpty()) {
            return;
        }
        int last = hosts.get(hosts.size() - 1);
        int counted = cells.stream()
                .filter(cell -> !cell.quoted() && cell.counted() != null)
                .mapToInt(Cell::hosts)
                .max()
                .orElse(last);
        text.append("### ").append(pass.title()).append("\n\n| seconds |");
        hosts.forEach(count -> text.append(' ').append(count).append(count == 1 ? " host |" : " hosts |"));
        text.append(" CPU s at %d (of that its own) | processes at %d | memory at %d |%n|---|"
                .formatted(last, counted, counted));
        text.append("---|".repeat(hosts.size() + 3)).append('\n');
        for (String tool : tools(cells)) {
            row(text, cells, tool, hosts, last, counted);
        }
        text.append('\n');
    }

    /** Ours first, then by time. */
    private static List<String> tools(List<Cell> cells) {
        return cells.stream()
                .map(Cell::tool)
                .distinct()
                .sorted((a, b) -> Double.compare(rank(cells, a), rank(cells, b)))
                .toList();
    }

    private static double rank(List<Cell> cells, String tool) {
        if (tool.startsWith(OURS)) {
            return tool.length() / 1000.0;
        }
        return cells.stream()
                .filter(cell -> cell.tool().equals(tool))
                .mapToDouble(cell -> (cell.quoted() ? 1e9 : 1) * (cell.valid() ? cell.median(Measured::wall) : 1e6))
                .max()
                .orElse(0);
    }

    private static void row(
            StringBuilder text, List<Cell> cells, String tool, List<Integer> hosts, int last, int counted) {
        boolean quoted = cells.stream().filter(cell -> cell.tool().equals(tool)).allMatch(Cell::quoted);
        text.append(quoted ? "| *" + tool + ", quoted* |" : "| " + tool + " |");
        for (int count : hosts) {
            text.append(' ').append(seconds(cells, tool, count, quoted)).append(" |");
        }
        Optional<Cell> most =
                find(cells, tool, last).filter(Cell::valid).filter(cell -> cell.median(Measured::cpu) > 0);
        text.append(most.map(
                        cell -> " %.1f (%.1f) |".formatted(cell.median(Measured::cpu), cell.median(Measured::ownCpu)))
                .orElse(" |"));
        Optional<Counted> count = find(cells, tool, counted).map(Cell::counted);
        text.append(count.map(each -> each.memoryKiB() > 0
                                ? " %,d | %,d MiB |".formatted(each.processes(), each.memoryKiB() / 1024)
                                : " %,d | |".formatted(each.processes()))
                        .orElse(" | |"))
                .append('\n');
    }

    private static String seconds(List<Cell> cells, String tool, int hosts, boolean quoted) {
        Optional<Cell> found = find(cells, tool, hosts);
        if (found.isEmpty()) {
            return "";
        }
        Cell cell = found.get();
        if (!cell.valid()) {
            return String.valueOf(cell.problem());
        }
        double wall = cell.median(Measured::wall);
        String figure = String.format(Locale.ROOT, wall < 10 ? "%.2f" : "%.1f", wall);
        if (!quoted && cell.runs().size() < FEW_RUNS) {
            figure += "\u2020";
        }
        Optional<Cell> ours = find(cells, OURS, hosts).filter(Cell::valid);
        return quoted || tool.equals(OURS) || ours.isEmpty()
                ? figure
                : figure
                        + String.format(
                                Locale.ROOT, " (%.1fx)", wall / ours.get().median(Measured::wall));
    }

    private static Optional<Cell> find(List<Cell> cells, String tool, int hosts) {
        return cells.stream()
                .filter(cell -> cell.tool().equals(tool) && cell.hosts() == hosts)
                .findFirst();
    }
}
