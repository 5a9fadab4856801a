package dev.weftwork.fact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.weftwork.command.CommandResult;
import dev.weftwork.session.PipeThreads;
import dev.weftwork.session.ProcessTransport;
import dev.weftwork.session.ShellConnection;
import dev.weftwork.testing.Shells;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FactsTest {

    @Nested
    class OsReleases {
        @Test
        void ofDebianUbuntuAlpineFedoraAndArch() {
            assertThat(OsRelease.parse(List.of(
                            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"", "VERSION_ID=\"12\"", "ID=debian")))
                    .satisfies(os -> {
                        assertThat(os.id()).isEqualTo("debian");
                        assertThat(os.versionId()).isEqualTo("12");
                        assertThat(os.prettyName()).isEqualTo("Debian GNU/Linux 12 (bookworm)");
                        assertThat(os.idLike()).isEmpty();
                    });
            OsRelease ubuntu =
                    OsRelease.parse(List.of("ID=ubuntu", "ID_LIKE=debian", "VERSION_ID='24.04'", "#X=y", ""));
            assertThat(ubuntu.isLike("debian")).isTrue();
            assertThat(ubuntu.isLike("ubuntu")).isTrue();
            assertThat(ubuntu.isLike("fedora")).isFalse();
            assertThat(ubuntu.versionId()).isEqualTo("24.04");
            assertThat(OsRelease.parse(List.of("ID=alpine", "VERSION_ID=3.20.1"))
                            .versionId())
                    .isEqualTo("3.20.1");
            assertThat(OsRelease.parse(List.of("ID=\"rocky\"", "ID_LIKE=\"rhel centos fedora\""))
                            .idLike())
                    .containsExactly("rhel", "centos", "fedora");
            assertThat(OsRelease.parse(List.of("NAME=\"Arch Linux\"", "ID=arch", "BUILD_ID=rolling"))
                            .versionId())
                    .isEmpty();
        }

        @Test
        void withEscapesAndNothing() {
            assertThat(OsRelease.parse(List.of("NAME=\"a \\\"b\\\" \\$c\"")).variables())
                    .containsEntry("NAME", "a \"b\" $c");
            assertThat(OsRelease.parse(List.of()).id()).isEqualTo("linux");
        }
    }

    @Nested
    class Paths {
        @Test
        void ofAllKinds() {
            assertThat(PathInfo.parse("nothing\n").exists()).isFalse();
            PathInfo file = PathInfo.parse("file\n4755\n12\nroot\nadm\n0\n4\nabc\n\n");
            assertThat(file.kind()).isEqualTo(PathInfo.Kind.FILE);
            assertThat(file.mode()).isEqualTo("4755");
            assertThat(file.size()).isEqualTo(OptionalLong.of(12));
            assertThat(file.sha256()).contains("abc");
            PathInfo link = PathInfo.parse("link\n777\n1\nroot\nroot\n0\n0\n\na\nb\n\n");
            assertThat(link.linkTarget()).contains("a\nb\n");
            assertThat(link.mode()).isEqualTo("0777");
        }

        @Test
        void withoutNamesHaveNumbers() {
            PathInfo gnu = PathInfo.parse("file\n644\n0\nUNKNOWN\nUNKNOWN\n1234\n4321\n\n\n");
            PathInfo busybox = PathInfo.parse("file\n644\n0\n\n\n1234\n4321\n\n\n");

            assertThat(gnu).isEqualTo(busybox);
            assertThat(gnu.owner()).isEqualTo("1234");
            assertThat(gnu.group()).isEqualTo("4321");
        }

        @Test
        void thatAreCutOffAreRefused() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> PathInfo.parse("file\n644\n"))
                    .withMessageStartingWith("expected nine lines, got 3");
        }
    }

    @Nested
    class Accounts {
        @Test
        void ofUsers() {
            assertThat(UserAccount.parse(List.of(
                            "app:x:1000:100:The App,,,:/home/app:/bin/bash",
                            "uid=1000(app) gid=100(users) groups=100(users),4(adm)")))
                    .contains(new UserAccount(
                            "app", 1000, 100, "The App,,,", "/home/app", "/bin/bash", "users", Set.of("users", "adm")));
            assertThat(UserAccount.parse(List.of("app:x:1000:77::/:", "uid=1000(app) gid=77 groups=77,100(users)"))
                            .orElseThrow())
                    .satisfies(user -> {
                        assertThat(user.primaryGroup()).isEqualTo("77");
                        assertThat(user.groups()).containsExactlyInAnyOrder("77", "users");
                        assertThat(user.shell()).isEmpty();
                    });
            assertThat(UserAccount.parse(
                                    List.of(
                                            "app:x:9:513::/:/bin/sh",
                                            "uid=9(app) gid=513(domain users) groups=513(domain users),5(a (b)) context=u:r:t:c0.c1023"))
                            .orElseThrow())
                    .satisfies(user -> {
                        assertThat(user.primaryGroup()).isEqualTo("domain users");
                        assertThat(user.groups()).containsExactlyInAnyOrder("domain users", "a (b)");
                    });
            assertThat(UserAccount.parse(List.of("app:x:9:77::/:/bin/sh", "")).orElseThrow())
                    .satisfies(user -> {
                        assertThat(user.primaryGroup()).isEqualTo("77");
                        assertThat(user.groups()).isEmpty();
                    });
            assertThat(UserAccount.parse(List.of("app:x:9:513::/:/bin/sh", "uid=9(app) gid=513(users)"))
                            .orElseThrow())
                    .satisfies(user -> assertThat(user.primaryGroup()).isEqualTo("users"));
            assertThat(UserAccount.parse(List.of())).isEmpty();
            assertThatIllegalArgumentException().isThrownBy(() -> UserAccount.parse(List.of("app:x:1000")));
        }

        @Test
        void ofGroups() {
            assertThat(UserGroup.parse(List.of("docker:x:990:a,b")))
                    .contains(new UserGroup("docker", 990, Set.of("a", "b")));
            assertThat(UserGroup.parse(List.of("docker:x:990:")).orElseThrow().members())
                    .isEmpty();
            assertThat(UserGroup.parse(List.of())).isEmpty();
            assertThatIllegalArgumentException().isThrownBy(() -> UserGroup.parse(List.of("docker:x")));
        }
    }

    /** What the real programs print, of this computer and of busybox. */
    @Nested
    class Reading {

        static Stream<Shells.Shell> shells() {
            return Shells.all();
        }

        private final Path folder;

        Reading(@TempDir Path folder) {
            this.folder = folder;
        }

        private <T> T read(Shells.Shell shell, Fact<T> fact) {
            String path =
                    shell.name().equals("busybox") ? Shells.busyboxUserland().toString() : System.getenv("PATH");
            CommandResult result;
            try (var threads = new PipeThreads()) {
                var transport = new ProcessTransport("web01", shell.words(), folder, Map.of("PATH", path), threads);
                try (var connection =
                        ShellConnection.to("web01", transport, threads).open()) {
                    result = connection.execute(fact.command());
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            assertThat(result.succeeded()).as(result.describe()).isTrue();
            assertThat(result.stderrText()).isEmpty();
            return fact.parse(result);
        }

        @ParameterizedTest
        @MethodSource("shells")
        void everyKindOfPath(Shells.Shell shell) throws IOException {
            Path file = Files.writeString(folder.resolve("it's a\nfile"), "hello");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
            Files.createSymbolicLink(folder.resolve("link"), Path.of("to\nnowhere"));

            PathInfo info = read(shell, Facts.pathWithHash("it's a\nfile"));
            assertThat(info.kind()).isEqualTo(PathInfo.Kind.FILE);
            assertThat(info.mode()).isEqualTo("0640");
            assertThat(info.owner()).isEqualTo(Files.getOwner(file).getName());
            assertThat(info.uid()).isEqualTo(String.valueOf(Files.getAttribute(file, "unix:uid")));
            assertThat(info.size()).hasValue(5);
            assertThat(info.sha256()).contains("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
            assertThat(read(shell, Facts.path("it's a\nfile")).sha256()).isEmpty();
            assertThat(read(shell, Facts.path("link")).linkTarget()).contains("to\nnowhere");
            assertThat(read(shell, Facts.path(".")).kind()).isEqualTo(PathInfo.Kind.DIRECTORY);
            assertThat(read(shell, Facts.path("/dev/null")).kind()).isEqualTo(PathInfo.Kind.OTHER);
            assertThat(read(shell, Facts.pathWithHash("no/such")).exists()).isFalse();
        }

        @ParameterizedTest
        @MethodSource("shells")
        void contentByteForByte(Shells.Shell shell) throws IOException {
            Files.write(folder.resolve("f"), new byte[] {0, (byte) 0xff, '\n', '\n'});

            assertThat(read(shell, Facts.content("f")).orElseThrow()).containsExactly(0, 0xff, '\n', '\n');
            assertThat(read(shell, Facts.content("no/such"))).isEmpty();
        }

        @ParameterizedTest
        @MethodSource("shells")
        void usersAndGroups(Shells.Shell shell) {
            UserAccount root = read(shell, Facts.user("root")).orElseThrow();
            assertThat(root.uid()).isZero();
            assertThat(root.groups()).contains(root.primaryGroup());
            assertThat(read(shell, Facts.passwdEntry("root"))).contains(root.entry());
            assertThat(read(shell, Facts.passwdEntry("no-such-user"))).isEmpty();
            assertThat(read(shell, Facts.passwdEntry("0")))
                    .as("a number is no name")
                    .isEmpty();
            assertThat(read(shell, Facts.user("no-such-user"))).isEmpty();
            assertThat(read(shell, Facts.user("0"))).as("a number is no name").isEmpty();
            assertThat(read(shell, Facts.group("0"))).as("a number is no name").isEmpty();
            assertThat(read(shell, Facts.group(root.primaryGroup()))
                            .orElseThrow()
                            .gid())
                    .isZero();
            assertThat(read(shell, Facts.group("no-such-group"))).isEmpty();
        }

        @ParameterizedTest
        @MethodSource("shells")
        void theOperatingSystem(Shells.Shell shell) {
            OsRelease os = read(shell, Facts.osRelease());

            assertThat(os.id()).isNotEmpty().isLowerCase();
            assertThat(os.prettyName()).isNotEmpty();
        }
    }

    @Test
    void equalFactsAreReadOnce() {
        assertThat(Facts.path("/x")).isEqualTo(Facts.path("/x")).isNotEqualTo(Facts.pathWithHash("/x"));
        assertThat(Facts.user("a"))
                .isEqualTo(Facts.user("a"))
                .hasSameHashCodeAs(Facts.user("a"))
                .isNotEqualTo(Facts.user("b"))
                .isNotEqualTo(Facts.passwdEntry("a"))
                .isNotEqualTo(Facts.group("a"));
        // What one asks is never what another asks of something else.
        assertThat(Set.of(
                        Facts.osRelease(),
                        Facts.path("x"),
                        Facts.pathWithHash("x"),
                        Facts.content("x"),
                        Facts.passwdEntry("x"),
                        Facts.user("x"),
                        Facts.group("x"),
                        Facts.path("and path x"),
                        Facts.user("user x")))
                .hasSize(9);
    }
}
