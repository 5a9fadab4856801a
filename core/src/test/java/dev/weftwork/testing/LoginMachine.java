package dev.weftwork.testing;

import dev.weftwork.command.Secret;
import dev.weftwork.connector.Escalation;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ProcessTransport;
import dev.weftwork.session.ShellTransport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/**
 * A machine on which a user logs in who isn't root, with this computer's real {@code sudo}, {@code su} and {@code doas},
 * and accounts and rules of its own: see {@code machine.sh}. Needs root, and the right to make a mount namespace.
 *
 * <p>Wrong passwords are refused without the delay that other machines have.
 */
public final class LoginMachine {

    /** Who logs in. */
    public static final String LOGIN = "weftlogin";

    public static final Secret LOGIN_PASSWORD = Secret.of("secret pässword $x");

    /** A user like any other. */
    public static final String OTHER = "weftother";

    public static final Secret OTHER_PASSWORD = Secret.of("other pässword");

    /** A user whose shell is {@code nologin}. */
    public static final String SERVICE = "weftsvc";

    public static final Secret SERVICE_PASSWORD = Secret.of("svc pässword");
    public static final Secret ROOT_PASSWORD = Secret.of("root pässword");

    private final Path folder;
    private final Path machine;
    private final Path script;

    private LoginMachine(Path folder) {
        this.folder = folder;
        machine = folder.resolve("machine");
        script = folder.resolve("machine.sh");
    }

    /** Without any rule: nobody may use {@code sudo} or {@code doas}. */
    public static LoginMachine in(Path folder) throws IOException, InterruptedException {
        Shells.requireRoot();
        String missing = Requirements.MISSING;
        if (missing != null) {
            Shells.missing("no machine to log in to can be made: " + missing);
            throw new TestAbortedException(missing);
        }
        var made = new LoginMachine(folder);
        copyScript(made.script);
        Files.createDirectories(made.machine.resolve("etc/pam.d"));
        Files.writeString(made.machine.resolve("etc/pam.d/common-auth"), """
                auth [success=1 default=ignore] pam_unix.so nullok nodelay
                auth requisite pam_deny.so
                auth required pam_permit.so
                """);
        Path defaults = Path.of("/etc/login.defs");
        Files.writeString(
                made.machine.resolve("etc/login.defs"),
                (Files.exists(defaults) ? Files.readString(defaults) : "") + "\nFAIL_DELAY 0\n");
        return made;
    }

    /** What {@code machine.sh --check} says, asked once for all tests. */
    private static final class Requirements {
        static final @Nullable String MISSING = check();

        private static @Nullable String check() {
            try {
                Path script = Files.createTempFile("weftwork-machine-", ".sh");
                try {
                    copyScript(script);
                    Process process = new ProcessBuilder("/bin/sh", script.toString(), "--check")
                            .redirectErrorStream(true)
                            .start();
                    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                    return process.waitFor() == 0 ? null : said.strip();
                } finally {
                    Files.delete(script);
                }
            } catch (IOException | InterruptedException e) {
                return e.toString();
            }
        }
    }

    private static void copyScript(Path target) throws IOException {
        try (var in = LoginMachine.class.getResourceAsStream("machine.sh")) {
            Files.write(target, Objects.requireNonNull(in, "machine.sh").readAllBytes());
        }
    }

    /** With these rules of {@code sudo}. */
    public LoginMachine sudoers(String... lines) throws IOException {
        Files.write(machine.resolve("sudoers"), List.of(lines));
        return this;
    }

    /** With these rules of {@code doas}. */
    public LoginMachine doas(String... lines) throws IOException {
        Files.write(machine.resolve("doas.conf"), List.of(lines));
        return this;
    }

    /** With busybox's {@code su} in {@code /run/weft}. */
    public LoginMachine busyboxSu() throws IOException {
        Files.copy(Shells.busybox(), machine.resolve("busybox"));
        return this;
    }

    /** Shells of {@link #LOGIN}; {@code before} is what starts the shell there, {@code env A=B} for example. */
    public ShellTransport transport(String host, PipeThreads threads, String... before) {
        var words = new ArrayList<>(entry());
        words.addAll(Arrays.asList(before));
        words.add("/bin/sh");
        return new ProcessTransport(host, words, folder, Map.of("LC_ALL", "C"), threads);
    }

    /** Every host of it is this machine; for one engine. */
    public LocalConnector connector(Escalation escalation) {
        List<String> entry = entry();
        return LocalConnector.builder(folder.resolve("hosts"))
                .enteredThrough(entry.get(0), entry.subList(1, entry.size()).toArray(String[]::new))
                .escalation(escalation)
                .env("LC_ALL", "C")
                .build();
    }

    private List<String> entry() {
        return List.of("/bin/sh", script.toString(), machine.toString(), LOGIN, "--");
    }
}
