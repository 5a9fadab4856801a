package dev.weftwork.testing;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/** The shells of the machines that Weftwork is for, as far as this computer has them; in CI it must have all. */
public final class Shells {

    private static final Map<String, List<String>> KNOWN = Map.of(
            "dash", List.of("/bin/dash", "/usr/bin/dash"),
            "bash", List.of("/bin/bash", "/usr/bin/bash"),
            "busybox", List.of("/bin/busybox", "/usr/bin/busybox"));

    private Shells() {}

    /** A shell by its name and the words that start it. */
    public record Shell(String name, List<String> words) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** {@code sh} and whichever of dash, bash and busybox are here. */
    public static Stream<Shell> all() {
        var found = new ArrayList<>(List.of(new Shell("sh", List.of("/bin/sh"))));
        for (String name : List.of("dash", "bash", "busybox")) {
            find(name)
                    .ifPresentOrElse(
                            path -> found.add(new Shell(
                                    name,
                                    name.equals("busybox")
                                            ? List.of(path.toString(), "sh")
                                            : List.of(path.toString()))),
                            () -> missing(name + " isn't installed: nothing is tested with it"));
        }
        return found.stream();
    }

    /** Where busybox is, for tests that can't do without; elsewhere than in CI they are skipped, saying so. */
    public static Path busybox() {
        return find("busybox").orElseThrow(() -> {
            missing("busybox isn't installed: a test that needs it is skipped");
            return new TestAbortedException("busybox isn't installed");
        });
    }

    /** A folder with a link for each of busybox's programs, for a PATH on which nothing else is. */
    public static Path busyboxUserland() {
        return Userland.FOLDER;
    }

    /** Made once for all tests. */
    private static final class Userland {
        static final Path FOLDER = make(Path.of("target/busybox-userland").toAbsolutePath());

        private static Path make(Path folder) {
            try {
                Files.createDirectories(folder);
                int status = new ProcessBuilder(busybox().toString(), "--install", "-s", folder.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor();
                // It complains about links of an earlier run and makes those that are missing.
                if (!Files.isExecutable(folder.resolve("stat"))) {
                    throw new IllegalStateException("busybox --install exited " + status + " and made no stat");
                }
                return folder;
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException("busybox --install failed", e);
            }
        }
    }

    /** For tests that need to be root; elsewhere than in CI they are skipped, saying so. */
    public static void requireRoot() {
        if (!"root".equals(System.getProperty("user.name"))) {
            missing("not root: a test that makes machines of its own is skipped");
            throw new TestAbortedException("not root");
        }
    }

    /** For tests on a real terminal, which {@code script} of util-linux makes; elsewhere than in CI they are skipped. */
    public static void requireTerminals() {
        try {
            Path answer = Files.createTempFile("script", ".txt");
            try {
                int status = new ProcessBuilder("script", "--version")
                        .redirectErrorStream(true)
                        .redirectOutput(answer.toFile())
                        .start()
                        .waitFor();
                if (status == 0 && Files.readString(answer).contains("util-linux")) {
                    return;
                }
            } finally {
                Files.delete(answer);
            }
        } catch (IOException | InterruptedException e) {
            // As if it weren't there.
        }
        missing("no `script` of util-linux: tests on a real terminal are skipped");
        throw new TestAbortedException("no script of util-linux");
    }

    /**
     * The words for a script's line that give what follows a session of its own: {@code setsid}, and where there is none, as
     * on macOS, Perl's.
     */
    public static String inASessionOfItsOwn() {
        boolean found = Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "setsid")));
        return found ? "setsid" : "perl -MPOSIX=setsid -e 'setsid() > 0 or die; exec { $ARGV[0] } @ARGV or die'";
    }

    private static java.util.Optional<Path> find(String name) {
        // -Dweftwork.busybox=PATH tests with another one than the installed.
        String chosen = System.getProperty("weftwork." + name);
        return (chosen == null ? KNOWN.getOrDefault(name, List.of()) : List.of(chosen))
                .stream().map(Path::of).filter(Files::isExecutable).findFirst();
    }

    static void missing(String what) {
        if ("true".equals(System.getenv("CI"))) {
            throw new AssertionError(what + "; CI must have it");
        }
        System.out.println("\n*** NOT TESTED HERE: " + what + " ***\n");
    }
}
