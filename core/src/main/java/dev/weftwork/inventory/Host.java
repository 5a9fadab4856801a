package dev.weftwork.inventory;

import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A machine in the inventory: its name, the groups it belongs to and the data that deploys read from it.
 *
 * <p>An immutable value; every {@code with...} method returns a new host. The name is what the connector resolves to a
 * machine and what every result, event and message is labelled with.
 *
 * <pre>{@code
 * Host web01 = Host.named("web01").inGroups("web", "eu").with("port", 8080);
 * int port = web01.data("port", Integer.class);
 * }</pre>
 *
 * @param name letters, digits, {@code .}, {@code _} and {@code -}, beginning with a letter or a digit, at most 253
 *     characters
 * @param groups the names of its groups, the most specific first: where two groups hold data of the same key, the one
 *     named first wins
 * @param data its own data; in a host taken from an {@link Inventory} also that of its groups
 */
public record Host(String name, Set<String> groups, Map<String, Object> data) {

    /** What a host or group name must look like; it is safe as a file name, in a log line and in a shell word. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,252}");

    static final String NAME_RULE =
            "letters, digits, '.', '_' and '-', beginning with a letter or a digit," + " at most 253 characters";

    public Host {
        requireValidName("host name", name);
        groups.forEach(group -> requireValidName("group name of host " + name, group));
        data.forEach((key, value) -> {
            Objects.requireNonNull(key, () -> "a data key of host " + name + " is null");
            Objects.requireNonNull(
                    value, () -> "data '" + key + "' of host " + name + " is null; leave it out instead");
        });
        groups = Collections.unmodifiableSet(new LinkedHashSet<>(groups));
        data = Collections.unmodifiableMap(new LinkedHashMap<>(data));
    }

    /** A host without groups and data. */
    public static Host named(String name) {
        return new Host(name, Set.of(), Map.of());
    }

    /** This host, also in {@code names}, which come after the groups it is already in. */
    public Host inGroups(String... names) {
        var all = new LinkedHashSet<>(groups);
        all.addAll(List.of(names));
        return new Host(name, all, data);
    }

    /** This host with one more piece of data; an older value of the same key is replaced. */
    public Host with(String key, Object value) {
        var all = new LinkedHashMap<>(data);
        all.put(key, value);
        return new Host(name, groups, all);
    }

    /**
     * The value of {@code key}.
     *
     * @throws IllegalArgumentException if the host has no such data (the message names what it has), or if the value is
     *     not of that type
     */
    @SuppressWarnings("unchecked") // the class of a primitive stands for that of its objects
    public <T> T data(String key, Class<T> type) {
        Object value = data.get(key);
        if (value == null) {
            throw new IllegalArgumentException(
                    name + ": no data '" + key + "'; this host has " + (data.isEmpty() ? "none" : data.keySet()));
        }
        Class<?> wanted = MethodType.methodType(type).wrap().returnType();
        if (!wanted.isInstance(value)) {
            throw new IllegalArgumentException(name + ": data '" + key + "' is a "
                    + value.getClass().getSimpleName() + ", not a " + type.getSimpleName());
        }
        return (T) value;
    }

    /**
     * The value of {@code key}, or nothing if the host has no such data.
     *
     * @throws IllegalArgumentException if there is a value but of another type
     */
    public <T> Optional<T> findData(String key, Class<T> type) {
        return data.containsKey(key) ? Optional.of(data(key, type)) : Optional.empty();
    }

    /** This host with the data of its groups filled in under its own. */
    Host withDataUnder(Map<String, Group> known) {
        var all = new LinkedHashMap<String, Object>();
        var mostSpecificLast = new ArrayList<>(groups);
        Collections.reverse(mostSpecificLast);
        for (String group : mostSpecificLast) {
            Group found = known.get(group);
            if (found != null) {
                all.putAll(found.data());
            }
        }
        all.putAll(data);
        return new Host(name, groups, all);
    }

    static void requireValidName(String what, String name) {
        if (!isValidName(name)) {
            throw new IllegalArgumentException(what + " must be " + NAME_RULE + ", was '" + name + "'");
        }
    }

    static boolean isValidName(String name) {
        return NAME.matcher(name).matches();
    }

    @Override
    public String toString() {
        return name;
    }
}
