package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Secret;
import dev.weftwork.command.StandardInput;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.testing.Fifo;
import dev.weftwork.testing.Processes;
import dev.weftwork.testing.Shells;
import dev.weftwork.testing.Waiting;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every shell that machines have, on real processes. */
@ParameterizedClass
@MethodSource("shells")
class ShellConnectionTest {

    static Stream<Shells.Shell> shells() {
        return Shells.all();
    }

    private final Shells.Shell shell;
    private final Path folder;

    ShellConnectionTest(Shells.Shell shell, @TempDir Path folder) {
        this.shell = shell;
        this.folder = folder;
    }

    private final PipeThreads threads = new PipeThreads();

    private final Map<String, ShellConnection> connections = new ConcurrentHashMap<>();

    @AfterEach
    void close() {
        connections.values().forEach(ShellConnection::close);
        threads.close();
    }

    /** One for all commands of a test, so that whatever one does to its session shows in the next. */
    private ShellConnection connection() {
        return connection("C");
    }

    private ShellConnection connection(String locale) {
        return connections.computeIfAbsent(
                locale, any -> open(Map.of("PATH", System.getenv("PATH"), "LC_ALL", locale)));
    }

    private ShellConnection open(Map<String, String> environment) {
        return open(new ProcessTransport("web01", shell.words(), folder, environment, threads));
    }

    private ShellConnection open(ShellTransport transport) {
        try {
            return ShellConnection.to("web01", transport, threads)
                    .shell(shell.words())
                    .open();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private CommandResult run(Command command) {
        return connection().execute(command);
    }

    private CommandResult run(Command command, String locale) {
        return connection(locale).execute(command);
    }

    private CommandResult run(String script, String... arguments) {
        return run(Command.script(script, arguments));
    }

    @Nested
    class WhatACommandDoesIsWhatIsSaid {
        @Test
        void streamsAndExitCode() {
            CommandResult result = run("echo out; echo err >&2; exit 3");

            assertThat(result.outcome()).isEqualTo(new Outcome.Completed(3));
            assertThat(result.stdoutText()).isEqualTo("out\n");
            assertThat(result.stderrText()).isEqualTo("err\n");
            assertThat(result.host()).isEqualTo("web01");
            assertThat(result.elapsed()).isPositive();
        }

        @Test
        void noNewlineIsInventedOrLost() {
            assertThat(run("printf 'a\\n\\nb'").stdoutText()).isEqualTo("a\n\nb");
            assertThat(run("printf 'a\\n\\n' >&2").stderrText()).isEqualTo("a\n\n");
            assertThat(run("true").stdout().length()).isZero();
            assertThat(run("true").stderr().length()).isZero();
        }

        @Test
        void anyByteSurvives() {
            byte[] all = new byte[256];
            for (int i = 0; i < all.length; i++) {
                all[i] = (byte) i;
            }

            CommandResult result = run(Command.of("cat").stdin(all));

            assertThat(result.stdout().bytes()).isEqualTo(all);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "exec sh -c 'exit 5'",
                    "exit 5",
                    "set -e; (exit 5); echo no",
                    "trap 'exit 5' 0; true",
                    "printf() { echo no; }; read() { echo no; }; unset PATH; exit 5",
                    "IFS=x; set -- a b; shift; exit 5",
                    "exec 3>&-; exec 1>&- 2>&-; exit 5",
                    "weft_nonce=x; weft_status=0; weft_text=y; exit 5"
                })
        void whateverItDoesToItsOwnShell(String script) {
            assertThat(run(script).outcome()).isEqualTo(new Outcome.Completed(5));
        }

        @Test
        void aSyntaxErrorIsAnExitCodeAndAMessage() {
            for (String script : List.of("echo 'unbalanced", "if true; then", "cat <<EOF\nopen")) {
                CommandResult result = run(script);

                assertThat(result.outcome()).as(script).isInstanceOf(Outcome.Completed.class);
            }
            assertThat(run("echo 'unbalanced").succeeded()).isFalse();
            assertThat(run("echo 'unbalanced").stderr().length()).isPositive();
        }

        @Test
        void deathBySignalIs128AndTheSignalAndPrintsNothing() {
            CommandResult result = run("kill -KILL $$");

            assertThat(result.outcome()).isEqualTo(new Outcome.Completed(137));
            assertThat(result.stderrText()).isEmpty();
        }

        @Test
        void killingTheParentHitsNeitherThisJvmNorIsItTakenForAnEnd() {
            CommandResult result = run("kill -KILL $PPID; echo after");

            assertThat(result.outcome()).isInstanceOf(Outcome.ConnectionLost.class);
            assertThat(result.stdoutText()).isEqualTo("after\n");
        }

        @Test
        void builtinsAndUnknownPrograms() {
            assertThat(run(Command.of("exit", "4")).outcome()).isEqualTo(new Outcome.Completed(4));
            assertThat(run(Command.of("no-such-program")).outcome()).isEqualTo(new Outcome.Completed(127));
            assertThat(run(Command.of("A=b")).outcome()).isEqualTo(new Outcome.Completed(127));
            assertThat(run(Command.of("if")).outcome()).isEqualTo(new Outcome.Completed(127));
        }
    }

    /** As the shell of a login does whose profile talks, and reads nothing. */
    @Test
    void whatIsSaidBeforeTheSessionBelongsToNoCommand() throws Exception {
        Files.writeString(
                folder.resolve("noisy"), "echo welcome; echo warning >&2; printf 'no newline'; exec \"$@\"\n");
        var words = new ArrayList<>(List.of("/bin/sh", folder.resolve("noisy").toString()));
        words.addAll(shell.words());
        var transport = new ProcessTransport("web01", words, folder, Map.of("PATH", System.getenv("PATH")), threads);

        try (ShellConnection noisy = open(transport)) {
            CommandResult result = noisy.execute(Command.script("echo out; echo err >&2"));

            assertThat(result.stdoutText()).isEqualTo("out\n");
            assertThat(result.stderrText()).isEqualTo("err\n");
        }
    }

    /** What a login shell's functions would do to the session's. */
    @Test
    void functionsOfTheEnvironmentAreNotTheSessions() {
        try (ShellConnection connection = open(Map.of(
                "PATH",
                System.getenv("PATH"),
                "BASH_FUNC_printf%%",
                "() { echo no; }",
                "BASH_FUNC_read%%",
                "() { :; }"))) {
            assertThat(connection.execute(Command.script("echo out; exit 3")).stdoutText())
                    .isEqualTo("out\n");
        }
    }

    /** bash reads that file before anything else. Secrets would be in the argument list of such a printf. */
    @Test
    void aShellWhosePrintfIsAProgramIsRefused() throws Exception {
        Path before = Files.writeString(folder.resolve("before"), "enable -n printf\n");
        var transport = new ProcessTransport(
                "web01",
                List.of("bash"),
                folder,
                Map.of("PATH", System.getenv("PATH"), "BASH_ENV", before.toString()),
                threads);

        assertThatThrownBy(() -> ShellConnection.to("web01", transport, threads).open())
                .isInstanceOf(ConnectFailedException.class)
                .hasMessageContaining("printf is a program here, and must be a builtin of the shell");
    }

    /** Standard error has a reader of its own by then, which hears first that somebody is left. */
    @Test
    void whatWasWrittenBeforeSomebodyWasLeftIsReadToItsEndHoweverSlowly() {
        CommandResult result = connection()
                .execute(
                        Command.script("echo warn >&2; sleep 0.4; head -c 60000 /dev/zero; sleep 30 & :")
                                .timeout(Duration.ofSeconds(60)),
                        (stream, bytes, offset, count) -> {
                            long begin = System.nanoTime();
                            while (System.nanoTime() - begin < 5_000_000) {
                                Thread.onSpinWait();
                            }
                        });

        assertThat(result.outcome()).isEqualTo(new Outcome.Completed(0));
        assertThat(result.stdout().length()).isEqualTo(60_000);
    }

    /** As ssh and node do, and don't undo when they are killed. */
    @ParameterizedTest
    @ValueSource(strings = {"", "exec "})
    void aModeThatACommandSetsOnTheStreamsIsNotTheNextOnes(String inThePlaceOfTheSubshell) {
        run(inThePlaceOfTheSubshell + "perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK) or die'")
                .orThrow();

        CommandResult result = run("head -c 1000000 /dev/zero");

        assertThat(result.outcome()).isEqualTo(new Outcome.Completed(0));
        assertThat(result.stdout().length()).isEqualTo(1_000_000);
    }

    @Nested
    class Options {
        @Test
        void environmentAndDirectory() throws Exception {
            Path directory = Files.createDirectories(folder.resolve("-it's a\ndir"));

            CommandResult result = run(Command.script("pwd; printf '%s' \"$A\"; export -p | grep weft_")
                    .cwd("-it's a\ndir")
                    .env("A", "x'y\nz$"));

            assertThat(result.stdoutText()).isEqualTo(directory.toRealPath() + "\nx'y\nz$");
        }

        @Test
        void aDirectoryThatCannotBeEnteredMeansThatNothingRan() {
            CommandResult result =
                    run(Command.script("echo ran > ran").cwd("missing").successCodes(0, 1, 2));

            assertThat(result.succeeded()).isFalse();
            assertThat(result.outcome())
                    .isInstanceOfSatisfying(
                            Outcome.NotStarted.class,
                            notStarted -> assertThat(notStarted.reason())
                                    .startsWith("its directory, environment or shell can't be used: ")
                                    .contains("missing"));
            assertThat(folder.resolve("ran")).doesNotExist();
        }

        @Test
        void anEnvironmentThatIsTooLargeFailsThePrograms() {
            CommandResult result = run(Command.of("/bin/ls").env("BIG", "x".repeat(3_000_000)));

            assertThat(result.outcome()).isEqualTo(new Outcome.Completed(126));
            assertThat(result.describe()).containsIgnoringCase("argument list too long");
            assertThat(run("echo next").stdoutText()).isEqualTo("next\n");
        }

        @Test
        void aVariableThatKillsTheShellIsNeverTakenForAnEnd() {
            CommandResult result =
                    run(Command.script("echo ran > ran").env("OPTIND", "abc").env("PPID", "1"));

            assertThat(result.outcome()).isNotInstanceOf(Outcome.ConnectionLost.class);
            assertThat(folder.resolve("ran").toFile().exists())
                    .isEqualTo(result.outcome() instanceof Outcome.Completed);
        }

        @Test
        void theLocaleIsThatOfTheMachine() {
            assertThat(run(Command.script("echo \"$LC_ALL\"").env("LC_ALL", "C.UTF-8"))
                            .stdoutText())
                    .isEqualTo("C.UTF-8\n");
            assertThat(run(Command.of("printenv", "LC_ALL"), "C.UTF-8").stdoutText())
                    .isEqualTo("C.UTF-8\n");
            try (var without = open(Map.of("PATH", System.getenv("PATH")))) {
                assertThat(without.execute(Command.script("echo \"${LC_ALL-unset}\""))
                                .stdoutText())
                        .isEqualTo("unset\n");
            }
        }

        @Test
        void nothingOfThisJvmsEnvironmentLeaks() {
            CommandResult result = run("env");

            assertThat(result.stdout().lines()).allMatch(line -> line.matches("(PATH|LC_ALL|PWD|SHLVL|_|OLDPWD)=.*"));
        }

        @Test
        void aSecretIsInNoArgumentListOfOurs() throws Exception {
            Fifo fifo = Fifo.in(folder, "fifo");
            var command = Command.script("cat " + fifo + "; printf '%s' \"$1$PASSWORD\"")
                    .secretArg(Secret.of("secret-argument"))
                    .secretEnv("PASSWORD", Secret.of("secret-variable"));
            var result = new CompletableFuture<CommandResult>();
            Thread.ofVirtual().start(() -> result.complete(run(command)));

            // Writing blocks until the command reads, so its processes are all there now.
            List<String> commandLines;
            try (var out = Files.newOutputStream(fifo.path())) {
                commandLines = ProcessHandle.current()
                        .descendants()
                        .map(process -> process.info().commandLine().orElse(""))
                        .toList();
                out.write('x');
            }

            assertThat(commandLines).isNotEmpty().noneMatch(line -> line.contains("secret-"));
            assertThat(Waiting.await(result, "the command's end").stdoutText())
                    .isEqualTo("xsecret-argumentsecret-variable");
        }
    }

    @Nested
    class Input {
        @Test
        void isEmptyUnlessGiven() {
            assertThat(run("cat; echo end").stdoutText()).isEqualTo("end\n");
        }

        @Test
        void arrivesExactlyFromMemoryAndFromAFile() throws Exception {
            byte[] content = new byte[3_000_000];
            new Random(2).nextBytes(content);
            Path file = Files.write(folder.resolve("content"), content);

            assertThat(run(Command.of("cat").stdin(content)).stdout().bytes()).isEqualTo(content);
            assertThat(run(Command.of("cat").stdin(new StandardInput.LocalFile(file)))
                            .stdout()
                            .bytes())
                    .isEqualTo(content);
        }

        @Test
        void thatIsNotReadHoldsNothing() {
            CommandResult result = run(Command.of("true").stdin(new byte[3_000_000]));

            assertThat(result.outcome()).isEqualTo(new Outcome.Completed(0));
        }

        @Test
        void thatCannotBeOpenedMeansThatNothingRan() {
            CommandResult result =
                    run(Command.script("echo ran > ran").stdin(new StandardInput.LocalFile(folder.resolve("missing"))));

            assertThat(result.describe()).contains("was not started: its standard input can't be opened", "missing");
            assertThat(folder.resolve("ran")).doesNotExist();
        }

        @Test
        void thatIsNoFileMeansThatNothingRan() throws Exception {
            Fifo fifo = Fifo.in(folder, "fifo");

            for (Path noFile : List.of(folder, fifo.path())) {
                assertThat(run(Command.of("cat").stdin(new StandardInput.LocalFile(noFile)))
                                .describe())
                        .endsWith("was not started: its standard input can't be opened: java.io.IOException: " + noFile
                                + " is not a file");
            }
        }

        /** A file in an archive whose packed bytes are broken half way: reading it fails after two megabytes. */
        @Test
        void thatBreaksOffIsNeverTakenForWhole() throws Exception {
            byte[] content = new byte[4_000_000];
            new Random(4).nextBytes(content);
            Path archive = folder.resolve("archive.zip");
            try (var zip = new ZipOutputStream(Files.newOutputStream(archive))) {
                zip.putNextEntry(new ZipEntry("content"));
                zip.write(content);
                zip.closeEntry();
            }
            try (var file = new RandomAccessFile(archive.toFile(), "rw")) {
                file.seek(2_000_000);
                file.write(new byte[100_000]);
            }

            CommandResult result;
            try (var zip = FileSystems.newFileSystem(archive)) {
                result = run(Command.script("cat > copied; echo complete > complete")
                        .stdin(new StandardInput.LocalFile(zip.getPath("content"))));
            }

            assertThat(result.outcome())
                    .isInstanceOfSatisfying(
                            Outcome.ConnectionLost.class,
                            lost -> assertThat(lost.reason())
                                    .startsWith("its standard input could not be read to the end: ")
                                    .endsWith("; so it was ended in the middle"));
            assertThat(folder.resolve("complete")).doesNotExist();
        }

        @Test
        void heldByADaemonThatDoesNotReadItHoldsNothing() throws Exception {
            String marker = "307." + ProcessHandle.current().pid();

            CommandResult result = run(Command.script(
                            Shells.inASessionOfItsOwn() + " sleep \"$1\" >/dev/null 2>&1 <&0 & echo done", marker)
                    .stdin(new byte[1_000_000])
                    .timeout(Duration.ofSeconds(100)));

            assertThat(result.stdoutText()).isEqualTo("done\n");
            assertThat(result.outcome()).isEqualTo(new Outcome.Completed(0));
            Processes.withArgument(marker).forEach(ProcessHandle::destroy);
        }

        @Test
        void ofALargeScriptIsUnlimited() {
            String script = ("# " + "filler ".repeat(20) + "\n").repeat(2_000) + "echo \"$#\" end";

            assertThat(run(script, "a", "b").stdoutText()).isEqualTo("2 end\n");
        }
    }

    @Nested
    class Background {
        /** Looking at each of them would take longer than the commands. */
        @Test
        void amongManyOthersIsFoundByAPipe() throws Exception {
            boolean processesAreSeen = Files.exists(Path.of("/proc/self/stat"));
            String marker = "308." + ProcessHandle.current().pid();
            String many = """
                    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
                      %s sleep "$1" >/dev/null 2>&1 </dev/null &
                    done
                    # Until all are in sessions of their own.
                    sleep 0.5""".formatted(Shells.inASessionOfItsOwn());
            String watched = "if (: <&5) 2>/dev/null; then echo watched; else echo unwatched; fi";

            try {
                assertThat(run(watched).stdoutText()).isEqualTo("unwatched\n");
                run(many, marker).orThrow();
                assertThat(run(watched).stdoutText()).isEqualTo(processesAreSeen ? "watched\n" : "unwatched\n");

                long child = Long.parseLong(
                        run("sleep \"$1\" & echo $!", marker).stdoutText().strip());
                assertThat(ProcessHandle.of(child).filter(ProcessHandle::isAlive))
                        .isPresent();
                // In a new session, since the other one is that child's now.
                assertThat(run(watched).stdoutText()).isEqualTo("unwatched\n");
            } finally {
                Processes.withArgument(marker).forEach(ProcessHandle::destroy);
            }
        }

        @Test
        void aChildThatKeepsTheStreamsOpenHoldsNothingAndLives() {
            CommandResult result = run("sleep 300 & echo $!");

            ProcessHandle child = ProcessHandle.of(
                            Long.parseLong(result.stdoutText().strip()))
                    .orElseThrow();
            assertThat(child.isAlive()).isTrue();
            child.destroy();
            assertThat(result.outcome()).isEqualTo(new Outcome.Completed(0));
        }
    }

    @Nested
    class Ending {
        @Test
        void aTimeoutEndsTheCommandAndKeepsItsOutput() {
            String marker = "300." + ProcessHandle.current().pid();

            CommandResult result =
                    run(Command.script("echo before; sleep " + marker).timeout(Duration.ofMillis(700)));

            assertThat(result.outcome()).isEqualTo(new Outcome.TimedOut(Duration.ofMillis(700), true));
            assertThat(result.stdoutText()).isIn("before\n", "");
            assertThat(Processes.withArgument(marker)).isEmpty();
        }

        @Test
        void aShortTimeoutIsKept() {
            CommandResult result = run(Command.script("sleep 300").timeout(Duration.ofNanos(1)));

            assertThat(result.outcome()).isInstanceOfAny(Outcome.TimedOut.class, Outcome.NotStarted.class);
        }

        @Test
        void anInterruptEndsTheWholeTree() throws Exception {
            CommandResult result = interruptTree("");

            assertThat(result.outcome()).isEqualTo(new Outcome.Cancelled(true));
        }

        @Test
        void processesThatIgnoreTermAreKilled() throws Exception {
            CommandResult result = interruptTree("trap '' TERM; ");

            assertThat(result.outcome()).isEqualTo(new Outcome.Cancelled(true));
        }

        /** A child, a grandchild and a pipeline, all of which must be gone when the result is there. */
        private CommandResult interruptTree(String first) throws Exception {
            Fifo fifo = Fifo.in(folder, "pids");
            var command = Command.script(first + "sleep 301 & a=$!\n"
                    + "sh -c 'sleep 302 & echo \"$1 $$ $!\" > \"$2\"; wait' sh \"$a\" '" + fifo + "' & \n"
                    + "sleep 303 | cat");
            var result = new CompletableFuture<CommandResult>();
            var interrupted = new CompletableFuture<Boolean>();
            Thread caller = Thread.ofVirtual().start(() -> {
                result.complete(run(command));
                interrupted.complete(Thread.currentThread().isInterrupted());
            });
            List<Long> pids = Stream.of(fifo.read().strip().split(" ", -1))
                    .map(Long::valueOf)
                    .toList();
            assertThat(pids).hasSize(3);

            caller.interrupt();

            CommandResult ended = Waiting.await(result, "the end of an interrupted command");
            assertThat(pids).noneMatch(Processes::running);
            assertThat(Waiting.await(interrupted, "the caller's end")).isTrue();
            return ended;
        }

        /** As on a machine that can be reached by its shells only. */
        @ParameterizedTest
        @ValueSource(strings = {"", "trap '' TERM; ", "(sleep 304 & echo orphan >/dev/null) ; "})
        void fromAShellBesideIt(String first) throws Exception {
            ShellTransport processes = new ProcessTransport(
                    "web01", shell.words(), folder, Map.of("PATH", System.getenv("PATH")), threads);
            connections.put("C", open((listener, limit) -> new ShellChannel() {
                private final ShellChannel channel = processes.open(listener, limit);

                @Override
                public void write(byte[] bytes, int offset, int count) throws IOException {
                    channel.write(bytes, offset, count);
                }

                @Override
                public void settled() {
                    channel.settled();
                }

                @Override
                public void abandon() {
                    channel.abandon();
                }

                @Override
                public void close() {
                    channel.close();
                }
            }));

            CommandResult result = interruptTree(first);

            assertThat(result.outcome()).isEqualTo(new Outcome.Cancelled(true));
            assertThat(run("echo next").stdoutText()).isEqualTo("next\n");
        }

        @Test
        void anInterruptEndsTheTreeAlsoWithoutSetsid() throws Exception {
            Fifo fifo = Fifo.in(folder, "pids");
            var withoutGroup = open(new ProcessTransport(
                    "web01", List.of(), shell.words(), false, folder, Map.of("PATH", System.getenv("PATH")), threads));
            var result = new CompletableFuture<CommandResult>();
            Thread caller = Thread.ofVirtual()
                    .start(() -> result.complete(withoutGroup.execute(
                            Command.script("sleep 301 & echo $! > '" + fifo + "'; sleep 302; echo next"))));
            long child = Long.parseLong(fifo.read().strip());

            caller.interrupt();

            CommandResult ended = Waiting.await(result, "the end of an interrupted command");
            assertThat(ended.outcome()).isEqualTo(new Outcome.Cancelled(true));
            assertThat(ended.stdoutText()).isEmpty();
            assertThat(Processes.running(child)).isFalse();
            withoutGroup.close();
        }

        /** GNU timeout, by its path as busybox has one of its own, and job control make groups of their own. */
        @Test
        void processesInGroupsOfTheirOwnAreEndedToo() throws Exception {
            Fifo fifo = Fifo.in(folder, "started");
            String marker = "308." + ProcessHandle.current().pid();
            var result = new CompletableFuture<CommandResult>();
            Thread caller = Thread.ofVirtual()
                    .start(() -> result.complete(run(Command.script(
                            "set -m; /usr/bin/timeout 300 sleep \"$1\" >/dev/null 2>&1 & (sleep \"$1\" >/dev/null 2>&1 &); "
                                    + "echo x > \"$2\"; sleep \"$1\"",
                            marker,
                            fifo.toString()))));
            fifo.read();

            caller.interrupt();

            assertThat(Waiting.await(result, "the end of an interrupted command")
                            .outcome())
                    .isEqualTo(new Outcome.Cancelled(true));
            assertThat(Processes.withArgument(marker)).isEmpty();
        }

        @Test
        void onAThreadThatIsInterruptedAlreadyNothingRuns() throws Exception {
            var result = new CompletableFuture<CommandResult>();
            run("true");

            Thread.ofVirtual().start(() -> {
                Thread.currentThread().interrupt();
                result.complete(run("echo ran > ran"));
            });

            assertThat(Waiting.await(result, "a result").describe())
                    .endsWith("was not started: the run was cancelled before it was sent");
            assertThat(folder.resolve("ran")).doesNotExist();
        }
    }

    @Nested
    class Quoting {

        private static final List<String> NASTY = List.of(
                "",
                "'",
                "\"",
                "$",
                "\n",
                "*",
                "!",
                "-",
                "-n",
                "--",
                "\\",
                "`id`",
                "$(id)",
                "${x}",
                "~",
                "a b",
                " ",
                "\t",
                "#",
                ";",
                "&",
                "|",
                "<",
                ">",
                "(",
                ")",
                "{a,b}",
                "[a]",
                "?",
                "=",
                "a=b",
                "%s",
                "\\n",
                "\r",
                "\u001e",
                "ä",
                "日本語",
                "😀",
                "'\\''",
                "'''",
                "\"'\"'\"",
                "$'\\n'",
                "!!",
                "^a^b",
                "if",
                "\\c",
                "\n\n",
                "a\n");

        @Test
        void everyNastyStringArrivesUnchanged() {
            CommandResult result =
                    run(Command.script("for a; do printf '%s\\0' \"$a\"; done", NASTY.toArray(String[]::new)));

            assertThat(result.stdoutText()).isEqualTo(String.join("\0", NASTY) + "\0");
        }

        @Test
        void asDoesEveryArgumentOfAProgram() {
            Command command = Command.of("/usr/bin/printf", "%s\\0");
            for (String nasty : NASTY) {
                command = command.arg(nasty);
            }

            assertThat(run(command).stdoutText()).isEqualTo(String.join("\0", NASTY) + "\0");
        }

        /** In a locale of several bytes to a character bash's read takes half a one and a newline for a whole. */
        @Test
        void halfACharacterBeforeANewlineArrivesUnchangedAndStandardInputIsNoScript() {
            Command command = Command.script("printf '%s' \"$1\"; cat")
                    .arg(new byte[] {(byte) 0xe4, '\n', 'x'})
                    .stdin("touch pwned; id\n");

            CommandResult result = run(command, "C.UTF-8");

            assertThat(result.outcome()).isEqualTo(new Outcome.Completed(0));
            assertThat(HexFormat.of().formatHex(result.stdout().bytes()))
                    .isEqualTo(
                            "e40a78" + HexFormat.of().formatHex("touch pwned; id\n".getBytes(StandardCharsets.UTF_8)));
            assertThat(folder.resolve("pwned")).doesNotExist();
        }

        @ParameterizedTest
        @ValueSource(strings = {"C", "C.UTF-8"})
        void randomBytesArriveUnchanged(String locale) {
            long seed = Long.getLong("weftwork.seed", System.nanoTime());
            var random = new Random(seed);
            for (int round = 0; round < 15; round++) {
                var sent = new ArrayList<String>();
                Command command = Command.script("for a; do printf '%s\\0' \"$a\"; done");
                for (int i = 0; i < 100; i++) {
                    byte[] argument = new byte[random.nextInt(40)];
                    for (int at = 0; at < argument.length; at++) {
                        argument[at] = randomByte(random);
                    }
                    command = command.arg(argument);
                    sent.add(HexFormat.of().formatHex(argument));
                }

                CommandResult result = run(command, locale);

                assertThat(arguments(result))
                        .as("-Dweftwork.seed=%d, round %d: %s", seed, round, result)
                        .isEqualTo(sent);
            }
        }

        /** Any byte but NUL, and those that mean something to a shell more often than the others. */
        private static byte randomByte(Random random) {
            String special = "'\"\\$`!*?[]{}()<>|&;#~=% \n\t-\u001e";
            return random.nextBoolean()
                    ? (byte) special.charAt(random.nextInt(special.length()))
                    : (byte) (1 + random.nextInt(255));
        }

        private static List<String> arguments(CommandResult result) {
            var arguments = new ArrayList<String>();
            byte[] bytes = result.stdout().bytes();
            for (int start = 0, i = 0; i < bytes.length; i++) {
                if (bytes[i] == 0) {
                    arguments.add(HexFormat.of().formatHex(bytes, start, i));
                    start = i + 1;
                }
            }
            return arguments;
        }

        @Test
        void quoteMakesAWordForPeopleWhoBuildTextThemselves() {
            String nasty = String.join("", NASTY);

            assertThat(run("printf '%s' " + Command.quote(nasty)).stdout().bytes())
                    .isEqualTo(nasty.getBytes(StandardCharsets.UTF_8));
        }
    }
}
