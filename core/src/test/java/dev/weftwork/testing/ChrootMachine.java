package dev.weftwork.testing;

import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A machine with a root of its own, so that a test may make real users: a folder entered with {@code chroot}, with
 * busybox as its userland and, if wanted, the shadow programs of this computer. Needs root and busybox.
 */
public final class ChrootMachine {

    private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");
    private static final List<String> SHADOW =
            List.of("/usr/sbin/useradd", "/usr/sbin/usermod", "/usr/sbin/userdel", "/usr/bin/getent", "/usr/bin/id");

    private final Path connectorRoot;
    private final Path root;

    private ChrootMachine(Path folder) {
        connectorRoot = folder;
        root = folder.resolve("machine");
    }

    /** Accounts are made by busybox's adduser, as on Alpine; by a stand-in where busybox was built without it. */
    public static ChrootMachine busybox(Path folder) throws IOException, InterruptedException {
        var machine = new ChrootMachine(folder);
        machine.lay(Set.of());
        if (!Files.exists(machine.root.resolve("bin/adduser"))) {
            try (var script = ChrootMachine.class.getResourceAsStream("accounts.sh")) {
                Path standIn = machine.root.resolve("bin/accounts.sh");
                Files.copy(Objects.requireNonNull(script), standIn);
                Files.setPosixFilePermissions(standIn, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
            for (String program : List.of("adduser", "addgroup", "deluser")) {
                Files.createSymbolicLink(machine.root.resolve("bin").resolve(program), Path.of("accounts.sh"));
            }
        }
        return machine;
    }

    /** Accounts are made by useradd, as on Debian and most others. */
    public static ChrootMachine shadow(Path folder) throws IOException, InterruptedException {
        var machine = new ChrootMachine(folder);
        machine.lay(Set.of("adduser", "addgroup", "deluser", "delgroup", "id", "getent"));
        for (String program : SHADOW) {
            machine.copy(Path.of(program));
            for (String library : libraries(program)) {
                machine.copy(Path.of(library));
            }
        }
        Files.writeString(machine.root.resolve("etc/nsswitch.conf"), "passwd: files\ngroup: files\nshadow: files\n");
        Files.writeString(
                machine.root.resolve("etc/login.defs"), "USERGROUPS_ENAB yes\nUID_MIN 1000\nCREATE_HOME no\n");
        return machine;
    }

    private void lay(Set<String> without) throws IOException, InterruptedException {
        Shells.requireRoot();
        for (String directory : List.of("bin", "dev", "etc", "home", "tmp", "usr/sbin", "usr/bin", "var/mail")) {
            Files.createDirectories(root.resolve(directory));
        }
        Files.copy(Shells.busybox(), root.resolve("bin/busybox"));
        // Links are relative, so that they mean the same inside and outside.
        for (String applet : run(Shells.busybox().toString(), "--list").lines().toList()) {
            if (!applet.equals("busybox") && !without.contains(applet)) {
                Files.createSymbolicLink(root.resolve("bin").resolve(applet), Path.of("busybox"));
            }
        }
        run("mknod", "-m", "666", root.resolve("dev/null").toString(), "c", "1", "3");
        Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        Files.writeString(root.resolve("etc/group"), "root:x:0:\nadm:x:4:\ndocker:x:990:\nusers:x:100:\n");
        Files.writeString(root.resolve("etc/shadow"), "root:*:19000:0:99999:7:::\n");
        Files.writeString(root.resolve("etc/gshadow"), "root:*::\nadm:!::\ndocker:!::\nusers:!::\n");
        Files.writeString(root.resolve("etc/shells"), "/bin/sh\n/bin/ash\n");
    }

    private void copy(Path program) throws IOException {
        Path target = root.resolve(
                "/".equals(program.getRoot().toString()) ? program.toString().substring(1) : "");
        Files.createDirectories(target.getParent());
        if (!Files.exists(target)) {
            Files.copy(program.toRealPath(), target);
        }
    }

    private static Set<String> libraries(String program) throws IOException, InterruptedException {
        var libraries = new TreeSet<String>();
        Matcher matcher = LIBRARY.matcher(run("ldd", program));
        while (matcher.find()) {
            libraries.add(matcher.group(1));
        }
        return libraries;
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed: " + output);
        }
        return output;
    }

    public Inventory inventory() {
        return Inventory.of(Host.named("machine"));
    }

    /** Enters it; for one engine. */
    public LocalConnector connector() throws IOException {
        Path chroot = Stream.of("/usr/sbin/chroot", "/usr/bin/chroot", "/sbin/chroot")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IOException("chroot isn't installed"));
        return LocalConnector.builder(connectorRoot)
                .enteredThrough(chroot.toString(), root.toString())
                .env("PATH", "/bin:/usr/bin:/usr/sbin")
                .build();
    }

    /** A file of it, as seen from here. */
    public Path file(String path) {
        return root.resolve(path.substring(1));
    }
}
