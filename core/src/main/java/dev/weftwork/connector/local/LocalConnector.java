package dev.weftwork.connector.local;

import dev.weftwork.command.Command;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.Escalation;
import dev.weftwork.inventory.Host;
import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ProcessTransport;
import dev.weftwork.session.ShellConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Embedded machines: every host is a folder of its own on this computer, and its commands run in this computer's
 * {@code sh}. For demos, for tests of deploys, and for provisioning this very computer.
 *
 * <p>Within a host's folder are its HOME, which is the folder itself and where commands start, and its TMPDIR, a folder
 * of this connector in {@code tmp}. Commands see those, PATH and the locale of this computer and nothing else of the environment.
 * <strong>There is no wall around a folder</strong>: commands run as the user who runs this JVM, and an absolute path
 * means this computer's. Deploys for embedded machines use relative paths.
 *
 * <p>Lifetime: owned by its engine once given to one. {@link #close} deletes every TMPDIR; the folders stay, or go if
 * they were {@link #temporary}. A process that a command deliberately left behind in the background goes on, as it does
 * on any machine.
 *
 * <p>Safe for use from many threads. Each host has a shell of its own that lives as long as its connection, with one small
 * platform thread that reads it; no virtual thread waits in a pipe.
 *
 * <pre>{@code
 * try (Engine engine = Engine.of(LocalConnector.in(Path.of("target/machines")))) {
 *   engine.run(Inventory.ofNames("web01", "web02"), deploy).throwIfFailed();
 * }
 * }</pre>
 */
public final class LocalConnector implements Connector {

    private static final Logger LOG = LoggerFactory.getLogger(LocalConnector.class);

    private final Path root;
    private final boolean deleteOnClose;
    private final List<String> shell;
    private final List<String> entry;
    private final Map<String, String> environment;
    private final Escalation escalation;
    private final PipeThreads threads = new PipeThreads();
    private final String temporaryName = UUID.randomUUID().toString();
    private volatile boolean closed;

    /** Folder name as a file system that ignores case sees it, to the host that has it. */
    private final Map<String, String> folders = new ConcurrentHashMap<>();

    private LocalConnector(Builder builder, boolean deleteOnClose) {
        root = builder.root.toAbsolutePath().normalize();
        this.deleteOnClose = deleteOnClose;
        shell = List.copyOf(builder.shell);
        entry = List.copyOf(builder.entry);
        environment = Map.copyOf(builder.environment);
        escalation = builder.escalation;
    }

    /** Machines whose folders are below {@code root}, made when missing and kept. */
    public static LocalConnector in(Path root) {
        return builder(root).build();
    }

    /**
     * Machines in a new folder of the system's temporary directory, deleted with all they hold on {@link #close}.
     *
     * @throws UncheckedIOException if it can't be made
     */
    public static LocalConnector temporary() {
        try {
            return new LocalConnector(builder(Files.createTempDirectory("weftwork-")), true);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "a temporary folder for embedded machines can't be made in " + System.getProperty("java.io.tmpdir")
                            + ": " + e + "; name another by -Djava.io.tmpdir",
                    e);
        }
    }

    /** Machines as {@link #in}, with options. */
    public static Builder builder(Path root) {
        return new Builder(root);
    }

    /** The folder of that host, which exists once it was connected to. */
    public Path folder(Host host) {
        return root.resolve(host.name());
    }

    /**
     * Makes the host's folder if it is missing.
     *
     * @throws ConnectFailedException if that fails, if the shell isn't there, or if another host has a folder that differs only in upper and
     *     lower case
     */
    @Override
    public Connection connect(Host host) throws InterruptedException {
        String owner = folders.putIfAbsent(host.name().toLowerCase(Locale.ROOT), host.name());
        if (owner != null && !owner.equals(host.name())) {
            throw new ConnectFailedException(
                    host.name(),
                    "its folder would be that of host " + owner
                            + " where file names ignore case; give one of them another name");
        }
        Path home = folder(host);
        Path tmp = temporaryFolder(host.name());
        if (closed) {
            throw new ConnectFailedException(host.name(), "the connector of embedded machines is closed");
        }
        if (entry.isEmpty() && !Files.isExecutable(Path.of(shell.get(0)))) {
            throw new ConnectFailedException(
                    host.name(),
                    "its shell " + shell.get(0)
                            + " isn't there or can't be executed; name one that can be by shell(...)");
        }
        try {
            Files.createDirectories(tmp);
        } catch (IOException e) {
            throw new ConnectFailedException(host.name(), "its folder " + home + " can't be made: " + e, e);
        }
        var words = new ArrayList<>(entry);
        words.addAll(shell);
        var transport = new ProcessTransport(host.name(), words, home, environmentOf(home, tmp), threads);
        return ShellConnection.to(host.name(), transport, threads)
                .shell(shell)
                .escalation(escalation)
                .sharedMachine()
                .open();
    }

    private Map<String, String> environmentOf(Path home, Path tmp) {
        var all = new TreeMap<String, String>();
        System.getenv().forEach((name, value) -> {
            if (name.equals("LANG") || name.startsWith("LC_")) {
                all.put(name, value);
            }
        });
        all.put("PATH", System.getenv().getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin"));
        all.put("HOME", home.toString());
        all.put("TMPDIR", tmp.toString());
        String user = System.getProperty("user.name", "");
        if (!user.isEmpty()) {
            all.put("USER", user);
            all.put("LOGNAME", user);
        }
        all.putAll(environment);
        return all;
    }

    /** Deletes what is temporary. Something that can't be deleted is logged, and stays. */
    @Override
    public void close() {
        closed = true;
        threads.close();
        if (deleteOnClose) {
            deleteTree(root);
        } else {
            for (String host : folders.values()) {
                Path tmp = temporaryFolder(host);
                deleteTree(tmp);
                // Another connector on the same folder has its own temporary folder beside.
                if (tmp.getParent() != null && isEmpty(tmp.getParent())) {
                    deleteTree(tmp.getParent());
                }
            }
        }
    }

    private Path temporaryFolder(String host) {
        return root.resolve(host).resolve("tmp").resolve(temporaryName);
    }

    private static boolean isEmpty(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.findAny().isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    private static void deleteTree(Path top) {
        if (!Files.exists(top, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.walkFileTree(top, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                    if (failure instanceof NoSuchFileException) {
                        return FileVisitResult.CONTINUE;
                    }
                    throw failure;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                        throws IOException {
                    if (failure != null) {
                        throw failure;
                    }
                    Files.deleteIfExists(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            LOG.warn(
                    "temporary files in {} can't be deleted, which a process may still be using: {}",
                    top,
                    e.toString());
        }
    }

    /** Collects the options of embedded machines; used by one thread, then thrown away. */
    public static final class Builder {
        private final Path root;
        private List<String> shell = List.of("/bin/sh");
        private List<String> entry = List.of();
        private final Map<String, String> environment = new TreeMap<>();
        private Escalation escalation = Escalation.sudo();

        private Builder(Path root) {
            this.root = root;
        }

        /**
         * The shell, by default {@code /bin/sh}: a program and its first arguments, {@code "/bin/busybox", "sh"} for
         * example. It must be POSIX and understand {@code -c}.
         *
         * @throws IllegalArgumentException if the program is not an absolute path
         */
        public Builder shell(String program, String... arguments) {
            shell = words("shell", program, arguments);
            return this;
        }

        /**
         * Starts every command's shell through that program, which is to run the words behind its own arguments as a
         * command: {@code "/usr/sbin/chroot", "/srv/root"} gives machines with a root of their own.
         *
         * @throws IllegalArgumentException if the program is not an absolute path
         */
        public Builder enteredThrough(String program, String... arguments) {
            entry = words("program", program, arguments);
            return this;
        }

        /**
         * One more variable in every command's environment, over one of the same name.
         *
         * @throws IllegalArgumentException if the name is not one that a shell can export
         */
        public Builder env(String name, String value) {
            Command.requireVariableName(name);
            environment.put(name, value);
            return this;
        }

        /** How commands become another user of this computer, by default {@link Escalation#sudo()}. */
        public Builder escalation(Escalation way) {
            escalation = way;
            return this;
        }

        public LocalConnector build() {
            return new LocalConnector(this, false);
        }

        private static List<String> words(String what, String program, String... arguments) {
            if (!Path.of(program).isAbsolute()) {
                throw new IllegalArgumentException(what + " must be an absolute path, was '" + program + "'");
            }
            var words = new ArrayList<>(List.of(program));
            words.addAll(List.of(arguments));
            return words;
        }
    }
}
