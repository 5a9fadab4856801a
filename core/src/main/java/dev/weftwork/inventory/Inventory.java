package dev.weftwork.inventory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The hosts that a run may touch, in a fixed order, each with the data of its groups filled in.
 *
 * <p>An immutable value with at least one host and no name twice. A selection is an inventory again, and one that
 * matches nothing fails at once: a mistyped pattern must not turn into a run that does nothing and succeeds.
 *
 * <pre>{@code
 * Inventory all = Inventory.builder()
 *     .group(Group.named("web").with("port", 8080))
 *     .host(Host.named("web01").inGroups("web"))
 *     .host(Host.named("web02").inGroups("web").with("port", 8081))
 *     .host(Host.named("db01"))
 *     .build();
 * Inventory web = all.inGroup("web");
 * Inventory first = all.named("*01");
 * }</pre>
 */
public final class Inventory implements Iterable<Host> {

    private final Map<String, Host> hosts;

    private Inventory(Collection<Host> hosts) {
        if (hosts.isEmpty()) {
            throw new IllegalArgumentException("an inventory must have at least one host");
        }
        var byName = new LinkedHashMap<String, Host>();
        var duplicates = new LinkedHashSet<String>();
        for (Host host : hosts) {
            if (byName.putIfAbsent(host.name(), host) != null) {
                duplicates.add(host.name());
            }
        }
        if (!duplicates.isEmpty()) {
            throw new IllegalArgumentException(
                    "host names in an inventory must be unique, more than once: " + String.join(", ", duplicates));
        }
        this.hosts = byName;
    }

    /** An inventory of these hosts. */
    public static Inventory of(Host... hosts) {
        return of(Arrays.asList(hosts));
    }

    /** An inventory of these hosts. */
    public static Inventory of(Collection<Host> hosts) {
        return builder().hosts(hosts).build();
    }

    /**
     * An inventory of hosts that are nothing but names.
     *
     * @throws IllegalArgumentException naming every name that is invalid, or every one that occurs twice
     */
    public static Inventory ofNames(String... names) {
        var invalid = Stream.of(names).filter(name -> !Host.isValidName(name)).toList();
        if (!invalid.isEmpty()) {
            throw new IllegalArgumentException("host names must be " + Host.NAME_RULE + ", not so: "
                    + invalid.stream().map(name -> "'" + name + "'").collect(Collectors.joining(", ")));
        }
        return of(Stream.of(names).map(Host::named).toList());
    }

    public static Builder builder() {
        return new Builder();
    }

    /** All hosts in inventory order. */
    public List<Host> hosts() {
        return List.copyOf(hosts.values());
    }

    public int size() {
        return hosts.size();
    }

    /** The names of all groups that a host of this inventory is in. */
    public Set<String> groups() {
        return hosts.values().stream()
                .flatMap(host -> host.groups().stream())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /**
     * The host of that exact name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Host host(String name) {
        Host host = hosts.get(name);
        if (host == null) {
            throw new IllegalArgumentException("no host '" + name + "' in the inventory; it has " + known());
        }
        return host;
    }

    /**
     * The hosts whose name matches one of the globs: {@code *} is any run of characters, {@code ?} one character, all
     * else is itself.
     *
     * @throws IllegalArgumentException if a glob matches no host
     */
    public Inventory named(String... globs) {
        if (globs.length == 0) {
            throw new IllegalArgumentException("a selection by name must have at least one glob");
        }
        var chosen = new LinkedHashSet<Host>();
        for (String glob : globs) {
            Pattern pattern = globPattern(glob);
            var matching = hosts.values().stream()
                    .filter(host -> pattern.matcher(host.name()).matches())
                    .toList();
            if (matching.isEmpty()) {
                throw new IllegalArgumentException(
                        "no host of the inventory matches '" + glob + "'; it has " + known());
            }
            chosen.addAll(matching);
        }
        return select(chosen::contains, () -> "the globs " + List.of(globs));
    }

    /**
     * The hosts in that group.
     *
     * @throws IllegalArgumentException if no host is in it
     */
    public Inventory inGroup(String group) {
        return select(host -> host.groups().contains(group), () -> "group '" + group + "'; its groups are " + groups());
    }

    /**
     * The hosts for which {@code condition} holds.
     *
     * @throws IllegalArgumentException if it holds for none
     */
    public Inventory where(Predicate<Host> condition) {
        return select(condition, () -> "the condition");
    }

    private Inventory select(Predicate<Host> condition, Supplier<String> what) {
        var chosen = hosts.values().stream().filter(condition).toList();
        if (chosen.isEmpty()) {
            throw new IllegalArgumentException("no host of the inventory matches " + what.get());
        }
        return new Inventory(chosen);
    }

    private String known() {
        var names = new ArrayList<>(hosts.keySet());
        return names.size() <= 10
                ? String.join(", ", names)
                : String.join(", ", names.subList(0, 10)) + " and " + (names.size() - 10) + " more";
    }

    private static Pattern globPattern(String glob) {
        var regex = new StringBuilder();
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            switch (c) {
                case '*' -> regex.append(".*");
                case '?' -> regex.append('.');
                default -> regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        return Pattern.compile(regex.toString());
    }

    @Override
    public Iterator<Host> iterator() {
        return hosts().iterator();
    }

    @Override
    public String toString() {
        return "Inventory of " + size() + " hosts: " + known();
    }

    /** Collects hosts and groups in any order; used by one thread, then thrown away. */
    public static final class Builder {
        private final List<Host> hosts = new ArrayList<>();
        private final Map<String, Group> groups = new LinkedHashMap<>();

        private Builder() {}

        public Builder host(Host host) {
            hosts.add(host);
            return this;
        }

        public Builder hosts(Collection<Host> more) {
            hosts.addAll(more);
            return this;
        }

        /**
         * Adds the data of a group.
         *
         * @throws IllegalArgumentException if the group was added before
         */
        public Builder group(Group group) {
            if (groups.putIfAbsent(group.name(), group) != null) {
                throw new IllegalArgumentException("group '" + group.name() + "' was already added to the inventory");
            }
            return this;
        }

        /**
         * The inventory, with every host's group data filled in.
         *
         * @throws IllegalArgumentException if there is no host, or two of one name
         */
        public Inventory build() {
            return new Inventory(
                    hosts.stream().map(host -> host.withDataUnder(groups)).toList());
        }
    }
}
