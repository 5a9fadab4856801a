package dev.weftwork.operation.users;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.operation.Operation;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.ChrootMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On machines with a root of their own: real accounts, made by the programs of Debian's kind and of Alpine's. */
class UserOperationTest {

    private final Path folder;

    UserOperationTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private static HostResult run(ChrootMachine machine, Operation operation) throws IOException {
        try (var engine = Engine.of(machine.connector())) {
            return engine.run(machine.inventory(), Deploy.named("d").step("user", operation))
                    .host("machine");
        }
    }

    /** Runs it, checks that a second run changes nothing, and gives what the first run said that it changed. */
    private static List<String> converge(ChrootMachine machine, Operation operation) throws IOException {
        HostResult first = run(machine, operation);
        assertThat(first.failure()).isEmpty();
        HostResult second = run(machine, operation);
        assertThat(second.failure()).isEmpty();
        assertThat(second.step("user").status()).as("second pass").isEqualTo(StepStatus.UNCHANGED);
        return first.step("user").changes().stream()
                .map(change -> change.change().summary())
                .toList();
    }

    private static String entry(ChrootMachine machine, String file, String name) throws IOException {
        return Files.readAllLines(machine.file(file)).stream()
                .filter(line -> line.startsWith(name + ":"))
                .findFirst()
                .orElse("");
    }

    private ChrootMachine machine(String kind) throws Exception {
        return kind.equals("busybox") ? ChrootMachine.busybox(folder) : ChrootMachine.shadow(folder);
    }

    @ParameterizedTest
    @ValueSource(strings = {"busybox", "shadow"})
    void makesAnAccountWithEverythingAskedFor(String kind) throws Exception {
        ChrootMachine machine = machine(kind);
        UserOperation user = Users.user("app")
                .home("/home/my app")
                .shell("/bin/ash")
                .uid(1234)
                .group("users")
                .groups("docker", "adm")
                .comment("The App");

        assertThat(converge(machine, user))
                .containsExactly(
                        "create user app (home /home/my app, shell /bin/ash, uid 1234, group users, groups adm,docker)");

        assertThat(entry(machine, "/etc/passwd", "app")).isEqualTo("app:x:1234:100:The App:/home/my app:/bin/ash");
        assertThat(entry(machine, "/etc/group", "docker")).endsWith(":app");
        assertThat(entry(machine, "/etc/group", "adm")).endsWith(":app");
        assertThat(machine.file("/home/my app")).isDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"busybox", "shadow"})
    void makesAnAccountWithNothingButAName(String kind) throws Exception {
        ChrootMachine machine = machine(kind);

        assertThat(converge(machine, Users.user("app"))).containsExactly("create user app");

        assertThat(entry(machine, "/etc/passwd", "app")).contains(":/home/app:");
        assertThat(machine.file("/home/app")).isDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"busybox", "shadow"})
    void makesAnAccountWhoseGroupIsThereAlready(String kind) throws Exception {
        ChrootMachine machine = machine(kind);

        converge(machine, Users.user("docker").system().withoutHome());

        assertThat(entry(machine, "/etc/passwd", "docker")).matches("docker:x:\\d+:990:.*");
        assertThat(machine.file("/home/docker")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"busybox", "shadow"})
    void joinsGroupsThatAreMissingAndLeavesTheOthers(String kind) throws Exception {
        ChrootMachine machine = machine(kind);
        converge(machine, Users.user("app").groups("adm"));

        assertThat(converge(machine, Users.user("app").groups("docker"))).containsExactly("user app: join docker");

        assertThat(entry(machine, "/etc/group", "adm")).endsWith(":app");
        assertThat(entry(machine, "/etc/group", "docker")).endsWith(":app");
        assertThat(converge(machine, Users.user("app").groups("adm", "docker"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"busybox", "shadow"})
    void deletesAnAccountWithOrWithoutItsHome(String kind) throws Exception {
        ChrootMachine machine = machine(kind);
        converge(machine, Users.user("app"));
        converge(machine, Users.user("bob"));

        assertThat(converge(machine, Users.user("app").absent())).containsExactly("delete user app");
        assertThat(converge(machine, Users.user("bob").absentWithHome()))
                .containsExactly("delete user bob with its home directory");

        assertThat(entry(machine, "/etc/passwd", "app")).isEmpty();
        assertThat(entry(machine, "/etc/passwd", "bob")).isEmpty();
        assertThat(machine.file("/home/app")).exists();
        assertThat(machine.file("/home/bob")).doesNotExist();
    }

    @Test
    void changesWhatDiffers() throws Exception {
        ChrootMachine machine = ChrootMachine.shadow(folder);
        converge(machine, Users.user("app").shell("/bin/ash"));

        assertThat(converge(
                        machine,
                        Users.user("app")
                                .shell("/bin/sh")
                                .uid(4321)
                                .group("users")
                                .comment("It's \"me\"")))
                .singleElement()
                .asString()
                .startsWith("user app: shell /bin/ash -> /bin/sh, uid ")
                .endsWith(" -> 4321, group app -> users, comment '' -> 'It's \"me\"'");

        assertThat(entry(machine, "/etc/passwd", "app")).isEqualTo("app:x:4321:100:It's \"me\":/home/app:/bin/sh");
    }

    @Test
    void onBusyboxSaysWhatIsMissingToChangeAnAccount() throws Exception {
        ChrootMachine machine = ChrootMachine.busybox(folder);
        converge(machine, Users.user("app").shell("/bin/ash"));

        HostResult result = run(machine, Users.user("app").shell("/bin/sh"));

        assertThat(result.failure().orElseThrow().message())
                .isEqualTo(
                        "machine: step 'user': `user app: shell /bin/ash -> /bin/sh` exited 1: usermod is not on this"
                                + " machine; install the package shadow (or passwd)");
    }

    @Test
    void anUnknownGroupFailsWithTheProgramsOwnWords() throws Exception {
        HostResult result = run(ChrootMachine.shadow(folder), Users.user("app").groups("nosuch"));

        assertThat(result.failure().orElseThrow().message())
                .contains("`create user app (groups nosuch)` exited 6", "group 'nosuch' does not exist");
    }

    @Nested
    class BadInput {
        @ParameterizedTest
        @ValueSource(strings = {"", "App", "-a", "1a", "a b", "a:b", "a/b", "ä", "abcdefghijklmnopqrstuvwxyz1234567"})
        void names(String name) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Users.user(name))
                    .withMessage(
                            "user name must be lower-case letters, digits, '_', '.' and '-', beginning with a letter"
                                    + " or '_', at most 32 characters, was '" + name + "'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Users.user("app").groups("adm", name))
                    .withMessageStartingWith("group name must be");
        }

        @Test
        void options() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Users.user("app").home("app"))
                    .withMessage("home must be an absolute path without ':' and newlines, was 'app'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Users.user("app").shell("/bin/sh:x"))
                    .withMessage("shell must be an absolute path without ':' and newlines, was '/bin/sh:x'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Users.user("app").uid(-1))
                    .withMessage("uid must be >= 0, was -1");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Users.user("app").comment("a:b"))
                    .withMessage("comment must not contain ':' or a newline, was 'a:b'");
        }
    }
}
