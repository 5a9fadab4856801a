package dev.weftwork.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Machines of the emulated OrbStack, which end with this program. */
final class EmulatedOrbStack implements Lab {

    private final Path store;
    private final Path hosts;
    private int machines;

    /**
     * @param store with the compiled {@code orbctl} in {@code bin}
     */
    EmulatedOrbStack(Path store) throws IOException {
        this.store = store;
        hosts = store.resolve("hosts");
        Files.writeString(
                store.resolve("owner"), Long.toString(ProcessHandle.current().pid()));
    }

    private String orbctl() {
        return store.resolve("bin/orbctl").toString();
    }

    @Override
    public void fresh(int wanted) throws IOException, InterruptedException {
        if (machines > 0) {
            Programs.run(List.of(orbctl(), "delete", "--all", "--force"));
        }
        Programs.run(List.of(orbctl(), "--emulator-machines", Integer.toString(wanted), "m"));
        machines = wanted;
        var lines = new StringBuilder();
        for (String name : names()) {
            lines.append(name).append(" 127.0.0.1 root@").append(name).append('\n');
        }
        Files.writeString(hosts, lines);
    }

    private List<String> names() {
        var names = new ArrayList<String>();
        for (int i = 1; i <= machines; i++) {
            names.add("m%03d".formatted(i));
        }
        return names;
    }

    @Override
    public Map<String, String> environment() {
        return Map.of("COMPARE_HOSTS", hosts.toString(), "PATH", store.resolve("bin") + ":" + System.getenv("PATH"));
    }

    @Override
    public List<Path> roots() throws IOException, InterruptedException {
        var roots = new ArrayList<Path>();
        for (String name : names()) {
            String[] fields = Programs.run(List.of(orbctl(), "--emulator-resolve", "--login", "root@" + name))
                    .strip()
                    .split("\t", -1);
            roots.add(Path.of(fields[fields.length - 1]));
        }
        return roots;
    }

    @Override
    public void close() throws IOException {
        try {
            Programs.run(List.of(orbctl(), "--emulator-down"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
