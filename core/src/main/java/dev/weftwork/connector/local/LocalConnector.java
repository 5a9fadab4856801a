package dev.weftwork.connector.local;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.inventory.Host;
import dev.weftwork.session.ShellProcesses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Embedded machines: every host is a folder of its own on this computer, and its commands run in this computer's
 * {@code sh}. For demos, for tests of deploys, and for provisioning this very computer.
 *
 * <p>Within a host's folder are its HOME, which is the folder itself and where commands start, and its TMPDIR, the
 * folder {@code tmp}. Commands see those, PATH and the locale of this computer and nothing else of the environment.
 * <strong>There is no wall around a folder</strong>: commands run as the user who runs this JVM, and an absolute path
 * means this computer's. Deploys for embedded machines use relative paths.
 *
 * <p>Lifetime: owned by its engine once given to one. {@link #close} empties every TMPDIR; the folders stay, or go if
 * they were {@link #temporary}. A process that a command deliberately left behind in the background goes on, as it does
 * on any machine.
 *
 * <p>Safe for use from many threads. Each command is a process of its own, with a handful of small platform threads
 * beside it while it runs; no virtual thread waits in a pipe.
 *
 * <pre>{@code
 * try (Engine engine = Engine.of(LocalConnector.in(Path.of("target/machines")))) {
 *   engine.run(Inventory.ofNames("web01", "web02"), deploy).throwIfFailed();
 * }
 * }</pre>
 */
public final class LocalConnector implements Connector {

    private static final List<String> DEFAULT_SHELL = List.of("/bin/sh");

    private final Path root;
    private final boolean deleteOnClose;
    private final List<String> shell;
    private final List<String> entry;
    private final Map<String, String> extraEnvironment;

    /** Folder name as a file system that ignores case sees it, to the host that has it. */
    private final Map<String, String> folders = new ConcurrentHashMap<>();

    private LocalConnector(
            Path root,
            boolean deleteOnClose,
            List<String> shell,
            List<String> entry,
            Map<String, String> extraEnvironment) {
        this.root = root.toAbsolutePath().normalize();
        this.deleteOnClose = deleteOnClose;
        this.shell = List.copyOf(shell);
        this.entry = List.copyOf(entry);
        this.extraEnvironment = Map.copyOf(extraEnvironment);
    }

    /** Machines whose folders are below {@code root}, made when missing and kept. */
    public static LocalConnector in(Path root) {
        return new LocalConnector(root, false, DEFAULT_SHELL, List.of(), Map.of());
    }

    /**
     * Machines in a new folder of the system's temporary directory, deleted with all they hold on {@link #close}.
     *
     * @throws UncheckedIOException if it can't be made
     */
    public static LocalConnector temporary() {
        try {
            return new LocalConnector(Files.createTempDirectory("weftwork-"), true, DEFAULT_SHELL, List.of(), Map.of());
        } catch (IOException e) {
            throw new UncheckedIOException("a temporary folder for embedded machines can't be made", e);
        }
    }

    /**
     * These machines with another shell: the program and its first arguments, {@code "/bin/busybox", "sh"} for example.
     * It must be POSIX and understand {@code -c}. This connector must not be used any more.
     *
     * @throws IllegalArgumentException if the program is not an absolute path
     */
    public LocalConnector withShell(String program, String... arguments) {
        return new LocalConnector(root, deleteOnClose, words("shell", program, arguments), entry, extraEnvironment);
    }

    /**
     * These machines with every command's shell started through that program, which is to run the words behind its own
     * arguments as a command: {@code "/usr/sbin/chroot", "/srv/root"} gives a machine with a root of its own. This
     * connector must not be used any more.
     *
     * @throws IllegalArgumentException if the program is not an absolute path
     */
    public LocalConnector enteredThrough(String program, String... arguments) {
        return new LocalConnector(root, deleteOnClose, shell, words("program", program, arguments), extraEnvironment);
    }

    /** These machines with one more variable in every command's environment. This connector must not be used any more. */
    public LocalConnector withEnv(String name, String value) {
        var environment = new TreeMap<>(extraEnvironment);
        environment.put(name, value);
        return new LocalConnector(root, deleteOnClose, shell, entry, environment);
    }

    private static List<String> words(String what, String program, String... arguments) {
        if (!Path.of(program).isAbsolute()) {
            throw new IllegalArgumentException(what + " must be an absolute path, was '" + program + "'");
        }
        var words = new ArrayList<>(List.of(program));
        words.addAll(List.of(arguments));
        return words;
    }

    /** The folder of that host, which exists once it was connected to. */
    public Path folder(Host host) {
        return root.resolve(host.name());
    }

    /**
     * Makes the host's folder if it is missing.
     *
     * @throws ConnectFailedException if that fails, or if another host has a folder that differs only in upper and
     *     lower case
     */
    @Override
    public Connection connect(Host host) {
        String owner = folders.putIfAbsent(host.name().toLowerCase(Locale.ROOT), host.name());
        if (owner != null && !owner.equals(host.name())) {
            throw new ConnectFailedException(
                    host.name(),
                    "its folder would be that of host " + owner
                            + " where file names ignore case; give one of them another name");
        }
        Path home = folder(host);
        Path tmp = home.resolve("tmp");
        try {
            Files.createDirectories(tmp);
        } catch (IOException e) {
            throw new ConnectFailedException(host.name(), "its folder " + home + " can't be made: " + e, e);
        }
        return new LocalConnection(
                host.name(), new ShellProcesses(host.name(), shell, entry, home, environment(home, tmp)));
    }

    private Map<String, String> environment(Path home, Path tmp) {
        var environment = new TreeMap<String, String>();
        System.getenv().forEach((name, value) -> {
            if (name.equals("LANG") || name.startsWith("LC_")) {
                environment.put(name, value);
            }
        });
        environment.put("PATH", System.getenv().getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin"));
        environment.put("HOME", home.toString());
        environment.put("TMPDIR", tmp.toString());
        String user = System.getProperty("user.name", "");
        if (!user.isEmpty()) {
            environment.put("USER", user);
            environment.put("LOGNAME", user);
        }
        environment.putAll(extraEnvironment);
        return environment;
    }

    @Override
    public void close() {
        try {
            if (deleteOnClose) {
                deleteTree(root);
            } else {
                for (String host : folders.values()) {
                    deleteTree(root.resolve(host).resolve("tmp"));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("temporary files below " + root + " can't be deleted", e);
        }
    }

    private static void deleteTree(Path top) throws IOException {
        if (!Files.exists(top)) {
            return;
        }
        Files.walkFileTree(top, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                    throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static final class LocalConnection implements Connection {
        private final String host;
        private final ShellProcesses processes;
        private volatile boolean closed;

        LocalConnection(String host, ShellProcesses processes) {
            this.host = host;
            this.processes = processes;
        }

        @Override
        public CommandResult execute(Command command) {
            return closed
                    ? CommandResult.notStarted(host, command, "its connection is closed")
                    : processes.execute(command);
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
