package dev.weftwork.bench.compare;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * All figures of a comparison, as they are in its JSON file.
 *
 * @param computer where it ran
 * @param tools every tool that could have been measured, also those that were missing
 * @param cells one for each tool, way, workload, pass and number of hosts
 */
record Results(Computer computer, List<ToolNote> tools, List<Cell> cells) {

    record Computer(String date, String cpu, int cores, long memoryGiB, String system, String java, String commit) {}

    /** Whether a tool was there, and its version or what was missing. */
    record ToolNote(String tool, boolean there, String text) {}

    /**
     * One pass of a workload.
     *
     * @param tool its name
     * @param quoted whether the figures were measured elsewhere, another day
     * @param runs each a whole process
     * @param counted what another run counted, if there was one
     * @param problem why there are no figures, or why they don't count
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Cell(
            String way,
            String workload,
            int pass,
            String tool,
            int hosts,
            boolean quoted,
            List<Measured> runs,
            @Nullable Counted counted,
            @Nullable String problem) {

        double median(ToDoubleFunction<Measured> figure) {
            double[] sorted = runs.stream().mapToDouble(figure).sorted().toArray();
            int middle = sorted.length / 2;
            return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        }

        Cell with(Counted seen) {
            return new Cell(way, workload, pass, tool, hosts, quoted, runs, seen, problem);
        }

        /** Of the same tool, pass and number of hosts. */
        boolean isSameAs(Cell other) {
            return way.equals(other.way)
                    && workload.equals(other.workload)
                    && pass == other.pass
                    && tool.equals(other.tool)
                    && hosts == other.hosts;
        }

        boolean valid() {
            return problem == null && !runs.isEmpty();
        }
    }

    /** What is said of figures from elsewhere is said besides. */
    private static boolean isQuoted(ToolNote note, Results other) {
        return other.cells.stream().anyMatch(cell -> cell.quoted && cell.tool.equals(note.tool));
    }

    static Results read(Path file) throws IOException {
        return new ObjectMapper().readValue(file.toFile(), Results.class);
    }

    void write(Path file) throws IOException {
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), this);
    }

    /** With those cells of the other that this one has nothing for. */
    Results and(Results other) {
        var all = new ArrayList<>(cells);
        for (Cell cell : other.cells) {
            if (cells.stream().noneMatch(cell::isSameAs)) {
                all.add(cell);
            }
        }
        var notes = new ArrayList<>(tools);
        for (ToolNote note : other.tools) {
            if (note.there) {
                notes.removeIf(known -> known.tool.equals(note.tool) && !known.there);
            }
            if (notes.stream().noneMatch(known -> known.tool.equals(note.tool) && (known.there || !note.there))
                    || isQuoted(note, other)) {
                notes.add(note);
            }
        }
        return new Results(computer, notes, all);
    }
}
