package dev.weftwork.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class CommandTest {

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void everyWordIsQuoted() {
        var command = Command.of("if", "it's", "$HOME", "", "-n");

        assertThat(text(command.shellText())).isEqualTo("'if' 'it'\\''s' '$HOME' '' '-n'\n");
    }

    @Test
    void scriptArgumentsBecomePositionalParameters() {
        var command = Command.script("echo \"$1\"", "a b");

        assertThat(text(command.shellText())).isEqualTo("set -- 'a b'\necho \"$1\"\n");
    }

    @Test
    void preludeEntersTheDirectoryAndSetsTheEnvironment() {
        var command = Command.of("env").cwd("-dir").env("A", "it's");

        assertThat(text(command.shellPrelude()))
                .isEqualTo("CDPATH= cd -- './-dir' || return 1\nexport A='it'\\''s' || return 1\n");
    }

    @Test
    void optionsLeaveTheCommandItselfUnchanged() {
        var plain = Command.of("id");

        plain.arg("-u").env("A", "b").cwd("/").timeout(Duration.ofSeconds(1)).successCodes(1);

        assertThat(plain).hasToString("id");
        assertThat(plain.shellPrelude()).isEmpty();
        assertThat(plain.timeout()).isEmpty();
        assertThat(plain.successCodes()).containsExactly(0);
    }

    @Test
    void secretsPrintAsStarsWhereverTheyStand() {
        Secret secret = Secret.of("hunter2");
        var command = Command.of("login", "--as=hunter2")
                .secretArg(secret)
                .secretEnv("PASSWORD", secret)
                .stdin(secret);

        assertThat(command).hasToString("login --as=****** ******");
        assertThat(secret).hasToString("******");
        assertThat(command.describedAs("log in with hunter2")).hasToString("log in with ******");
        assertThat(command.hideSecretsIn("bad password 'hunter2'")).isEqualTo("bad password '******'");
        assertThat(command.stdin()).hasToString("7 bytes");
        assertThat(text(command.shellText())).contains("hunter2");
    }

    @Test
    void secretsAreHiddenWhateverTheyHoldAndBesideEachOther() {
        assertThat(Command.of("x", "it's").secretArg(Secret.of("it's"))).hasToString("x ****** ******");
        assertThat(Command.script("a\nb").secretArg(Secret.of("a\nb"))).hasToString("****** ******");
        var both = Command.of("x").secretArg(Secret.of("pass")).secretArg(Secret.of("password123"));
        assertThat(both.hideSecretsIn("pass and password123")).isEqualTo("****** and ******");
        String key = "-----BEGIN-----\n1\n2\n3\n4\n5\n6\n7\n-----END-----";
        CommandResult result = result(
                Command.of("x").secretEnv("KEY", Secret.of(key)),
                new Outcome.Completed(1),
                "",
                "bad key\n" + key + "\n");
        assertThat(result.describe()).isEqualTo("web01: `x` exited 1: bad key\n******");
        assertThat(result.toString()).doesNotContain("BEGIN", "END");
    }

    @Test
    void messagesMoveNoCursorAndReadOnlyTheEndOfALargeOutput() {
        Command command = Command.of("x", "\u001b[31mred\u0007");
        String large = "line\n".repeat(1_000_000) + "\u001b[2Jlast\n";

        assertThat(command).hasToString("x '\ufffd[31mred\ufffd'");
        assertThat(result(command, new Outcome.Completed(1), "", large).describe())
                .isEqualTo("web01: `x '\ufffd[31mred\ufffd'` exited 1: line\nline\nline\nline\n\ufffd[2Jlast");
    }

    @Test
    void showsOneLineOfAtMost300Characters() {
        assertThat(Command.script("a\nb", "c\nd")).hasToString("a\\nb 'c\\nd'");
        assertThat(Command.of("echo", "x".repeat(500)).toString()).hasSize(300).endsWith("...");
    }

    @Test
    void quoteMakesOneShellWord() {
        assertThat(Command.quote("it's $5")).isEqualTo("'it'\\''s $5'");
    }

    @Test
    void badInputFailsAtOnce() {
        assertThatIllegalArgumentException().isThrownBy(() -> Command.of("")).withMessage("program must not be empty");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.script(" \n"))
                .withMessage("script must not be blank");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.of("echo", "a", "b\0c"))
                .withMessage("argument 2 must not contain a NUL character: no shell can pass one on");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.of("echo").arg(new byte[] {1, 0}))
                .withMessage("argument 1 must not contain a NUL byte: no shell can pass one on");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.of("echo", "\ud800"))
                .withMessage("argument 1 has half of a surrogate pair, which has no bytes to send; pass bytes instead");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.script("echo \0"))
                .withMessage("script must not contain a NUL character: no shell can pass one on");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.of("env").env("1A", "b"))
                .withMessage(
                        "a variable name must be letters, digits and '_', not beginning with a digit or with 'weft_',"
                                + " was '1A'");
        assertThatIllegalArgumentException().isThrownBy(() -> Command.of("env").env("weft_nonce", "x"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.of("env").timeout(ChronoUnit.FOREVER.getDuration()))
                .withMessageStartingWith("timeout must be > 0 and at most 100 years, was ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.of("env").env("A", "b\0"))
                .withMessage("value of variable A must not contain a NUL character: no shell can pass one on");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.of("id").cwd(""))
                .withMessage("cwd must not be empty");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.of("id").timeout(Duration.ZERO))
                .withMessage("timeout must be > 0 and at most 100 years, was PT0S");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Command.of("id").successCodes(0, 256))
                .withMessage("successCodes must be 0 to 255, was 256");
        assertThatIllegalArgumentException().isThrownBy(() -> Secret.of("")).withMessage("a secret must not be empty");
    }

    @Test
    void resultsDescribeThemselvesByOutcome() {
        Command command = Command.of("deploy").secretArg(Secret.of("hunter2"));

        assertThat(result(command, new Outcome.Completed(3), "out\n", "a\nb\nc\nd\ne\nf with hunter2\n")
                        .describe())
                .isEqualTo("web01: `deploy ******` exited 3: b\nc\nd\ne\nf with ******");
        assertThat(result(command, new Outcome.Completed(3), "only out\n", "").describe())
                .isEqualTo("web01: `deploy ******` exited 3: only out");
        assertThat(result(
                                command.timeout(Duration.ofSeconds(2)),
                                new Outcome.TimedOut(Duration.ofSeconds(2), true),
                                "",
                                "")
                        .describe())
                .isEqualTo("web01: `deploy ******` was ended after its timeout of 2000 ms");
        assertThat(result(command, new Outcome.TimedOut(Duration.ofSeconds(2), true), "", "")
                        .describe())
                .isEqualTo("web01: `deploy ******` was ended after 2000 ms");
        assertThat(result(command, new Outcome.Cancelled(false), "", "").describe())
                .isEqualTo("web01: `deploy ******` was cancelled, and some of its processes may still be running");
        assertThat(result(command, new Outcome.ConnectionLost("reset"), "", "").describe())
                .isEqualTo("web01: `deploy ******` lost its connection (reset); whether it ran is unknown, look at the"
                        + " machine before running it again");
        assertThat(CommandResult.notStarted("web01", command, "no shell").describe())
                .isEqualTo("web01: `deploy ******` was not started: no shell");
    }

    @Test
    void onlySuccessCodesSucceed() {
        Command grep = Command.of("grep").successCodes(0, 1);

        assertThat(result(grep, new Outcome.Completed(1), "", "").succeeded()).isTrue();
        assertThat(result(grep, new Outcome.Completed(2), "", "").succeeded()).isFalse();
        assertThat(result(grep, new Outcome.Cancelled(true), "", "").succeeded())
                .isFalse();
        assertThat(result(grep, new Outcome.Completed(2), "", "").exitCode()).hasValue(2);
        assertThat(result(grep, new Outcome.Cancelled(true), "", "").exitCode()).isEmpty();
        assertThatThrownBy(
                        () -> result(grep, new Outcome.Completed(2), "", "no").orThrow())
                .isInstanceOfSatisfying(
                        CommandFailedException.class,
                        e -> assertThat(e.result().exitCode()).hasValue(2))
                .hasMessage("web01: `grep` exited 2: no");
    }

    private static CommandResult result(Command command, Outcome outcome, String stdout, String stderr) {
        return new CommandResult(
                "web01",
                command,
                outcome,
                Output.of(stdout.getBytes(StandardCharsets.UTF_8)),
                Output.of(stderr.getBytes(StandardCharsets.UTF_8)),
                Duration.ofMillis(5));
    }
}
