package dev.weftwork.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.weftwork.connector.Connection;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.fact.Fact;
import dev.weftwork.fact.Facts;
import dev.weftwork.inventory.Host;
import dev.weftwork.testing.Shells;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CommandBatchTest {

    private static final Command GREETING = Command.script("printf 'hello\\n'; printf 'no newline' >&2");

    private static final Host HOST = Host.named("web01");

    @TempDir
    private Path folder;

    static Stream<Shells.Shell> shells() {
        return Shells.all();
    }

    private <T> T connected(Shells.Shell shell, Function<Connection, T> use) {
        List<String> words = shell.words();
        try (var connector = LocalConnector.builder(folder)
                        .shell(words.get(0), words.subList(1, words.size()).toArray(String[]::new))
                        .build();
                Connection connection = connector.connect(HOST)) {
            return use.apply(connection);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void on(Shells.Shell shell, Consumer<Connection> use) {
        boolean used = connected(shell, connection -> {
            use.accept(connection);
            return true;
        });
        assertThat(used).isTrue();
    }

    private static Optional<List<CommandResult>> execute(Connection connection, Command... parts) {
        CommandBatch batch = CommandBatch.of(List.of(parts));
        return batch.split(connection.execute(batch.command()));
    }

    private static String seen(CommandResult result) {
        String text = result.outcome() + " out[" + bytes(result.stdout()) + "] err[" + bytes(result.stderr()) + "]";
        // Where in the shell's own text it is evaluated.
        return text.replaceAll("(?:main|environment): line [0-9]+:|line [0-9]+:", "line:");
    }

    private static String bytes(Output output) {
        String text = new String(output.bytes(), StandardCharsets.ISO_8859_1);
        return text.length() <= 1_000 ? text : text.length() + " bytes, hash " + text.hashCode();
    }

    /** Each part among others gives what it gives by itself, and the others give what they always do. */
    private void isAsByItself(Shells.Shell shell, Command... parts) {
        on(shell, connection -> {
            var all = new ArrayList<Command>();
            for (Command part : parts) {
                all.add(GREETING);
                all.add(part);
            }
            all.add(GREETING);
            List<String> alone = all.stream()
                    .map(connection::execute)
                    .map(CommandBatchTest::seen)
                    .toList();

            List<CommandResult> together =
                    execute(connection, all.toArray(Command[]::new)).orElseThrow();

            assertThat(together).extracting(CommandBatchTest::seen).containsExactlyElementsOf(alone);
            assertThat(together).extracting(CommandResult::command).containsExactlyElementsOf(all);
        });
    }

    @Nested
    class InEveryShell {
        static Stream<Shells.Shell> shells() {
            return Shells.all();
        }

        @ParameterizedTest
        @MethodSource("shells")
        void outputIsByteExact(Shells.Shell shell) {
            isAsByItself(
                    shell,
                    Command.script(":"),
                    Command.script("printf 'a\\000b\\377'; printf '\\000' >&2"),
                    Command.script("printf '\\n\\n'"),
                    Command.script("printf '\\036'; printf '\\036' >&2"),
                    Command.script("head -c 1000000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero >&2"),
                    Command.of("printf", "%s|", "", "it's", "-n", "$HOME", "a\nb"),
                    Command.of("printf", "%s").arg(new byte[] {(byte) 0xff, (byte) 0xfe}),
                    Command.script("printf '%s|' \"$#\" \"$@\"", "a b", "", "*"),
                    Command.script("printf %s \"$#\""),
                    Command.script("cat; echo end"));
        }

        @ParameterizedTest
        @MethodSource("shells")
        void aPartThatEndsItsShellEndsNoOther(Shells.Shell shell) {
            isAsByItself(
                    shell,
                    Command.script("echo x; exit 3; echo y"),
                    Command.script("exec false"),
                    Command.script("return 4"),
                    Command.script("set -e; false; echo y"),
                    Command.script("set -u; echo \"$weft_no_such\" 2>/dev/null; echo y")
                            .shell("/bin/sh"),
                    Command.script("break; continue; echo after"),
                    Command.script("trap 'echo trapped' 0; exit 5"),
                    Command.script("trap"),
                    Command.of("no-such-program-anywhere").describedAs("missing"));
        }

        @ParameterizedTest
        @MethodSource("shells")
        void aPartThatIsKilledIsNotRemarkedOn(Shells.Shell shell) {
            isAsByItself(
                    shell,
                    Command.script("exec sh -c 'kill -KILL $$'"),
                    Command.script("sh -c 'kill -KILL $PPID'; echo not reached"),
                    Command.script("exec sh -c 'kill -TERM $$'"),
                    Command.script("exec sh -c 'kill -PIPE $$'"));
        }

        @ParameterizedTest
        @MethodSource("shells")
        void textThatIsNoShellFailsByItself(Shells.Shell shell) {
            on(shell, connection -> {
                for (String text :
                        List.of("echo 'unbalanced", "echo \"unbalanced", "}", "fi", "cat <<X\nno end", "( echo")) {
                    List<CommandResult> results = execute(connection, GREETING, Command.script(text), GREETING)
                            .orElseThrow();

                    CommandResult alone = connection.execute(Command.script(text));
                    assertThat(results.get(1).outcome()).as(text).isEqualTo(alone.outcome());
                    assertThat(results.get(1).stdoutText()).as(text).isEqualTo(alone.stdoutText());
                    assertThat(List.of(results.get(0), results.get(2)))
                            .as(text)
                            .extracting(CommandBatchTest::seen)
                            .containsOnly("Completed[exitCode=0] out[hello\n] err[no newline]");
                }
            });
        }

        @ParameterizedTest
        @MethodSource("shells")
        void whatAPartDoesToItsShellStaysThere(Shells.Shell shell) {
            isAsByItself(
                    shell,
                    Command.script("exec >&-; exec 2>&-"),
                    Command.script("exec <&- 7<&-; true"),
                    Command.script("printf() { echo mine; }; test() { return 9; }; printf x; test"),
                    Command.script("cd /; umask 0777; IFS=x; PATH=/nowhere; weft_nonce=x; set -f -a"),
                    Command.script("alias printf=false; pwd; umask"),
                    Command.script("trap '' PIPE TERM; readonly weft_x=1; echo \"$weft_x\""));
        }

        @ParameterizedTest
        @MethodSource("shells")
        void functionsOfTheBatchCanBeRedefined(Shells.Shell shell) {
            isAsByItself(
                    shell,
                    Command.script("weft_run() { :; }; weft_part() { :; }; weft_nobody() { return 1; }; echo x"),
                    Command.script(
                            "eval 'read() { :; }; shift() { :; }; weft_run() { :; }; weft_part() { :; }; echo x'"));
        }

        @ParameterizedTest
        @MethodSource("shells")
        void whatOnlyLooksLikeAMarkerIsOutput(Shells.Shell shell) {
            isAsByItself(
                    shell,
                    Command.script("printf '\\036%s 0\\n' 0123456789abcdef0123456789abcdef"),
                    Command.script("printf '\\036%s begin\\n' 0123456789abcdef0123456789abcdef >&2; exit 6"));
        }

        @ParameterizedTest
        @MethodSource("shells")
        void whatAPartSeesOfTheBatchIsNoMarker(Shells.Shell shell) {
            on(shell, connection -> {
                List<CommandResult> results = execute(
                                connection,
                                Command.script("set; typeset -f 2>/dev/null; printf '%s ' \"$@\""),
                                GREETING)
                        .orElseThrow();

                assertThat(seen(results.get(1))).isEqualTo("Completed[exitCode=0] out[hello\n] err[no newline]");
            });
        }

        @ParameterizedTest
        @MethodSource("shells")
        void directoryAndEnvironmentAreEachPartsOwn(Shells.Shell shell) throws IOException {
            Files.createDirectories(folder.resolve("web01/it's here"));

            isAsByItself(
                    shell,
                    Command.of("pwd").cwd("it's here"),
                    Command.of("pwd"),
                    Command.script("printf '%s|' \"$A\"; sh -c 'printf %s \"$A\"'; echo x >&2")
                            .env("A", "1 '\n"),
                    Command.script("printf %s \"${A-none}\""),
                    Command.script("exit 7").cwd("/").env("PATH", "/nowhere"),
                    Command.script("echo x").cwd("no/such"),
                    Command.script("echo x").env("A", "b").cwd("/dev/null"));
        }

        @ParameterizedTest
        @MethodSource("shells")
        void aPartWithoutItsDirectoryIsNotStarted(Shells.Shell shell) {
            on(shell, connection -> {
                List<CommandResult> results = execute(
                                connection, GREETING, Command.script("echo x").cwd("no/such"), GREETING)
                        .orElseThrow();

                assertThat(results.get(1).outcome())
                        .isInstanceOfSatisfying(
                                Outcome.NotStarted.class,
                                outcome -> assertThat(outcome.reason())
                                        .startsWith("its directory, environment or shell can't be used: ")
                                        .contains("no/such"));
            });
        }

        @ParameterizedTest
        @MethodSource("shells")
        void aProcessLeftInTheBackgroundGetsIntoNobodysOutput(Shells.Shell shell) {
            on(shell, connection -> {
                Optional<List<CommandResult>> results = execute(
                        connection,
                        Command.script("(sleep 0.2; echo late; sleep 1) & echo left"),
                        Command.script("sleep 0.5; echo two"));

                assertThat(results).isEmpty();
            });
        }

        @ParameterizedTest
        @MethodSource("shells")
        void aStreamInAnotherModeLosesNothing(Shells.Shell shell) {
            on(shell, connection -> {
                Optional<List<CommandResult>> results = execute(
                        connection,
                        Command.script("perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK) or die'"),
                        Command.script("head -c 1000000 /dev/zero"));

                assertThat(results).isEmpty();
            });
        }

        @ParameterizedTest
        @MethodSource("shells")
        void aProcessLeftByTheLastPartIsNoticedToo(Shells.Shell shell) {
            on(shell, connection -> {
                assertThat(execute(connection, GREETING, Command.script("sleep 1 & echo left")))
                        .isEmpty();
                assertThat(execute(connection, GREETING, GREETING))
                        .hasValueSatisfying(results -> assertThat(results).hasSize(2));
            });
        }

        @ParameterizedTest
        @MethodSource("shells")
        void aPartWithAShellOfItsOwnHasItsNumber(Shells.Shell shell) {
            on(shell, connection -> {
                List<CommandResult> results = execute(
                                connection,
                                GREETING,
                                Command.script("[ -n \"$$\" ] && echo $$"),
                                Command.script("echo \"$0\"").shell("/bin/sh"),
                                GREETING)
                        .orElseThrow();

                assertThat(results.get(1).stdoutText()).matches("[0-9]+\n");
                assertThat(results.get(2).stdoutText()).isEqualTo("sh\n");
                assertThat(seen(results.get(3))).isEqualTo(seen(results.get(0)));
            });
        }

        @ParameterizedTest
        @MethodSource("shells")
        void aPartThatEndsTheBatchLeavesNothingToSplit(Shells.Shell shell) {
            on(shell, connection -> {
                assertThat(execute(connection, GREETING, Command.script("kill -9 $$"), GREETING))
                        .isEmpty();
                assertThat(execute(connection, GREETING)).isPresent();
            });
        }

        @ParameterizedTest
        @MethodSource("shells")
        void builtInFactsAreTheSameAsOneByOne(Shells.Shell shell) throws IOException {
            Path home = Files.createDirectories(folder.resolve("web01"));
            Files.write(home.resolve("it's a\nfile"), new byte[] {0, (byte) 0xff, '\n'});
            Files.createSymbolicLink(home.resolve("link"), Path.of("to\nnowhere"));
            List<Fact<?>> facts = List.of(
                    Facts.osRelease(),
                    Facts.pathWithHash("it's a\nfile"),
                    Facts.path("link"),
                    Facts.path("no/such"),
                    Facts.content("it's a\nfile"),
                    Facts.content("no/such"),
                    Facts.user("root"),
                    Facts.user("no-such-user"),
                    Facts.group("root"),
                    Facts.group("no-such-group"));

            on(shell, connection -> {
                List<CommandResult> results = execute(
                                connection, facts.stream().map(Fact::command).toArray(Command[]::new))
                        .orElseThrow();

                for (int i = 0; i < facts.size(); i++) {
                    Fact<?> fact = facts.get(i);
                    CommandResult alone = connection.execute(fact.command());
                    assertThat(results.get(i).succeeded())
                            .as(results.get(i).describe())
                            .isTrue();
                    assertThat(seen(results.get(i))).as(fact.name()).isEqualTo(seen(alone));
                    assertThat(value(fact, results.get(i))).as(fact.name()).isEqualTo(value(fact, alone));
                }
            });
        }
    }

    private static Object value(Fact<?> fact, CommandResult result) {
        Object value = fact.parse(result);
        return value instanceof Optional<?> some && some.isPresent() && some.get() instanceof byte[] content
                ? HEX.formatHex(content)
                : value;
    }

    private static final HexFormat HEX = HexFormat.of();

    @Test
    void fiveFactsAreOneCommand() {
        var executed = new ArrayList<Command>();
        List<Command> parts = Stream.of(
                        Facts.osRelease(),
                        Facts.path("/etc"),
                        Facts.content("/etc/passwd"),
                        Facts.user("root"),
                        Facts.group("root"))
                .<Command>map(Fact::command)
                .toList();
        CommandBatch batch = CommandBatch.of(parts);

        List<CommandResult> results = connected(Shells.all().findFirst().orElseThrow(), connection -> {
            executed.add(batch.command());
            return executed.stream()
                    .map(connection::execute)
                    .map(batch::split)
                    .toList()
                    .get(0)
                    .orElseThrow();
        });

        assertThat(executed).hasSize(1);
        assertThat(results).hasSize(5).allMatch(CommandResult::succeeded);
    }

    @Test
    void whatNeedsItsOwnCommandDoesNotFit() {
        assertThat(CommandBatch.fits(GREETING.cwd("/x").env("A", "b").successCodes(0, 44)))
                .isTrue();
        List<Command> others = List.of(
                GREETING.stdin("x"),
                GREETING.timeout(Duration.ofSeconds(1)),
                GREETING.as("app"),
                GREETING.outputLimit(10));

        assertThat(others).noneMatch(CommandBatch::fits);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CommandBatch.of(List.of(GREETING, GREETING.stdin("x"))))
                .withMessageStartingWith(
                        "parts must have no standard input, timeout, user or output limit of their own");
        assertThatIllegalArgumentException().isThrownBy(() -> CommandBatch.of(List.of()));
    }

    @Test
    void secretsOfThePartsAreHidden() {
        Command part = Command.script("echo \"$1$A\"", "x")
                .secretArg(Secret.of("hun'ter2"))
                .secretEnv("A", Secret.of("s3cret"));
        Command command = CommandBatch.of(List.of(GREETING, part)).command();
        var result = new CommandResult(
                "web01",
                command,
                new Outcome.Completed(1),
                Output.empty(),
                Output.of("no s3cret and no hun'ter2".getBytes(StandardCharsets.UTF_8)),
                Duration.ZERO);

        assertThat(command.toString()).isEqualTo("read 2 facts");
        assertThat(command.hideSecretsIn("s3cret hun'ter2")).isEqualTo("****** ******");
        assertThat(result.describe()).isEqualTo("web01: `read 2 facts` exited 1: no ****** and no ******");
        assertThat(command.describedAs("s3cret")).hasToString("******");
    }

    @Test
    void aResultThatIsNotWholeIsNotSplit() {
        CommandBatch batch = CommandBatch.of(List.of(GREETING, GREETING));
        CommandResult whole =
                connected(Shells.all().findFirst().orElseThrow(), connection -> connection.execute(batch.command()));
        byte[] stdout = whole.stdout().bytes();
        byte[] stderr = whole.stderr().bytes();

        assertThat(batch.split(whole)).isPresent();
        for (int length = 0; length < stdout.length; length++) {
            assertThat(batch.split(with(whole, Arrays.copyOf(stdout, length), stderr)))
                    .isEmpty();
        }
        for (int length = 0; length < stderr.length; length++) {
            assertThat(batch.split(with(whole, stdout, Arrays.copyOf(stderr, length))))
                    .isEmpty();
        }
        assertThat(batch.split(with(whole, Arrays.copyOf(stdout, stdout.length + 1), stderr)))
                .as("something behind the last marker")
                .isEmpty();
        assertThat(CommandBatch.of(List.of(GREETING, GREETING)).split(whole))
                .as("of another batch")
                .isEmpty();
        assertThat(batch.split(CommandResult.notStarted("web01", batch.command(), "x")))
                .isEmpty();
        assertThat(batch.split(new CommandResult(
                        "web01",
                        batch.command(),
                        new Outcome.ConnectionLost("x"),
                        whole.stdout(),
                        whole.stderr(),
                        Duration.ZERO)))
                .isEmpty();
        var cut = new Output.Collector(stdout.length / 2);
        cut.add(stdout, 0, stdout.length);
        assertThat(batch.split(new CommandResult(
                        "web01", batch.command(), whole.outcome(), cut.soFar(), whole.stderr(), Duration.ZERO)))
                .isEmpty();
    }

    private static CommandResult with(CommandResult result, byte[] stdout, byte[] stderr) {
        return new CommandResult(
                result.host(),
                result.command(),
                result.outcome(),
                Output.of(stdout),
                Output.of(stderr),
                result.elapsed());
    }

    @Test
    void aPartKeepsNoMoreThanByItself() {
        List<CommandResult> results = connected(
                Shells.all().findFirst().orElseThrow(),
                connection -> execute(connection, Command.script("head -c 9000000 /dev/zero"), GREETING)
                        .orElseThrow());

        assertThat(results.get(0).stdout().length()).isEqualTo(9_000_000);
        assertThat(results.get(0).stdout().bytes()).hasSize(Output.DEFAULT_LIMIT);
        assertThat(results.get(1).stdoutText()).isEqualTo("hello\n");
    }

    @Test
    void keepsABoundedOutput() {
        var parts = new ArrayList<Command>();
        for (int i = 0; i < 100; i++) {
            parts.add(GREETING);
        }

        assertThat(CommandBatch.of(parts).command().outputLimit()).isEqualTo(4 * Output.DEFAULT_LIMIT);
        assertThat(CommandBatch.of(parts.subList(0, 1)).command().outputLimit())
                .isGreaterThan(Output.DEFAULT_LIMIT)
                .isLessThan(Output.DEFAULT_LIMIT + 1_000);
    }
}
