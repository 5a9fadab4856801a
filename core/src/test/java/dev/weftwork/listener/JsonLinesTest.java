package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weftwork.command.Command;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Secret;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.RunOptions;
import dev.weftwork.event.RunEvent;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.RunReport;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.InMemoryConnector.Answer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonLinesTest {

    private static final ObjectMapper JACKSON = new ObjectMapper();

    private static List<JsonNode> parse(String text) {
        assertThat(text).endsWith("\n");
        return text.lines()
                .map(line -> {
                    try {
                        return JACKSON.readTree(line);
                    } catch (IOException e) {
                        throw new AssertionError(line, e);
                    }
                })
                .toList();
    }

    private static List<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    private static JsonNode only(List<JsonNode> lines, String event, String host) {
        return lines.stream()
                .filter(line -> line.path("event").asText().equals(event)
                        && line.path("host").asText().equals(host))
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    @Test
    void everyEventIsALineInTheOrderOfItsHost() {
        var out = new ByteArrayOutputStream();

        SampleRuns.run(JsonLines.to(out).clock(() -> Instant.parse("2026-11-24T03:04:05.678901Z")), 20);

        List<JsonNode> lines = parse(out.toString(StandardCharsets.UTF_8));
        assertThat(lines)
                .extracting(line -> line.path("run").asText())
                .containsOnly(lines.get(0).path("run").asText());
        assertThat(lines).extracting(line -> line.path("at").asText()).containsOnly("2026-11-24T03:04:05.678901Z");
        assertThat(lines.get(0).path("event").asText()).isEqualTo("run-started");
        assertThat(lines.get(0).path("form").asInt()).isEqualTo(1);
        assertThat(texts(lines.get(0).path("steps"))).containsExactly("one", "secret", "fails");
        assertThat(lines.get(0).path("hosts")).hasSize(20);
        assertThat(lines.get(lines.size() - 1).path("event").asText()).isEqualTo("run-finished");
        assertThat(lines.get(lines.size() - 1).path("hosts").path("succeeded").asInt())
                .isEqualTo(19);
        for (int i = 2; i <= 20; i++) {
            String host = "web%02d".formatted(i);
            assertThat(lines.stream()
                            .filter(line -> line.path("host").asText().equals(host))
                            .map(line -> line.path("event").asText()))
                    .containsExactly(
                            "host-started",
                            "host-connected",
                            "step-started",
                            "command-started",
                            "command-finished",
                            "step-finished",
                            "step-started",
                            "command-started",
                            "command-finished",
                            "step-finished",
                            "step-started",
                            "command-started",
                            "command-finished",
                            "step-finished",
                            "host-finished");
        }
    }

    @Test
    void saysWhatFailedAndHow() {
        var out = new ByteArrayOutputStream();

        SampleRuns.run(JsonLines.to(out), 2);

        List<JsonNode> lines = parse(out.toString(StandardCharsets.UTF_8));
        JsonNode command = only(lines, "command-finished", "web01");
        assertThat(command.path("outcome").asText()).isEqualTo("completed");
        assertThat(command.path("exitCode").asInt()).isEqualTo(3);
        assertThat(command.path("succeeded").asBoolean()).isFalse();
        assertThat(command.path("stderr").asText()).isEqualTo("disk\u001b[2J full\nWARN forged line\n");
        JsonNode step = only(lines, "step-finished", "web01");
        assertThat(step.path("status").asText()).isEqualTo("failed");
        assertThat(step.path("attempts").asInt()).isEqualTo(2);
        assertThat(step.path("changes")).hasSize(2);
        assertThat(step.path("failure").asText()).contains("`fails` exited 3");
        assertThat(only(lines, "step-retried", "web01").path("attempt").asInt()).isEqualTo(1);
        assertThat(only(lines, "host-finished", "web01").path("status").asText())
                .isEqualTo("failed");
    }

    @Test
    void writesNeitherSecretsNorDataOfHosts() {
        var out = new ByteArrayOutputStream();

        SampleRuns.run(JsonLines.to(out), 2);

        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("token=******")
                .doesNotContain(SampleRuns.SECRET)
                .doesNotContain("in-data");
    }

    @Test
    void everyOutcomeHasItsOwnForm() {
        var outcomes = Map.of(
                "lost", new Outcome.ConnectionLost("the wire broke"),
                "not-started", new Outcome.NotStarted("no shell"),
                "timed-out", new Outcome.TimedOut(Duration.ofSeconds(2), true),
                "cancelled", new Outcome.Cancelled(false));
        var found = new HashMap<String, String>();
        outcomes.forEach((name, outcome) -> {
            var out = new ByteArrayOutputStream();
            try (Engine engine = Engine.of(InMemoryConnector.answering((host, command) -> Answer.of(outcome)))) {
                engine.run(
                        SampleRuns.hosts(1),
                        Deploy.named("d").step("one", Shell.run("true")),
                        RunOptions.standard().listener(JsonLines.to(out)));
            }
            JsonNode line = only(parse(out.toString(StandardCharsets.UTF_8)), "command-finished", "web01");
            found.put(
                    name,
                    line.path("outcome").asText() + " " + line.path("reason").asText() + " "
                            + line.path("limitMillis").asText() + " "
                            + line.path("deathConfirmed").asText());
        });

        assertThat(found)
                .isEqualTo(Map.of(
                        "lost", "connection-lost the wire broke  ",
                        "not-started", "not-started no shell  ",
                        "timed-out", "timed-out  2000 true",
                        "cancelled", "cancelled   false"));
    }

    @Test
    void aFileIsAppendedToByOneRunAfterTheOther(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("logs/runs.jsonl");
        JsonLines listener = JsonLines.to(file);

        SampleRuns.run(listener, 2);
        SampleRuns.run(listener, 2);

        List<JsonNode> lines = parse(Files.readString(file));
        assertThat(lines)
                .filteredOn(line -> line.path("event").asText().equals("run-finished"))
                .hasSize(2);
        assertThat(lines.stream().map(line -> line.path("run").asText()).distinct())
                .hasSize(2);
    }

    @Test
    void outputIsCutWhereToldAndLeftOutWhereUnwanted() {
        var some = new ByteArrayOutputStream();
        var none = new ByteArrayOutputStream();

        SampleRuns.run(JsonLines.to(some).outputLimit(10), 1);
        SampleRuns.run(JsonLines.to(none).outputLimit(0), 1);

        assertThat(only(parse(some.toString(StandardCharsets.UTF_8)), "command-finished", "web01")
                        .path("stderr")
                        .asText())
                .isEqualTo("disk\u001b\n[... left out, of 31 bytes ...]\nline\n");
        JsonNode silent = only(parse(none.toString(StandardCharsets.UTF_8)), "command-finished", "web01");
        assertThat(silent.has("stderr")).isFalse();
        assertThat(silent.path("stderrBytes").asInt()).isEqualTo(31);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JsonLines.to(some).outputLimit(-1))
                .withMessage("outputLimit must be 0 or >= 2, was -1");
    }

    @Test
    void diffsAreCutAndLeftOutInTheSameWay() {
        String diff = "+first\n" + "+line\n".repeat(10_000) + "+" + SampleRuns.SECRET + "\n";
        Change change =
                new Change("content", Command.of("write").secretArg(Secret.of(SampleRuns.SECRET))).withDiff(diff);
        Operation operation = new Operation() {
            @Override
            public String summary() {
                return "write";
            }

            @Override
            public List<Change> plan(HostFacts facts) {
                return List.of(change);
            }
        };
        var usual = new ByteArrayOutputStream();
        var some = new ByteArrayOutputStream();
        var none = new ByteArrayOutputStream();
        try (Engine engine = Engine.of(InMemoryConnector.succeeding())) {
            engine.run(
                    SampleRuns.hosts(1),
                    Deploy.named("d").step(operation),
                    RunOptions.standard()
                            .listener(JsonLines.to(usual))
                            .listener(JsonLines.to(some).outputLimit(20))
                            .listener(JsonLines.to(none).outputLimit(0)));
        }

        assertThat(diffIn(usual))
                .hasSizeBetween(4096, 4160)
                .startsWith("+first\n")
                .endsWith("+******\n");
        assertThat(diffIn(some)).isEqualTo("+first\n+li\n[... 59995 characters left out ...]\ne\n+******\n");
        assertThat(none.toString(StandardCharsets.UTF_8))
                .doesNotContain("\"diff\"")
                .contains("\"content\"");
    }

    private static String diffIn(ByteArrayOutputStream out) {
        return only(parse(out.toString(StandardCharsets.UTF_8)), "step-finished", "web01")
                .path("changes")
                .path(0)
                .path("diff")
                .asText();
    }

    /** Threads of a cancelled run are interrupted, and some ways to write close a file then. */
    @Test
    void aCancelledRunIsWrittenToItsEnd(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("runs.jsonl");
        var underWay = new CountDownLatch(30);
        var connector = InMemoryConnector.answering((host, command) -> {
            underWay.countDown();
            new CountDownLatch(1).await();
            return Answer.ok();
        });
        try (Engine engine = Engine.of(connector);
                var run = engine.start(
                        SampleRuns.hosts(30),
                        Deploy.named("d").step("one", Shell.run("true")),
                        RunOptions.standard().listener(JsonLines.to(file)))) {
            dev.weftwork.testing.Waiting.await(underWay, "all hosts are in their command");
            run.cancel();
            assertThat(run.join().cancelled()).isTrue();
        }

        List<JsonNode> lines = parse(Files.readString(file));
        assertThat(lines)
                .filteredOn(line -> line.path("event").asText().equals("host-finished"))
                .hasSize(30);
        assertThat(lines.get(lines.size() - 1)
                        .path("earlyEnd")
                        .path("cancelled")
                        .asBoolean())
                .isTrue();
    }

    @Test
    void aRunGoesOnWhenNothingCanBeWritten(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");

        RunReport report = SampleRuns.run(JsonLines.to(file.resolve("below-a-file.jsonl")), 3);

        assertThat(report.hosts()).hasSize(3);
        assertThat(report.host("web02").status()).isEqualTo(dev.weftwork.report.HostStatus.SUCCEEDED);
    }

    @Test
    void linesOfRunsAtTheSameTimeAreWhole() throws Exception {
        var out = new ByteArrayOutputStream();
        JsonLines listener = JsonLines.to(out);
        try (Engine engine = Engine.of(SampleRuns.connector())) {
            var runs = new ArrayList<dev.weftwork.engine.RunHandle>();
            for (int i = 0; i < 5; i++) {
                runs.add(engine.start(
                        SampleRuns.hosts(50),
                        SampleRuns.deploy(),
                        RunOptions.standard().listener(listener)));
            }
            for (var run : runs) {
                run.join();
                run.close();
            }
        }

        Map<String, List<JsonNode>> byRun = new HashMap<>();
        parse(out.toString(StandardCharsets.UTF_8))
                .forEach(line -> byRun.computeIfAbsent(line.path("run").asText(), run -> new ArrayList<>())
                        .add(line));
        assertThat(byRun).hasSize(5);
        byRun.values()
                .forEach(lines -> assertThat(lines)
                        .filteredOn(line -> line.path("event").asText().equals("step-finished"))
                        .hasSize(150));
    }

    /** However slow it is: only when all hosts are through does it take its first line. */
    @Test
    void noHostWaitsForTheStream() {
        var through = new CountDownLatch(50);
        var slow = new ByteArrayOutputStream() {
            @Override
            public void write(byte[] bytes) throws IOException {
                try {
                    dev.weftwork.testing.Waiting.await(through, "all hosts are through");
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                super.write(bytes);
            }
        };
        RunReport report;
        try (Engine engine = Engine.of(InMemoryConnector.succeeding())) {
            report = engine.run(
                    SampleRuns.hosts(50),
                    Deploy.named("d").step("one", Shell.run("true")),
                    RunOptions.standard().listener(JsonLines.to(slow)).listener(event -> {
                        if (event instanceof RunEvent.StepFinished) {
                            through.countDown();
                        }
                    }));
        }

        assertThat(report.succeeded()).isTrue();
        assertThat(parse(slow.toString(StandardCharsets.UTF_8))).hasSize(2 + 50 * 7);
    }

    /** As a full disk leaves a file, or a program that was killed. */
    @Test
    void behindHalfALineOfAFileARunBeginsOnALineOfItsOwn(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("runs.jsonl"), "{\"event\":\"run-fini");

        SampleRuns.run(JsonLines.to(file), 1);
        SampleRuns.run(JsonLines.to(file), 1);

        List<String> lines = Files.readAllLines(file);
        assertThat(lines.get(0)).isEqualTo("{\"event\":\"run-fini");
        List<JsonNode> whole = parse(String.join("\n", lines.subList(1, lines.size())) + "\n");
        assertThat(whole.get(0).path("event").asText()).isEqualTo("run-started");
        assertThat(whole)
                .filteredOn(line -> line.path("event").asText().equals("run-started"))
                .hasSize(2);
    }

    @Test
    void writesNothingBelowItsStreamOnceThatFails() {
        var failing = new OutputStream() {
            private int calls;

            @Override
            public void write(int b) throws IOException {
                throw new IOException("full");
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                calls++;
                throw new IOException("full");
            }
        };

        RunReport report = SampleRuns.run(JsonLines.to(failing), 3);

        assertThat(report.hosts()).hasSize(3);
        assertThat(failing.calls).isEqualTo(1);
    }
}
