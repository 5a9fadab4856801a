package dev.weftwork.connector.orbstack.emulator;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

public final class OrbStackEmulator implements AutoCloseable {
    private final Path store;

    public record CallResult(int exit, String stdout, String stderr) {}

    private OrbStackEmulator(Path store) {
        this.store = store;
    }

    public static OrbStackEmulator start() throws IOException, InterruptedException {
        Path store = Files.createTempDirectory("weftwork-orbstack-");
        Files.createDirectories(store.resolve("bin"));
        Files.createDirectories(store.resolve("knobs"));
        Path built = Path.of("/tmp/em/orbctl");
        Files.copy(built, store.resolve("bin/orbctl"));
        Files.writeString(store.resolve("owner"), ProcessHandle.current().pid() + "\n");
        return new OrbStackEmulator(store);
    }

    public Path store() {
        return store;
    }

    public Path orbctl() {
        return store.resolve("bin/orbctl");
    }

    public void knob(String name, String value) throws IOException {
        Files.writeString(store.resolve("knobs").resolve(name), value);
    }

    public void machine(String name) throws IOException, InterruptedException {
        call("create", "debian", name);
    }

    public void machines(int count, String prefix) throws IOException, InterruptedException {
        call("--emulator-machines", "" + count, prefix);
    }

    public CallResult call(String... args) throws IOException, InterruptedException {
        var words = new ArrayList<>(List.of(orbctl().toString()));
        words.addAll(Arrays.asList(args));
        Path out = Files.createTempFile("call", "");
        Path err = Files.createTempFile("call", "");
        int exit = new ProcessBuilder(words)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start()
                .waitFor();
        return new CallResult(exit, Files.readString(out), Files.readString(err));
    }

    public List<List<String>> calls() throws IOException {
        try (Stream<String> lines = Files.lines(store.resolve("calls"), StandardCharsets.UTF_8)) {
            return lines.map(line -> List.of(line.split("\t", -1))).toList();
        }
    }

    @Override
    public void close() throws IOException {
        try {
            call("--emulator-down");
            new ProcessBuilder("rm", "-rf", store.toString()).start().waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
