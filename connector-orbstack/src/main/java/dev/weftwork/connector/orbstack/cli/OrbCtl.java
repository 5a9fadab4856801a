package dev.weftwork.connector.orbstack.cli;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Output;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ShellConnection;
import dev.weftwork.session.ShellTransport;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A typed client of {@code orbctl}: which machines there are, their lives, and single commands on them. Many commands on many
 * machines are an engine's, with an {@link dev.weftwork.connector.orbstack.OrbStackConnector}.
 *
 * <p>Immutable and without anything to close; one serves any number of threads at once. Each call runs one process, with
 * no shell and no terminal, and blocks its thread, which may be virtual, until that has ended. Every call has a limit, for
 * OrbStack's daemon can hang for ever: then the process is ended and {@link OrbCtlException.TimedOut} thrown. An interrupt
 * ends the process too. In both cases what was asked may still happen, since OrbStack goes on without its client.
 *
 * <p>Every call but {@link #status}, {@link #stop} and {@link #restart} starts OrbStack itself if it is down, also those
 * which only look. Every machine is named, and its name checked before: with none, some commands of {@code orbctl} mean
 * everything. To stop OrbStack isn't offered, for Docker would stop too.
 *
 * <p>Failures are {@link OrbCtlException}s, whose message has the call, the answer and what to do.
 *
 * <pre>{@code
 * OrbCtl orbctl = OrbCtl.onPath();
 * orbctl.create(MachineSpec.of("web01", "ubuntu:24.04"));
 * Optional<String> address = orbctl.info(new MachineName("web01")).ip4();
 * }</pre>
 */
public final class OrbCtl {

    private static final Logger LOG = LoggerFactory.getLogger(OrbCtl.class);
    private static final String PROGRAM = "orbctl";
    private static final Pattern KEY = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*");
    private static final Pattern LOGIN = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]*");
    private static final Pattern SETTING = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*:.*");

    private final Path program;
    private final Duration timeout;
    private final Duration createTimeout;
    private final Duration lifecycleTimeout;
    private final Duration transferTimeout;
    private final Map<String, String> environment;

    /** One for the processes of hundreds of hosts. */
    private final Map<String, String> environmentOfRun;

    private OrbCtl(Builder builder, Path program) {
        this.program = program;
        timeout = builder.timeout;
        createTimeout = builder.createTimeout;
        lifecycleTimeout = builder.lifecycleTimeout;
        transferTimeout = builder.transferTimeout;
        environment = Map.copyOf(builder.environment);
        var all = new LinkedHashMap<>(System.getenv());
        all.putAll(environment);
        environmentOfRun = Map.copyOf(all);
    }

    /**
     * The {@code orbctl} of this computer, with the defaults of {@link Builder}.
     *
     * @throws OrbCtlException.NotInstalled if there is none
     */
    public static OrbCtl onPath() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Whether OrbStack logs in a user of that name as just that, whichever way into a machine is taken: to its SSH gateway
     * {@code default} is whoever is the machine's default user.
     */
    public static boolean isLogin(String user) {
        return LOGIN.matcher(user).matches() && !user.equals("default");
    }

    /** The program it calls, an absolute path. */
    public Path program() {
        return program;
    }

    /** How long {@link #create} may take. */
    public Duration createTimeout() {
        return createTimeout;
    }

    /** Whether OrbStack is up. Doesn't start it. */
    public OrbStackStatus status() throws InterruptedException {
        List<String> argv = argv("status");
        OrbCtlProcess.Answer answer = OrbCtlProcess.run(argv, environment, timeout);
        String text = answer.stdout().strip();
        // The exit code is 1 and 2 for what isn't an error here; only the text tells these from one.
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "running" -> OrbStackStatus.RUNNING;
            case "starting" -> OrbStackStatus.STARTING;
            case "stopped" -> OrbStackStatus.STOPPED;
            default -> {
                if (!answer.stderr().isBlank()) {
                    throw new OrbCtlException.Failed(argv, answer.exitCode(), answer.stderr());
                }
                throw new OrbCtlException.Unreadable(argv, "'" + text + "' and exit code " + answer.exitCode());
            }
        };
    }

    public OrbStackVersion version() throws InterruptedException {
        List<String> argv = argv("version");
        Map<String, String> lines = settings(call(argv, timeout));
        String version = lines.getOrDefault("Version", "").split(" ", 2)[0];
        if (version.isEmpty()) {
            throw new OrbCtlException.Unreadable(argv, "no line 'Version:'");
        }
        return new OrbStackVersion(version, Optional.ofNullable(lines.get("Commit")));
    }

    /** All machines but OrbStack's own, in its order. */
    public List<Machine> list() throws InterruptedException {
        List<String> argv = argv("list", "-f", "json");
        return MachineJson.machines(argv, call(argv, timeout));
    }

    /** As {@link #list}, but only those that run. */
    public List<Machine> listRunning() throws InterruptedException {
        List<String> argv = argv("list", "-r", "-f", "json");
        return MachineJson.machines(argv, call(argv, timeout));
    }

    /**
     * All about one machine.
     *
     * @throws OrbCtlException.Failed among others if there is none of that name
     */
    public MachineInfo info(MachineName machine) throws InterruptedException {
        return infoOf(machine.value());
    }

    /** As {@link #info(MachineName)}, of the machine that this one is, whatever its name is now. */
    public MachineInfo info(MachineId machine) throws InterruptedException {
        return infoOf(machine.value());
    }

    /** All about one machine, or nothing if there is none of that name. */
    public Optional<MachineInfo> findInfo(MachineName machine) throws InterruptedException {
        return ifFound(machine.value());
    }

    /** All about one machine, or nothing if it is no more. */
    public Optional<MachineInfo> findInfo(MachineId machine) throws InterruptedException {
        return ifFound(machine.value());
    }

    private Optional<MachineInfo> ifFound(String nameOrId) throws InterruptedException {
        try {
            return Optional.of(infoOf(nameOrId));
        } catch (OrbCtlException.Failed e) {
            if (e.kind() == OrbCtlException.Kind.MACHINE_NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private MachineInfo infoOf(String nameOrId) throws InterruptedException {
        List<String> argv = argv("info", nameOrId, "-f", "json");
        return MachineJson.info(argv, call(argv, timeout));
    }

    /**
     * Creates a machine and returns when it runs, has addresses and is set up; that takes from seconds to minutes.
     *
     * <p>After {@link OrbCtlException.TimedOut} or an interrupt it may still come into being, and another attempt then fails
     * because it exists: look at it by {@link #findInfo}. {@code OrbStack.ensure} does all that.
     */
    public void create(MachineSpec machine) throws InterruptedException {
        Optional<String> text = machine.userData();
        if (text.isEmpty()) {
            create(machine, machine.userDataFile().orElse(null));
            return;
        }
        Path file = null;
        try {
            // Made for its owner only.
            file = Files.createTempFile("weftwork-user-data-", ".yaml");
            Files.writeString(file, text.get());
            create(machine, file);
        } catch (IOException e) {
            throw new UncheckedIOException("user data of " + machine.name() + " could not be put into a file", e);
        } finally {
            deleteQuietly(file);
        }
    }

    private static void deleteQuietly(@Nullable Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            LOG.warn("{} has the user data of a machine and could not be deleted", file, e);
        }
    }

    private void create(MachineSpec machine, @Nullable Path userData) throws InterruptedException {
        var words = new ArrayList<>(List.of("create"));
        machine.arch().ifPresent(arch -> words.addAll(List.of("--arch", arch.word())));
        machine.user().ifPresent(user -> words.addAll(List.of("--user", user)));
        if (userData != null) {
            words.addAll(List.of("--user-data", userData.toString()));
        }
        if (machine.isolated()) {
            words.add("--isolated");
        }
        if (machine.isolateNetwork()) {
            words.add("--isolate-network");
        }
        if (machine.forwardSshAgent()) {
            words.add("--forward-ssh-agent");
        }
        machine.cpus().ifPresent(cpus -> words.addAll(List.of("--cpus", String.valueOf(cpus))));
        machine.memory().ifPresent(size -> words.addAll(List.of("--memory", size)));
        machine.disk().ifPresent(size -> words.addAll(List.of("--disk", size)));
        machine.mounts().forEach(mount -> words.addAll(List.of("--mount", mount.word())));
        words.add(machine.image());
        words.add(machine.name().value());
        call(argv(words), createTimeout);
    }

    /** Starts OrbStack itself; nothing happens if it runs. */
    public void startOrbStack() throws InterruptedException {
        call(argv("start"), lifecycleTimeout);
    }

    /**
     * Starts machines; nothing happens to those that run. They may have no address yet when it returns, and their services
     * may still be starting.
     */
    public void start(MachineName first, MachineName... rest) throws InterruptedException {
        call(argv(words("start", first, rest)), lifecycleTimeout);
    }

    /** Stops machines; nothing happens to those that are stopped, which they all are while OrbStack is down. */
    public void stop(MachineName first, MachineName... rest) throws InterruptedException {
        call(argv(words("stop", first, rest)), lifecycleTimeout);
    }

    /**
     * Restarts machines.
     *
     * @throws OrbCtlException.Failed among others if OrbStack is down
     */
    public void restart(MachineName first, MachineName... rest) throws InterruptedException {
        List<String> argv = argv(words("restart", first, rest));
        OrbCtlProcess.Answer answer = answer(argv, lifecycleTimeout);
        if (answer.stderr().toLowerCase(Locale.ROOT).contains("orbstack is not running")) {
            throw new OrbCtlException.Failed(argv, answer.exitCode(), answer.stderr());
        }
    }

    /**
     * Deletes machines with all that is on them, running or not. Nobody is asked: {@code orbctl} only asks at a terminal,
     * so {@code -f} is always passed to say plainly what happens anyway.
     */
    public void delete(MachineName first, MachineName... rest) throws InterruptedException {
        List<String> words = words("delete", first, rest);
        words.add(1, "-f");
        call(argv(words), lifecycleTimeout);
    }

    /** Makes a copy, which is left stopped. The machine is paused meanwhile. */
    public void clone(MachineName machine, MachineName copy) throws InterruptedException {
        call(argv("clone", machine.value(), copy.value()), lifecycleTimeout);
    }

    /** Gives a machine another name, also while it runs; its host name and its SSH login change with it. */
    public void rename(MachineName machine, MachineName newName) throws InterruptedException {
        call(argv("rename", machine.value(), newName.value()), lifecycleTimeout);
    }

    /** Writes a machine to a file, usually {@code NAME.tar.zst}. The machine is paused meanwhile. */
    public void exportTo(MachineName machine, Path file) throws InterruptedException {
        call(argv("export", machine.value(), absolute(file)), transferTimeout);
    }

    /** Makes a machine of a file that {@link #exportTo} wrote. */
    public void importFrom(Path file, MachineName machine) throws InterruptedException {
        call(argv("import", "-n", machine.value(), absolute(file)), transferTimeout);
    }

    /**
     * The name of the machine that {@code orbctl} uses where none is named, if there is one. It changes by itself: without
     * an explicit default it is the one used last.
     */
    public Optional<String> defaultMachine() throws InterruptedException {
        String text = call(argv("default"), timeout).strip();
        // Old versions print USER@NAME.
        String name = text.substring(text.lastIndexOf('@') + 1);
        return name.isEmpty() || name.equals("none") ? Optional.empty() : Optional.of(name);
    }

    public void setDefault(MachineName machine) throws InterruptedException {
        call(argv("default", machine.value()), timeout);
    }

    /** OrbStack's log of a machine: its boot and what OrbStack did with it, not the logs of its services. */
    public String logs(MachineName machine) throws InterruptedException {
        return call(argv("logs", machine.value()), timeout);
    }

    /** As {@link #logs}, with all that is only for debugging. */
    public String allLogs(MachineName machine) throws InterruptedException {
        return call(argv("logs", "-a", machine.value()), timeout);
    }

    /** All settings of OrbStack, in its order. */
    public Map<String, String> configShow() throws InterruptedException {
        return settings(call(argv("config", "show"), timeout));
    }

    /**
     * One setting of OrbStack, such as {@code memory_mib}, or nothing if it isn't set.
     *
     * @throws IllegalArgumentException if it isn't the form of a key
     */
    public Optional<String> configGet(String key) throws InterruptedException {
        requireKey(key);
        String text = call(argv("config", "get", key), timeout).strip();
        String value = settings(text).get(key);
        if (value == null && !isList(text)) {
            value = text;
        }
        return value == null || value.isEmpty() ? Optional.empty() : Optional.of(value);
    }

    /** Some versions print all settings instead of the value of one. */
    private static boolean isList(String text) {
        return text.contains("\n")
                && text.lines().allMatch(line -> SETTING.matcher(line).matches());
    }

    /**
     * Sets one setting of OrbStack. Some need OrbStack to be restarted.
     *
     * @throws IllegalArgumentException if it isn't the form of a key, or if the value would be taken for an option
     */
    public void configSet(String key, String value) throws InterruptedException {
        requireKey(key);
        requireWord("value", value);
        call(argv("config", "set", key, value), timeout);
    }

    /** Sets whom commands on that machine run as unless another user is named. */
    public void setDefaultUser(MachineName machine, String user) throws InterruptedException {
        MachineSpec.requireUser(user);
        configSet("machine." + machine + ".username", user);
    }

    /** Whom commands on that machine run as unless another user is named. */
    public Optional<String> defaultUser(MachineName machine) throws InterruptedException {
        return info(machine).machine().defaultUser();
    }

    /**
     * How an SSH client reaches that machine as its default user.
     *
     * @throws OrbCtlException.Unreadable among others if OrbStack doesn't say who that is
     */
    public SshAccess ssh(MachineName machine) throws InterruptedException {
        String user = defaultUser(machine)
                .orElseThrow(() -> new OrbCtlException.Unreadable(
                        argv("info", machine.value(), "-f", "json"), "the machine has no default_username"));
        return SshAccess.to(machine, user);
    }

    /**
     * Copies a file or folder of the Mac to a machine, as its default user: it can't write where that user can't, and on
     * isolated machines it needs OrbStack 2.2. {@code Connection.upload} has neither limit.
     *
     * @param destination relative to the user's home on the machine
     * @throws IllegalArgumentException if the destination is empty or would be taken for an option
     */
    public void push(MachineName machine, Path source, String destination) throws InterruptedException {
        requireWord("destination", destination);
        call(argv("push", "-m", machine.value(), absolute(source), destination), transferTimeout);
    }

    /** Copies a file or folder of a machine to the Mac; otherwise as {@link #push}. */
    public void pull(MachineName machine, String source, Path destination) throws InterruptedException {
        requireWord("source", source);
        call(argv("pull", "-m", machine.value(), source, absolute(destination)), transferTimeout);
    }

    /**
     * Runs one command on a machine, as the command's user or else the machine's default user, beginning in that user's
     * home; a stopped machine is started. However it ends is in the result, and a timeout or an interrupt ends it on the
     * machine with all it has started, not just {@code orbctl}.
     *
     * <pre>{@code
     * orbctl.run(web01, Command.script("apt-get update && apt-get -y install nginx").as("root"));
     * }</pre>
     */
    public CommandResult run(MachineName machine, Command command) throws InterruptedException {
        try (var threads = new PipeThreads()) {
            // Whoever can't be logged in is become on the machine.
            Optional<String> login = command.user().filter(OrbCtl::isLogin);
            ShellTransport shells = shells(machine.value(), machine, login, threads);
            try (ShellConnection connection = ShellConnection.to(machine.value(), shells, threads)
                    .openTimeout(lifecycleTimeout)
                    .open()) {
                return connection.execute(command);
            } catch (ConnectFailedException e) {
                return CommandResult.notStarted(machine.value(), command, String.valueOf(e.getMessage()));
            }
        }
    }

    /**
     * Shells on a machine for a connection of your own, each a process of {@code orbctl run}; they begin in their user's
     * home. Starts nothing yet.
     *
     * @param host whose name threads carry
     * @param user whose shells; empty for the machine's default user
     * @param threads owned by the caller
     */
    public ShellTransport shells(String host, MachineName machine, Optional<String> user, PipeThreads threads) {
        return new RunShells(this, host, machine, argv(runWords(machine, user)), user, environmentOfRun, threads);
    }

    /** What follows the machine is one word, which has nothing to quote: all else goes through its standard input. */
    private static List<String> runWords(MachineName machine, Optional<String> user) {
        var words = new ArrayList<>(List.of("run", "-m", machine.value()));
        user.ifPresent(name -> {
            MachineSpec.requireUser(name);
            words.addAll(List.of("-u", name));
        });
        words.add("sh");
        return words;
    }

    /**
     * Whether a command can be run on that machine, as root. A machine that is stopped is started by it.
     *
     * @throws OrbCtlException.TimedOut if there was no answer
     */
    public boolean answers(MachineName machine) throws InterruptedException {
        List<String> argv = argv("run", "-m", machine.value(), "-u", "root", "sh", "-c", "true");
        OrbCtlProcess.Answer answer = OrbCtlProcess.run(argv, environment, timeout);
        // A login shell's profile may say anything, so not all that looks like a complaint of orbctl is one.
        return answer.exitCode() == 0
                && !(OrbCtlException.Kind.isUsageError(answer.stderr())
                        && OrbCtlException.Kind.of(answer.stderr()) == OrbCtlException.Kind.UNKNOWN_OPTION);
    }

    private String call(List<String> argv, Duration limit) throws InterruptedException {
        return answer(argv, limit).stdout();
    }

    private OrbCtlProcess.Answer answer(List<String> argv, Duration limit) throws InterruptedException {
        OrbCtlProcess.Answer answer = OrbCtlProcess.run(argv, environment, limit);
        // Of a wrong word orbctl complains on standard error, but may exit with 0.
        if (answer.exitCode() != 0 || OrbCtlException.Kind.isUsageError(answer.stderr())) {
            throw new OrbCtlException.Failed(argv, answer.exitCode(), answer.stderr());
        }
        if (!answer.stderr().isBlank()) {
            LOG.debug("{} said {}", argv, Output.printable(answer.stderr().strip()));
        }
        return answer;
    }

    private List<String> argv(String... words) {
        return argv(List.of(words));
    }

    private List<String> argv(List<String> words) {
        return Stream.concat(Stream.of(program.toString()), words.stream()).toList();
    }

    private static List<String> words(String command, MachineName first, MachineName... rest) {
        var words = new ArrayList<>(List.of(command, first.value()));
        for (MachineName each : rest) {
            words.add(each.value());
        }
        return words;
    }

    private static Map<String, String> settings(String text) {
        var settings = new LinkedHashMap<String, String>();
        text.lines().filter(line -> SETTING.matcher(line).matches()).forEach(line -> {
            int colon = line.indexOf(':');
            settings.put(line.substring(0, colon), line.substring(colon + 1).strip());
        });
        return Collections.unmodifiableMap(settings);
    }

    private static void requireKey(String key) {
        if (!KEY.matcher(key).matches()) {
            throw new IllegalArgumentException(
                    "key must be letters, digits, '.', '_' and '-', beginning with a letter," + " was '" + key + "'");
        }
    }

    private static void requireWord(String what, String word) {
        if (word.isEmpty() || word.startsWith("-") || word.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    what + " must not be empty, begin with '-' or hold a NUL, was '" + word + "'");
        }
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().toString();
    }

    /** Collects the options of a client; used by one thread, then thrown away. */
    public static final class Builder {
        private @Nullable Path program;
        private Duration timeout = Duration.ofSeconds(30);
        private Duration createTimeout = Duration.ofMinutes(5);
        private Duration lifecycleTimeout = Duration.ofMinutes(2);
        private Duration transferTimeout = Duration.ofMinutes(30);
        private final Map<String, String> environment = new LinkedHashMap<>();

        private Builder() {}

        /**
         * The {@code orbctl} to call; unless set the first one on PATH, or else in one of the places where OrbStack puts it.
         *
         * @throws IllegalArgumentException if it isn't an absolute path to a file of that name: by any other name OrbStack's
         *     program takes its arguments for a command to run on a machine
         */
        public Builder program(Path program) {
            if (!program.isAbsolute() || !program.endsWith(PROGRAM)) {
                throw new IllegalArgumentException(
                        "program must be an absolute path to a file named " + PROGRAM + ", was " + program);
            }
            this.program = program;
            return this;
        }

        /** How long a call may take that only looks or sets something; 30 s unless set. */
        public Builder timeout(Duration limit) {
            timeout = requireLimit("timeout", limit);
            return this;
        }

        /** How long {@link #create} may take; 5 minutes unless set. */
        public Builder createTimeout(Duration limit) {
            createTimeout = requireLimit("createTimeout", limit);
            return this;
        }

        /** How long it may take to start, stop, restart, delete, clone or rename; 2 minutes unless set. */
        public Builder lifecycleTimeout(Duration limit) {
            lifecycleTimeout = requireLimit("lifecycleTimeout", limit);
            return this;
        }

        /** How long it may take to export, import, push or pull; 30 minutes unless set. */
        public Builder transferTimeout(Duration limit) {
            transferTimeout = requireLimit("transferTimeout", limit);
            return this;
        }

        /**
         * One more variable in the environment of every call, over that of this JVM.
         *
         * @throws IllegalArgumentException if it isn't the form of a variable
         */
        public Builder env(String name, String value) {
            if (name.isEmpty() || name.indexOf('=') >= 0 || (name + value).indexOf('\0') >= 0) {
                throw new IllegalArgumentException(
                        "a variable must have a name without '=' and no NUL, was '" + name + "'");
            }
            environment.put(name, value);
            return this;
        }

        /**
         * The client.
         *
         * @throws OrbCtlException.NotInstalled if there is no such program
         */
        public OrbCtl build() {
            return new OrbCtl(this, found());
        }

        private Path found() {
            if (program != null) {
                if (!isProgram(program)) {
                    throw new OrbCtlException.NotInstalled(program + " is no program; is OrbStack installed?");
                }
                return program;
            }
            return find(System.getenv("PATH"), Path.of(System.getProperty("user.home")), Function.identity());
        }

        private static Duration requireLimit(String what, Duration limit) {
            if (limit.isNegative() || limit.isZero() || limit.compareTo(Duration.ofDays(365)) > 0) {
                throw new IllegalArgumentException(what + " must be > 0 and at most 365 days, was " + limit);
            }
            return limit;
        }
    }

    /** @param usual what becomes of the places that belong to the whole computer */
    static Path find(@Nullable String path, Path home, Function<Path, Path> usual) {
        var places = new ArrayList<Path>();
        for (String directory : (path == null ? "" : path).split(File.pathSeparator, -1)) {
            // An empty or relative one means the working directory, where nobody expects to find a program.
            if (directory.startsWith("/")) {
                places.add(Path.of(directory));
            }
        }
        places.add(usual.apply(Path.of("/usr/local/bin")));
        places.add(usual.apply(Path.of("/opt/homebrew/bin")));
        places.add(home.resolve(".orbstack/bin"));
        places.add(usual.apply(Path.of("/Applications/OrbStack.app/Contents/MacOS/bin")));
        return places.stream()
                .map(place -> place.resolve(PROGRAM))
                .filter(OrbCtl::isProgram)
                .findFirst()
                .orElseThrow(() -> new OrbCtlException.NotInstalled("no " + PROGRAM + " found in "
                        + places.stream()
                                .distinct()
                                .map(Path::toString)
                                .reduce((a, b) -> a + ", " + b)
                                .orElse("")
                        + "; install OrbStack (https://orbstack.dev), or say where it is by"
                        + " OrbCtl.builder().program(...)"));
    }

    private static boolean isProgram(Path file) {
        return Files.isRegularFile(file) && Files.isExecutable(file);
    }
}
