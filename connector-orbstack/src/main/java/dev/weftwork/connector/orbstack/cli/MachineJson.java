package dev.weftwork.connector.orbstack.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;
import org.json.JSONParserConfiguration;
import org.json.JSONTokener;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@code list} and {@code info} print with {@code -f json}. Takes every shape that a version of OrbStack is
 * known to write, ignores what it doesn't know, and insists on id, name and state only.
 */
final class MachineJson {

    /** Otherwise it takes much for JSON that is none. */
    private static final JSONParserConfiguration STRICT = new JSONParserConfiguration().withStrictMode();

    private static final int EXCERPT_CHARS = 200;

    private MachineJson() {}

    static List<Machine> machines(List<String> argv, String json) {
        return read(argv, json, text -> {
            var machines = new ArrayList<Machine>();
            for (Object each : new JSONArray(text, STRICT)) {
                machines.add(machine(record(fields(each))));
            }
            return List.copyOf(machines);
        });
    }

    static MachineInfo info(List<String> argv, String json) {
        return read(argv, json, text -> {
            var root = new JSONObject(new JSONTokener(text, STRICT), STRICT);
            JSONObject record = record(root);
            JSONObject config = fields(record.opt("config"));
            OptionalLong size = number(root.opt("disk_size"));
            return new MachineInfo(
                    machine(record),
                    size.isPresent() ? size : number(root.opt("disk_usage")),
                    text(root.opt("ip4")),
                    text(root.opt("ip6")),
                    mounts(config.optJSONArray("mounts")),
                    number(config.opt("memory_limit_mib")));
        });
    }

    /** {@code list} prints bare records, {@code info} wraps one. */
    private static JSONObject record(JSONObject fields) {
        return fields.opt("record") instanceof JSONObject record ? record : fields;
    }

    private static Machine machine(JSONObject record) {
        JSONObject image = fields(record.opt("image"));
        JSONObject config = fields(record.opt("config"));
        String state = required(record, "state");
        return new Machine(
                new MachineId(required(record, "id")),
                required(record, "name"),
                new Image(
                        text(image.opt("distro")).orElse(""),
                        text(image.opt("version")).orElse(""),
                        text(image.opt("arch")).orElse(""),
                        text(image.opt("variant")).orElse("default")),
                text(config.opt("default_username")),
                config.optBoolean("isolated"),
                record.optBoolean("builtin"),
                MachineState.of(state),
                state);
    }

    private static List<Mount> mounts(@Nullable JSONArray array) {
        var mounts = new ArrayList<Mount>();
        if (array != null) {
            for (Object each : array) {
                JSONObject mount = fields(each);
                text(mount.opt("source"))
                        .ifPresent(source -> mounts.add(new Mount(source, text(mount.opt("destination")))));
            }
        }
        return mounts;
    }

    /** None if it is anything but an object. */
    private static JSONObject fields(@Nullable Object value) {
        return value instanceof JSONObject object ? object : new JSONObject();
    }

    private static String required(JSONObject record, String field) {
        return text(record.opt(field)).orElseThrow(() -> new IllegalArgumentException("a machine has no " + field));
    }

    private static Optional<String> text(@Nullable Object value) {
        return value instanceof String text && !text.isEmpty() ? Optional.of(text) : Optional.empty();
    }

    private static OptionalLong number(@Nullable Object value) {
        return value instanceof Number number ? OptionalLong.of(number.longValue()) : OptionalLong.empty();
    }

    private interface Reading<T> {
        T read(String json);
    }

    private static <T> T read(List<String> argv, String json, Reading<T> reading) {
        try {
            return reading.read(json);
        } catch (JSONException | IllegalArgumentException e) {
            String excerpt = json.strip();
            throw new OrbCtlException.Unreadable(
                    argv,
                    e.getMessage() + ", in: "
                            + (excerpt.length() > EXCERPT_CHARS
                                    ? excerpt.substring(0, EXCERPT_CHARS) + "..."
                                    : excerpt),
                    e);
        }
    }
}
