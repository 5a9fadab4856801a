package dev.weftwork.bench.compare;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What is compared.
 *
 * @param tools names; empty for all there are
 * @param limit for one pass of one tool
 * @param out where results are written
 */
record Options(
        Set<Way> ways,
        Set<Workload> workloads,
        List<Integer> hosts,
        int runs,
        Set<String> tools,
        Duration limit,
        Path out) {

    static Options parse(String[] args, Path defaultOut) {
        Set<Way> ways = EnumSet.allOf(Way.class);
        Set<Workload> workloads = EnumSet.allOf(Workload.class);
        List<Integer> hosts = List.of(1, 5, 25, 100, 250);
        int runs = 3;
        Set<String> tools = Set.of();
        Duration limit = Duration.ofMinutes(15);
        Path out = defaultOut;
        for (int i = 0; i < args.length; i++) {
            String option = args[i];
            if (option.equals("--quick")) {
                hosts = List.of(5);
                runs = 1;
                continue;
            }
            if (i + 1 == args.length) {
                throw new IllegalArgumentException("an option without value, or unknown: " + option);
            }
            String value = args[++i];
            List<String> values = Arrays.asList(value.split(",", -1));
            switch (option) {
                case "--over" -> ways = chosen(Way.class, values);
                case "--work" -> workloads = chosen(Workload.class, values);
                case "--hosts" ->
                    hosts = values.stream()
                            .map(text -> positive(option, text))
                            .sorted()
                            .toList();
                case "--runs" -> runs = positive(option, value);
                case "--tools" -> tools = new TreeSet<>(values);
                case "--limit" -> limit = Duration.ofSeconds(positive(option, value));
                case "--out" -> out = Path.of(value).toAbsolutePath();
                default -> throw new IllegalArgumentException("an unknown option: " + option);
            }
        }
        return new Options(ways, workloads, hosts, runs, tools, limit, out);
    }

    private static int positive(String option, String text) {
        if (!text.matches("[1-9][0-9]{0,4}")) {
            throw new IllegalArgumentException(option + " must be a whole number > 0, was '" + text + "'");
        }
        return Integer.parseInt(text);
    }

    private static <E extends Enum<E>> Set<E> chosen(Class<E> type, List<String> labels) {
        Set<E> chosen = EnumSet.noneOf(type);
        for (String label : labels) {
            chosen.add(Arrays.stream(type.getEnumConstants())
                    .filter(each -> each.toString().equals(label))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(
                            "one of " + Arrays.toString(type.getEnumConstants()) + " is wanted, not '" + label + "'")));
        }
        return chosen;
    }

    int mostHosts() {
        return hosts.get(hosts.size() - 1);
    }

    /** Where processes are counted: the slowest tools would take too long on more. */
    int countedHosts() {
        return hosts.stream().filter(count -> count <= 100).reduce((a, b) -> b).orElse(hosts.get(0));
    }
}
