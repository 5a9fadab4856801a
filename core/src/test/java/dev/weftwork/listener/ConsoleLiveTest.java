package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.command.Secret;
import dev.weftwork.listener.ConsoleTerminal.Size;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.StepStatus;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is on the screen of a terminal while runs are under way, and after them. */
class ConsoleLiveTest {

    private static final Command INSTALL = Command.of("apt-get", "-y", "install", "nginx");

    private final AtomicLong clock = new AtomicLong(-5);
    private int rows = 24;
    private ConsoleEmulator terminal = new ConsoleEmulator(80, rows, false);
    private ConsoleProgress console = on(80, 24, StandardCharsets.UTF_8, true);

    private ConsoleProgress on(int columns, int rowsOfIt, Charset charset, boolean colours) {
        rows = rowsOfIt;
        terminal = new ConsoleEmulator(columns, rowsOfIt, false);
        console = ConsoleProgress.builder(terminal.stream(charset))
                .live(true)
                .colours(colours)
                .size(columns, rowsOfIt)
                .clock(clock::get)
                .byHand()
                .build();
        return console;
    }

    private ConsoleScenario run(int hosts, String... steps) {
        return new ConsoleScenario(console, clock, "web tier", RunMode.RUN, hosts, steps);
    }

    private void pass(double seconds) {
        ConsoleScenario.pass(clock, seconds);
    }

    private void assertScreen(String expected) {
        console.paint();
        assertIsTidy();
        assertThat(String.join("\n", terminal.screen())).isEqualTo(expected.stripTrailing());
    }

    private void assertIsTidy() {
        assertThat(terminal.cursorColumn()).isZero();
        assertThat(terminal.cursorRow()).isEqualTo(Math.min(terminal.screen().size(), rows - 1));
        assertThat(terminal.wraps()).isTrue();
        assertThat(terminal.hasWrapped()).isFalse();
        assertThat(terminal.wasInLastColumn()).isFalse();
    }

    @Test
    void hostsAreShownWithWhatTheyDoAndAtTheEndThereIsASummary() {
        ConsoleScenario run = run(3, "packages", "config");
        run.connect(1, 3);
        pass(1);
        run.connected(1, 2);

        assertScreen("""
                web tier: run, 1 s
                [                                        ] 0%, 0 of 6 steps
                3 hosts: 0 ok, 1 at work, 2 waiting
                connecting to 1 host
                  web003    1 s  connecting
                """);

        run.connected(3, 3);
        run.step(2, 2);
        pass(0.5);
        run.step(1, 1);
        run.step(3, 3);
        run.command(2, INSTALL);
        run.commandOn(3, "db01", Command.of("true"));
        pass(1.5);

        assertScreen("""
                web tier: run, 3 s
                [                                        ] 0%, 0 of 6 steps
                3 hosts: 0 ok, 3 at work
                step 1 of 2: packages, 0 of 3 hosts through
                  web002    2 s  packages  apt-get -y install nginx
                  web001    1 s  packages
                  web003    1 s  packages
                """);

        pass(62);
        run.stepEnds(1, 1, StepStatus.CHANGED);

        assertScreen("""
                web tier: run, 1:05
                [=====>                                  ] 16%, 1 of 6 steps
                3 hosts: 0 ok, 2 at work, 1 waiting
                step 1 of 2: packages, 1 of 3 hosts through
                slowest so far: web001 1:03 in packages
                  web002   1:04  packages  apt-get -y install nginx
                  web003   1:03  packages  on db01: true
                """);

        run.commandEnds(2, INSTALL);
        run.retry(2, 1, "no");
        run.stepFails(3, "web003: step 'packages': `apt-get -y install nginx` exited 100: E: no package\nE: nginx?");
        pass(0.1);

        assertScreen("""
                  FAILED web003: step 'packages': `apt-get -y install nginx` exited 100: E: no
                    package
                    E: nginx?
                web tier: run, 1:05, about 1:10 left
                [============>                           ] 33%, 2 of 6 steps
                3 hosts: 0 ok, 1 at work, 2 waiting
                step 1 of 2: packages, 2 of 3 hosts through
                slowest so far: web001 1:03 in packages, web003 1:03 in packages
                  web002   1:04  packages (attempt 2)
                """);

        run.leave(3, HostStatus.FAILED, "web003: step 'packages': `apt-get -y install nginx` exited 100");
        run.stepEnds(2, 2, StepStatus.CHANGED);
        run.step(1, 2);
        pass(0.25);
        run.stepEnds(1, 1, StepStatus.UNCHANGED);
        run.stepEnds(2, 2, StepStatus.CHANGED);
        run.end();

        assertIsTidy();
        assertScreen("""
                  FAILED web003: step 'packages': `apt-get -y install nginx` exited 100: E: no
                    package
                    E: nginx?
                run of 'web tier': 2 of 3 hosts succeeded, 1:05
                  step      changed  unchanged  failed  not run  slowest
                  packages        2          0       1        0  1:04 web002
                  config          1          1       0        1  250 ms web001
                  slowest hosts: web002 1:04, web001 1:03, web003 1:03
                  FAILED web003: step 'packages': `apt-get -y install nginx` exited 100
                """);
    }

    /** Of 500 hosts in lockstep 120 may be at work at once. */
    @Test
    void ofManyHostsThoseThatAreLongestAtWorkAreShown() {
        fiveHundred();

        assertScreen("""
                web tier: run, 1:05, about 45 s left
                [=======================>                ] 60%, 1202 of 2000 steps
                500 hosts: 0 ok, 2 unreachable, 120 at work, 378 waiting
                step 3 of 4: install, 198 of 498 hosts through, about 30 s left
                slowest so far: web120 12 s in install, web121 12 s in install, web122 12 s in…
                  web006   20 s  install
                  web011   20 s  install  apt-get -y install nginx
                  web201   11 s  install
                  web202   11 s  install
                  web203   11 s  install
                  web204   11 s  install
                  web205   11 s  install
                  web206   11 s  install
                  web207   11 s  install
                  web208   11 s  install
                  web209   10 s  install
                  web210   10 s  install
                  web211   10 s  install
                  web212   10 s  install
                  web213   10 s  install
                  web214   10 s  install
                  web215   10 s  install
                  ... and 103 more hosts at work
                """);

        assertThat(terminal.everything())
                .startsWith("  UNREACHABLE web499: no route to it", "  UNREACHABLE web500: no route to it")
                .hasSize(2 + 23);
    }

    private void fiveHundred() {
        ConsoleScenario run = run(500, "packages", "config", "install", "start");
        run.connect(1, 500);
        run.connected(1, 498);
        run.leave(499, HostStatus.UNREACHABLE, "web499: no route to it");
        run.leave(500, HostStatus.UNREACHABLE, "web500: no route to it");
        for (int step = 0; step < 2; step++) {
            for (int first = 1; first <= 498; first += 120) {
                int last = Math.min(498, first + 119);
                run.step(first, last);
                console.paint();
                pass(step == 0 && first == 1 ? 9 : 4);
                run.stepEnds(first, last, StepStatus.CHANGED);
            }
        }
        run.step(1, 120);
        run.command(11, INSTALL);
        console.paint();
        int next = 121;
        for (int host = 1; host <= 200; host++) {
            pass(0.1);
            if (host != 6 && host != 11) {
                run.stepEnds(host, host, StepStatus.CHANGED);
                run.step(next, next);
                next++;
            }
        }
    }

    @Test
    void inANarrowTerminalLinesAreCut() {
        on(20, 10, StandardCharsets.UTF_8, false);
        ConsoleScenario run = run(3, "packages", "config");
        run.connect(1, 3);
        run.connected(1, 3);
        run.step(1, 3);
        run.command(1, INSTALL);
        pass(3);

        assertScreen("""
                web tier: run, 3 s
                [              ] 0%
                3 hosts: 0 ok, 3 a…
                step 1 of 2: packa…
                  web001    3 s  p…
                  web002    3 s  p…
                  web003    3 s  p…
                """);

        run.stepFails(2, "web002: step 'packages': no");
        run.stepEnds(1, 1, StepStatus.CHANGED);
        run.stepEnds(3, 3, StepStatus.CHANGED);
        run.end();

        assertIsTidy();
        assertThat(String.join("\n", terminal.everything())).isEqualTo("""
                  FAILED web002:
                    step 'packages'
                    : no
                run of 'web tier':
                    0 of 3 hosts
                    succeeded, 3.0
                    s
                  step      change…
                  packages        …
                  config          …
                  slowest hosts: w…
                  FAILED web002:
                    step 'packages'
                    : no
                  CANCELLED web001
                  CANCELLED web003""");
        assertThat(terminal.styles()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void inALowTerminalTheMostImportantLinesAreShown(int height) {
        on(60, height, StandardCharsets.UTF_8, false);
        ConsoleScenario run = run(3, "packages");
        run.connect(1, 3);
        run.connected(1, 3);
        run.step(1, 3);

        console.paint();

        assertIsTidy();
        assertThat(terminal.screen())
                .isEqualTo(List.of(
                                "web tier: run, 0 s",
                                "[                                        ] 0%, 0 of 3 steps",
                                "3 hosts: 0 ok, 3 at work",
                                "step 1 of 1: packages, 0 of 3 hosts through")
                        .subList(0, height - 1));

        run.end();

        assertThat(terminal.cursorColumn()).isZero();
        assertThat(terminal.everything()).startsWith("run of 'web tier': 0 of 3 hosts succeeded, 0 ms");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTerminalThatBecomesSmallerIsNotFilledWithCopies(boolean breaksAnew) {
        var size = new AtomicReference<>(Optional.of(new Size(80, 24)));
        var asked = new AtomicInteger();
        terminal = new ConsoleEmulator(80, 24, breaksAnew);
        console = ConsoleProgress.builder(terminal.stream(StandardCharsets.UTF_8))
                .live(true)
                .clock(clock::get)
                .sizes(new Size(80, 24), () -> {
                    asked.incrementAndGet();
                    return size.get();
                })
                .byHand()
                .build();
        ConsoleScenario run = run(40, "a step whose name is rather long");
        run.leave(40, HostStatus.UNREACHABLE, "web040: no route to it");
        run.connect(1, 39);
        run.connected(1, 39);
        run.step(1, 39);
        run.command(1, INSTALL);
        pass(3);
        console.paint();
        assertThat(asked).hasValue(1);

        // Not known at once.
        terminal.resize(30, 10);
        size.set(Optional.of(new Size(30, 10)));
        for (int frame = 0; frame < 20; frame++) {
            pass(0.099);
            console.paint();
            assertThat(terminal.screen()).hasSizeLessThanOrEqualTo(10);
        }
        assertThat(asked).hasValue(1);
        int leftAbove = terminal.everything().size() - terminal.screen().size();
        pass(0.1);
        console.paint();
        pass(0.1);
        console.paint();

        assertThat(asked).hasValue(2);
        assertThat(terminal.screen())
                .startsWith("web tier: run, 5 s", "[         ] 2%, 1 of 40 steps")
                .endsWith("  ... and 35 more hosts at w…")
                .hasSize(9);
        assertThat(terminal.everything().size() - terminal.screen().size()).isEqualTo(leftAbove);
        assertThat(terminal.everything()).contains("  UNREACHABLE web040: no route to it");

        run.end();

        assertThat(terminal.everything()).contains("run of 'web tier': 0 of 40", "    hosts succeeded, 5.2 s");
        assertThat(terminal.cursorColumn()).isZero();
    }

    @Test
    void aTerminalThatBecomesLargerIsUsed() {
        var size = new AtomicReference<>(Optional.of(new Size(40, 6)));
        terminal = new ConsoleEmulator(40, 6, false);
        console = ConsoleProgress.builder(terminal.stream(StandardCharsets.UTF_8))
                .live(true)
                .clock(clock::get)
                .sizes(new Size(80, 24), size::get)
                .byHand()
                .build();
        ConsoleScenario run = run(10, "packages");
        run.connect(1, 10);
        console.paint();
        assertThat(terminal.screen()).hasSize(5).endsWith("  ... and 10 more hosts at work");

        terminal.resize(80, 24);
        size.set(Optional.of(new Size(80, 24)));
        pass(2);
        console.paint();

        assertThat(terminal.screen()).hasSize(14).endsWith("  web010    2 s  connecting");
        // Nobody knows its size any more.
        size.set(Optional.empty());
        pass(2);
        console.paint();
        assertThat(terminal.screen()).hasSize(14).endsWith("  web010    4 s  connecting");
    }

    /** On a busy computer an answer may come too late. */
    @Test
    void onlyAfterFiveMissedAnswersNobodyIsAskedForTheSizeAnyMore() {
        var asked = new AtomicInteger();
        var size = new AtomicReference<Optional<Size>>(Optional.empty());
        terminal = new ConsoleEmulator(80, 24, false);
        console = ConsoleProgress.builder(terminal.stream(StandardCharsets.UTF_8))
                .live(true)
                .clock(clock::get)
                .sizes(new Size(80, 24), () -> {
                    asked.incrementAndGet();
                    return size.get();
                })
                .byHand()
                .build();
        run(10, "packages").connect(1, 10);
        paintTwoSecondsLater(4);
        size.set(Optional.of(new Size(80, 10)));
        paintTwoSecondsLater(1);
        assertThat(terminal.screen()).hasSize(9);

        // An answer makes up for those that were missed.
        size.set(Optional.empty());
        paintTwoSecondsLater(4);
        size.set(Optional.of(new Size(80, 12)));
        paintTwoSecondsLater(1);
        assertThat(terminal.screen()).hasSize(11);
        size.set(Optional.empty());
        paintTwoSecondsLater(20);

        assertThat(asked).hasValue(4 + 1 + 4 + 1 + 5);
    }

    private void paintTwoSecondsLater(int times) {
        for (int time = 0; time < times; time++) {
            pass(2);
            console.paint();
        }
    }

    @Test
    void nothingThatAMachineOrAUserWritesMovesTheCursor() {
        console = on(60, 24, StandardCharsets.UTF_8, false);
        ConsoleScenario run = new ConsoleScenario(
                console,
                clock,
                "\u001b[2Jtier\r",
                RunMode.PLAN,
                1,
                "a\u009b1mb\tc\u202ed\u2066e\u200bf",
                "\u001b]0;title\u0007");
        run.connect(1, 1);
        run.connected(1, 1);
        run.step(1, 1);
        run.command(1, Command.script("printf '\u001b[31m'\necho \u202e"));
        pass(2);

        assertScreen("""
                �[2Jtier�: plan, 2 s
                [                                        ] 0%, 0 of 2 steps
                1 host: 0 ok, 1 at work
                step 1 of 2: a�1mb cdef, 0 of 1 host through
                  web001    2 s  a�1mb cdef  printf '�[31m'\\necho �
                """);

        run.stepFails(1, "web001: \u001b[0m\r\u0000\nx\u0085y\u2028z\ud800");
        run.end();

        assertIsTidy();
        assertThat(terminal.screen())
                .startsWith("  FAILED web001: �[0m��", "    x�y�z�")
                .endsWith("  FAILED web001: �[0m��", "    x�y�z�");
    }

    @Test
    void secretsAreStars() {
        ConsoleScenario run = run(1, "login");
        run.connect(1, 1);
        run.connected(1, 1);
        run.step(1, 1);
        run.command(1, Command.of("login").secretArg(Secret.of("hunter2")));
        pass(2);
        console.paint();

        assertThat(String.join("\n", terminal.screen()))
                .contains("  login  login ")
                .doesNotContain("hunter2");
    }

    @Test
    void wideCharactersAndMarksAreCountedAsTheTerminalDoes() {
        console = on(40, 24, StandardCharsets.UTF_8, false);
        ConsoleScenario run = run(2, "漢字漢字漢字漢字", "café");
        run.connect(1, 2);
        run.connected(1, 2);
        run.step(1, 2);
        run.stepEnds(1, 1, StepStatus.CHANGED);
        run.step(1, 1);
        run.command(1, INSTALL);
        run.command(2, INSTALL);
        pass(2);

        assertScreen("""
                web tier: run, 2 s
                [===>               ] 25%, 1 of 4 steps
                2 hosts: 0 ok, 2 at work
                steps 1 to 2 of 2
                  web001    2 s  café           apt-ge…
                  web002    2 s  漢字漢字漢字…  apt-ge…
                """);
    }

    @Test
    void whatTheCharsetLacksIsReplaced() {
        console = on(30, 24, StandardCharsets.US_ASCII, false);
        ConsoleScenario run = run(1, "漢字 ✓ café  and something longer");
        run.connect(1, 1);
        run.connected(1, 1);
        run.step(1, 1);

        assertScreen("""
                web tier: run, 0 s
                [          ] 0%, 0 of 1 steps
                1 host: 0 ok, 1 at work
                step 1 of 1: ?? ? caf? ? and~
                  web001    0 s  ?? ? caf? ?~
                """);
    }

    @Test
    void twoRunsShareTheTerminal() {
        on(80, 24, StandardCharsets.UTF_8, false);
        ConsoleScenario first = run(30, "packages");
        first.connect(1, 30);
        ConsoleScenario second = run(2, "packages");
        second.connect(1, 2);
        second.connected(1, 2);
        second.step(1, 2);
        var third = new ConsoleScenario(console, clock, "databases", RunMode.VERIFY, 1, "dump");

        assertScreen("""
                web tier: run, 0 s
                [                                        ] 0%, 0 of 30 steps
                30 hosts: 0 ok, 30 at work
                connecting to 30 hosts
                  web001    0 s  connecting
                  web002    0 s  connecting
                  ... and 28 more hosts at work
                web tier #2: run, 0 s
                [                                        ] 0%, 0 of 2 steps
                2 hosts: 0 ok, 2 at work
                step 1 of 1: packages, 0 of 2 hosts through
                  web001    0 s  packages
                  web002    0 s  packages
                databases: verification, 0 s
                [                                        ] 0%, 0 of 1 steps
                1 host: 0 ok, 1 waiting
                """);

        second.stepFails(2, "web002: no");
        second.stepEnds(1, 1, StepStatus.CHANGED);
        second.end();
        third.end();
        console.paint();

        assertIsTidy();
        assertThat(terminal.everything())
                .startsWith(
                        "  FAILED web002: no",
                        "web tier #2: run of 'web tier': 1 of 2 hosts succeeded, 0 ms",
                        "  step      changed  unchanged  failed  not run  slowest",
                        "  packages        1          0       1        0",
                        "  FAILED web002: no",
                        "verification of 'databases': 0 of 1 hosts succeeded, changes still to make: 0,",
                        "    0 ms",
                        "  step  changed  unchanged  failed  not run  slowest",
                        "  dump        0          0       0        1",
                        "  CANCELLED web001",
                        "web tier: run, 0 s",
                        "[                                        ] 0%, 0 of 30 steps")
                .endsWith("  web018    0 s  connecting", "  ... and 12 more hosts at work")
                .hasSize(10 + 23);

        first.end();
    }

    @Test
    void inALowTerminalEachOfManyRunsHasALine() {
        on(80, 6, StandardCharsets.UTF_8, false);
        var runs = new ArrayList<ConsoleScenario>();
        for (int i = 0; i < 7; i++) {
            runs.add(run(2, "packages"));
        }

        assertScreen("""
                web tier: run, 0 s
                web tier #2: run, 0 s
                web tier #3: run, 0 s
                web tier #4: run, 0 s
                web tier #5: run, 0 s
                """);

        runs.forEach(ConsoleScenario::end);
        assertThat(terminal.cursorColumn()).isZero();
        assertThat(String.join("\n", terminal.everything())).contains("web tier #7: run of 'web tier'");
    }

    @Test
    void ofVeryManyFailuresMostAreCountedOnly() {
        ConsoleScenario run = run(1000, "packages");
        for (int host = 1; host <= 999; host++) {
            run.leave(host, HostStatus.UNREACHABLE, ConsoleScenario.name(host) + ": no route to it");
        }
        console.paint();

        assertThat(terminal.everything())
                .hasSize(51 + 3)
                .contains(
                        "  UNREACHABLE web050: no route to it",
                        "  failures are counted only from here on",
                        "1000 hosts: 0 ok, 999 unreachable, 1 waiting");

        run.end();

        assertThat(terminal.screen())
                .contains("  UNREACHABLE 999 hosts: no route to it")
                .endsWith("    ... and 96 more lines", "  ... and 1 host more")
                .hasSize(23);
    }

    @Test
    void coloursAreForThoseWhoWantThem() {
        ConsoleScenario run = run(1, "packages");
        run.connect(1, 1);
        console.paint();
        run.leave(1, HostStatus.UNREACHABLE, "web001: no");
        run.end();

        // Bold, faint, red, and none of them.
        assertThat(terminal.styles()).containsExactly("", "1", "2", "31");
    }

    @Test
    void aFrameThatChangesNothingIsNotWritten() {
        var writes = new AtomicInteger();
        var out = new java.io.PrintStream(new java.io.OutputStream() {
            @Override
            public void write(int b) {
                writes.incrementAndGet();
            }
        });
        console = ConsoleProgress.builder(out)
                .live(true)
                .clock(clock::get)
                .byHand()
                .build();
        run(1, "packages");
        console.paint();
        int once = writes.get();
        console.paint();

        assertThat(once).isPositive();
        assertThat(writes).hasValue(once);
    }

    /** Whatever happens, and however large the terminal is. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void nothingIsEverWiderOrHigherThanTheTerminal(long seed) {
        var random = new Random(seed);
        int columns = 1 + random.nextInt(100);
        on(columns, 2 + random.nextInt(30), StandardCharsets.UTF_8, random.nextBoolean());
        int hosts = 1 + random.nextInt(60);
        ConsoleScenario run = run(hosts, "漢 packages", "config", "á step");
        for (int host = 1; host <= hosts; host++) {
            pass(random.nextDouble() * 20);
            console.paint();
            assertIsTidy();
            if (random.nextInt(10) == 0) {
                run.leave(host, HostStatus.UNREACHABLE, ConsoleScenario.name(host) + ": no way\nto it");
                continue;
            }
            run.connect(host, host);
            run.connected(host, host);
            for (int step = random.nextInt(4); step > 0; step--) {
                run.step(host, host);
                run.command(host, INSTALL);
                pass(random.nextDouble() * 4);
                console.paint();
                assertIsTidy();
                run.stepEnds(host, host, StepStatus.UNCHANGED);
            }
        }
        run.end();

        if (columns > 2) {
            assertIsTidy();
        }
    }
}
