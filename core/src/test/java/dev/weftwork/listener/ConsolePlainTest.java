package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.StepStatus;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What is written where there is no terminal. */
class ConsolePlainTest {

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final ConsoleProgress console = ConsoleProgress.builder(
                    new PrintStream(written, false, StandardCharsets.UTF_8))
            .colours(true)
            .clock(clock::get)
            .byHand()
            .build();

    private String news() {
        console.paint();
        return endNews();
    }

    private String endNews() {
        String text = written.toString(StandardCharsets.UTF_8);
        written.reset();
        return text;
    }

    private void pass(double seconds) {
        ConsoleScenario.pass(clock, seconds);
    }

    @Test
    void aRunIsItsStepsItsFailuresAndASummary() {
        var run = new ConsoleScenario(console, clock, "web tier", RunMode.RUN, 3, "packages", "config", "start");

        assertThat(news()).isEqualTo("run of 'web tier' begins: 3 steps on 3 hosts\n");
        assertThat(news()).isEmpty();

        run.connect(1, 3);
        pass(9);
        assertThat(news()).isEmpty();
        pass(1);
        assertThat(news())
                .isEqualTo("  10 s: 3 hosts: 0 ok, 3 at work; connecting to 3 hosts;"
                        + " longest: web001 10 s in connecting\n");
        assertThat(news()).isEmpty();

        run.connected(1, 2);
        run.leave(3, HostStatus.UNREACHABLE, "web003: no route to it");
        run.step(1, 2);
        pass(0.5);
        run.stepEnds(1, 1, StepStatus.CHANGED);
        assertThat(news()).isEqualTo("  UNREACHABLE web003: no route to it\n");

        run.stepEnds(2, 2, StepStatus.UNCHANGED);
        assertThat(news()).isEqualTo("  step 1 of 3 is over: packages: 1 changed, 1 unchanged, 1 not run, 10 s\n");

        run.step(1, 2);
        run.command(2, Command.of("true"));
        pass(10);
        assertThat(news())
                .isEqualTo("  20 s: 3 hosts: 0 ok, 1 unreachable, 2 at work;"
                        + " step 2 of 3: config, 0 of 2 hosts through; longest: web001 10 s in config\n");

        run.stepFails(2, "web002: step 'config': `true` exited 1:\n\u001b[31mno");
        run.stepEnds(1, 1, StepStatus.FAILURE_IGNORED);
        run.step(1, 1);
        run.stepEnds(1, 1, StepStatus.CHANGED);
        run.end();

        assertThat(endNews()).isEqualTo("""
                  FAILED web002: step 'config': `true` exited 1:
                    \ufffd[31mno
                  step 2 of 3 is over: config: 1 failed, 1 failure ignored, 1 not run, 20 s
                  step 3 of 3 is over: start: 1 changed, 2 not run, 20 s
                run of 'web tier': 1 of 3 hosts succeeded, failures ignored: 1, 20 s
                  step      changed  unchanged  failed  failure ignored  not run  slowest
                  packages        1          1       0                0        1  500 ms web001
                  config          0          0       1                1        1  10 s web001
                  start           1          0       0                0        2
                  slowest hosts: web001 10 s, web002 10 s
                  FAILED web002: step 'config': `true` exited 1:
                    \ufffd[31mno
                  UNREACHABLE web003: no route to it
                """);
        assertThat(news()).isEmpty();
    }

    @Test
    void aPlanSaysWhatIsToChange() {
        var run = new ConsoleScenario(console, clock, "web tier", RunMode.PLAN, 1, "packages", "config");
        run.connect(1, 1);
        run.connected(1, 1);
        run.step(1, 1);
        run.stepEnds(1, 1, StepStatus.WOULD_CHANGE);
        run.step(1, 1);
        run.stepEnds(1, 1, StepStatus.UNKNOWN);
        run.end();

        assertThat(endNews()).isEqualTo("""
                plan of 'web tier' begins: 2 steps on 1 host
                  step 1 of 2 is over: packages: 1 to change, 0 s
                  step 2 of 2 is over: config: 1 unknown, 0 s
                plan of 'web tier': 1 of 1 hosts succeeded, changes to make: 0, steps that can't be known: 1, 0 ms
                  step      unchanged  failed  not run  to change  unknown  slowest
                  packages          0       0        0          1        0
                  config            0       0        0          0        1
                """);
    }

    @Test
    void linesOfRunsThatAreUnderWayAtOnceSayWhose() {
        var first = new ConsoleScenario(console, clock, "web tier", RunMode.RUN, 1, "packages");
        assertThat(news()).isEqualTo("run of 'web tier' begins: 1 step on 1 host\n");

        var second = new ConsoleScenario(console, clock, "web tier", RunMode.RUN, 1, "packages");
        assertThat(news()).isEqualTo("[web tier #2] run of 'web tier' begins: 1 step on 1 host\n");
        first.leave(1, HostStatus.UNREACHABLE, "web001: no");
        assertThat(news()).isEqualTo("[web tier]   UNREACHABLE web001: no\n");
        first.end();
        endNews();
        pass(10);

        assertThat(news()).isEqualTo("[web tier #2]   10 s: 1 host: 0 ok, 1 waiting\n");

        second.end();
        assertThat(endNews()).startsWith("web tier #2: run of 'web tier': 0 of 1 hosts succeeded, 10 s\n");
    }

    @Test
    void onlySoManyFailuresAreInTheSummary() {
        var run = new ConsoleScenario(console, clock, "web tier", RunMode.RUN, 100, "packages");
        for (int host = 1; host <= 100; host++) {
            String why = host > 96 ? "no route to it" : "answered " + host;
            run.leave(host, HostStatus.UNREACHABLE, ConsoleScenario.name(host) + ": " + why);
        }
        run.end();

        assertThat(endNews().lines())
                .hasSize(1 + 51 + 3 + 41)
                .endsWith("  UNREACHABLE web040: answered 40", "  ... and 60 hosts more");
    }

    @Test
    void hostsOfOneFailureAreNamedInAsManyColumnsAsThereAre() {
        var run = new ConsoleScenario(console, clock, "web tier", RunMode.RUN, 30, "packages");
        for (int host = 1; host <= 30; host++) {
            run.leave(host, HostStatus.UNREACHABLE, ConsoleScenario.name(host) + ": no route to it");
        }
        run.end();

        assertThat(endNews().lines())
                .hasSize(1 + 30 + 3 + 2)
                .anyMatch(line -> line.equals("  UNREACHABLE 30 hosts: no route to it"))
                .anyMatch(line -> line.matches("    hosts: (web0\\d\\d, ){29}web030"));
    }

    /** A listener that isn't an engine's may hand on events without asking for one of each run. */
    @Test
    void eventsOfOneRunAfterTheOtherAreShownToo() {
        var console = ConsoleProgress.builder(new PrintStream(written, false, StandardCharsets.UTF_8))
                .byHand()
                .build();
        for (int pass = 1; pass <= 2; pass++) {
            console.on(new dev.weftwork.event.RunEvent.RunStarted(
                    "pass " + pass,
                    RunMode.RUN,
                    java.util.List.of(dev.weftwork.inventory.Host.named("a")),
                    java.util.List.of("one")));
            console.paint();
            console.on(new dev.weftwork.event.RunEvent.HostStarted(dev.weftwork.inventory.Host.named("a")));
        }

        assertThat(endNews()).contains("run of 'pass 1' begins: 1 step on 1 host\n", "run of 'pass 2' begins");
    }
}
