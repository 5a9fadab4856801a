package dev.weftwork.connector.orbstack.emulator;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * An OrbStack of its own for a test: a store with the emulated {@code orbctl} and {@code orb}, and no machines yet.
 * What the programs do otherwise than usual is set by knobs; {@code src/emulator/README.md} lists them.
 *
 * <p>It lives until {@link #close}, which ends all machines and deletes the store; if this JVM dies before, the machines
 * end with it. Any thread may call anything. The programs are compiled once, what machines are made from is laid once
 * per JVM.
 *
 * <pre>{@code
 * try (var orbStack = OrbStackEmulator.start()) {
 *     orbStack.machine("web1");
 *     assertThat(orbStack.call("run", "-m", "web1", "hostname").stdout()).isEqualTo("web1\n");
 * }
 * }</pre>
 */
public final class OrbStackEmulator implements AutoCloseable {

    private static final long LIMIT_SECONDS = 60;

    private final Path store;

    private OrbStackEmulator(Path store) {
        this.store = store;
    }

    /** How a call ended; of a signal that is 128 and its number. */
    public record CallResult(int exit, String stdout, String stderr) {}

    public static OrbStackEmulator start() {
        try {
            Path folder = Files.createDirectories(target().resolve("stores"));
            var emulator = new OrbStackEmulator(lay(Files.createTempDirectory(folder, "store")));
            Files.createSymbolicLink(emulator.store.resolve("template"), Template.STORE.resolve("template"));
            return emulator;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path store() {
        return store;
    }

    public Path orbctl() {
        return store.resolve("bin/orbctl");
    }

    public Path orb() {
        return store.resolve("bin/orb");
    }

    /** From the next call on. */
    public void knob(String name, String value) {
        try {
            Path folder = Files.createDirectories(store.resolve("knobs"));
            Path next = Files.createTempFile(store, "knob", "");
            Files.writeString(next, value);
            Files.move(next, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As usual again. */
    public void knob(String name) {
        try {
            Files.deleteIfExists(store.resolve("knobs").resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A running machine; no call is logged for it. */
    public void machine(String name) {
        succeed("--emulator-machine", name);
    }

    /** Running machines PREFIX001 and so on; no call is logged for them. */
    public void machines(int count, String prefix) {
        succeed("--emulator-machines", Integer.toString(count), prefix);
    }

    /** Runs {@code orbctl} with nothing on its stdin and waits for its end. */
    public CallResult call(String... args) {
        return call(new byte[0], args);
    }

    public CallResult call(byte[] stdin, String... args) {
        Process process = begin(args);
        CompletableFuture<byte[]> stdout = read(process.getInputStream());
        CompletableFuture<byte[]> stderr = read(process.getErrorStream());
        CompletableFuture<Void> fed = CompletableFuture.runAsync(
                () -> {
                    try (var sink = process.getOutputStream()) {
                        sink.write(stdin);
                    } catch (IOException e) {
                        // The command needn't read all of it.
                    }
                },
                OrbStackEmulator::onThread);
        int exit = exit(process, "orbctl " + String.join(" ", args));
        fed.join();
        return new CallResult(
                exit,
                new String(stdout.join(), StandardCharsets.UTF_8),
                new String(stderr.join(), StandardCharsets.UTF_8));
    }

    /** Starts {@code orbctl} with pipes on its streams; it is the caller's to end. */
    public Process begin(String... args) {
        return begin(orbctl(), args);
    }

    static Process begin(Path program, String... args) {
        var words = new ArrayList<>(List.of(program.toString()));
        words.addAll(List.of(args));
        try {
            return new ProcessBuilder(words).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The exit status, once it has ended; kills it and fails if it doesn't end. */
    static int exit(Process process, String what) {
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("didn't end in " + LIMIT_SECONDS + " s: " + what);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + what, e);
        }
    }

    /** Looks every few milliseconds, for what nothing tells of: each look may start a process. */
    static void until(BooleanSupplier condition, String what) {
        long begun = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(LIMIT_SECONDS)) {
                throw new AssertionError("didn't happen: " + what);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(3));
        }
    }

    /** The words of each call so far, in their order; the first is the name of the program. */
    public List<List<String>> calls() {
        try {
            return Files.readAllLines(store.resolve("calls")).stream()
                    .map(OrbStackEmulator::words)
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> words(String line) {
        var words = new ArrayList<String>();
        var word = new StringBuilder();
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '\t') {
                words.add(word.toString());
                word.setLength(0);
            } else if (c == '\\') {
                char escaped = line.charAt(++i);
                word.append(escaped == 't' ? '\t' : escaped == 'n' ? '\n' : escaped);
            } else {
                word.append(c);
            }
        }
        words.add(word.toString());
        return words;
    }

    /** The machine's root file system, as seen from here. */
    public Path rootfs(String machine) {
        try {
            String id = Files.readSymbolicLink(store.resolve("names").resolve(machine))
                    .toString();
            return store.resolve("machines").resolve(id).resolve("rootfs");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        succeed("--emulator-down");
        delete(store);
    }

    private void succeed(String... args) {
        CallResult result = call(args);
        if (result.exit() != 0) {
            throw new IllegalStateException(
                    "orbctl " + String.join(" ", args) + " exited " + result.exit() + ": " + result.stderr());
        }
    }

    /** Compiled once for these sources and kept, as long as {@code target} is. */
    private static final class Programs {
        static final Path ORBCTL = compile();

        private static Path compile() {
            try (Stream<Path> files = Files.list(sources())) {
                List<Path> all = files.filter(file -> file.toString().matches(".*\\.[ch]"))
                        .sorted()
                        .toList();
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                for (Path file : all) {
                    digest.update(Files.readAllBytes(file));
                }
                String hash = HexFormat.of().formatHex(digest.digest()).substring(0, 16);
                Path program = target().resolve(hash).resolve("orbctl");
                if (Files.isExecutable(program)) {
                    return program;
                }
                Files.createDirectories(program.getParent());
                Path unfinished = Files.createTempFile(program.getParent(), "orbctl", "");
                var words = new ArrayList<>(
                        List.of("cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", unfinished.toString()));
                all.stream()
                        .map(Path::toString)
                        .filter(name -> name.endsWith(".c"))
                        .forEach(words::add);
                run("the emulated orbctl can't be compiled; a C compiler called cc is needed", words);
                Files.move(unfinished, program, StandardCopyOption.ATOMIC_MOVE);
                return program;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }

        /** Tests of other modules may use it too. */
        private static Path sources() {
            return Stream.of(".", "connector-orbstack", "../connector-orbstack")
                    .map(folder -> Path.of(folder, "src/emulator/c"))
                    .filter(Files::isDirectory)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException(
                            "src/emulator/c isn't here: " + Path.of("").toAbsolutePath()));
        }
    }

    /** A store without machines, whose template all others of this JVM use. */
    private static final class Template {
        static final Path STORE = lay();

        private static Path lay() {
            try {
                Path store = OrbStackEmulator.lay(Files.createTempDirectory(target(), "template"));
                Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(store), "emulator-template-deleter"));
                run(
                        "the emulator's template can't be made",
                        List.of(store.resolve("bin/orbctl").toString(), "--emulator-template"));
                return store;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static Path lay(Path store) throws IOException {
        Files.createDirectories(store.resolve("bin"));
        Files.createLink(store.resolve("bin/orbctl"), Programs.ORBCTL);
        Files.createSymbolicLink(store.resolve("bin/orb"), Path.of("orbctl"));
        Files.writeString(
                store.resolve("owner"), Long.toString(ProcessHandle.current().pid()));
        return store;
    }

    /** On the file system of everything else here, so that files can be shared. */
    private static Path target() {
        return Path.of("target/emulator").toAbsolutePath();
    }

    private static void run(String otherwise, List<String> words) {
        try {
            Process process =
                    new ProcessBuilder(words).redirectErrorStream(true).start();
            CompletableFuture<byte[]> output = read(process.getInputStream());
            if (exit(process, String.join(" ", words)) != 0) {
                throw new IllegalStateException(otherwise + ": " + new String(output.join(), StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            throw new IllegalStateException(otherwise + ": " + e.getMessage(), e);
        }
    }

    private static CompletableFuture<byte[]> read(InputStream stream) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try (stream) {
                        return stream.readAllBytes();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                OrbStackEmulator::onThread);
    }

    /** A platform thread: reading a process on a virtual one holds its carrier. */
    private static void onThread(Runnable task) {
        Thread.ofPlatform().daemon().name("emulator-stream").start(task);
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
