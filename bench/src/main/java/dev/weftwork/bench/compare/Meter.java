package dev.weftwork.bench.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Runs programs and measures them, by the small program {@code measure}; Linux only. One at a time. */
final class Meter {

    private static final Duration LOOK_EVERY = Duration.ofMillis(200);

    /** Nobody waits for a run in which is counted. */
    private static final Duration COUNT_EVERY = Duration.ofMillis(20);

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

    private Path output() {
        return folder.resolve("output");
    }

    /** What the last program printed, whatever its bytes are. */
    String printed() throws IOException {
        return new String(Files.readAllBytes(output()), StandardCharsets.UTF_8);
    }

    /**
     * @throws TookTooLong if it didn't end within the limit; it and all it started are ended
     */
    Measured run(List<String> argv, Map<String, String> environment) throws IOException, InterruptedException {
        double busy = busySeconds();
        JsonNode said = start(argv, environment, List.of("--"), LOOK_EVERY, process -> {});
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
        JsonNode said = start(
                argv,
                environment,
                List.of("count", "--"),
                COUNT_EVERY,
                process -> most[0] = Math.max(most[0], memory(process)));
        return new Counted(said.get("exit").asInt(), said.get("processes").asLong(), most[0]);
    }

    private JsonNode start(
            List<String> argv,
            Map<String, String> environment,
            List<String> how,
            Duration every,
            Consumer<Process> look)
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
        while (!process.waitFor(every.toMillis(), TimeUnit.MILLISECONDS)) {
            look.accept(process);
            if (System.nanoTime() - end > 0) {
                process.destroy();
                process.waitFor();
                throw new TookTooLong(limit);
            }
        }
        if (!Files.exists(figures)) {
            throw new IOException("measure ended with " + process.exitValue() + ": " + printed());
        }
        return new ObjectMapper().readTree(figures.toFile());
    }

    /**
     * Of all that the program which measures has started, in KiB: shared pages once, or the largest process alone if that is
     * more, because others on this computer share pages too.
     */
    private static long memory(Process measure) {
        List<Long> pids = measure.descendants().map(ProcessHandle::pid).toList();
        long together = pids.stream().mapToLong(pid -> kib(pid, "Pss:")).sum();
        long largest = pids.stream().mapToLong(pid -> kib(pid, "Rss:")).max().orElse(0);
        return Math.max(together, largest);
    }

    private static long kib(long pid, String field) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/smaps_rollup"))) {
            return lines.filter(line -> line.startsWith(field))
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
