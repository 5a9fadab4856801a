package dev.weftwork.report;

import dev.weftwork.inventory.Host;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The failures of a run for people: what many hosts have in common is told once. With hundreds of hosts that fail for one
 * reason the reasons are what is to be read, and the names are there to be searched for.
 */
final class FailureGroups {

    /** Two hosts take no more room apart, and each line names its host then. */
    private static final int SMALLEST = 3;

    private static final int NAMES_WIDTH = 100;

    /** What differs by chance: the name of an upload's temporary file, and how long a command had when a limit passed. */
    private static final Pattern TEMPORARY = Pattern.compile("\\.weftwork-[0-9a-f]{8,}");

    private static final Pattern ENDED_AFTER = Pattern.compile("(was ended after )\\d+ ms");

    private FailureGroups() {}

    private record Key(HostStatus status, String text) {}

    /** Groups stand where their first host would; those that were stopped behind all others. */
    static String describe(List<HostResult> failed) {
        var groups = new HashMap<Key, List<HostResult>>();
        var keys = new ArrayList<Key>(failed.size());
        for (HostResult host : failed) {
            String text = host.status() == HostStatus.STOPPED ? "" : inCommon(message(host), host.host());
            var key = new Key(host.status(), text);
            keys.add(key);
            groups.computeIfAbsent(key, missing -> new ArrayList<>(1)).add(host);
        }
        var text = new StringBuilder();
        for (int i = 0; i < failed.size(); i++) {
            Key key = keys.get(i);
            List<HostResult> group = groups.getOrDefault(key, List.of());
            if (key.status() == HostStatus.STOPPED) {
                continue;
            }
            if (group.size() < SMALLEST) {
                text.append(indented("\n  " + key.status() + " " + message(failed.get(i))));
            } else if (group.get(0).equals(failed.get(i))) {
                String head = "\n  " + key.status() + " " + group.size() + " hosts";
                text.append(indented(head + (key.text().isEmpty() ? "" : ": " + key.text())));
                appendNames(text.append("\n    hosts: "), group);
            }
        }
        List<HostResult> stopped = groups.getOrDefault(new Key(HostStatus.STOPPED, ""), List.of());
        if (!stopped.isEmpty()) {
            appendNames(text.append("\n  STOPPED "), stopped);
        }
        return text.toString();
    }

    private static String message(HostResult host) {
        return host.failure().map(Failure::message).orElse(host.host().name());
    }

    private static String indented(String entry) {
        return "\n" + entry.substring(1).replace("\n", "\n    ");
    }

    /** The message without what is only that host's. */
    private static String inCommon(String message, Host host) {
        String name = host.name();
        String text = message.equals(name)
                ? ""
                : message.startsWith(name + ": ") ? message.substring(name.length() + 2) : message;
        if (text.contains(name)) {
            text = Pattern.compile("(?<![A-Za-z0-9_-])" + Pattern.quote(name) + "(?![A-Za-z0-9_-])")
                    .matcher(text)
                    .replaceAll("<host>");
        }
        text = TEMPORARY.matcher(text).replaceAll(".weftwork-<random>");
        return ENDED_AFTER.matcher(text).replaceAll("$1<time>");
    }

    private static void appendNames(StringBuilder text, List<HostResult> hosts) {
        int width = 0;
        for (int i = 0; i < hosts.size(); i++) {
            String name = hosts.get(i).host().name() + (i + 1 < hosts.size() ? "," : "");
            if (i > 0 && width + name.length() >= NAMES_WIDTH) {
                text.append("\n      ");
                width = 0;
            } else if (i > 0) {
                text.append(' ');
            }
            text.append(name);
            width += name.length() + 1;
        }
    }
}
