package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.event.RunEvent;
import dev.weftwork.inventory.Host;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is estimated of the time left, and when nothing is. */
class ConsoleTallyTest {

    private static final long SECOND = 1_000_000_000;

    private final AtomicLong clock = new AtomicLong(100);
    private final ConsolePainter painter = new ConsolePainter(
            new PrintStream(OutputStream.nullOutputStream()),
            false,
            false,
            new ConsoleTerminal.Size(80, 24),
            java.util.Optional::empty,
            clock::get,
            true,
            Duration.ZERO);
    private final ConsoleRun run = new ConsoleRun(painter, clock::get);

    private ConsoleTally begin(int hosts, int steps) {
        run.on(new RunEvent.RunStarted(
                "web tier",
                RunMode.RUN,
                IntStream.range(0, hosts).mapToObj(ConsoleTallyTest::host).toList(),
                IntStream.range(0, steps).mapToObj(i -> "step " + i).toList()));
        return new ConsoleTally(run);
    }

    private static Host host(int i) {
        return Host.named("h" + i);
    }

    private void begins(int host, int step) {
        run.on(new RunEvent.StepStarted(host(host), "step " + step));
    }

    private void ends(int host, int step, long seconds) {
        run.on(new RunEvent.StepFinished(
                host(host), StepResult.of("step " + step, StepStatus.UNCHANGED, Duration.ofSeconds(seconds))));
    }

    private void look(ConsoleTally tally) {
        tally.look(clock.get(), 10);
    }

    /** Ten hosts, two at a time, in lockstep: a step takes each of them four seconds. */
    @Test
    void theEstimateIsExactWhereWhatComesIsAsWhatWas() {
        ConsoleTally tally = begin(10, 2);
        IntStream.range(0, 10).forEach(host -> run.on(new RunEvent.HostConnected(host(host))));
        for (int step = 0; step < 2; step++) {
            for (int pair = 0; pair < 10; pair += 2) {
                begins(pair, step);
                begins(pair + 1, step);
                look(tally);
                int over = step * 10 + pair;
                if (over < 6) {
                    assertThat(tally.runLeft()).as("after %d", over).isEmpty();
                } else {
                    assertThat(tally.runLeft()).hasValue((20L - over) / 2 * 4 * SECOND);
                }
                if (pair < 6) {
                    assertThat(tally.stepLeft()).isEmpty();
                } else {
                    assertThat(tally.stepLeft()).hasValue((10L - pair) / 2 * 4 * SECOND);
                }
                assertThat(tally.stepsOver()).isEqualTo(over);
                clock.addAndGet(4 * SECOND);
                ends(pair, step, 4);
                ends(pair + 1, step, 4);
            }
        }
        look(tally);
        assertThat(tally.runLeft()).isEmpty();
        assertThat(tally.stepsOver()).isEqualTo(20);
    }

    @Test
    void withoutALimitTheRestOfAStepCountsWhatIsMissingOfIt() {
        ConsoleTally tally = begin(10, 1);
        IntStream.range(0, 10).forEach(host -> begins(host, 0));
        look(tally);
        clock.addAndGet(6 * SECOND);
        IntStream.range(0, 5).forEach(host -> ends(host, 0, 6));
        look(tally);

        // As many again in as many seconds.
        assertThat(tally.stepLeft()).hasValue(6 * SECOND);
        // Those that are under way are as old as others became.
        assertThat(tally.runLeft()).isEmpty();
    }

    /** It comes once, and not again with every step. */
    @Test
    void whatConnectingTakesIsNotExpectedAgain() {
        ConsoleTally tally = begin(30, 10);
        IntStream.range(0, 30).forEach(host -> run.on(new RunEvent.HostStarted(host(host))));
        look(tally);
        clock.addAndGet(20 * SECOND);
        IntStream.range(0, 30).forEach(host -> run.on(new RunEvent.HostConnected(host(host))));
        look(tally);
        for (int step = 0; step < 5; step++) {
            int its = step;
            IntStream.range(0, 30).forEach(host -> begins(host, its));
            clock.addAndGet(SECOND / 10);
            look(tally);
            clock.addAndGet(SECOND * 9 / 10);
            IntStream.range(0, 30).forEach(host -> ends(host, its, 1));
        }
        look(tally);

        assertThat(tally.runLeft()).hasValue(5 * SECOND);
    }

    @Test
    void aStepOfHoursCountsAsLongAsItTook() {
        ConsoleTally tally = begin(2, 1);
        ends(0, 0, 6 * 3600);
        ends(1, 0, 9 * 3600);
        look(tally);

        assertThat(tally.slowest()).extracting(ConsoleTally.Slow::nanos).last().isEqualTo(6 * 3600 * SECOND);
        // Of longer ones no more is kept.
        assertThat(tally.slowest().get(0).nanos()).isBetween(7 * 3600 * SECOND, 8 * 3600 * SECOND);
        assertThat(tally.count(0, StepStatus.UNCHANGED)).isEqualTo(2);
    }

    @Test
    void ofHalfTheStepsTooLittleIsKnown() {
        ConsoleTally tally = begin(10, 5);
        for (int step = 0; step < 3; step++) {
            int its = step;
            IntStream.range(0, 10).forEach(host -> begins(host, its));
            look(tally);
            assertThat(tally.runLeft()).isEmpty();
            clock.addAndGet(3 * SECOND);
            IntStream.range(0, 10).forEach(host -> ends(host, its, 3));
        }
        look(tally);

        assertThat(tally.runLeft()).hasValue(2 * 3 * SECOND);
    }

    @Test
    void ofHostsAtWorkTheLongestComeFirst() {
        ConsoleTally tally = begin(50, 1);
        for (int host : new int[] {30, 10, 20, 40, 11}) {
            begins(host, 0);
            clock.addAndGet(SECOND);
        }
        tally.look(clock.get(), 3);

        assertThat(tally.longest()).extracting(ConsoleRun.Row::name).containsExactly("h30", "h10", "h20");
        assertThat(tally.atWork()).isEqualTo(5);
        assertThat(tally.waiting()).isEqualTo(45);

        ends(10, 0, 4);
        tally.look(clock.get(), 10);

        assertThat(tally.longest()).extracting(ConsoleRun.Row::name).containsExactly("h30", "h20", "h40", "h11");
        assertThat(tally.slowest())
                .containsExactly(new ConsoleTally.Slow(run.rows().get(10), 0, 4 * SECOND));
        assertThat(List.of(tally.count(0, StepStatus.UNCHANGED), tally.endedBy(0), tally.through(0)))
                .containsOnly(1);
    }

    /** As of a listener that was added in the middle. */
    @Test
    void eventsOfUnknownHostsAreNoHarm() {
        ends(1, 0, 1);
        ConsoleTally tally = begin(1, 1);
        begins(7, 0);
        begins(0, 0);
        ends(0, 0, 1);
        ends(0, 1, 1);
        look(tally);

        assertThat(tally.stepsOver()).isEqualTo(1);
    }
}
