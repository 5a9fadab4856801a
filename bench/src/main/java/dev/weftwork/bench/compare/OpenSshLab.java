package dev.weftwork.bench.compare;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Machines behind one OpenSSH server, which {@code ssh-lab} runs for as long as this is open. */
final class OpenSshLab implements Lab {

    private final Path program;
    private final Path folder;
    private final Path hosts;
    private final int port;
    private final Process server;
    private int machines;

    /**
     * @param most so many machines there can be
     */
    OpenSshLab(Path program, Path folder, int most, int port) throws IOException {
        this.program = program;
        this.folder = Files.createDirectories(folder);
        hosts = folder.resolve("hosts.asked");
        this.port = port;
        server = new ProcessBuilder(
                        program.toString(), "up", folder.toString(), Integer.toString(most), Integer.toString(port))
                .redirectError(folder.resolve("errors").toFile())
                .start();
        // Both left open: the server goes on until it is told to end, or this program is no more.
        BufferedReader said = server.inputReader();
        for (String line = said.readLine(); !"ready".equals(line); line = said.readLine()) {
            if (line == null) {
                throw new IOException("ssh-lab didn't start: " + Files.readString(folder.resolve("errors")));
            }
        }
    }

    @Override
    public void fresh(int wanted) throws IOException, InterruptedException {
        Programs.run(List.of(program.toString(), "fresh", folder.toString(), Integer.toString(wanted)));
        machines = wanted;
        Files.write(hosts, Files.readAllLines(folder.resolve("hosts")).subList(0, wanted));
    }

    @Override
    public Map<String, String> environment() {
        return Map.of(
                "COMPARE_HOSTS", hosts.toString(),
                "COMPARE_PORT", Integer.toString(port),
                "COMPARE_KEY", folder.resolve("key").toString(),
                "COMPARE_KNOWN_HOSTS", folder.resolve("known_hosts").toString());
    }

    @Override
    public List<Path> roots() {
        var roots = new ArrayList<Path>();
        for (int i = 1; i <= machines; i++) {
            roots.add(folder.resolve("machines").resolve("m%03d".formatted(i)));
        }
        return roots;
    }

    @Override
    public void close() {
        server.destroy();
        try {
            server.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
