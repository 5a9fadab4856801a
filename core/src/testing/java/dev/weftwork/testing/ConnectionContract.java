package dev.weftwork.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Secret;
import dev.weftwork.command.StandardInput;
import dev.weftwork.command.Upload;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.OutputConsumer.Stream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What every connector's connections must do. A connector's tests extend it and say how to connect to a machine that has a
 * POSIX userland, on which commands may write files where they start; the tests look at the machine by commands only.
 *
 * <p>Each test gets a connection of its own, on a platform thread, and closes it.
 *
 * <pre>{@code
 * class MyConnectionTest extends ConnectionContract {
 *   @Override protected Connection connect() throws Exception {
 *     return connector.connect(Host.named("test"));
 *   }
 * }
 * }</pre>
 */
public abstract class ConnectionContract {

    private static final Duration LONG = Duration.ofSeconds(100);

    private Connection connection;

    /** Opens a new connection to the machine, always the same one. */
    protected abstract Connection connect() throws Exception;

    @BeforeEach
    void open() throws Exception {
        connection = connect();
    }

    @AfterEach
    void close() {
        connection.close();
    }

    private CommandResult run(String script, String... arguments) {
        return connection.execute(Command.script(script, arguments).timeout(LONG));
    }

    @Test
    void aResultHasBothStreamsByteForByteAndTheExitCode() {
        CommandResult result = run("printf 'a\\n\\000b'; printf '\\377' >&2; exit 3");

        assertThat(result.outcome()).isEqualTo(new Outcome.Completed(3));
        assertThat(result.stdout().bytes()).containsExactly('a', '\n', 0, 'b');
        assertThat(result.stderr().bytes()).containsExactly(0xff);
        assertThat(result.elapsed()).isPositive();
    }

    @Test
    void commandsRunInOrderAndLeaveNothingToEachOther() {
        run("x=1; cd /; umask 0; trap 'echo trap' 0; set -f; f() { :; }; exec 1>&2");

        CommandResult result = run("echo \"${x-unset}\"; type f; pwd; trap; umask");

        assertThat(result.stdoutText()).startsWith("unset\n").doesNotContain("trap", "\n/\n");
        for (int i = 0; i < 100; i++) {
            assertThat(connection
                            .execute(Command.of("echo", Integer.toString(i)))
                            .stdoutText())
                    .isEqualTo(i + "\n");
        }
    }

    @Test
    void standardInputIsEmptyUnlessGivenAndArrivesExactly() {
        byte[] large = new byte[300_000];
        new Random(1).nextBytes(large);

        assertThat(run("cat").stdout().length()).isZero();
        for (byte[] input : new byte[][] {
            new byte[0],
            {0},
            "no newline".getBytes(StandardCharsets.UTF_8),
            "---\n-n %s \\n\\055".getBytes(StandardCharsets.UTF_8),
            large
        }) {
            assertThat(connection
                            .execute(Command.of("cat").stdin(input).timeout(LONG))
                            .stdout()
                            .bytes())
                    .isEqualTo(input);
        }
        var stream = new StandardInput.Stream(() -> new ByteArrayInputStream(large));
        assertThat(connection
                        .execute(Command.of("cat").stdin(stream).timeout(LONG))
                        .stdout()
                        .bytes())
                .isEqualTo(large);
    }

    @Test
    void inputThatIsNotReadHoldsNothing() {
        CommandResult result =
                connection.execute(Command.of("true").stdin(new byte[3_000_000]).timeout(LONG));

        assertThat(result.outcome()).isEqualTo(new Outcome.Completed(0));
        assertThat(run("echo next").stdoutText()).isEqualTo("next\n");
    }

    @Test
    void aDirectoryThatCannotBeEnteredMeansThatNothingRan() {
        CommandResult result =
                connection.execute(Command.script("echo ran > contract-ran").cwd("no such directory"));

        assertThat(result.outcome()).isInstanceOf(Outcome.NotStarted.class);
        assertThat(run("cat contract-ran").succeeded()).isFalse();
    }

    @Test
    void environmentAndArgumentsArriveUnchanged() {
        String nasty = "it's \"$HOME\" `x` \\ \n\t* ä -n";

        CommandResult result = connection.execute(
                Command.script("printf '%s|%s' \"$1\" \"$A\"", nasty).env("A", nasty));

        assertThat(result.stdoutText()).isEqualTo(nasty + "|" + nasty);
    }

    @Test
    void aTimeoutEndsTheCommandOnTheMachine() {
        CommandResult result = connection.execute(
                Command.script("echo before; sleep 311; echo after").timeout(Duration.ofSeconds(1)));

        assertThat(result.outcome()).isEqualTo(new Outcome.TimedOut(Duration.ofSeconds(1), true));
        assertThat(result.stdoutText()).isEqualTo("before\n");
        assertThat(run("echo next").stdoutText()).isEqualTo("next\n");
    }

    @Test
    void anInterruptEndsTheCommandAndIsKept() throws Exception {
        var begun = new CountDownLatch(1);
        var result = new CompletableFuture<CommandResult>();
        var interrupted = new CompletableFuture<Boolean>();
        Thread caller = Thread.ofVirtual().start(() -> {
            result.complete(connection.execute(
                    Command.script("echo begun; trap 'echo ended; exit 1' TERM; sleep 312 & wait"),
                    (stream, bytes, offset, count) -> begun.countDown()));
            interrupted.complete(Thread.currentThread().isInterrupted());
        });
        Waiting.await(begun, "the command's first output");

        caller.interrupt();

        assertThat(Waiting.await(result, "the end of the command").outcome()).isEqualTo(new Outcome.Cancelled(true));
        assertThat(Waiting.await(interrupted, "the end of the caller")).isTrue();
        assertThat(run("echo next").stdoutText()).isEqualTo("next\n");
    }

    @Test
    void onAThreadThatIsInterruptedAlreadyNothingRuns() throws Exception {
        var result = new CompletableFuture<CommandResult>();

        Thread.ofVirtual().start(() -> {
            Thread.currentThread().interrupt();
            result.complete(run("echo ran > contract-interrupted"));
        });

        assertThat(Waiting.await(result, "a result").outcome()).isInstanceOf(Outcome.NotStarted.class);
        assertThat(run("cat contract-interrupted").succeeded()).isFalse();
    }

    @Test
    void aBackgroundChildHoldsNothingAndItsOutputIsNobodyElses() {
        CommandResult first = run("rm -f contract-go; (while ! [ -e contract-go ]; do sleep 0.1 || sleep 1; done; "
                + "echo late; echo late >&2; echo x > contract-late) & echo now");
        CommandResult second = run("echo > contract-go; while ! [ -e contract-late ]; do sleep 0.1 || sleep 1; done;"
                + " echo second; rm contract-go contract-late");

        assertThat(first.stdoutText()).isEqualTo("now\n");
        assertThat(second.stdoutText()).isEqualTo("second\n");
        assertThat(second.stderrText()).isEmpty();
    }

    @Test
    void aConsumerSeesAllAndTheResultKeepsHeadAndTail() {
        var seen = new ByteArrayOutputStream();

        CommandResult result = connection.execute(
                Command.script("i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i + 1)); done")
                        .outputLimit(100)
                        .timeout(LONG),
                (stream, bytes, offset, count) -> {
                    if (stream == Stream.STDOUT) {
                        seen.write(bytes, offset, count);
                    }
                });

        assertThat(seen.size()).isEqualTo(108_890);
        assertThat(result.stdout().length()).isEqualTo(108_890);
        assertThat(result.stdout().truncated()).isTrue();
        assertThat(result.stdoutText()).startsWith("0\n1\n2\n").endsWith("19999\n");
    }

    @Test
    void aConsumerThatFailsEndsTheCommand() {
        assertThatThrownBy(() -> connection.execute(
                        Command.script("echo x; sleep 313").timeout(LONG), (stream, bytes, offset, count) -> {
                            throw new IllegalStateException("full");
                        }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("full");
        assertThat(run("echo next").stdoutText()).isEqualTo("next\n");
    }

    @Test
    void aConsumerThatFailsWithAnErrorDoesToo() {
        assertThatThrownBy(() -> connection.execute(
                        Command.script("echo x; sleep 314").timeout(LONG), (stream, bytes, offset, count) -> {
                            throw new AssertionError("wrong");
                        }))
                .isInstanceOf(AssertionError.class)
                .hasMessage("wrong");
        assertThat(run("echo next").stdoutText()).isEqualTo("next\n");
    }

    @Test
    void closingEndsACommandThatIsUnderWay() throws Exception {
        var begun = new CountDownLatch(1);
        var result = new CompletableFuture<CommandResult>();
        Thread.ofVirtual()
                .start(() -> result.complete(connection.execute(
                        Command.script("echo begun; sleep 315"), (stream, bytes, offset, count) -> begun.countDown())));
        Waiting.await(begun, "the command's first output");

        connection.close();

        assertThat(Waiting.await(result, "the end of the command").outcome()).isEqualTo(new Outcome.Cancelled(true));
    }

    @Test
    void aSourceThatFailsToOpenMeansThatNothingRan() {
        var broken = new StandardInput.Stream(() -> {
            throw new IllegalStateException("no source");
        });

        CommandResult result =
                connection.execute(Command.script("echo ran > contract-source").stdin(broken));

        assertThat(result.describe()).contains("was not started: its standard input can't be opened", "no source");
        assertThat(run("cat contract-source").succeeded()).isFalse();
    }

    /** As programs do that close what they inherit, python's subprocess for one. */
    @Test
    void aBackgroundChildThatClosedWhatItInheritedIsFoundToo() {
        CommandResult first = run("rm -f contract-go contract-late; for i in 1 2 3 4 5 6 7 8; do /bin/sh -c :; done; "
                + "(exec 3>&- 4>&- 5>&- 6>&- 7>&-; while ! [ -e contract-go ]; do sleep 0.1 || sleep 1; done; "
                + "echo late; echo x > contract-late) & echo now");
        CommandResult second = run("echo > contract-go; while ! [ -e contract-late ]; do sleep 0.1 || sleep 1; done;"
                + " echo second; rm contract-go contract-late");

        assertThat(first.stdoutText()).isEqualTo("now\n");
        assertThat(second.stdoutText()).isEqualTo("second\n");
    }

    @Test
    void filesGoThereAndComeBack(@TempDir Path folder) throws Exception {
        byte[] content = new byte[200_000];
        new Random(2).nextBytes(content);

        connection.upload(Upload.of(content).to("contract file").mode("0640")).orThrow();
        CommandResult listing = run("ls -l 'contract file'");
        connection.download("contract file", folder.resolve("back")).orThrow();

        assertThat(listing.stdoutText()).startsWith("-rw-r-----");
        assertThat(folder.resolve("back")).hasBinaryContent(content);
        assertThat(folder.toFile().list()).containsExactly("back");
        run("rm 'contract file'").orThrow();
    }

    @Test
    void largeScriptsRun() {
        String script = ("# " + "filler ".repeat(20) + "\n").repeat(1_500) + "echo \"$#\" end";

        assertThat(run(script, "a", "b").stdoutText()).isEqualTo("2 end\n");
    }

    @Test
    void aSecretIsInNothingThatPeopleRead() {
        CommandResult result = connection.execute(Command.script("echo \"$PASSWORD\"; echo \"$1\" >&2; exit 1")
                .secretArg(Secret.of("top-secret-1"))
                .secretEnv("PASSWORD", Secret.of("top-secret-2")));

        assertThat(result.stdoutText()).isEqualTo("top-secret-2\n");
        assertThat(result.describe() + result).doesNotContain("top-secret");
    }

    @Test
    void onAClosedConnectionNothingRuns() throws Exception {
        connection.close();
        connection.close();

        assertThat(run("echo ran > contract-closed").outcome()).isInstanceOf(Outcome.NotStarted.class);
        try (Connection other = connect()) {
            assertThat(other.execute(Command.of("cat", "contract-closed")).succeeded())
                    .isFalse();
        }
    }
}
