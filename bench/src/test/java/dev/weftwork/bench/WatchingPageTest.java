package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weftwork.command.Outcome;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Retry;
import dev.weftwork.deploy.Step;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.RunOptions;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.listener.JfrEvents;
import dev.weftwork.listener.JsonLines;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.InMemoryConnector.Answer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import jdk.jfr.Recording;
import jdk.jfr.ValueDescriptor;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tables of docs/watching.md name every event and field that there is, and no other. */
class WatchingPageTest {

    private static final Path PAGE = Path.of("../docs/watching.md");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-zA-Z.-]+)` \\|(.*)\\|$");
    private static final Pattern CODE = Pattern.compile("`([a-zA-Z]+)`");

    /** Words in the cells of fields that are values. */
    private static final Set<String> VALUES = Set.of("run", "plan", "verify");

    private static Map<String, Set<String>> rows(String startOfName) throws Exception {
        var rows = new TreeMap<String, Set<String>>();
        ROW.matcher(Files.readString(PAGE))
                .results()
                .filter(row -> row.group(1).startsWith(startOfName))
                .forEach(row -> {
                    var fields = new TreeSet<String>();
                    CODE.matcher(row.group(2))
                            .results()
                            .map(code -> code.group(1))
                            .forEach(fields::add);
                    rows.put(row.group(1), fields);
                });
        return rows;
    }

    private static void collect(JsonNode node, Set<String> names) {
        node.fieldNames().forEachRemaining(name -> {
            // The statuses of hosts are keys too, and are on another page.
            if (!name.equals("hosts") || node.path(name).isArray()) {
                collect(node.path(name), names);
            }
            names.add(name);
        });
        if (node.isArray()) {
            node.forEach(element -> collect(element, names));
        }
    }

    /** Runs in which everything happens that there is a field for. */
    private static void run(RunOptions options) {
        var outcomes = List.<Outcome>of(
                new Outcome.Completed(1),
                new Outcome.TimedOut(Duration.ofSeconds(1), true),
                new Outcome.ConnectionLost("gone"));
        var connector = InMemoryConnector.answering((host, command) -> {
            int number = Integer.parseInt(host.name().substring(1));
            return (number < outcomes.size() ? Answer.of(outcomes.get(number)) : Answer.ok())
                    .stdout("out")
                    .stderr("err");
        });
        Inventory inventory = Inventory.of(List.of(
                Host.named("h0"),
                Host.named("h1"),
                Host.named("h2"),
                Host.named("h3").inGroups("web")));
        var change = new Change("a change", dev.weftwork.command.Command.of("true")).withDiff("-a\n+b\n");
        Deploy deploy = Deploy.named("d")
                .step(Step.of("one", Shell.run("true")).retry(Retry.attempts(2).backoff(Duration.ofMillis(1))))
                .step("two", new WithDiff(change));
        try (Engine engine = Engine.of(connector)) {
            engine.run(inventory, deploy, options.failFast());
            engine.plan(inventory, deploy, options);
        }
    }

    private record WithDiff(Change change) implements dev.weftwork.operation.Operation {
        @Override
        public String summary() {
            return "with diff";
        }

        @Override
        public List<Change> plan(dev.weftwork.fact.HostFacts facts) {
            return List.of(change);
        }
    }

    @Test
    void theLinesOfJsonHaveTheFieldsOfTheTable() throws Exception {
        var out = new ByteArrayOutputStream();
        run(RunOptions.standard().listener(JsonLines.to(out)));

        var written = new TreeMap<String, Set<String>>();
        var json = new ObjectMapper();
        for (String line : out.toString(StandardCharsets.UTF_8).lines().toList()) {
            JsonNode node = json.readTree(line);
            collect(node, written.computeIfAbsent(node.path("event").asText(), event -> new TreeSet<>()));
        }
        written.values().forEach(fields -> fields.removeAll(Set.of("event", "run", "at", "host")));

        var table = new HashMap<>(rows(""));
        table.keySet().removeIf(name -> !name.contains("-"));
        table.values().forEach(fields -> fields.removeAll(VALUES));
        assertThat(written).isEqualTo(table);
    }

    @Test
    void theEventsOfTheFlightRecorderHaveTheFieldsOfTheTable(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("run.jfr");
        try (var recording = new Recording(JfrEvents.configuration())) {
            recording.start();
            run(RunOptions.standard().listener(JfrEvents.create()));
            recording.stop();
            recording.dump(file);
        }

        var recorded = new TreeMap<String, Set<String>>();
        for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
            String name = event.getEventType().getName();
            if (name.startsWith("dev.weftwork.")) {
                var fields = new LinkedHashSet<String>();
                event.getFields().stream().map(ValueDescriptor::getName).forEach(fields::add);
                fields.removeAll(Set.of("startTime", "duration", "eventThread", "stackTrace"));
                recorded.put(name, fields);
            }
        }

        assertThat(recorded).isEqualTo(rows("dev.weftwork."));
    }
}
