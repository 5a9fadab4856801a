package dev.weftwork.bench.compare;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

        boolean isOf(String otherWay, String otherWorkload, int otherPass) {
            return way.equals(otherWay) && workload.equals(otherWorkload) && pass == otherPass;
        }

        boolean valid() {
            return problem == null && !runs.isEmpty();
        }
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
            if (find(cell.way, cell.workload, cell.pass, cell.tool, cell.hosts).isEmpty()) {
                all.add(cell);
            }
        }
        var notes = new ArrayList<>(tools);
        for (ToolNote note : other.tools) {
            if (notes.stream().noneMatch(known -> known.tool.equals(note.tool))) {
                notes.add(note);
            }
        }
        return new Results(computer, notes, all);
    }

    Optional<Cell> find(String way, String workload, int pass, String tool, int hosts) {
        return cells.stream()
                .filter(cell -> cell.isOf(way, workload, pass) && cell.tool.equals(tool) && cell.hosts == hosts)
                .findFirst();
    }
}
