package dev.weftwork.inventory;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Data shared by all hosts that name this group; a host's own data of the same key wins over it.
 *
 * <p>An immutable value. A group without data needs no {@code Group}: naming it on a host is enough.
 *
 * <pre>{@code
 * Group web = Group.named("web").with("port", 8080);
 * }</pre>
 *
 * @param name of the same form as a host's name
 * @param data what its hosts inherit
 */
public record Group(String name, Map<String, Object> data) {

    public Group {
        Host.requireValidName("group name", name);
        data.forEach((key, value) -> {
            Objects.requireNonNull(key, () -> "a data key of group " + name + " is null");
            Objects.requireNonNull(
                    value, () -> "data '" + key + "' of group " + name + " is null; leave it out instead");
        });
        data = Collections.unmodifiableMap(new LinkedHashMap<>(data));
    }

    /** A group without data. */
    public static Group named(String name) {
        return new Group(name, Map.of());
    }

    /** This group with one more piece of data; an older value of the same key is replaced. */
    public Group with(String key, Object value) {
        var all = new LinkedHashMap<>(data);
        all.put(key, value);
        return new Group(name, all);
    }
}
