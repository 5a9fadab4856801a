package dev.weftwork.bench.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs programs and measures them, by the small program {@code measure}; Linux only. One at a time. */
final class Meter {

    private static final Duration LOOK_EVERY = Duration.ofMillis(200);

    /** What the kernel counts processor time in, for programs. */
    private static final double TICKS_PER_SECOND = 100;

    private final Path measure;
    private final Path folder;
    private final Duration limit;

    /**
     * @param measure the compiled program
     * @param folder for its figures and for what programs print
     * @param limit how long a program may take
     */
    Meter(Path measure, Path folder, Duration limit) {
        this.measure = measure;
        this.folder = folder;
        this.limit = limit;
    }

    /** What the last program printed. */
    Path output() {
        return folder.resolve("output");
    }

    /**
     * @throws TookTooLong if it didn't end within the limit; it and all it started are ended
     */
    Measured run(List<String> argv, Map<String, String> environment) throws IOException, InterruptedException {
        double busy = busySeconds();
        JsonNode said = start(argv, environment, List.of("--"), () -> {});
        return new Measured(
                said.get("exit").asInt(),
                said.get("wall").asDouble(),
                said.get("cpu").asDouble(),
                said.get("ownCpu").asDouble(),
                busySeconds() - busy,
                said.get("peakKiB").asLong());
    }

    /** Runs it once more, slowed down, to see what it starts. */
    Counted count(List<String> argv, Map<String, String> environment) throws IOException, InterruptedException {
        var most = new long[1];
        JsonNode said = start(argv, environment, List.of("count", "--"), () -> most[0] = Math.max(most[0], memory()));
        return new Counted(said.get("processes").asLong(), most[0]);
    }

    private JsonNode start(List<String> argv, Map<String, String> environment, List<String> how, Runnable look)
            throws IOException, InterruptedException {
        Path figures = folder.resolve("figures.json");
        Files.deleteIfExists(figures);
        var words = new ArrayList<>(List.of(measure.toString(), figures.toString()));
        words.addAll(how);
        words.addAll(argv);
        var builder = new ProcessBuilder(words)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output().toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        long end = System.nanoTime() + limit.toNanos();
        while (!process.waitFor(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
            look.run();
            if (System.nanoTime() - end > 0) {
                process.destroy();
                process.waitFor();
                throw new TookTooLong(limit);
            }
        }
        if (!Files.exists(figures)) {
            throw new IOException("measure ended with " + process.exitValue() + ": " + Files.readString(output()));
        }
        return new ObjectMapper().readTree(figures.toFile());
    }

    /** Of all descendants of the program that measures, in KiB. */
    private static long memory() {
        return ProcessHandle.current()
                .descendants()
                .mapToLong(process -> memory(process.pid()))
                .sum();
    }

    private static long memory(long pid) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/smaps_rollup"))) {
            return lines.filter(line -> line.startsWith("Pss:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum();
        } catch (IOException | RuntimeException e) {
            // It has ended meanwhile.
            return 0;
        }
    }

    private static double busySeconds() throws IOException {
        String[] fields =
                Files.readAllLines(Path.of("/proc/stat")).get(0).trim().split("\\s+", -1);
        double ticks = 0;
        for (int i : new int[] {1, 2, 3, 6, 7}) {
            ticks += Double.parseDouble(fields[i]);
        }
        return ticks / TICKS_PER_SECOND;
    }

    /** It was ended because it ran for longer than a program may. */
    static final class TookTooLong extends IOException {
        private static final long serialVersionUID = 1;

        TookTooLong(Duration limit) {
            super("longer than " + limit.toSeconds() + " s");
        }
    }
}
