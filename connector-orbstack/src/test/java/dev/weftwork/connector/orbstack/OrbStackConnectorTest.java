package dev.weftwork.connector.orbstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.StandardInput;
import dev.weftwork.command.Upload;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Escalation;
import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator;
import dev.weftwork.connector.orbstack.emulator.Requirements;
import dev.weftwork.connector.orbstack.emulator.SshGateway;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.inventory.Host;
import dev.weftwork.operation.users.Users;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.Waiting;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What users rely on, over both ways into machines, on the emulator's real processes. Numbers in names and comments are
 * those of the traps that are known of OrbStack.
 */
@ParameterizedClass
@EnumSource(names = {"SSH", "CLI"})
class OrbStackConnectorTest {

    private final Transport transport;
    private OrbStackEmulator orbstack;
    private SshGateway gateway;
    private OrbStackConnector connector;

    OrbStackConnectorTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeEach
    void start() throws Exception {
        Requirements.root();
        orbstack = OrbStackEmulator.start();
        gateway = SshGateway.start(orbstack.store());
        orbstack.knob("stop-grace", "200");
        orbstack.machine("web01");
        connector = builder().build();
    }

    @AfterEach
    void stop() throws Exception {
        connector.close();
        gateway.close();
        orbstack.close();
    }

    private OrbCtl orbctl() {
        return OrbCtl.builder().program(orbstack.orbctl()).build();
    }

    private OrbStackConnector.Builder builder() {
        return OrbStackConnector.builder()
                .transport(transport)
                .orbctl(orbctl())
                .gateway("127.0.0.1", gateway.port())
                .key(gateway.key())
                .knownHosts(gateway.knownHosts());
    }

    private Connection connect(String machine) throws InterruptedException {
        return connector.connect(Host.named(machine));
    }

    private static String out(Connection connection, String script) {
        return out(connection, Command.script(script));
    }

    private static String out(Connection connection, Command command) {
        CommandResult result = connection.execute(command);
        assertThat(result.outcome())
                .as("%s; stderr: %s", command, result.stderrText())
                .isEqualTo(new Outcome.Completed(0));
        return result.stdoutText().stripTrailing();
    }

    /** How many ways into machines were opened: connections by SSH, processes by the CLI. */
    private long opened() throws Exception {
        return transport == Transport.SSH ? gateway.connectionsAccepted() : runs().size();
    }

    private List<List<String>> runs() throws Exception {
        return orbstack.calls().stream()
                .filter(call -> call.contains("run"))
                .map(call -> call.subList(call.indexOf("run"), call.size()))
                .toList();
    }

    // ---- who and where

    @Test
    void commandsRunAsTheMachinesDefaultUserInThatUsersHome_6_28() throws Exception {
        try (Connection connection = connect("web01")) {
            assertThat(out(connection, "id -un; id -u; pwd; echo $HOME")).isEqualTo("me\n501\n/home/me\n/home/me");
        }
    }

    @Test
    void theMachineIsAlwaysNamed_2_5_29() throws Exception {
        orbstack.machine("other");
        orbstack.call("default", "other");
        try (Connection connection = connect("web01");
                Connection beside = connect("other")) {
            assertThat(out(connection, "hostname")).isEqualTo("web01");
            assertThat(out(beside, "hostname")).isEqualTo("other");
        }
        if (transport == Transport.CLI) {
            assertThat(runs())
                    .containsExactly(List.of("run", "-m", "web01", "sh"), List.of("run", "-m", "other", "sh"));
        }
    }

    @Test
    void aConnectorCanLogInAsSomebodyElse() throws Exception {
        connector.close();
        connector = builder().user("root").build();

        try (Connection connection = connect("web01")) {
            assertThat(out(connection, "id -un; pwd")).isEqualTo("root\n/root");
            assertThat(out(connection, Command.of("id", "-un").as("root"))).isEqualTo("root");
        }
        assertThat(opened()).isEqualTo(1);
    }

    @Test
    void anotherUsersCommandsHaveOneLoginOfTheirOwn() throws Exception {
        try (Connection connection = connect("web01")) {
            for (int i = 0; i < 5; i++) {
                assertThat(out(connection, Command.script("id -un").as("root"))).isEqualTo("root");
                assertThat(out(connection, "id -un")).isEqualTo("me");
            }
        }
        assertThat(opened()).isEqualTo(2);
    }

    @Test
    void theDefaultUserIsntLoggedInTwiceWhereItIsKnown() throws Exception {
        try (Connection connection =
                connector.connect(OrbStack.inventory(orbctl()).host("web01"))) {
            assertThat(out(connection, Command.script("id -un").as("me"))).isEqualTo("me");
        }
        assertThat(opened()).isEqualTo(1);
    }

    @Test
    void aUserWhoIsntThereIsNamed_3() throws Exception {
        try (Connection connection = connect("web01")) {
            CommandResult result = connection.execute(Command.of("true").as("nosuch"));

            assertThat(result.outcome())
                    .isInstanceOfSatisfying(
                            Outcome.NotStarted.class,
                            never -> assertThat(never.reason())
                                    .contains("the machine is running, but has probably no user 'nosuch'"));
            assertThat(out(connection, "echo still here")).isEqualTo("still here");
        }
    }

    @Test
    void aMistypedMachineIsntTheDefaultOneAndIsNamed_3_5() throws Exception {
        orbstack.call("default", "web01");

        assertThatThrownBy(() -> connect("web02"))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("web02: ")
                .hasMessageContaining("OrbStack has no machine 'web02'");
        assertThat(runs()).allMatch(call -> call.contains("web02"));
    }

    @Test
    void aNameThatOrbStackWouldTakeForSomethingElseIsRefusedAtOnce_12() throws Exception {
        for (String name : List.of("default", "docker", "a_b", "-f")) {
            assertThatThrownBy(() -> connector.connect(Host.named(name)))
                    .as(name)
                    .isInstanceOfAny(ConnectFailedException.class, IllegalArgumentException.class);
        }
        assertThat(runs()).isEmpty();
        assertThat(gateway.connectionsAccepted()).isZero();
    }

    @Test
    void aMachineIsReachedByTheNameItHasNow_17() throws Exception {
        orbctl().rename(new MachineName("web01"), new MachineName("web09"));

        try (Connection connection = connect("web09")) {
            assertThat(out(connection, "hostname")).isEqualTo("web09");
        }
        assertThatThrownBy(() -> connect("web01")).hasMessageContaining("OrbStack has no machine 'web01'");
    }

    // ---- what is said and what comes back

    @Test
    void aScriptMeansWhatItSays_1_2_20() throws Exception {
        String big = "x".repeat(300_000);
        try (Connection connection = connect("web01")) {
            assertThat(out(connection, "! test -e /x && echo 'a  b' | tr a A; echo $((1+2)) \"$0\" {a,b} ~ -- '!'"))
                    .startsWith("A  b\n3 ")
                    .endsWith("/home/me -- !");
            assertThat(out(connection, Command.of("printf", "%s|", "a b", "", "-x", "$HOME", "*", "\n", "--")))
                    .isEqualTo("a b||-x|$HOME|*|\n|--|");
            assertThat(out(connection, "v='" + big + "'; echo ${#v}")).isEqualTo("300000");
        }
    }

    @Test
    void anExitCodeIsTheCommandsAlsoWhereItLooksLikeTheTransports_3_4() throws Exception {
        try (Connection connection = connect("web01")) {
            for (int code : new int[] {1, 126, 127, 137, 255}) {
                assertThat(connection.execute(Command.script("exit " + code)).outcome())
                        .isEqualTo(new Outcome.Completed(code));
            }
            assertThat(connection
                            .execute(Command.script("sh -c 'kill -9 $$'; exit $?"))
                            .outcome())
                    .isEqualTo(new Outcome.Completed(137));
            assertThat(connection.execute(Command.script("kill -9 $$")).outcome())
                    .isEqualTo(new Outcome.Completed(137));
            assertThat(connection.execute(Command.script("kill -9 $PPID")).outcome())
                    .isInstanceOf(Outcome.ConnectionLost.class);
            assertThat(out(connection, "echo again")).isEqualTo("again");
        }
    }

    @Test
    void whatProfilesPrintIsNoOutputOfACommand_18() throws Exception {
        orbstack.knob("profile-noise", "Welcome!\n0\n");
        try (Connection connection = connect("web01")) {
            assertThat(connection.execute(Command.script("echo out; echo err >&2")))
                    .satisfies(result -> {
                        assertThat(result.stdoutText()).isEqualTo("out\n");
                        assertThat(result.stderrText()).isEqualTo("err\n");
                    });
            assertThat(out(connection, Command.script("id -un").as("root"))).isEqualTo("root");
        }
    }

    @Test
    void nothingOfMuchOutputIsMissing_19() throws Exception {
        if (transport == Transport.CLI) {
            orbstack.knob("drop-tail", "1000");
        }
        try (Connection connection = connect("web01")) {
            CommandResult result =
                    connection.execute(Command.script("head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2"));

            assertThat(result.stdout().length()).isEqualTo(5_000_000);
            assertThat(result.stderr().length()).isEqualTo(3_000_000);
        }
    }

    @Test
    void aBackgroundChildHoldsNothing_19() throws Exception {
        try (Connection connection = connect("web01")) {
            assertThat(out(connection, "sleep 600 & echo hi")).isEqualTo("hi");
            assertThat(out(connection, "echo next")).isEqualTo("next");
        }
    }

    @Test
    void noCommandReadsThisProgramsInput_10_11() throws Exception {
        try (Connection connection = connect("web01")) {
            assertThat(out(connection, "cat; [ -t 0 ] || [ -t 1 ] || [ -t 2 ] || echo no terminal"))
                    .isEqualTo("no terminal");
            assertThat(out(
                            connection,
                            Command.of("cat").stdin(new StandardInput.Bytes("given".getBytes(StandardCharsets.UTF_8)))))
                    .isEqualTo("given");
        }
    }

    @Test
    void filesGoThroughTheShellAsAnyUserAlsoToIsolatedMachines_21(@TempDir Path folder) throws Exception {
        orbstack.call("create", "--isolated", "debian", "alone");
        byte[] content = new byte[3_000_000];
        new Random(5).nextBytes(content);
        Path copy = folder.resolve("copy");

        try (Connection connection = connect("alone")) {
            CommandResult uploaded = connection.execute(Upload.of(content)
                    .to("/etc/weft file")
                    .mode("600")
                    .command()
                    .as("root"));
            assertThat(uploaded.succeeded()).as(uploaded.stderrText()).isTrue();
            assertThat(out(
                            connection,
                            Command.script("stat -c '%U %a %s' '/etc/weft file'")
                                    .as("root")))
                    .isEqualTo("root 600 3000000");
            assertThat(connection.execute(Command.of("cat", "/etc/weft file")).succeeded())
                    .isFalse();
            assertThat(connection.download("/etc/weft file", copy).succeeded()).isFalse();
            assertThat(copy).doesNotExist();
            connection.download("/etc/weft file", copy, "root");
        }
        assertThat(copy).hasBinaryContent(content);
    }

    @Test
    void aProfileMayChangeThePathOrSayGoodbyeAloud_18() throws Exception {
        Path profile = orbstack.rootfs("web01").resolve("home/me/.bash_profile");
        Files.writeString(
                profile, "PATH=/opt/tools:/usr/bin:/bin; export PATH; echo hello; echo hello >&2; set -x; set +x\n");
        try (Connection connection = connect("web01")) {
            assertThat(out(connection, "echo $PATH")).isEqualTo("/opt/tools:/usr/bin:/bin");
        }
    }

    @Test
    void aProfileThatEndsTheShellIsShownWithWhatItSaid_18() throws Exception {
        Path profile = orbstack.rootfs("web01").resolve("home/me/.bash_profile");
        Files.writeString(profile, "echo maintenance until noon; exit 3\n");

        assertThatThrownBy(() -> connect("web01"))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("its shell ended with status 3, after it had said: maintenance until noon");
    }

    @Test
    void aMachineWithoutAShellIsntOneWithoutTheUser_3() throws Exception {
        for (String shell : List.of("usr/bin/sh", "bin/sh", "usr/bin/dash", "bin/dash")) {
            Files.deleteIfExists(orbstack.rootfs("web01").resolve(shell));
        }

        assertThatThrownBy(() -> connect("web01"))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("its shell ended with status 127, after it had said: ")
                .hasMessageContaining("sh: ")
                .hasMessageNotContaining("no user");
    }

    @Test
    void withoutAHomeCommandsStartAtTheTop_7() throws Exception {
        Files.move(
                orbstack.rootfs("web01").resolve("home/me"),
                orbstack.rootfs("web01").resolve("home/elsewhere"));

        try (Connection connection = connect("web01")) {
            assertThat(out(connection, "pwd")).isEqualTo("/");
        }
    }

    @Test
    void aNewAddressAfterARestartDoesNoHarm_17() throws Exception {
        var web01 = new MachineName("web01");
        String before = orbctl().info(web01).ip4().orElseThrow();
        try (Connection connection = connect("web01")) {
            assertThat(out(connection, "echo one")).isEqualTo("one");
            orbctl().restart(web01);
            assertThat(orbctl().info(web01).ip4().orElseThrow()).isNotEqualTo(before);
            connection.execute(Command.of("true"));
            assertThat(out(connection, "echo two")).isEqualTo("two");
        }
    }

    @Test
    void operationsKnowAUserWithANumberBelow1000_28() throws Exception {
        connector.close();
        try (var engine = Engine.of(builder().user("root").build())) {
            RunReport report = engine.run(
                    OrbStack.inventory(orbctl()),
                    Deploy.named("users")
                            .step(Users.user("me").home("/home/me").shell("/bin/bash"))
                            .step(dev.weftwork.operation.files.Files.file("/home/me/x")
                                    .owner("me")));

            report.throwIfFailed();
            assertThat(report.hosts().get(0).steps())
                    .extracting(StepResult::status)
                    .containsExactly(StepStatus.UNCHANGED, StepStatus.CHANGED);
        }
    }

    @Test
    void aUserWhoseNameCantBeInALoginIsBecomeByAProgram() throws Exception {
        try (Connection connection = connect("web01")) {
            assertThat(connection.execute(Command.of("true").as("a@b")).outcome())
                    .isInstanceOfSatisfying(
                            Outcome.NotStarted.class,
                            never -> assertThat(never.reason()).contains("sudo"));
        }
    }

    // ---- ends

    @Test
    void aTimeoutEndsTheWholeTreeOnTheMachine_8_9() throws Exception {
        try (Connection connection = connect("web01")) {
            CommandResult result = connection.execute(
                    Command.script("trap '' TERM; sleep 601 & sh -c 'trap \"\" TERM; sleep 602; :' & wait")
                            .timeout(Duration.ofSeconds(1)));

            assertThat(result.outcome()).isEqualTo(new Outcome.TimedOut(Duration.ofSeconds(1), true));
            assertThat(sleeping(connection)).isEmpty();
        }
    }

    @Test
    void anInterruptEndsTheWholeTreeOnTheMachine_8_9() throws Exception {
        try (Connection connection = connect("web01")) {
            var begun = new CountDownLatch(1);
            var result = new CompletableFuture<CommandResult>();
            Thread caller = Thread.ofVirtual()
                    .start(() -> result.complete(connection.execute(
                            Command.script("sleep 601 & echo begun; sleep 602"),
                            (stream, bytes, offset, count) -> begun.countDown())));
            Waiting.await(begun, "the command began");

            caller.interrupt();

            assertThat(Waiting.await(result, "the command ended").outcome()).isEqualTo(new Outcome.Cancelled(true));
            assertThat(sleeping(connection)).isEmpty();
        }
    }

    /** Its consumer holds the thread that reads the connection, by which the shell beside it would be opened too. */
    @Test
    void aCommandWhoseOutputNobodyTakesCanBeEndedToo() throws Exception {
        try (Connection connection = connect("web01")) {
            var begun = new CountDownLatch(1);
            var letGo = new CountDownLatch(1);
            var result = new CompletableFuture<CommandResult>();
            Thread caller = Thread.ofVirtual()
                    .start(() -> result.complete(connection.execute(
                            Command.script("echo begun; sleep 601"), (stream, bytes, offset, count) -> {
                                begun.countDown();
                                await(letGo);
                            })));
            Waiting.await(begun, "the command began");
            caller.interrupt();
            try (Connection beside = connect("web01")) {
                Waiting.until(() -> sleeping(beside).isEmpty(), "the command ended on the machine");
            }
            letGo.countDown();

            assertThat(Waiting.await(result, "the command ended").outcome()).isInstanceOf(Outcome.Cancelled.class);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Sleeps of more than ten minutes on the machine. */
    private static String sleeping(Connection connection) {
        return out(
                connection,
                Command.script("for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done 2>/dev/null"
                                + " | grep '^sleep 60' || :")
                        .as("root"));
    }

    @Test
    void aMachineThatStopsInMidCommandLosesTheConnectionAndIsStartedByTheNextCommand() throws Exception {
        try (Connection connection = connect("web01")) {
            CommandResult result = whileRunning(connection, () -> orbctl().stop(new MachineName("web01")));

            assertThat(result.outcome()).isInstanceOf(Outcome.ConnectionLost.class);
            assertThat(result.stdoutText()).isEqualTo("begun\n");
            assertThat(out(connection, "echo up again")).isEqualTo("up again");
        }
    }

    @Test
    void aMachineThatIsDeletedInMidCommandIsGone() throws Exception {
        try (Connection connection = connect("web01")) {
            CommandResult result = whileRunning(connection, () -> orbctl().delete(new MachineName("web01")));

            assertThat(result.outcome()).isInstanceOf(Outcome.ConnectionLost.class);
            assertThat(connection.execute(Command.of("true")).outcome())
                    .isInstanceOfSatisfying(
                            Outcome.NotStarted.class,
                            never -> assertThat(never.reason()).contains("OrbStack has no machine 'web01'"));
        }
    }

    private interface Interference {
        void happens() throws Exception;
    }

    private static CommandResult whileRunning(Connection connection, Interference interference) throws Exception {
        var begun = new CountDownLatch(1);
        var result = new CompletableFuture<CommandResult>();
        Thread.ofVirtual()
                .start(() -> result.complete(connection.execute(
                        Command.script("trap '' TERM; echo begun; sleep 601"),
                        (stream, bytes, offset, count) -> begun.countDown())));
        Waiting.await(begun, "the command began");
        interference.happens();
        return Waiting.await(result, "the command ended");
    }

    @Test
    void aStoppedMachineIsStartedHoweverSlowly() throws Exception {
        orbctl().stop(new MachineName("web01"));
        orbstack.knob("start-delay", "1500");

        try (Connection connection = connect("web01")) {
            assertThat(out(connection, "echo up")).isEqualTo("up");
        }
    }

    @Test
    void aDaemonThatHangsIsGivenUpAndSaidSo_27() throws Exception {
        orbstack.knob("hang", "run ssh");
        connector.close();
        connector = builder().connectTimeout(Duration.ofSeconds(1)).build();

        assertThatThrownBy(() -> connect("web01"))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("web01: ")
                .hasMessageContaining("try `orbctl status`");
    }

    @Test
    void manyCommandsNeedOneConnection_24() throws Exception {
        try (Connection connection = connect("web01")) {
            for (int i = 0; i < 200; i++) {
                assertThat(out(connection, "echo " + i)).isEqualTo(Integer.toString(i));
            }
        }
        assertThat(opened()).isEqualTo(1);
    }

    @Test
    void noMoreConnectionsAreInTheMakingThanAllowed() throws Exception {
        orbstack.machines(12, "many");
        connector.close();
        connector = builder().maxHandshakes(2).build();
        var connections = new ArrayList<CompletableFuture<String>>();
        for (int i = 1; i <= 12; i++) {
            String machine = "many%03d".formatted(i);
            var name = new CompletableFuture<String>();
            connections.add(name);
            Thread.ofVirtual().start(() -> {
                try (Connection connection = connect(machine)) {
                    name.complete(out(connection, "hostname"));
                } catch (Throwable e) {
                    name.completeExceptionally(e);
                }
            });
        }

        for (int i = 1; i <= 12; i++) {
            assertThat(Waiting.await(connections.get(i - 1), "a machine answered"))
                    .isEqualTo("many%03d".formatted(i));
        }
        assertThat(gateway.mostHandshakesAtOnce()).isLessThanOrEqualTo(2);
    }

    @Test
    void othersThanTheOneWhoLoggedInCanBeReachedByAProgramInstead() throws Exception {
        connector.close();
        connector = builder().user("root").escalation(Escalation.su()).build();

        try (Connection connection = connect("web01")) {
            assertThat(out(connection, Command.script("id -un").as("me"))).isEqualTo("me");
        }
        if (transport == Transport.CLI) {
            assertThat(runs()).allMatch(call -> call.contains("root"));
        }
    }

    @Test
    void aConnectorThatIsClosedConnectsToNobody() {
        connector.close();

        assertThatThrownBy(() -> connect("web01"))
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void bytesOfAnyKindSurvive() throws Exception {
        byte[] all = new byte[70_000];
        new Random(7).nextBytes(all);
        try (Connection connection = connect("web01")) {
            CommandResult result = connection.execute(Command.of("cat").stdin(new StandardInput.Bytes(all)));

            assertThat(result.stdout().bytes()).isEqualTo(all);
            assertThat(connection
                            .execute(Command.script("printf 'ä\\n'"))
                            .stdout()
                            .bytes())
                    .isEqualTo("ä\n".getBytes(StandardCharsets.UTF_8));
        }
    }
}
