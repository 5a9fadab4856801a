package dev.weftwork.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.inventory.Host;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class RunReportTest {

    private static HostResult failed(String host, HostStatus status, String message) {
        return result(host, status, new Failure(message, Optional.empty(), Optional.empty()));
    }

    private static HostResult result(String host, HostStatus status, Failure failure) {
        return new HostResult(Host.named(host), status, List.of(), Optional.of(failure), Duration.ZERO);
    }

    private static HostResult succeeded(String host) {
        return new HostResult(Host.named(host), HostStatus.SUCCEEDED, List.of(), Optional.empty(), Duration.ZERO);
    }

    private static List<HostResult> each(int hosts, Function<String, HostResult> result) {
        return IntStream.rangeClosed(1, hosts)
                .mapToObj("web%03d"::formatted)
                .map(result)
                .toList();
    }

    private static RunReport report(List<HostResult> hosts) {
        return new RunReport("d", RunMode.RUN, hosts, Optional.empty(), Optional.empty(), Duration.ZERO);
    }

    private static String describe(HostResult... hosts) {
        return report(List.of(hosts)).describe();
    }

    @Nested
    class Describe {

        @Test
        void threeHostsWithTheSameFailureShareIt() {
            assertThat(describe(
                            failed("a", HostStatus.FAILED, "a: step 's': `x` exited 1: full"),
                            succeeded("b"),
                            failed("c", HostStatus.FAILED, "c: step 's': `x` exited 1: full"),
                            failed("d", HostStatus.FAILED, "d: step 's': `x` exited 1: full")))
                    .isEqualTo("""
                            run of 'd': 1 of 4 hosts succeeded
                              FAILED 3 hosts: step 's': `x` exited 1: full
                                hosts: a, c, d""");
        }

        @Test
        void twoHostsKeepALineEach() {
            assertThat(describe(
                            failed("a", HostStatus.FAILED, "a: step 's': `x` exited 1"),
                            failed("b", HostStatus.UNREACHABLE, "b: no route"),
                            failed("c", HostStatus.FAILED, "c: step 's': `x` exited 1")))
                    .isEqualTo("""
                            run of 'd': 0 of 3 hosts succeeded
                              FAILED a: step 's': `x` exited 1
                              UNREACHABLE b: no route
                              FAILED c: step 's': `x` exited 1""");
        }

        @Test
        void ofTwoHundredHostsEachIsNamedOnceAndNoLineIsLong() {
            var hosts = new ArrayList<>(each(
                    200,
                    host -> failed(
                            host,
                            HostStatus.FAILED,
                            host + ": step 's': `x " + host + "` exited 1: /tmp/" + host + "/y")));
            hosts.set(149, failed("web150", HostStatus.UNREACHABLE, "web150: no route"));

            List<String> lines = report(hosts).describe().lines().toList();

            assertThat(lines.subList(0, 3))
                    .containsExactly(
                            "run of 'd': 0 of 200 hosts succeeded",
                            "  FAILED 199 hosts: step 's': `x <host>` exited 1: /tmp/<host>/y",
                            "    hosts: web001, web002, web003, web004, web005, web006, web007, web008, web009, web010,"
                                    + " web011, web012,");
            assertThat(lines).last().isEqualTo("  UNREACHABLE web150: no route");
            assertThat(lines).hasSize(20);
            assertThat(lines).allMatch(line -> line.length() <= 112);
            String text = String.join("\n", lines);
            hosts.forEach(host -> assertThat(text.split("\\b" + host.host() + "\\b", -1))
                    .as(host.host().name())
                    .hasSize(2));
        }

        @Test
        void groupsStandWhereTheirFirstHostWould() {
            var hosts = new ArrayList<HostResult>();
            hosts.add(failed("z", HostStatus.FAILED, "z: odd"));
            hosts.addAll(each(3, host -> failed(host, HostStatus.UNREACHABLE, host + ": no route")));
            hosts.add(2, failed("y", HostStatus.FAILED, "y: odd too"));

            assertThat(report(hosts).describe()).isEqualTo("""
                            run of 'd': 0 of 5 hosts succeeded
                              FAILED z: odd
                              UNREACHABLE 3 hosts: no route
                                hosts: web001, web002, web003
                              FAILED y: odd too""");
        }

        @Test
        void theSameMessageOfAnotherStatusIsAnotherGroup() {
            assertThat(describe(
                            failed("a", HostStatus.FAILED, "a: x"),
                            failed("b", HostStatus.CANCELLED, "b: x"),
                            failed("c", HostStatus.FAILED, "c: x")))
                    .doesNotContain("hosts: ");
        }

        @Test
        void whatDiffersOnlyByChanceIsTheSame() {
            var numbers = IntStream.iterate(10, i -> i + 1).iterator();

            assertThat(report(each(
                                    3,
                                    host -> failed(
                                            host,
                                            HostStatus.FAILED,
                                            host + ": the step's limit of 1 s passed: `x` was ended after "
                                                    + numbers.next() + " ms: can't create etc/.weftwork-00000000000000"
                                                    + numbers.next())))
                            .describe())
                    .contains("FAILED 3 hosts: the step's limit of 1 s passed: `x` was ended after <time>: can't create"
                            + " etc/.weftwork-<random>\n    hosts: web001, ");
        }

        @Test
        void aTimeoutIsSaidAsItIs() {
            assertThat(report(each(
                                    3,
                                    host -> failed(
                                            host,
                                            HostStatus.FAILED,
                                            host + ": `x` was ended after its timeout of 7 ms")))
                            .describe())
                    .contains("FAILED 3 hosts: `x` was ended after its timeout of 7 ms");
        }

        @Test
        void aNameWithinAWordIsNoName() {
            assertThat(describe(
                            failed("a", HostStatus.FAILED, "a: a shell can't be opened"),
                            failed("b", HostStatus.FAILED, "b: a shell can't be opened"),
                            failed("c", HostStatus.FAILED, "c: a shell can't be opened"),
                            failed("d", HostStatus.FAILED, "d: a shell can't be opened")))
                    .isEqualTo("""
                            run of 'd': 0 of 4 hosts succeeded
                              FAILED a: a shell can't be opened
                              FAILED 3 hosts: a shell can't be opened
                                hosts: b, c, d""");
        }

        @Test
        void furtherLinesOfASharedMessageAreIndented() {
            assertThat(report(each(3, host -> failed(host, HostStatus.FAILED, host + ": `x` exited 1: one\ntwo")))
                            .describe())
                    .endsWith("""
                            hosts succeeded
                              FAILED 3 hosts: `x` exited 1: one
                                two
                                hosts: web001, web002, web003""");
        }

        @Test
        void hostsThatWereStoppedComeLastAndAllAreNamed() {
            var hosts = new ArrayList<>(each(30, host -> failed(host, HostStatus.STOPPED, host + ": stopped")));
            hosts.add(failed("z", HostStatus.FAILED, "z: odd"));

            assertThat(report(hosts).describe())
                    .startsWith("run of 'd': 0 of 31 hosts succeeded\n  FAILED z: odd\n  STOPPED web001, web002, ")
                    .endsWith(", web030");
        }

        @Test
        void hostsThatSayNothingAreCounted() {
            assertThat(report(each(
                                    3,
                                    host -> new HostResult(
                                            Host.named(host),
                                            HostStatus.CANCELLED,
                                            List.of(),
                                            Optional.empty(),
                                            Duration.ZERO)))
                            .describe())
                    .endsWith("\n  CANCELLED 3 hosts\n    hosts: web001, web002, web003");
        }
    }

    @Test
    void aFailureHasNothingThatATerminalObeys() {
        var result = new CommandResult(
                "a",
                Command.of("x"),
                new Outcome.ConnectionLost("\033[2J\u009b31mred"),
                Output.empty(),
                Output.of("\033]0;title\007".getBytes(StandardCharsets.UTF_8)),
                Duration.ZERO);

        assertThat(Stream.of(
                        Failure.of(result).message(),
                        result.describe(),
                        result.toString(),
                        new Failure("a\tb\nc\033[2J\u202e\u009b", Optional.empty(), Optional.empty()).message()))
                .allMatch(text -> text.chars().noneMatch(c -> c != '\n' && c != '\t' && Character.isISOControl(c)))
                .last()
                .isEqualTo("a\tb\nc\ufffd[2J\ufffd\ufffd");
    }

    @Test
    void anUnknownHostIsToldWhichThereAre() {
        RunReport report = report(each(12, RunReportTest::succeeded));

        assertThatThrownBy(() -> report.host("web1"))
                .hasMessage(
                        "host 'web1' was not part of the run; it had web001, web002, web003, web004, web005, web006,"
                                + " web007, web008, web009, web010 and 2 more");
    }

    @Test
    void aPrintedExceptionHasALineForEachFurtherHost() {
        List<HostResult> hosts = each(
                100,
                host -> result(
                        host,
                        HostStatus.FAILED,
                        Failure.of(new CommandResult(
                                host,
                                Command.of("x"),
                                new Outcome.Completed(1),
                                Output.empty(),
                                Output.empty(),
                                Duration.ZERO))));
        var report = new RunReport(
                "d", RunMode.RUN, hosts, Optional.empty(), hosts.get(0).failure(), Duration.ZERO);
        var printed = new StringWriter();

        try {
            report.throwIfFailed();
        } catch (RunFailedException e) {
            assertThat(e.getSuppressed()).hasSize(99);
            e.printStackTrace(new PrintWriter(printed, true));
        }

        assertThat(Arrays.stream(printed.toString().split("\n", -1))
                        .filter(line -> line.startsWith("\tSuppressed: "))
                        .count())
                .isEqualTo(99);
        assertThat(printed.toString().lines().filter(line -> line.startsWith("\t\tat ")))
                .isEmpty();
    }
}
