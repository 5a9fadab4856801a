package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Secret;
import dev.weftwork.connector.Escalation;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.RunReport;
import dev.weftwork.testing.Fifo;
import dev.weftwork.testing.LoginMachine;
import dev.weftwork.testing.Processes;
import dev.weftwork.testing.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Commands as another user, by the real programs, for a login that isn't root's. */
class EscalationTest {

    private static final String FREELY = "weftlogin ALL=(ALL) NOPASSWD: ALL";
    private static final String BY_PASSWORD = "weftlogin ALL=(ALL) ALL";

    /** Far below the time after which a session that doesn't open is given up. */
    private static final Duration SHORT = Duration.ofSeconds(12);

    private final Path folder;
    private final LoginMachine machine;
    private final PipeThreads threads = new PipeThreads();
    private final List<ShellConnection> connections = new CopyOnWriteArrayList<>();
    private final AtomicInteger asked = new AtomicInteger();

    EscalationTest(@TempDir Path folder) throws Exception {
        this.folder = folder;
        machine = LoginMachine.in(folder);
        // The users of the machine reach the files that a test shows them.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void close() {
        connections.forEach(ShellConnection::close);
        threads.close();
    }

    private ShellConnection connection(Escalation escalation, String... before) throws InterruptedException {
        ShellConnection opened = ShellConnection.to("web01", machine.transport("web01", threads, before), threads)
                .escalation(escalation)
                .open();
        connections.add(opened);
        return opened;
    }

    /** Gives that password, and counts how often it is asked for one. */
    private Escalation.Password giving(Secret password) {
        return (host, user) -> {
            asked.incrementAndGet();
            return password;
        };
    }

    private static Command whoAmI(String user) {
        return Command.of("id", "-un").as(user);
    }

    private static String reason(CommandResult result) {
        assertThat(result.outcome()).isInstanceOf(Outcome.NotStarted.class);
        assertThat(result.describe()).startsWith("web01: ");
        return ((Outcome.NotStarted) result.outcome()).reason();
    }

    /** What it says to be impossible, without having been waited for. */
    private static String refusal(ShellConnection connection, String user) {
        CommandResult result = connection.execute(whoAmI(user));
        String reason = reason(result);
        assertThat(result.elapsed()).isLessThan(SHORT);
        assertThat(connection.execute(Command.of("id", "-un")).stdoutText())
                .as("a command as nobody else")
                .isEqualTo("weftlogin\n");
        return reason;
    }

    private static void assertRuns(ShellConnection connection, String user) {
        CommandResult result = connection.execute(whoAmI(user));
        assertThat(result.stdoutText()).as(result.describe()).isEqualTo(user + "\n");
        assertThat(result.stderrText()).isEmpty();
        assertThat(result.outcome()).isEqualTo(new Outcome.Completed(0));
    }

    @Nested
    class Sudo {
        @Test
        void thatAsksForNoPassword() throws Exception {
            machine.sudoers(FREELY);
            var connection = connection(Escalation.sudo());

            assertRuns(connection, "root");
            assertRuns(connection, LoginMachine.OTHER);
            assertRuns(connection, LoginMachine.SERVICE);
            assertThat(connection.execute(Command.of("id", "-un")).stdoutText()).isEqualTo("weftlogin\n");
        }

        @Test
        void doesNotAskForAPasswordThatIsNotNeeded() throws Exception {
            machine.sudoers(FREELY);

            assertRuns(connection(Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD))), "root");
            assertThat(asked).hasValue(0);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "Defaults env_reset",
                    "Defaults use_pty",
                    "Defaults log_output,log_input",
                    "Defaults lecture=always",
                    "Defaults !tty_tickets",
                    "Defaults passprompt_override",
                    "Defaults timestamp_timeout=0",
                    "Defaults passwd_tries=1",
                    "Defaults !pam_session,!pam_setcred"
                })
        void takesThePassword(String defaults) throws Exception {
            machine.sudoers(defaults, BY_PASSWORD);
            var connection = connection(Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD)));

            assertRuns(connection, "root");
            assertRuns(connection, "root");
            assertThat(asked).hasValue(1);
        }

        @Test
        void tellsWhoItWantsThePasswordFor() throws Exception {
            machine.sudoers("Defaults targetpw", BY_PASSWORD);
            var wanted = new ArrayList<String>();
            var connection = connection(Escalation.sudo((host, user) -> {
                wanted.add(host + " " + user);
                return user.equals("root") ? LoginMachine.ROOT_PASSWORD : LoginMachine.OTHER_PASSWORD;
            }));

            assertRuns(connection, "root");
            assertRuns(connection, LoginMachine.OTHER);
            assertThat(wanted).containsExactly("web01 root", "web01 weftother");
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 3})
        void refusesAWrongPasswordAndIsAskedAgainByTheNextCommand(int tries) throws Exception {
            machine.sudoers("Defaults passwd_tries=" + tries, BY_PASSWORD);
            var passwords =
                    new ConcurrentLinkedQueue<>(List.of(Secret.of("not the pässword $y"), LoginMachine.LOGIN_PASSWORD));
            var connection = connection(Escalation.sudo((host, user) -> passwords.remove()));

            assertThat(refusal(connection, "root"))
                    .contains("sudo as root")
                    .contains(tries == 1 ? "1 incorrect password attempt" : "refused the password")
                    .doesNotContain("not the", "pässword");
            assertRuns(connection, "root");
        }

        @Test
        void needsAPasswordThatNobodyGives() throws Exception {
            machine.sudoers(BY_PASSWORD);

            assertThat(refusal(connection(Escalation.sudo()), "root"))
                    .contains(
                            "sudo as root",
                            "a password is required",
                            "; give a password with the connector's escalation");
        }

        @Test
        void isNotForAUserWithoutARule() throws Exception {
            assertThat(refusal(connection(Escalation.sudo()), "root")).contains("sudo as root");
            assertThat(refusal(connection(Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD))), "root"))
                    .contains("sudo as root", "weftlogin is not in the sudoers file");
        }

        @Test
        void doesNotAllowThatTarget() throws Exception {
            machine.sudoers("weftlogin ALL=(weftother) ALL");

            assertThat(refusal(connection(Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD))), "root"))
                    .contains("sudo as root", "not allowed to execute");
        }

        @Test
        void knowsNoSuchUser() throws Exception {
            machine.sudoers(FREELY);

            assertThat(refusal(connection(Escalation.sudo()), "nobodyhere"))
                    .contains("sudo as nobodyhere", "unknown user");
        }

        @Test
        void wantsATerminal() throws Exception {
            machine.sudoers("Defaults requiretty", FREELY);

            assertThat(refusal(connection(Escalation.sudo()), "root"))
                    .contains("sudo as root", "you must have a tty to run sudo");
        }

        @Test
        void isNotInstalled() throws Exception {
            assertThat(refusal(connection(Escalation.sudo(), "env", "PATH=" + onlyId()), "root"))
                    .contains("sudo as root")
                    .contains("127");
        }

        private Path onlyId() throws IOException {
            Path programs = Files.createDirectory(folder.resolve("programs"));
            Path id = Files.writeString(programs.resolve("id"), "#!/bin/sh\nexec /usr/bin/id \"$@\"\n");
            Files.setPosixFilePermissions(id, PosixFilePermissions.fromString("rwxr-xr-x"));
            return programs;
        }
    }

    @Nested
    class WhoIsToGiveThePassword {
        @BeforeEach
        void rules() throws IOException {
            machine.sudoers(BY_PASSWORD);
        }

        @Test
        void throwsAndTheNextCommandAsksAgain() throws Exception {
            var connection = connection(Escalation.sudo((host, user) -> {
                if (asked.incrementAndGet() == 1) {
                    throw new IllegalStateException("the vault is sealed");
                }
                return LoginMachine.LOGIN_PASSWORD;
            }));

            assertThat(refusal(connection, "root")).contains("sudo as root", "the vault is sealed");
            assertRuns(connection, "root");
        }

        @ParameterizedTest
        @ValueSource(strings = {"secret pässword $x\n", "secret pässword $x\r", "a\nid", "a\0b"})
        void givesWhatIsNoLine(String password) throws Exception {
            assertThat(refusal(connection(Escalation.sudo(giving(Secret.of(password)))), "root"))
                    .contains("password for sudo as root")
                    .doesNotContain("pässword", "secret");
        }

        @Test
        @SuppressWarnings("NullAway") // what a careless caller does
        void givesNothing() throws Exception {
            assertThat(refusal(connection(Escalation.sudo((host, user) -> null)), "root"))
                    .contains("sudo as root", "none was given");
        }

        @Test
        void takesLongerThanTheCommandMay() throws Exception {
            var connection = connection(Escalation.sudo((host, user) -> {
                // Until the command's own limit has surely passed.
                long asked = System.nanoTime();
                while (System.nanoTime() - asked < Duration.ofMillis(300).toNanos()) {
                    Thread.onSpinWait();
                }
                return LoginMachine.LOGIN_PASSWORD;
            }));

            assertThat(reason(connection.execute(whoAmI("root").timeout(Duration.ofMillis(250)))))
                    .contains("sudo as root");
            assertRuns(connection, "root");
        }
    }

    @Nested
    class Su {
        @Test
        void takesThePasswordOfTheUserToBecome() throws Exception {
            var connection = connection(Escalation.su(giving(LoginMachine.OTHER_PASSWORD)));

            assertRuns(connection, LoginMachine.OTHER);
        }

        @Test
        void takesThePasswordOfRootOnce() throws Exception {
            var connection = connection(Escalation.su(giving(LoginMachine.ROOT_PASSWORD)));

            assertRuns(connection, "root");
            assertRuns(connection, "root");
            assertThat(asked).hasValue(1);
        }

        @Test
        void refusesAWrongPassword() throws Exception {
            var passwords =
                    new ConcurrentLinkedQueue<>(List.of(Secret.of("not the pässword"), LoginMachine.ROOT_PASSWORD));
            var connection = connection(Escalation.su((host, user) -> passwords.remove()));

            assertThat(refusal(connection, "root"))
                    .contains("su as root", "Authentication failure")
                    .doesNotContain("pässword");
            assertRuns(connection, "root");
        }

        @Test
        void asksForAPasswordThatNobodyGives() throws Exception {
            assertThat(refusal(connection(Escalation.su()), "root")).contains("su as root asks for a password");
        }

        @Test
        void knowsNoSuchUser() throws Exception {
            assertThat(refusal(connection(Escalation.su(giving(LoginMachine.ROOT_PASSWORD))), "nobodyhere"))
                    .contains("su as nobodyhere", "user nobodyhere does not exist");
        }

        @Test
        void getsNoShellOfAnAccountWithout() throws Exception {
            assertThat(refusal(connection(Escalation.su(giving(LoginMachine.SERVICE_PASSWORD))), LoginMachine.SERVICE))
                    .contains("su as weftsvc", "This account is currently not available");
        }

        @Test
        void ofBusybox() throws Exception {
            machine.busyboxSu();
            var connection = connection(
                    Escalation.su(giving(LoginMachine.OTHER_PASSWORD)), "env", "PATH=/run/weft:/usr/bin:/bin");

            assertThat(connection.execute(Command.script("command -v su")).stdoutText())
                    .isEqualTo("/run/weft/su\n");
            assertRuns(connection, LoginMachine.OTHER);
            assertThat(refusal(connection, "root"))
                    .contains("su as root", "incorrect password")
                    .doesNotContain("pässword");
            assertThat(refusal(connection, LoginMachine.SERVICE)).contains("su as weftsvc");
        }
    }

    @Nested
    class Doas {
        @Test
        void thatAsksForNoPassword() throws Exception {
            machine.doas("permit nopass weftlogin");
            var connection = connection(Escalation.doas());

            assertRuns(connection, "root");
            assertRuns(connection, LoginMachine.OTHER);
        }

        @Test
        void needsAPassword() throws Exception {
            machine.doas("permit weftlogin");

            assertThat(refusal(connection(Escalation.doas()), "root"))
                    .contains("doas as root", "Authentication required", "; doas is never given a password: ");
        }

        @Test
        void isNotForThatUser() throws Exception {
            machine.doas("permit nopass weftother");

            assertThat(refusal(connection(Escalation.doas()), "root"))
                    .contains("doas as root", "Operation not permitted");
        }
    }

    @Nested
    class Sessions {
        @Test
        void whoHasLoggedInAlreadyBecomesNobodyElse() throws Exception {
            var connection = connection(Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD)));

            assertRuns(connection, LoginMachine.LOGIN);
            assertRuns(connection, LoginMachine.LOGIN);
            assertThat(asked).hasValue(0);
        }

        @Test
        void manyCommandsCostOne() throws Exception {
            machine.sudoers(BY_PASSWORD);
            var connection = connection(Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD)));

            for (int i = 0; i < 20; i++) {
                assertRuns(connection, "root");
                assertRuns(connection, LoginMachine.LOGIN);
            }

            assertThat(asked).hasValue(1);
        }

        /** Among so many processes that it isn't looked at each whether it was left. */
        @Test
        void aCommandOfManyProcessesCostsNoOtherOne() throws Exception {
            machine.sudoers(BY_PASSWORD);
            var connection = connection(Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD)));

            CommandResult result =
                    connection.execute(Command.script("i=0; while [ $i -lt 2100 ]; do ( : ); i=$((i + 1)); done")
                            .as("root"));

            assertThat(result.succeeded()).isTrue();
            assertRuns(connection, "root");
            assertThat(asked).hasValue(1);
        }

        @Test
        void oneThatLeftAProcessBehindIsReplaced() throws Exception {
            machine.sudoers(BY_PASSWORD);
            Fifo fifo = Fifo.in(folder, "fifo");
            var connection = connection(Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD)));

            CommandResult result =
                    connection.execute(Command.script("{ cat \"$1\"; echo late; } >&2 & echo $!", fifo.toString())
                            .as("root"));

            assertThat(result.outcome()).isEqualTo(new Outcome.Completed(0));
            assertThat(Processes.running(Long.parseLong(result.stdoutText().strip())))
                    .isTrue();
            assertRuns(connection, "root");
            assertThat(asked).hasValue(2);
            Files.writeString(fifo.path(), "end");
            assertRuns(connection, "root");
            assertThat(asked).hasValue(2);
        }

        @Test
        void oneWhoseShellWasKilledIsReplaced() throws Exception {
            machine.sudoers(BY_PASSWORD);
            var connection = connection(Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD)));

            CommandResult result = connection.execute(
                    Command.script("kill -KILL $PPID; sleep 0.1").as("root"));

            assertThat(result.outcome()).isInstanceOf(Outcome.ConnectionLost.class);
            assertRuns(connection, "root");
            assertThat(asked).hasValue(2);
        }

        @Test
        void endWithTheirConnection() throws Exception {
            machine.sudoers(FREELY);
            long shell;
            try (var connection = connection(Escalation.sudo())) {
                shell = Long.parseLong(connection
                        .execute(Command.script("echo $PPID").as("root"))
                        .stdoutText()
                        .strip());
                assertThat(Processes.running(shell)).isTrue();
            }
            assertThat(Processes.running(shell)).isFalse();
        }
    }

    @Nested
    class Commands {
        @BeforeEach
        void rules() throws IOException {
            machine.sudoers(BY_PASSWORD);
        }

        private ShellConnection connection() throws InterruptedException {
            return EscalationTest.this.connection(Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD)));
        }

        @Test
        void haveIdentityAndEnvironmentOfTheUser() throws Exception {
            CommandResult result = connection()
                    .execute(Command.script("id -u; echo \"$HOME $A\"; pwd")
                            .env("A", "b c")
                            .as("root"));

            assertThat(result.stdoutText()).isEqualTo("0\n/root b c\n/home/weftlogin\n");
        }

        @Test
        void haveADirectoryThatOnlyTheUserCanEnter() throws Exception {
            var connection = connection();

            assertThat(connection
                            .execute(Command.of("pwd").cwd("/root").as("root"))
                            .stdoutText())
                    .isEqualTo("/root\n");
            assertThat(connection.execute(Command.of("pwd").cwd("/root")).outcome())
                    .isInstanceOf(Outcome.NotStarted.class);
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 10, 5_000, 3_000_000})
        void readTheirInput(int bytes) throws Exception {
            byte[] content = new byte[bytes];
            new Random(bytes).nextBytes(content);
            var connection = connection();

            assertThat(connection
                            .execute(Command.of("cat").stdin(content).as("root"))
                            .stdout()
                            .bytes())
                    .isEqualTo(content);
            assertRuns(connection, "root");
            assertThat(asked).hasValue(1);
        }

        @Test
        void haveStreamsAndExitCodes() throws Exception {
            var connection = connection();

            CommandResult result = connection.execute(
                    Command.script("echo out; echo err >&2; exit 7").as("root"));
            assertThat(result.stdoutText()).isEqualTo("out\n");
            assertThat(result.stderrText()).isEqualTo("err\n");
            assertThat(result.outcome()).isEqualTo(new Outcome.Completed(7));
            assertThat(connection
                            .execute(Command.script("kill -KILL $$").as("root"))
                            .outcome())
                    .isEqualTo(new Outcome.Completed(137));
        }
    }

    @Nested
    class Ending {
        @ParameterizedTest
        @ValueSource(strings = {"sudo", "sudo use_pty", "su", "doas"})
        void aTimeoutEndsWhatRunsAsRoot(String way) throws Exception {
            Fifo fifo = Fifo.in(folder, "fifo");
            var connection = connection(way(way));
            var result = new CompletableFuture<CommandResult>();
            Command command = Command.script(
                            "trap '' TERM; sleep 1000 & echo $$ $! >\"$1\"; while :; do sleep 1000; done",
                            fifo.toString())
                    .as("root")
                    .timeout(Duration.ofSeconds(3));
            Thread.ofVirtual().start(() -> result.complete(connection.execute(command)));
            List<Long> pids = pids(fifo.read());

            CommandResult ended = Waiting.await(result, "the timeout");

            assertThat(ended.outcome()).isEqualTo(new Outcome.TimedOut(Duration.ofSeconds(3), true));
            assertThat(pids).noneMatch(Processes::running);
            assertRuns(connection, "root");
        }

        @Test
        void aCancelledRunEndsWhatRunsAsRoot() throws Exception {
            Fifo fifo = Fifo.in(folder, "fifo");
            var connection = connection(way("sudo"));
            var result = new CompletableFuture<CommandResult>();
            Thread running = Thread.ofVirtual()
                    .start(() -> result.complete(
                            connection.execute(Command.script("echo $$ >\"$1\"; exec sleep 1000", fifo.toString())
                                    .as("root"))));
            List<Long> pids = pids(fifo.read());

            running.interrupt();

            assertThat(Waiting.await(result, "the end").outcome()).isEqualTo(new Outcome.Cancelled(true));
            assertThat(pids).noneMatch(Processes::running);
        }

        private Escalation way(String name) throws IOException {
            return switch (name) {
                case "su" -> Escalation.su(giving(LoginMachine.ROOT_PASSWORD));
                case "doas" -> {
                    machine.doas("permit nopass weftlogin");
                    yield Escalation.doas();
                }
                default -> {
                    machine.sudoers(name.endsWith("use_pty") ? "Defaults use_pty" : "", BY_PASSWORD);
                    yield Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD));
                }
            };
        }

        private List<Long> pids(String text) {
            return Stream.of(text.strip().split(" ", -1)).map(Long::valueOf).toList();
        }
    }

    @Nested
    class ThePassword {
        private static final String TEXT = "pässword";

        /** While sudo waits for it, and while a command runs behind it. */
        @Test
        void isInNoArgumentListAndNoEnvironment() throws Exception {
            machine.sudoers(BY_PASSWORD);
            Fifo begun = Fifo.in(folder, "begun");
            Fifo go = Fifo.in(folder, "go");
            var seen = new CopyOnWriteArrayList<String>();
            var connection = connection(Escalation.sudo((host, user) -> {
                seen.addAll(argumentsAndEnvironments());
                return LoginMachine.LOGIN_PASSWORD;
            }));
            var result = new CompletableFuture<CommandResult>();
            Thread.ofVirtual()
                    .start(() -> result.complete(connection.execute(
                            Command.script("echo begun >\"$1\"; cat \"$2\"", begun.toString(), go.toString())
                                    .as("root"))));

            assertThat(begun.read()).isEqualTo("begun\n");
            seen.addAll(argumentsAndEnvironments());
            Files.writeString(go.path(), "x");

            assertThat(Waiting.await(result, "the command's end").stdoutText()).isEqualTo("x");
            assertThat(seen)
                    .anyMatch(text -> text.startsWith("sudo\0-S"))
                    .noneMatch(text -> text.contains("secret " + TEXT));
        }

        private List<String> argumentsAndEnvironments() {
            var all = new ArrayList<String>();
            ProcessHandle.current().descendants().forEach(process -> {
                for (String file : List.of("cmdline", "environ")) {
                    try {
                        byte[] bytes = Files.readAllBytes(Path.of("/proc/" + process.pid(), file));
                        all.add(new String(bytes, StandardCharsets.UTF_8));
                    } catch (IOException e) {
                        // It has ended meanwhile.
                    }
                }
            });
            return all;
        }

        @Test
        void isInNoLogAndNoReport() throws Exception {
            machine.sudoers(BY_PASSWORD);
            Deploy deploy = Deploy.named("become")
                    .step("who", Shell.run(Command.script("id -un; exit 3").as("root")));
            var log = new Log();
            for (Secret password : List.of(LoginMachine.LOGIN_PASSWORD, Secret.of("wrong pässword"))) {
                Escalation escalation = Escalation.sudo(giving(password));
                RunReport report;
                try (var engine = Engine.of(machine.connector(escalation))) {
                    report = engine.run(Inventory.ofNames("web01"), deploy);
                }
                assertThat(report.describe())
                        .contains(password == LoginMachine.LOGIN_PASSWORD ? "3" : "refused the password")
                        .doesNotContain(TEXT);
                assertThat(report.toString()).doesNotContain(TEXT);
                assertThat(escalation.toString()).doesNotContain(TEXT);
            }
            log.stop();
            assertThat(log.lines).noneMatch(line -> line.contains(TEXT));
        }

        /** The machine's own program says it back. */
        @Test
        void isStarsInWhatTheProgramSays() throws Exception {
            Path sudo = Files.writeString(
                    Files.createDirectory(folder.resolve("bin")).resolve("sudo"), """
                    #!/bin/sh
                    printf '%s' "$3" >&2
                    IFS= read -r password
                    echo "no good: $password" >&2
                    exit 1
                    """);
            Files.setPosixFilePermissions(sudo, PosixFilePermissions.fromString("rwxr-xr-x"));
            var log = new Log();
            var connection = connection(
                    Escalation.sudo(giving(LoginMachine.LOGIN_PASSWORD)),
                    "env",
                    "PATH=" + sudo.getParent() + ":/usr/bin:/bin");

            CommandResult result = connection.execute(whoAmI("root"));
            log.stop();

            assertThat(reason(result))
                    .contains("sudo as root", "no good: ******")
                    .doesNotContain(TEXT);
            assertThat(result.toString()).doesNotContain(TEXT);
            assertThat(log.lines).noneMatch(line -> line.contains(TEXT));
        }

        /** Everything that is logged meanwhile, with what was thrown. */
        private static final class Log extends AppenderBase<ILoggingEvent> {
            private final Logger root = (Logger) LoggerFactory.getLogger("dev.weftwork");
            final List<String> lines = new CopyOnWriteArrayList<>();

            Log() {
                setContext(root.getLoggerContext());
                start();
                root.setAdditive(false);
                root.setLevel(Level.TRACE);
                root.addAppender(this);
            }

            @Override
            protected void append(ILoggingEvent event) {
                lines.add(event.getFormattedMessage() + ThrowableProxyUtil.asString(event.getThrowableProxy()));
            }

            @Override
            public void stop() {
                root.detachAppender(this);
                root.setLevel(null);
                root.setAdditive(true);
                super.stop();
            }
        }
    }
}
