package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.StandardInput;
import dev.weftwork.testing.Fifo;
import dev.weftwork.testing.Shells;
import dev.weftwork.testing.Waiting;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Commands that do to their shell whatever a shell lets itself be done to: each has the outcome it has in a shell of its own,
 * and the next one finds nothing of it. All traps of a shell run one after the other on one connection.
 */
@ParameterizedClass
@MethodSource("shells")
class SessionTrapsTest {

    static Stream<Shells.Shell> shells() {
        // What "sh" is, is among the others.
        return Shells.all().filter(shell -> !shell.name().equals("sh"));
    }

    private final Shells.Shell shell;
    private final Path folder;
    private final PipeThreads threads = new PipeThreads();
    private final ShellConnection connection;

    /** What {@link #STATE} prints on a connection on which nothing has run. */
    private final String untouched;

    SessionTrapsTest(Shells.Shell shell, @TempDir Path folder) throws Exception {
        this.shell = shell;
        this.folder = folder.toRealPath();
        Files.createDirectories(folder.resolve("-a b\n c"));
        Files.writeString(folder.resolve("plain"), "plain\n");
        Files.writeString(folder.resolve("environment"), "leak_env=1; echo sourced\n");
        connection = open();
        try (var fresh = open()) {
            untouched = fresh.execute(STATE).stdoutText();
        }
    }

    private ShellConnection open() throws InterruptedException {
        var environment = Map.of("PATH", System.getenv("PATH"), "LC_ALL", "C", "HOME", folder.toString());
        return ShellConnection.to(
                        "web01", new ProcessTransport("web01", shell.words(), folder, environment, threads), threads)
                .shell(shell.words())
                .open();
    }

    @AfterEach
    void close() {
        connection.close();
        threads.close();
    }

    @TestFactory
    Stream<DynamicTest> inTheOrderOfTheTable() {
        return tests(TRAPS);
    }

    @TestFactory
    Stream<DynamicTest> inAnyOrder() {
        long seed = Long.getLong("weftwork.seed", System.nanoTime());
        System.out.println("traps of " + shell + " shuffled with -Dweftwork.seed=" + seed);
        var shuffled = new ArrayList<>(TRAPS);
        Collections.shuffle(shuffled, new Random(seed));
        return tests(shuffled.subList(0, shuffled.size() / 4));
    }

    private Stream<DynamicTest> tests(List<Trap> traps) {
        assertThat(traps).extracting(Trap::name).doesNotHaveDuplicates();
        return traps.stream().map(trap -> DynamicTest.dynamicTest(trap.name, () -> spring(trap)));
    }

    // ---- the table's columns

    /** What a command did that is expected of it. */
    private interface Expected {
        void check(CommandResult result);
    }

    private interface Body {
        void run(SessionTrapsTest session) throws Exception;
    }

    private record Trap(String name, Body body) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Trap trap(String name, Command command, Expected expected) {
        return new Trap(name, session -> expected.check(session.run(command)));
    }

    private static Trap trap(String name, String script, Expected expected) {
        return trap(name, Command.script(script), expected);
    }

    /** A script is its own name. */
    private static Trap trap(String script, Expected expected) {
        String name = Arrays.toString(script.getBytes(StandardCharsets.UTF_8)).length() > 1000
                ? "long"
                : script.replace("\n", "\\n").replace("\r", "\\r");
        return trap(name, script, expected);
    }

    private static Expected exits(int code, String stdout, String stderr) {
        return result -> {
            assertThat(result.outcome()).as(result::toString).isEqualTo(new Outcome.Completed(code));
            assertThat(result.stdoutText()).isEqualTo(stdout);
            assertThat(result.stderrText()).isEqualTo(stderr);
        };
    }

    private static Expected exits(int code) {
        return exits(code, "", "");
    }

    private static Expected prints(String stdout) {
        return exits(0, stdout, "");
    }

    private static Expected prints(byte[] stdout) {
        return result -> {
            assertThat(result.outcome()).as(result::toString).isEqualTo(new Outcome.Completed(0));
            assertThat(Arrays.equals(result.stdout().bytes(), stdout))
                    .as("%d bytes, expected %d", result.stdout().length(), stdout.length)
                    .isTrue();
            assertThat(result.stderrText()).isEmpty();
        };
    }

    /** With a message that every shell words in its own way. */
    private static Expected complains(int code, String stdout) {
        return result -> {
            assertThat(result.outcome()).as(result::toString).isEqualTo(new Outcome.Completed(code));
            assertThat(result.stdoutText()).isEqualTo(stdout);
            assertThat(result.stderrText()).isNotEmpty();
        };
    }

    /** With a code and a message that every shell has its own of. */
    private static Expected fails() {
        return result -> {
            assertThat(result.outcome())
                    .as(result::toString)
                    .isInstanceOf(Outcome.Completed.class)
                    .isNotEqualTo(new Outcome.Completed(0));
            assertThat(result.stdoutText()).isEmpty();
            assertThat(result.stderrText()).isNotEmpty();
        };
    }

    /** Shells differ in what they make of it. */
    private static Expected completes(String... stdouts) {
        return result -> {
            assertThat(result.outcome()).as(result::toString).isInstanceOf(Outcome.Completed.class);
            assertThat(result.stdoutText()).isIn((Object[]) stdouts);
        };
    }

    private static Expected matches(String stdout, String stderr) {
        return result -> {
            assertThat(result.outcome()).as(result::toString).isInstanceOf(Outcome.Completed.class);
            assertThat(result.stdoutText()).matches(Pattern.compile(stdout, Pattern.DOTALL));
            assertThat(result.stderrText()).matches(Pattern.compile(stderr, Pattern.DOTALL));
        };
    }

    private static Expected isLost() {
        return result -> {
            assertThat(result.outcome()).as(result::toString).isInstanceOf(Outcome.ConnectionLost.class);
            assertThat(result.stdoutText()).isIn("", "after\n");
        };
    }

    private static Expected isEndedByItsTimeout() {
        return result -> assertThat(result.outcome())
                .as(result::toString)
                .isInstanceOfSatisfying(
                        Outcome.TimedOut.class,
                        end -> assertThat(end.deathConfirmed()).isTrue());
    }

    private static Expected didNotStart() {
        return result -> assertThat(result.outcome()).as(result::toString).isInstanceOf(Outcome.NotStarted.class);
    }

    private static Expected anyOf(Expected... expected) {
        return result -> {
            var failures = new ArrayList<AssertionError>();
            for (Expected each : expected) {
                try {
                    each.check(result);
                    return;
                } catch (AssertionError e) {
                    failures.add(e);
                }
            }
            throw new AssertionError("none of these: " + failures);
        };
    }

    // ---- the table

    private static final String FRAMES = "weft_go 1 '' 'touch pwned'\n0 0\n65536 1\nweft_end 1 0\nexit 3\n%s\\n%%\\\n";

    /** Elsewhere, as on macOS, two signals have other numbers. */
    private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

    private static final Duration SHORT = Duration.ofMillis(300);

    private static final List<Trap> TRAPS = traps();

    private static List<Trap> traps() {
        var traps = new ArrayList<Trap>();
        endings(traps);
        options(traps);
        signals(traps);
        names(traps);
        syntax(traps);
        output(traps);
        descriptors(traps);
        input(traps);
        longScripts(traps);
        environment(traps);
        looksAtItself(traps);
        programs(traps);
        background(traps);
        return List.copyOf(traps);
    }

    private static void endings(List<Trap> traps) {
        for (int code : new int[] {0, 1, 2, 126, 127, 128, 129, 137, 143, 255}) {
            traps.add(trap("exit " + code, exits(code)));
            traps.add(trap("(exit " + code + ")", exits(code)));
            traps.add(trap("exit in a shell of its own: " + code, ": $$; exit " + code, exits(code)));
        }
        traps.add(trap("exit", exits(0)));
        traps.add(trap("false; exit", exits(1)));
        traps.add(trap("exit 256", exits(0)));
        traps.add(trap("exec true", exits(0)));
        traps.add(trap("exec false", exits(1)));
        traps.add(trap("exec sh -c 'exit 7'", exits(7)));
        traps.add(trap("exec /no/such", complains(127, "")));
        traps.add(trap("exec /", complains(126, "")));
        traps.add(trap("exec ./plain", complains(126, "")));
        traps.add(trap("return 3", exits(3)));
        traps.add(trap("return 3 in a shell of its own", ": $$; return 3", matches("", ".*")));
        traps.add(trap("return in the middle", "return 3; echo no", completes("", "no\n")));
        traps.add(trap("break; echo x", matches("x\n", ".*")));
        traps.add(trap("continue; echo x", matches("x\n", ".*")));
        traps.add(trap("break 5; echo $$ >/dev/null; echo x", matches("x\n", ".*")));
        traps.add(trap("while :; do break 9; done; echo x", prints("x\n")));
        traps.add(trap("shift 5; echo x", completes("", "x\n")));
        traps.add(trap("eval 'exit 6'", exits(6)));
        traps.add(trap("cd -- -no-such", fails()));
        traps.add(trap("exec", exits(0)));
        traps.add(trap("(kill -9 $$)", exits(137)));
        traps.add(trap("sh -c 'kill -SEGV $$'", matches("", ".*")));
    }

    private static void options(List<Trap> traps) {
        traps.add(trap("set -e; false; echo no", exits(1)));
        traps.add(trap("set -e; (exit 9); echo no", exits(9)));
        traps.add(trap("set -e", exits(0)));
        traps.add(trap("set -u; echo \"$leak_unset\"; echo no", fails()));
        traps.add(trap("set -eu; : ${leak_unset?gone}; echo no", fails()));
        traps.add(trap("set -f; echo *", prints("*\n")));
        traps.add(trap("set -n; echo no", completes("", "no\n")));
        traps.add(trap("set -C; echo x >clobbered; echo y >clobbered; rm clobbered", matches("", ".+")));
        traps.add(trap("set -a; leak_a=1; echo x", prints("x\n")));
        traps.add(trap("set -m; true & wait; echo x", matches("x\n", ".*")));
        traps.add(trap("set -b; echo x", prints("x\n")));
        traps.add(trap("set -h; echo x", completes("x\n", "")));
        traps.add(trap("set -t; true; echo x", completes("x\n", "")));
        traps.add(trap("set -k; echo leak_k=1", completes("leak_k=1\n", "\n", "")));
        traps.add(trap("(set -o posix) 2>/dev/null && set -o posix; echo x", prints("x\n")));
        traps.add(trap("POSIXLY_CORRECT=1; echo x", prints("x\n")));
        traps.add(trap("set -x; echo x", matches("x\n", "\\++ echo x\n")));
        traps.add(trap("set -x in a shell of its own", ": $$; set -x; echo x", matches("x\n", "\\++ echo x\n")));
        traps.add(trap("set -xv; PS4='> '; echo x; exit 2", matches("x\n", ".*echo x\n.*")));
        traps.add(trap("set -v; echo x", matches("x\n", ".*")));
        traps.add(trap("set -- a b; shift; echo \"$# $1\"", prints("1 b\n")));
        traps.add(trap("set a b c; exit $#", exits(3)));
        traps.add(trap("umask 077; umask", prints("0077\n")));
        traps.add(trap("ulimit -n 20; ulimit -n", prints("20\n")));
        traps.add(trap("ulimit -n 4; ls / >/dev/null", matches("", ".*")));
        traps.add(trap("ulimit -n 1; cat plain", matches("(plain\n)?", ".*")));
        traps.add(trap("ulimit -f 0; echo x >limited; echo $?", matches("[1-9]*\n?", ".*")));
        traps.add(trap("ulimit -c 0; ulimit -s 1024; echo x", prints("x\n")));
        traps.add(trap("ulimit -t 1; echo x", prints("x\n")));
        traps.add(trap("cd /; pwd", prints("/\n")));
        traps.add(trap("cd /; cd usr; rm -f /no/such; exit 4", exits(4)));
        traps.add(trap("enable -n printf read test echo 2>/dev/null; : x", matches("", ".*")));
        traps.add(trap("shopt -s extdebug nullglob 2>/dev/null; echo no-such*", completes("no-such*\n", "\n")));
    }

    private static void signals(List<Trap> traps) {
        traps.add(trap("trap 'echo bye' EXIT; echo hi", prints("hi\nbye\n")));
        traps.add(trap("trap 'echo bye' 0; exit 4", exits(4, "bye\n", "")));
        traps.add(trap("trap 'exit 3' EXIT; false", exits(3)));
        traps.add(trap("trap 'echo bye >&2' EXIT; echo $$ >/dev/null", exits(0, "", "bye\n")));
        traps.add(trap("trap 'echo bye' EXIT; exec true", exits(0)));
        traps.add(trap("trap 'echo bye' EXIT; trap - EXIT", exits(0)));
        traps.add(trap("trap 'echo bye' EXIT; kill -9 $$", exits(137)));
        traps.add(trap("trap '' TERM; kill -TERM $$; echo on", prints("on\n")));
        traps.add(trap("trap 'echo got' TERM; kill -TERM $$; echo on", prints("got\non\n")));
        traps.add(trap("trap 'exit 9' INT; kill -INT $$; echo no", exits(9)));
        traps.add(trap("trap '' HUP INT QUIT TERM PIPE ALRM USR1 USR2; echo x", prints("x\n")));
        traps.add(trap("trap - HUP INT QUIT TERM PIPE; kill -TERM $$", exits(143)));
        traps.add(trap("trap 'echo d' DEBUG; true", matches("(d\n)*", ".*")));
        traps.add(trap("trap 'kill -9 $$' EXIT", exits(137)));
        traps.add(trap("trap", exits(0)));
        traps.add(trap("trap in a shell of its own", ": $$; trap", exits(0)));
        // Not QUIT, which bash and busybox ignore.
        for (String signal : List.of("HUP", "INT", "KILL", "ALRM", "TERM", "USR1", "PIPE")) {
            int number = switch (signal) {
                case "HUP" -> 1;
                case "INT" -> 2;
                case "KILL" -> 9;
                case "USR1" -> LINUX ? 10 : 30;
                case "PIPE" -> 13;
                case "ALRM" -> 14;
                default -> 15;
            };
            traps.add(trap("kill -" + signal + " $$", exits(128 + number)));
            traps.add(trap("sh -c 'kill -" + signal + " $$'; echo $?", matches((128 + number) + "\n", ".*")));
        }
        traps.add(trap("kill 0", exits(143)));
        traps.add(trap("kill -HUP 0", exits(129)));
        traps.add(trap("kill -INT 0", exits(130)));
        traps.add(trap("kill -USR2 0", exits(LINUX ? 140 : 159)));
        traps.add(trap("sh -c 'kill 0'; echo no", exits(143)));
        traps.add(trap("kill 0 with a small input", Command.script("kill 0").stdin("x"), exits(143)));
        traps.add(trap(
                "kill 0 with a large input",
                Command.script("kill 0").stdin(bytes(100_000)),
                anyOf(exits(143), isLost())));
        traps.add(trap("kill -9 0", isLost()));
        traps.add(trap("sh -c 'kill -9 0'", isLost()));
        traps.add(trap("kill -9 $PPID", isLost()));
        traps.add(trap("kill -9 $PPID; echo after", isLost()));
        traps.add(trap("sh -c 'kill -9 $PPID'", anyOf(exits(137), isLost())));
        traps.add(trap("sh -c 'kill -9 $PPID'; echo no", anyOf(exits(137), isLost())));
        traps.add(
                trap("a shell that is stopped", Command.script("kill -STOP $$").timeout(SHORT), isEndedByItsTimeout()));
        traps.add(
                trap("a group that is stopped", Command.script("kill -STOP 0").timeout(SHORT), isEndedByItsTimeout()));
        traps.add(trap(
                "a builtin that never ends",
                Command.script("while :; do :; done").timeout(SHORT),
                isEndedByItsTimeout()));
        traps.add(trap("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo $i", prints("20000\n")));
    }

    private static void names(List<Trap> traps) {
        traps.add(trap("leak_v=1; export leak_v; export leak_w=2; leak_x=3", exits(0)));
        traps.add(trap("readonly leak_r=1; leak_r=2; echo $leak_r", matches("(1\n)?", ".+")));
        traps.add(trap("readonly PATH IFS HOME LC_ALL PWD; echo x", prints("x\n")));
        traps.add(trap("readonly weft_nonce=x weft_left=y weft_a=1 weft_p=2 weft_x=3; exit 5", exits(5)));
        traps.add(trap("unset PATH IFS HOME LC_ALL PWD; echo x", prints("x\n")));
        traps.add(trap("PATH=/nonexistent; perl", complains(127, "")));
        traps.add(trap("IFS=0123456789-; exit 12", exits(12)));
        traps.add(trap("IFS=; PS4='$(echo no)'; LC_ALL=xx; OPTIND=7; exit 5", matches("", ".*")));
        traps.add(trap("PWD=/nowhere OLDPWD=/nowhere; echo x", prints("x\n")));
        for (String name : List.of(
                "printf",
                "read",
                "exit",
                "eval",
                "cd",
                "test",
                "[",
                "unset",
                "command",
                "weft_go",
                "weft_end",
                "echo",
                "true",
                "set",
                "trap",
                "return",
                "export",
                "exec",
                "weft_after",
                "weft_builtin",
                "kill",
                "cat",
                "dd",
                "weft_check",
                "weft_nobody",
                "umask",
                ":")) {
            traps.add(trap("a function named " + name, name + "() { :; }", matches("", ".*")));
        }
        traps.add(trap("alias printf=false read=false exit=: eval=: cd=false unset=:; echo x", prints("x\n")));
        traps.add(trap(
                "aliases in force",
                "shopt -s expand_aliases 2>/dev/null\nalias printf=false weft_end=false exec=false\nprintf x || echo y",
                prints("y\n")));
        traps.add(trap("weft_end 1 0 2>/dev/null; echo x", matches(".*x\n", ".*")));
        traps.add(trap("weft_nonce=0; weft_left=' left'; weft_text=y; weft_dd=byte; exit 5", exits(5)));
        traps.add(trap("unset -f weft_end weft_after weft_go weft_check weft_before weft_do; exit 5", exits(5)));
        traps.add(trap("hash -r; cd() { exit 9; }; exit 5", exits(5)));
    }

    private static void syntax(List<Trap> traps) {
        for (String broken : List.of(
                "echo 'open",
                "echo \"open",
                "echo `open",
                "echo $(open",
                "echo ${open",
                "if true; then",
                "while :; do",
                "case x in",
                "{ echo x",
                "( echo x",
                "}",
                ")",
                ";;",
                "&",
                "|",
                "&& true",
                "fi",
                "done",
                "esac",
                "then",
                "f(",
                "echo x | | echo y",
                "for",
                "echo )",
                "{ )",
                "echo x; }",
                "'",
                "\"",
                "`",
                "<",
                ">")) {
            traps.add(trap("syntax: " + broken, broken, fails()));
        }
        for (String broken : List.of("echo 'open", "}", ")", ";;", "'")) {
            traps.add(trap("syntax in a shell of its own: " + broken, ": $$\n" + broken, fails()));
        }
        traps.add(trap("an open heredoc", "cat <<EOF\nopen", matches("open\n", ".*")));
        traps.add(trap("an open heredoc in a shell of its own", ": $$; cat <<EOF\nopen", matches("open\n", ".*")));
        traps.add(trap("a heredoc with frames", "cat <<'EOF'\n" + FRAMES + "EOF", prints(FRAMES)));
        traps.add(trap("echo x # comment", prints("x\n")));
        traps.add(trap("# nothing but a comment", exits(0)));
        traps.add(trap("echo x\\", prints("x\n")));
        traps.add(trap("echo x \\\n\\\n", prints("x\n")));
        traps.add(trap("echo x\r\necho y\r", prints("x\r\ny\r\n")));
        traps.add(trap("true\r", complains(127, "")));
        traps.add(trap("\n\n\n:\n\n\n", exits(0)));
        traps.add(trap("! true", exits(1)));
        traps.add(trap("false &&\n\nfalse ||\n\n echo x", prints("x\n")));
        traps.add(trap("x='a'\\''b'; echo \"$x\"", prints("a'b\n")));
    }

    private static void output(List<Trap> traps) {
        traps.add(trap("printf '\\000a\\000'", prints(new byte[] {0, 'a', 0})));
        traps.add(trap("printf '\\377\\300\\200\\342\\202'", prints(new byte[] {-1, -64, -128, -30, -126})));
        traps.add(trap("printf x", prints("x")));
        traps.add(trap("printf '\\n\\n\\n'", prints("\n\n\n")));
        traps.add(trap("printf '\\n' >&2; printf x >&2", exits(0, "", "\nx")));
        traps.add(trap("printf '\\036'", prints("\036")));
        traps.add(trap("printf '\\036\\036\\036\\n' >&2", exits(0, "", "\036\036\036\n")));
        traps.add(trap(
                "printf '\\0360-0 0\\n\\036-1 0\\n\\036-1 begin\\n'", prints("\0360-0 0\n\036-1 0\n\036-1 begin\n")));
        String likeOne = "\036" + "deadbeef".repeat(4) + "-";
        traps.add(trap(
                "what looks like a marker",
                "printf '\\036%s-1 0\\n' " + "deadbeef".repeat(4),
                prints(likeOne + "1 0\n")));
        traps.add(trap("what looks like a marker, cut", "printf '\\036%s-' " + "deadbeef".repeat(4), prints(likeOne)));
        for (int size : new int[] {1023, 1024, 1025, 4096, 65535, 65536, 65537, 1_048_576}) {
            String print = "head -c " + size + " /dev/zero | tr '\\0' ";
            traps.add(trap("stdout of " + size, print + "o", prints("o".repeat(size))));
            traps.add(trap("stderr of " + size, print + "E >&2", exits(0, "", "E".repeat(size))));
        }
        String out = "head -c 1000000 /dev/zero | tr '\\0' o";
        String err = "head -c 1000000 /dev/zero | tr '\\0' E >&2";
        Expected both = exits(0, "o".repeat(1_000_000), "E".repeat(1_000_000));
        traps.add(trap("much stderr, then much stdout", err + "; " + out, both));
        traps.add(trap("much stdout, then much stderr", out + "; " + err, both));
        traps.add(trap("much of both at once", out + " & " + err + " & wait", both));
        traps.add(trap(
                "much of both in turns",
                "i=0; while [ $i -lt 20 ]; do head -c 50000 /dev/zero | tr '\\0' o; head -c 50000 /dev/zero | tr '\\0' E >&2;"
                        + " i=$((i+1)); done",
                both));
    }

    private static void descriptors(List<Trap> traps) {
        for (int number : new int[] {0, 2, 3, 4, 5, 6, 7, 8, 9}) {
            traps.add(trap("exec " + number + ">&-; echo x", prints("x\n")));
        }
        traps.add(trap("exec 1>&-; exit 5", exits(5)));
        traps.add(trap("exec 0<&- 1>&- 2>&- 3>&- 5>&- 6>&- 8>&- 9>&-; exit 5", exits(5)));
        traps.add(trap("in a shell of its own", ": $$; exec 0<&- 1>&- 2>&- 3>&- 8>&- 9>&-; exit 5", exits(5)));
        traps.add(trap("exec >captured; echo x; cat plain; rm captured", exits(0)));
        traps.add(trap("exec 2>&1; echo e >&2; no-such-program", matches("e\n.*not found.*", "")));
        traps.add(trap("exec 1>&2; echo o", exits(0, "", "o\n")));
        traps.add(trap("exec 3>&1; echo x >&3", prints("x\n")));
        traps.add(trap("exec 3>&2 2>&1 1>&3; echo o; echo e >&2", exits(0, "e\n", "o\n")));
        traps.add(trap("exec 3</dev/null; exec 5<plain; read x <&5; echo $x", prints("plain\n")));
        traps.add(trap("exec </dev/zero; exit 5", exits(5)));
        for (int number : new int[] {3, 4, 5, 6, 7, 8, 9}) {
            traps.add(trap("echo x >&" + number + " # must be closed", fails()));
            // 5 can be read on purpose in sessions on machines where many processes come and go.
            if (number != 5) {
                traps.add(trap("read x <&" + number + " # must be closed", fails()));
            }
        }
        traps.add(trap("exec 8</dev/null 9</dev/null; : $$; exit 5", exits(5)));
    }

    private static void input(List<Trap> traps) {
        traps.add(trap("read x; echo \"$? [$x]\"", prints("1 []\n")));
        traps.add(trap("cat", exits(0)));
        traps.add(trap("read <&0 x; cat <&0; cat; exit 5", exits(5)));
        for (int size : new int[] {0, 1, 1023, 1024, 1025, 4096, 4097, 65535, 65536, 65537, 200_000}) {
            byte[] content = bytes(size);
            traps.add(trap("stdin of " + size, Command.of("cat").stdin(content), prints(content)));
            traps.add(trap(
                    "stdin of " + size + " in a shell of its own",
                    Command.script(": $$; cat").stdin(content),
                    prints(content)));
            traps.add(trap("unread stdin of " + size, Command.script("exit 5").stdin(content), exits(5)));
        }
        byte[] large = bytes(200_000);
        traps.add(trap("half read stdin", Command.of("head", "-c", "5").stdin(large), prints(Arrays.copyOf(large, 5))));
        traps.add(trap(
                "stdin whose first line is read",
                Command.script("read x; echo \"$x\"").stdin("first\n" + FRAMES.repeat(2_000)),
                prints("first\n")));
        traps.add(trap(
                "stdin read by a background child",
                Command.script("exec 4<&0; cat <&4 & wait").stdin(large),
                prints(large)));
        traps.add(trap(
                "stdin closed by the command",
                Command.script("exec 0<&-; exit 5").stdin(large),
                exits(5)));
        traps.add(trap("stdin and exec", Command.script("exec cat").stdin(large), prints(large)));
        traps.add(trap("stdin and exit", Command.of("exit", "4").stdin(large), exits(4)));
        traps.add(trap("stdin and death", Command.script("kill -9 $$").stdin(large), exits(137)));
        traps.add(trap("stdin of NULs", Command.of("cat").stdin(new byte[2_000]), prints(new byte[2_000])));
        traps.add(trap("little stdin of NULs", Command.of("cat").stdin(new byte[200]), prints(new byte[200])));
        traps.add(trap("stdin without newline", Command.of("cat").stdin("x"), prints("x")));
        traps.add(trap("little stdin of frames", Command.of("cat").stdin(FRAMES), prints(FRAMES)));
        traps.add(trap(
                "much stdin of frames", Command.of("cat").stdin(FRAMES.repeat(1_000)), prints(FRAMES.repeat(1_000))));
        traps.add(trap("unread stdin of frames", Command.of("true").stdin(FRAMES.repeat(1_000)), exits(0)));
        traps.add(
                trap("stdin of ends", Command.of("cat").stdin("0 0\n".repeat(20_000)), prints("0 0\n".repeat(20_000))));
        traps.add(trap(
                "stdin of unknown length",
                Command.of("cat").stdin(new StandardInput.Stream(() -> new ByteArrayInputStream(large))),
                prints(large)));
        traps.add(trap(
                "unread stdin of unknown length",
                Command.script("exit 5").stdin(new StandardInput.Stream(() -> new ByteArrayInputStream(large))),
                exits(5)));
        traps.add(trap("a syntax error with stdin", Command.script("echo 'open").stdin(large), fails()));
        traps.add(trap(
                "a shell as program reads its script", Command.of("sh").stdin("echo x; exit 5"), exits(5, "x\n", "")));
    }

    private static void longScripts(List<Trap> traps) {
        for (int size : new int[] {4_080, 4_095, 4_096, 4_097, 65_536, 100_000, 1_000_000}) {
            String end = "\nprintf '%s' \"$#\"";
            String line = ": '" + "x".repeat(size - end.length() - 4) + "'" + end;
            traps.add(trap("a script of " + size, line, prints("0")));
            String lines = ("# filler 'filler\n".repeat(size / 17) + "echo end; exit 5");
            traps.add(trap("a script of many lines, " + size, lines, exits(5, "end\n", "")));
            if (size <= 100_000) {
                traps.add(trap("a script of many lines, own, " + size, ": $$\n" + lines, exits(5, "end\n", "")));
            }
        }
        traps.add(trap(
                "a long script with long input",
                Command.script("cat; # " + "x".repeat(100_000)).stdin("in".repeat(50_000)),
                prints("in".repeat(50_000))));
        traps.add(trap("a long script that is broken", "echo '" + "x".repeat(10_000), fails()));
        traps.add(trap("a long script that kills itself", "# " + "x".repeat(10_000) + "\nkill -9 $$", exits(137)));
        traps.add(trap(
                "a long argument",
                Command.script("printf '%s' \"$1\"", "x'y\n".repeat(25_000)),
                prints("x'y\n".repeat(25_000))));
    }

    private static void environment(List<Trap> traps) {
        var values = Map.ofEntries(
                Map.entry("IFS", "0123456789 x"),
                Map.entry("PS4", "$(touch pwned)"),
                Map.entry("ENV", "./environment"),
                Map.entry("CDPATH", "/"),
                Map.entry("LC_ALL", "C.UTF-8"),
                Map.entry("POSIXLY_CORRECT", "1"),
                Map.entry("PATH", "/nonexistent"),
                Map.entry("HOME", ""),
                Map.entry("PS1", "$ "),
                Map.entry("MAIL", "x"),
                Map.entry("TMOUT", "1"),
                Map.entry("OLDPWD", "/nowhere"),
                Map.entry("LANG", "xx"),
                Map.entry("TERM", ""),
                Map.entry("leak_e", "a'b\n\"c\"$x`y`\\"),
                Map.entry("BASH_ENV", "./missing"),
                Map.entry("OPTIND", "3"));
        values.forEach((name, value) -> {
            for (String first : List.of("", ": $$; ")) {
                traps.add(trap(
                        "variable " + name + (first.isEmpty() ? "" : " in a shell of its own"),
                        Command.script(first + "printf '%s' \"$" + name + "\"").env(name, value),
                        // The shell that is started may set some by itself.
                        List.of("OPTIND", "OLDPWD", "IFS", "PS1", "PS4").contains(name)
                                ? matches(".*", ".*")
                                : prints(value)));
            }
        });
        traps.add(trap(
                "BASH_ENV that prints",
                Command.script(": $$; echo x").env("BASH_ENV", "./environment"),
                matches("(sourced\n)?x\n", "")));
        traps.add(trap("IFS of digits", Command.script("set -- 1 2; exit 12").env("IFS", "0123456789"), exits(12)));
        for (String name :
                List.of("PPID", "UID", "EUID", "SHELLOPTS", "BASHOPTS", "LINENO", "RANDOM", "OPTIND", "PWD", "_")) {
            traps.add(trap(
                    "special variable " + name,
                    Command.script("echo ran").env(name, "abc"),
                    anyOf(didNotStart(), matches("ran\n", ".*"))));
        }
        traps.add(trap("readonly in the environment's way", "readonly leak_e=1", exits(0)));
        traps.add(new Trap(
                "cwd of any name",
                session -> prints(session.folder.resolve("-a b\n c") + "\n")
                        .check(session.run(Command.script("pwd").cwd("-a b\n c")))));
        traps.add(new Trap(
                "cwd of any name, own",
                session -> prints(session.folder.resolve("-a b\n c") + "\n")
                        .check(session.run(Command.script(": $$; pwd").cwd("-a b\n c")))));
        traps.add(trap("cwd and CDPATH", Command.script("pwd").cwd("/usr").env("CDPATH", "/"), prints("/usr\n")));
        traps.add(trap("cwd that is missing", Command.script("touch pwned").cwd("missing"), didNotStart()));
        traps.add(trap("cwd that is a file", Command.script("touch pwned").cwd("plain"), didNotStart()));
        traps.add(trap(
                "cwd that is missing, with stdin",
                Command.script("touch pwned").cwd("missing").stdin(bytes(100_000)),
                didNotStart()));
        traps.add(trap("mkdir gone; cd gone; rmdir ../gone; echo x", prints("x\n")));
        traps.add(trap("mkdir gone; cd gone; rmdir ../gone; : $$; exit 5", matches("", ".*")));
        traps.add(trap("mkdir gone; (cd gone; rm -r ../gone; exec sh -c 'exit 5')", matches("", ".*")));
    }

    private static void looksAtItself(List<Trap> traps) {
        for (String look : List.of(
                "env",
                "set",
                "export -p",
                "readonly -p",
                "printenv",
                "alias",
                "times",
                "jobs",
                "echo \"$0\"",
                "echo $-",
                "declare -p",
                "declare -f weft_go",
                "typeset",
                "ps -o args= -p $$,$PPID --ppid $$,$PPID",
                "cat /proc/self/environ",
                "cat /proc/$$/environ /proc/$$/cmdline",
                "cat /proc/$PPID/cmdline",
                "set; : $$",
                "export -p; : $$",
                "echo $LINENO",
                "echo \"$_\"",
                "ulimit -a",
                "type weft_end",
                "hash",
                "command -v weft_go",
                "history",
                "set -o",
                "set +o",
                "echo \"$*\"",
                "fc -l",
                "local x")) {
            traps.add(trap("looks at itself: " + look, look, matches(".*", ".*")));
        }
        traps.add(trap("echo \"[$!]\"", prints("[]\n")));
        traps.add(trap("echo \"$# [$*] [$1] [$2] [$3]\"", prints("0 [] [] [] []\n")));
        traps.add(trap("set | grep -c weft_nonce= ", exits(1, "0\n", "")));
        traps.add(trap("getopts ab x -a; getopts ab x -b; echo $x", matches("(a|b|\\?)\n", ".*")));
    }

    private static void programs(List<Trap> traps) {
        traps.add(trap("a program that isn't there", Command.of("no-such-program"), complains(127, "")));
        traps.add(trap("a directory", Command.of("/"), complains(126, "")));
        traps.add(trap("a file that can't be executed", Command.of("./plain"), complains(126, "")));
        traps.add(trap("a keyword", Command.of("if"), complains(127, "")));
        traps.add(trap("a brace", Command.of("}"), complains(127, "")));
        traps.add(trap("an assignment", Command.of("leak_p=1"), complains(127, "")));
        traps.add(trap("a redirection", Command.of(">pwned"), complains(127, "")));
        traps.add(trap("a pattern", Command.of("*"), complains(127, "")));
        traps.add(trap("an option", Command.of("--"), complains(127, "")));
        traps.add(trap("a newline", Command.of("a\ntouch pwned"), complains(127, "")));
        traps.add(trap("the builtin [", Command.of("[", "a", "=", "a", "]"), exits(0)));
        traps.add(trap("the builtin [ that fails", Command.of("[", "-n", "", "]"), exits(1)));
        traps.add(trap("the builtin [ that isn't closed", Command.of("[", "a"), complains(2, "")));
        traps.add(trap("the builtin test", Command.of("test", "-e", "missing"), exits(1)));
        traps.add(trap("the builtin test of a number", Command.of("test", "x", "-eq", "1"), complains(2, "")));
        traps.add(trap(
                "the builtin echo", Command.of("echo", "$(touch pwned)", "`id`"), prints("$(touch pwned) `id`\n")));
        traps.add(trap("the builtin true", Command.of("true", "'", "\n"), exits(0)));
        traps.add(trap("the builtin false", Command.of("false"), exits(1)));
        traps.add(trap("the builtin exec", Command.of("exec", "sh", "-c", "exit 4"), exits(4)));
        traps.add(trap("the builtin trap", Command.of("trap", "echo bye", "EXIT"), prints("bye\n")));
        traps.add(trap("the builtin return", Command.of("return", "3"), exits(3)));
        traps.add(trap("the builtin set", Command.of("set", "-efu"), exits(0)));
        traps.add(trap("the builtin cd", Command.of("cd", "/"), exits(0)));
        traps.add(trap("the builtin eval", Command.of("eval", "exit", "5"), exits(5)));
        traps.add(trap("the builtin unset", Command.of("unset", "-f", "weft_end", "weft_go"), matches("", ".*")));
        traps.add(trap("the builtin umask", Command.of("umask", "000"), exits(0)));
        traps.add(trap("the builtin exit", Command.of("exit", "9"), exits(9)));
        byte[] all = new byte[255];
        for (int i = 0; i < 255; i++) {
            all[i] = (byte) (i + 1);
        }
        traps.add(trap(
                "every byte in an argument",
                Command.script("printf '%s' \"$1\"").arg(all),
                prints(all)));
        traps.add(trap(
                "every byte in an argument, own",
                Command.script(": $$; printf '%s' \"$1\"").arg(all),
                prints(all)));
        traps.add(trap(
                "every byte for a program", Command.of("/usr/bin/printf", "%s").arg(all), prints(all)));
        traps.add(trap("every byte for echo", Command.of("echo").arg(all), matches(".*", "")));
        traps.add(trap(
                "many arguments",
                Command.script(
                        "echo $#",
                        IntStream.range(0, 3_000).mapToObj(Integer::toString).toArray(String[]::new)),
                prints("3000\n")));
    }

    private static void background(List<Trap> traps) {
        traps.add(trap("wait; echo $?", prints("0\n")));
        traps.add(trap("true & wait $!; echo $?", prints("0\n")));
        traps.add(trap("(exit 9) & wait $!; echo $?", prints("9\n")));
        traps.add(trap("wait 1; echo $?", matches("127\n", ".*")));
        traps.add(trap("i=0; while [ $i -lt 30 ]; do true & i=$((i+1)); done; wait; echo x", prints("x\n")));
        traps.add(trap("fg", matches("", ".*")));
        traps.add(new Trap("a child that keeps the output", session -> session.leavesATalker("%s &")));
        traps.add(new Trap("a grandchild that keeps the output", session -> session.leavesATalker("( %s & );")));
        traps.add(new Trap(
                "a child of its own session that keeps the output",
                session -> session.leavesATalker(Shells.inASessionOfItsOwn() + " %s &")));
        traps.add(new Trap(
                "a child with redirected output",
                session -> session.leavesASurvivor("%s >/dev/null 2>&1 </dev/null &")));
        traps.add(new Trap("nohup", session -> session.leavesASurvivor("nohup %s >/dev/null 2>&1 </dev/null &")));
        traps.add(new Trap(
                "a child of its own session",
                session -> session.leavesASurvivor(Shells.inASessionOfItsOwn() + " %s >/dev/null 2>&1 </dev/null &")));
    }

    /** It waits until the next command runs, writes then, and says so: none of it may be in any later result. */
    private void leavesATalker(String how) throws Exception {
        Fifo go = fifo("go");
        Fifo done = fifo("done");
        String talker = "sh -c 'trap \"\" PIPE; read x <" + go + "; echo late; echo late >&2; echo done >" + done + "'";

        CommandResult started = run(Command.script(how.formatted(talker) + " echo started"));
        CommandResult next = run(Command.script("echo go >" + go + "; cat " + done + "; echo next"));

        prints("started\n").check(started);
        assertThat(next.outcome()).isEqualTo(new Outcome.Completed(0));
        assertThat(next.stdoutText()).isEqualTo("done\nnext\n");
        assertThat(next.stderrText()).isEmpty();
    }

    /** It lives on when a later command is ended by force. */
    private void leavesASurvivor(String how) throws Exception {
        Fifo go = fifo("go");
        Fifo done = fifo("done");
        String child = "sh -c 'read x <" + go + "; echo alive >" + done + "'";

        CommandResult started = run(Command.script(how.formatted(child) + " echo started"));
        CommandResult ended = run(Command.script("sleep 300").timeout(SHORT));
        CommandResult after = run(Command.script("echo go >" + go + "; cat " + done));

        prints("started\n").check(started);
        isEndedByItsTimeout().check(ended);
        prints("alive\n").check(after);
    }

    private int fifos;

    private Fifo fifo(String name) throws Exception {
        return Fifo.in(folder, name + ++fifos);
    }

    /** No text, and no two bytes that follow each other twice in a row. */
    private static byte[] bytes(int size) {
        var out = new ByteArrayOutputStream();
        for (int i = 0; out.size() < size; i++) {
            out.write(i * 7 + (i >> 8));
        }
        return out.toByteArray();
    }

    // ---- running

    private static final Pattern LIKE_A_NONCE = Pattern.compile("[0-9a-f]{32}");

    /** What a command finds. */
    private static final Command STATE = Command.script("""
            pwd; umask; echo "$-"; trap; printf '%s' "$IFS" | od -An -c
            echo $#; ulimit -n; ulimit -f; ulimit -t; alias; set | grep leak; env | grep -v '^_=' | sort
            type printf read exit eval cd test [ unset command echo true set trap return export exec kill
            # Not 5, which is open on purpose in sessions on machines where many processes come and go.
            for fd in 3 4 6 7 8 9; do if (: >&$fd) 2>/dev/null; then echo $fd is open; fi; done
            cat; echo probe""");

    private void spring(Trap trap) throws Exception {
        trap.body.run(this);

        CommandResult builtin = run(Command.of("echo", "probe"));
        prints("probe\n").check(builtin);
        CommandResult state = run(STATE);
        prints(untouched).check(state);
        assertThat(untouched).endsWith("\nprobe\n").doesNotContain("is open", "leak", "function", "trap --");
        assertThat(folder.resolve("pwned")).doesNotExist();
    }

    /** Bounded twice: by the command's timeout, and, should that fail, by the wait. */
    private CommandResult run(Command command) throws Exception {
        Command bounded = command.timeout().isPresent() ? command : command.timeout(Duration.ofSeconds(30));
        var result = new CompletableFuture<CommandResult>();
        Thread.ofVirtual().start(() -> {
            try {
                result.complete(connection.execute(bounded));
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        CommandResult ended = Waiting.await(result, "the end of " + command);
        String all = Stream.of(ended.stdoutText(), ended.stderrText())
                .collect(Collectors.joining("\n"))
                .replace("deadbeef", "");
        assertThat(LIKE_A_NONCE.matcher(all).find()).as(all).isFalse();
        return ended;
    }
}
