package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.event.RunListener;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JfrEventsTest {

    private final Path file;

    JfrEventsTest(@TempDir Path folder) {
        file = folder.resolve("run.jfr");
    }

    private List<RecordedEvent> record(RunListener listener, String... off) throws Exception {
        try (var recording = new Recording(JfrEvents.configuration())) {
            for (String name : off) {
                recording.disable(name);
            }
            recording.start();
            SampleRuns.run(listener, 3);
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("dev.weftwork."))
                .toList();
    }

    private static Map<String, Long> counts(List<RecordedEvent> events) {
        return events.stream()
                .collect(Collectors.groupingBy(event -> event.getEventType().getName(), Collectors.counting()));
    }

    private static RecordedEvent only(List<RecordedEvent> events, String type, String step) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals("dev.weftwork." + type)
                        && event.getString("host").equals("web01")
                        && event.getString("step").equals(step))
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    @Test
    void everyRunHostStepAndCommandIsAnEvent() throws Exception {
        List<RecordedEvent> events = record(JfrEvents.create());

        // The step that fails is tried twice on one host.
        assertThat(counts(events))
                .isEqualTo(Map.of(
                        "dev.weftwork.Run", 1L,
                        "dev.weftwork.Host", 3L,
                        "dev.weftwork.Step", 9L,
                        "dev.weftwork.Command", 10L));
        RecordedEvent command = only(events, "Command", "fails");
        assertThat(command.getString("command")).isEqualTo("fails");
        assertThat(command.getString("outcome")).isEqualTo("completed");
        assertThat(command.getInt("exitCode")).isEqualTo(3);
        assertThat(command.getString("machine")).isEqualTo("web01");
        assertThat(command.getString("deploy")).isEqualTo("web tier");
        RecordedEvent step = only(events, "Step", "fails");
        assertThat(step.getString("status")).isEqualTo("failed");
        assertThat(step.getInt("attempts")).isEqualTo(2);
        assertThat(step.getString("failure")).contains("exited 3");
    }

    @Test
    void anEventLiesWithinThatAroundIt() throws Exception {
        List<RecordedEvent> events = record(JfrEvents.create());

        RecordedEvent command = only(events, "Command", "one");
        RecordedEvent step = only(events, "Step", "one");
        assertThat(command.getStartTime()).isAfterOrEqualTo(step.getStartTime());
        assertThat(command.getEndTime()).isBeforeOrEqualTo(step.getEndTime());
        assertThat(command.getThread().getJavaName()).isEqualTo("host-web01");
    }

    @Test
    void eachKindCanBeTurnedOff() throws Exception {
        assertThat(counts(record(JfrEvents.create(), "dev.weftwork.Step", "dev.weftwork.Host", "dev.weftwork.Run")))
                .isEqualTo(Map.of("dev.weftwork.Command", 10L));
        assertThat(counts(record(JfrEvents.create(), "dev.weftwork.Command", "dev.weftwork.Step")))
                .isEqualTo(Map.of("dev.weftwork.Run", 1L, "dev.weftwork.Host", 3L));
    }

    @Test
    void aCommandKnowsItsStepWhereStepsAreTurnedOff() throws Exception {
        assertThat(only(record(JfrEvents.create(), "dev.weftwork.Step"), "Command", "secret")
                        .getString("command"))
                .isEqualTo("login");
    }

    @Test
    void holdsNoSecret() throws Exception {
        assertThat(record(JfrEvents.create()))
                .noneMatch(event -> event.toString().contains(SampleRuns.SECRET));
    }

    @Test
    void recordsOneRunAfterTheOtherAlsoWhenItIsToldDirectly() throws Exception {
        var told = new AtomicInteger();
        RunListener direct = JfrEvents.create();
        RunListener handsOn = event -> {
            told.incrementAndGet();
            direct.on(event);
        };

        assertThat(counts(record(handsOn))).containsEntry("dev.weftwork.Step", 9L);
        assertThat(counts(record(handsOn))).containsEntry("dev.weftwork.Step", 9L);
        assertThat(told).hasPositiveValue();
    }

    @Test
    void theSettingsNameEventsThatThisJdkHas() throws Exception {
        List<String> known = jdk.jfr.FlightRecorder.getFlightRecorder().getEventTypes().stream()
                .map(type -> type.getName())
                .toList();

        // Those of ours are known once they are used.
        assertThat(JfrEvents.configuration().getSettings().keySet().stream()
                        .map(setting -> setting.replaceFirst("#.*", ""))
                        .filter(name -> name.startsWith("jdk."))
                        .distinct())
                .isSubsetOf(known)
                .contains("jdk.VirtualThreadPinned");
    }
}
