package dev.weftwork.connector.orbstack.cli;

import dev.weftwork.command.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * An {@code orbctl} that answers what a test tells it to, and keeps what it was called with.
 *
 * <p>A shell script in a folder of its own, deleted by {@link #close}, which also ends whatever calls are still there. What
 * isn't scripted fails with exit code 99.
 *
 * <pre>{@code
 * orbctl.on("info web01", fails(1, "[-32098] machine not found: 'web01'"), prints(info(record(1, "web01", "running"), null)));
 * }</pre>
 */
public final class ScriptedOrbCtl implements AutoCloseable {

    /** One call: its words, what it could read, and which of its streams were terminals. */
    public record Call(List<String> words, String stdin, String terminals, long pid) {}

    private static final String SCRIPT = """
            #!/bin/sh
            n=1
            while ! mkdir "$home/calls/$n" 2>/dev/null; do n=$((n + 1)); done
            call=$home/calls/$n
            for word in "$@"; do printf '%s\\0' "$word"; done >"$call/words"
            for fd in 0 1 2; do if test -t $fd; then echo $fd; fi; done >"$call/terminals"
            cat >"$call/stdin"
            echo $$ >"$call/pid"
            : >"$call/recorded"
            . "$home/rules"
            i=1
            while ! mkdir "$home/answers/$rule/given.$i" 2>/dev/null; do i=$((i + 1)); done
            if test $i -gt $last; then i=$last; fi
            . "$home/answers/$rule/$i"
            """;

    private final Path home;
    private final Path program;

    /** By what a call begins with, the longest first. */
    private final Map<String, Integer> answers =
            new TreeMap<>(Comparator.comparingInt(String::length).reversed().thenComparing(Comparator.naturalOrder()));

    public ScriptedOrbCtl() {
        try {
            home = Files.createTempDirectory("orbctl-");
            Files.createDirectories(home.resolve("calls"));
            Files.createDirectories(home.resolve("answers"));
            program = Files.createDirectories(home.resolve("bin")).resolve("orbctl");
            Files.writeString(program, SCRIPT.replace("$home", home.toString()));
            if (!program.toFile().setExecutable(true)) {
                throw new IOException(program + " can't be made executable");
            }
            writeRules();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path program() {
        return program;
    }

    public OrbCtl.Builder builder() {
        return OrbCtl.builder().program(program);
    }

    public OrbCtl client() {
        return builder().build();
    }

    /**
     * What calls whose words begin so are answered: the first with the first answer and so on, the last answer from then
     * on. Each is shell text. Where several rules fit, the longest is taken; an older one of the same words is replaced.
     */
    public ScriptedOrbCtl on(String beginning, String... each) {
        try {
            Path folder = home.resolve("answers").resolve(ruleOf(beginning));
            deleteAll(folder);
            Files.createDirectories(folder);
            for (int i = 0; i < each.length; i++) {
                Files.writeString(folder.resolve(String.valueOf(i + 1)), each[i]);
            }
            answers.put(beginning, each.length);
            writeRules();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    private static String ruleOf(String beginning) {
        return Integer.toHexString(beginning.hashCode());
    }

    private void writeRules() throws IOException {
        var rules = new StringBuilder("case \"$* \" in\n");
        answers.forEach((beginning, last) -> rules.append(Command.quote(beginning + " "))
                .append("*) rule=" + ruleOf(beginning) + " last=" + last + " ;;\n"));
        rules.append("*) echo \"not scripted: $*\" >&2; exit 99 ;;\nesac\n");
        Path draft = home.resolve("rules.draft");
        Files.writeString(draft, rules);
        Files.move(draft, home.resolve("rules"), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }

    public static String prints(String text) {
        return "printf '%s' " + Command.quote(text) + "\n";
    }

    public static String succeeds() {
        return ":\n";
    }

    public static String fails(int exitCode, String stderr) {
        return "printf '%s\\n' " + Command.quote(stderr) + " >&2\nexit " + exitCode + "\n";
    }

    /** Never answers. */
    public static String hangs() {
        return "exec sleep 600\n";
    }

    /** Never answers, and ignores TERM. */
    public static String hangsStubbornly() {
        return "trap '' TERM\n: >\"$call/stubborn\"\nexec sleep 600\n";
    }

    /** The calls whose words begin so, in their order. */
    public List<Call> calls(String beginning) {
        return calls().stream()
                .filter(call -> (String.join(" ", call.words()) + " ").startsWith(beginning + " "))
                .toList();
    }

    /** All calls, in their order. */
    public List<Call> calls() {
        var calls = new ArrayList<Call>();
        for (int n = 1; Files.exists(home.resolve("calls/" + n)); n++) {
            Path call = home.resolve("calls/" + n);
            if (Files.exists(call.resolve("recorded"))) {
                calls.add(new Call(
                        List.of(read(call.resolve("words")).split("\0", 0)),
                        read(call.resolve("stdin")),
                        read(call.resolve("terminals")),
                        Long.parseLong(read(call.resolve("pid")).strip())));
            }
        }
        return calls;
    }

    /** The words of all calls, each joined by spaces. */
    public List<String> lines() {
        return calls().stream().map(call -> String.join(" ", call.words())).toList();
    }

    /** Whether a call has come to ignoring TERM. */
    public boolean isStubborn() {
        return Files.exists(home.resolve("calls/1/stubborn"));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The id of the n-th machine. */
    public static String id(int n) {
        return String.format("01KTK0Z32XA8Y4R8MVY2F4T%03d", n);
    }

    /** A machine as {@code list} prints it: noble, arm64, of the user "me". */
    public static String record(int n, String name, String state) {
        return record(n, name, "ubuntu", "noble", "arm64", state);
    }

    public static String record(int n, String name, String distro, String version, String arch, String state) {
        return """
                {"id":"%s","name":"%s",
                 "image":{"distro":"%s","version":"%s","arch":"%s","variant":"default"},
                 "config":{"isolated":false,"forward_ssh_agent":true,"isolate_network":false,
                           "default_username":"me","http_port":0,"https_port":0},
                 "builtin":false,"state":"%s"}""".formatted(id(n), name, distro, version, arch, state);
    }

    public static String list(String... records) {
        return "[" + String.join(",\n", records) + "]\n";
    }

    /** As {@code info} prints it; with an address, or none as before it has one. */
    public static String info(String record, Optional<String> ip4) {
        return "{\"record\":" + record + ",\n \"disk_size\":997879808,\"ip4\":"
                + ip4.map(address -> "\"" + address + "\"").orElse("null") + ",\"ip6\":null}\n";
    }

    @Override
    public void close() {
        calls().forEach(call -> ProcessHandle.of(call.pid()).ifPresent(ProcessHandle::destroyForcibly));
        deleteAll(home);
    }

    private static void deleteAll(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
