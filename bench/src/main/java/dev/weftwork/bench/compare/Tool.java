package dev.weftwork.bench.compare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Something that can do the work: a folder with a program {@code run WORKLOAD WAY}, and a program {@code version} that exits 1,
 * saying what is missing, where the tool isn't there.
 */
record Tool(String name, Path folder) {

    /** What {@code run} exits with if it has no way to do that. */
    static final int CANNOT = 64;

    /** What {@code version} says, and whether the tool is there. */
    record Version(boolean there, String text) {}

    static List<Tool> all(Path rivals) throws IOException {
        try (Stream<Path> folders = Files.list(rivals)) {
            return folders.filter(folder -> Files.isExecutable(folder.resolve("run")))
                    .map(folder -> new Tool(folder.getFileName().toString(), folder))
                    .sorted((a, b) -> a.name().compareTo(b.name()))
                    .toList();
        }
    }

    List<String> run(Workload workload, Way way) {
        return List.of(folder.resolve("run").toString(), workload.label, way.label);
    }

    Version version(Map<String, String> environment) throws InterruptedException {
        var builder = new ProcessBuilder(folder.resolve("version").toString())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true);
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return new Version(process.waitFor() == 0, said.lines().findFirst().orElse("?"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
