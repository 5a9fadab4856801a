package dev.weftwork.connector.orbstack.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Reads what {@code list} and {@code info} print with {@code -f json}. Takes every shape that a version of OrbStack is
 * known to write, ignores what it doesn't know, and insists on id, name and state only.
 */
final class MachineJson {

    private static final ObjectMapper MAPPER =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final int EXCERPT_CHARS = 200;

    private MachineJson() {}

    static List<Machine> machines(List<String> argv, String json) {
        return read(argv, json, root -> {
            if (!root.isArray()) {
                throw new IllegalArgumentException("a list was expected");
            }
            var machines = new ArrayList<Machine>();
            root.forEach(each -> machines.add(machine(record(each))));
            return List.copyOf(machines);
        });
    }

    static MachineInfo info(List<String> argv, String json) {
        return read(argv, json, root -> {
            JsonNode record = record(root);
            JsonNode config = record.path("config");
            OptionalLong size = number(root.path("disk_size"));
            return new MachineInfo(
                    machine(record),
                    size.isPresent() ? size : number(root.path("disk_usage")),
                    text(root.path("ip4")),
                    text(root.path("ip6")),
                    mounts(config.path("mounts")),
                    number(config.path("memory_limit_mib")));
        });
    }

    /** {@code list} prints bare records, {@code info} wraps one. */
    private static JsonNode record(JsonNode node) {
        return node.path("record").isObject() ? node.path("record") : node;
    }

    private static Machine machine(JsonNode record) {
        JsonNode image = record.path("image");
        JsonNode config = record.path("config");
        String state = required(record, "state");
        return new Machine(
                new MachineId(required(record, "id")),
                required(record, "name"),
                new Image(
                        text(image.path("distro")).orElse(""),
                        text(image.path("version")).orElse(""),
                        text(image.path("arch")).orElse(""),
                        text(image.path("variant")).orElse("default")),
                text(config.path("default_username")),
                config.path("isolated").asBoolean(false),
                record.path("builtin").asBoolean(false),
                MachineState.of(state),
                state);
    }

    private static List<Mount> mounts(JsonNode node) {
        var mounts = new ArrayList<Mount>();
        node.forEach(each -> text(each.path("source"))
                .ifPresent(source -> mounts.add(new Mount(source, text(each.path("destination"))))));
        return mounts;
    }

    private static String required(JsonNode record, String field) {
        return text(record.path(field)).orElseThrow(() -> new IllegalArgumentException("a machine has no " + field));
    }

    private static Optional<String> text(JsonNode node) {
        return node.isTextual() && !node.asText().isEmpty() ? Optional.of(node.asText()) : Optional.empty();
    }

    private static OptionalLong number(JsonNode node) {
        return node.isNumber() ? OptionalLong.of(node.asLong()) : OptionalLong.empty();
    }

    private interface Reading<T> {
        T read(JsonNode root);
    }

    private static <T> T read(List<String> argv, String json, Reading<T> reading) {
        try {
            return reading.read(MAPPER.readTree(json));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            String reason = e instanceof JsonProcessingException syntax ? syntax.getOriginalMessage() : e.getMessage();
            String excerpt = json.strip();
            throw new OrbCtlException.Unreadable(
                    argv,
                    reason + ", in: "
                            + (excerpt.length() > EXCERPT_CHARS
                                    ? excerpt.substring(0, EXCERPT_CHARS) + "..."
                                    : excerpt),
                    e);
        }
    }
}
