package dev.weftwork.bench.compare;

import dev.weftwork.bench.compare.Results.Cell;
import dev.weftwork.bench.compare.Results.ToolNote;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Runs the comparison; {@code bench/compare} starts it and says with what options. In every round each tool gets each work on
 * each number of machines once, so that what changes on the computer meanwhile changes for all. Machines are new before every
 * first pass, and looked at after every pass: a tool that didn't do the work has no figures.
 */
public final class Compare {

    /** For what is loaded and compiled once, and caches of files; not measured. */
    private static final int WARM_UP_HOSTS = 5;

    private final Options options;
    private final Path home;
    private final Path scratch;
    private final Meter meter;
    private final Path copied;
    private final List<Tool> tools = new ArrayList<>();
    private final List<ToolNote> notes = new ArrayList<>();
    private final Map<Key, Cell> cells = new LinkedHashMap<>();

    private record Key(Pass pass, String tool, int hosts) {}

    private Compare(Options options, Path home, Path scratch) throws IOException {
        this.options = options;
        this.home = home;
        this.scratch = scratch;
        meter = new Meter(scratch.resolve("measure"), scratch, options.limit());
        copied =
                Files.writeString(scratch.resolve("small-file.txt"), "A small file that is copied to every machine.\n");
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        Locale.setDefault(Locale.ROOT);
        Path home = Path.of(System.getProperty("compare.home"));
        Path scratch = Path.of(System.getProperty("compare.scratch"));
        if (args.length > 0 && args[0].equals("--report")) {
            if (args.length < 3) {
                System.err.println("--report needs a folder and results; bench/compare --help has the options");
                System.exit(2);
            }
            report(home, Path.of(args[1]), Arrays.asList(args).subList(2, args.length));
            return;
        }
        Options options;
        try {
            options = Options.parse(args, Path.of(System.getProperty("compare.out")));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "; bench/compare --help has the options");
            System.exit(2);
            return;
        }
        System.exit(new Compare(options, home, scratch).run() ? 0 : 1);
    }

    /** The table and the chart again; of several files the first that has a cell says what is in it. */
    private static void report(Path home, Path out, List<String> files) throws IOException {
        Results all = Results.read(Path.of(files.get(0)));
        for (String file : files.subList(1, files.size())) {
            all = all.and(Results.read(Path.of(file)));
        }
        write(all, home, out);
    }

    private static void write(Results results, Path home, Path out) throws IOException {
        Files.createDirectories(out);
        results.write(out.resolve("results.json"));
        Results withQuoted = results.and(quoted(results, home));
        Files.writeString(out.resolve("results.md"), new Table(withQuoted).markdown());
        Files.writeString(out.resolve("results.svg"), new Chart(withQuoted).svg());
    }

    /** For tools that weren't measured here, what was measured elsewhere. */
    private static Results quoted(Results results, Path home) throws IOException {
        Results quoted = Results.read(home.resolve("quoted.json"));
        List<Cell> wanted = quoted.cells().stream()
                .filter(cell ->
                        results.cells().stream().noneMatch(own -> own.tool().equals(cell.tool()) && own.valid()))
                .toList();
        List<ToolNote> notes = quoted.tools().stream()
                .filter(note -> wanted.stream().anyMatch(cell -> cell.tool().equals(note.tool())))
                .toList();
        return new Results(quoted.computer(), notes, wanted);
    }

    private boolean run() throws IOException, InterruptedException {
        findTools();
        for (Way way : options.ways()) {
            try (Lab lab = lab(way)) {
                over(way, lab);
            }
        }
        Results results = save();
        System.out.println();
        System.out.print(new Table(results.and(quoted(results, home))).markdown());
        System.out.println("\nwritten to " + options.out() + ": results.json, results.md, results.svg");
        List<Cell> failed =
                cells.values().stream().filter(cell -> !cell.valid()).toList();
        if (cells.isEmpty()) {
            System.out.println("FAILED: nothing was measured");
        }
        failed.forEach(cell -> System.out.println("FAILED: " + cell.tool() + ", " + cell.workload() + " over "
                + cell.way() + ", " + cell.hosts() + " hosts: " + cell.problem()));
        return failed.isEmpty() && !cells.isEmpty();
    }

    private void findTools() throws IOException, InterruptedException {
        List<Tool> all = Tool.all(home.resolve("rivals"));
        List<String> names = all.stream().map(Tool::name).toList();
        for (String name : options.tools()) {
            if (!names.contains(name)) {
                throw new IOException("no tool is called '" + name + "'; there are " + names);
            }
        }
        for (Tool tool : all) {
            boolean asked = options.tools().isEmpty() || options.tools().contains(tool.name());
            Tool.Version version = tool.version(environment(null));
            System.out.println(tool + ": " + (version.there() ? version.text() : "MISSING: " + version.text())
                    + (asked ? "" : " (not asked for)"));
            notes.add(new ToolNote(
                    tool.name(),
                    version.there() && asked,
                    version.there() && !asked ? "not asked for" : version.text()));
            if (!version.there() && options.tools().contains(tool.name())) {
                throw new IOException(tool + " was asked for and is missing: " + version.text());
            }
            if (version.there() && asked) {
                tools.add(tool);
            }
        }
    }

    private Lab lab(Way way) throws IOException {
        return switch (way) {
            case ORBCTL -> new EmulatedOrbStack(scratch.resolve("store"));
            case SSH ->
                new OpenSshLab(
                        home.resolve("ssh-lab"),
                        scratch.resolve("ssh"),
                        Math.max(WARM_UP_HOSTS, options.mostHosts()),
                        freePort());
        };
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void over(Way way, Lab lab) throws IOException, InterruptedException {
        List<Tool> able = new ArrayList<>();
        for (Tool tool : tools) {
            if (warmUp(tool, way, lab)) {
                able.add(tool);
            } else {
                System.out.println(tool + " says that it has no way over " + way + ": "
                        + meter.printed().strip());
            }
        }
        for (int round = 1; round <= options.runs(); round++) {
            for (Workload workload : options.workloads()) {
                for (int hosts : options.hosts()) {
                    // Each time another one first: whoever follows a light tool finds a cooler computer.
                    var turns = new ArrayList<>(able);
                    Collections.rotate(turns, round);
                    for (Tool tool : turns) {
                        measure(tool, way, workload, hosts, lab, round);
                    }
                    save();
                }
            }
        }
        for (Workload workload : options.workloads()) {
            for (Tool tool : able) {
                count(tool, way, workload, lab);
            }
        }
        save();
    }

    /** Whether the tool can do that at all. */
    private boolean warmUp(Tool tool, Way way, Lab lab) throws IOException, InterruptedException {
        for (Workload workload : options.workloads()) {
            lab.fresh(WARM_UP_HOSTS);
            try {
                if (meter.run(tool.run(workload, way), environment(lab)).exit() == Tool.CANNOT) {
                    return false;
                }
            } catch (Meter.TookTooLong e) {
                // Will be seen when it is measured.
            }
        }
        return true;
    }

    private void measure(Tool tool, Way way, Workload workload, int hosts, Lab lab, int round)
            throws IOException, InterruptedException {
        lab.fresh(hosts);
        for (int number = 1; number <= workload.passes; number++) {
            var pass = new Pass(way, workload, number);
            var key = new Key(pass, tool.name(), hosts);
            String problem = null;
            Measured measured = null;
            try {
                measured = meter.run(tool.run(workload, way), environment(lab));
                problem = problem(measured, workload, lab);
            } catch (Meter.TookTooLong e) {
                problem = e.getMessage();
            }
            add(key, problem == null ? measured : null, problem);
            System.out.printf(
                    "round %d: %s, %d hosts, %s: %s%n",
                    round,
                    pass.title(),
                    hosts,
                    tool,
                    problem == null && measured != null
                            ? "%.2f s, CPU %.2f s".formatted(measured.wall(), measured.cpu())
                            : problem);
            if (problem != null) {
                return;
            }
        }
    }

    private @Nullable String problem(Measured measured, Workload workload, Lab lab)
            throws IOException, InterruptedException {
        if (measured.exit() != 0) {
            List<String> said = meter.printed().lines().toList();
            return "exit " + measured.exit()
                    + (said.isEmpty() ? "" : ": " + said.get(said.size() - 1).strip());
        }
        return wrong(workload, lab);
    }

    private @Nullable String wrong(Workload workload, Lab lab) throws InterruptedException {
        try {
            return workload == Workload.DEPLOY4 ? differs(lab) : null;
        } catch (IOException e) {
            return "left a machine that can't be read: " + e;
        }
    }

    private @Nullable String differs(Lab lab) throws IOException, InterruptedException {
        String wanted = MachineState.wanted(copied);
        for (Path root : lab.roots()) {
            String found = MachineState.of(root);
            if (!found.equals(wanted)) {
                return "left a machine as it shouldn't be: " + found.replace('\n', ';');
            }
        }
        return null;
    }

    private void add(Key key, @Nullable Measured measured, @Nullable String problem) {
        Optional<Cell> known = Optional.ofNullable(cells.get(key));
        var runs = new ArrayList<>(known.map(Cell::runs).orElse(List.of()));
        if (measured != null) {
            runs.add(measured);
        }
        cells.put(
                key,
                new Cell(
                        key.pass.way().label,
                        key.pass.workload().label,
                        key.pass.number(),
                        key.tool,
                        key.hosts,
                        false,
                        runs,
                        known.map(Cell::counted).orElse(null),
                        problem != null ? problem : known.map(Cell::problem).orElse(null)));
    }

    private void count(Tool tool, Way way, Workload workload, Lab lab) throws IOException, InterruptedException {
        int hosts = options.countedHosts();
        lab.fresh(hosts);
        for (int number = 1; number <= workload.passes; number++) {
            var pass = new Pass(way, workload, number);
            var key = new Key(pass, tool.name(), hosts);
            Cell cell = cells.get(key);
            if (cell == null || !cell.valid()) {
                return;
            }
            try {
                Counted counted = meter.count(tool.run(workload, way), environment(lab));
                if (counted.exit() != 0 || wrong(workload, lab) != null) {
                    System.out.println(tool + " failed while it was counted, so it isn't: exit " + counted.exit());
                    return;
                }
                System.out.printf(
                        "%s, %d hosts, %s: %d processes, %d MiB%n",
                        pass.title(), hosts, tool, counted.processes(), counted.memoryKiB() / 1024);
                cells.put(key, cell.with(counted));
            } catch (Meter.TookTooLong e) {
                System.out.println(tool + " couldn't be counted: " + e.getMessage());
                return;
            }
        }
    }

    /** Of a tool's process; its scratch folder is new. */
    private Map<String, String> environment(@Nullable Lab lab) throws IOException, InterruptedException {
        Path temporary = scratch.resolve("tmp");
        Programs.run(List.of("rm", "-rf", temporary.toString()));
        Files.createDirectories(temporary);
        var environment = new HashMap<String, String>();
        environment.put("COMPARE_TMP", temporary.toString());
        environment.put("COMPARE_CACHE", scratch.toString());
        environment.put("COMPARE_FILE", copied.toString());
        environment.put("COMPARE_JAVA", System.getProperty("compare.java"));
        environment.put(
                "COMPARE_JAVA_RELEASE", Integer.toString(Runtime.version().feature()));
        environment.put("COMPARE_JAR", System.getProperty("compare.jar"));
        if (lab != null) {
            environment.putAll(lab.environment());
        }
        return environment;
    }

    private Results save() throws IOException, InterruptedException {
        var results = new Results(computer(), notes, List.copyOf(cells.values()));
        write(results, home, options.out());
        return results;
    }

    private Results.Computer computer() throws IOException, InterruptedException {
        Map<String, String> os = fields(Path.of("/etc/os-release"), "=");
        long memory = Long.parseLong(fields(Path.of("/proc/meminfo"), ":")
                .getOrDefault("MemTotal", "0")
                .replaceAll("\\D", ""));
        String commit;
        try {
            commit = Programs.run(List.of("git", "-C", home.toString(), "describe", "--always", "--dirty"))
                    .strip();
        } catch (IOException e) {
            commit = "unknown";
        }
        return new Results.Computer(
                LocalDate.now(ZoneOffset.UTC).toString(),
                fields(Path.of("/proc/cpuinfo"), ":").getOrDefault("model name", "unknown"),
                Runtime.getRuntime().availableProcessors(),
                Math.round(memory / 1024.0 / 1024.0),
                os.getOrDefault("PRETTY_NAME", "Linux").replace("\"", "") + ", Linux "
                        + System.getProperty("os.version"),
                "Java " + Runtime.version(),
                commit);
    }

    private static Map<String, String> fields(Path file, String separator) throws IOException {
        var fields = new TreeMap<String, String>();
        for (String line : Files.readAllLines(file)) {
            int at = line.indexOf(separator);
            if (at > 0) {
                fields.putIfAbsent(
                        line.substring(0, at).strip(), line.substring(at + 1).strip());
            }
        }
        return fields;
    }
}
