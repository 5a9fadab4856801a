package dev.weftwork.fact;

import dev.weftwork.command.Command;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A group of accounts of a machine.
 *
 * @param name its name
 * @param gid its number
 * @param members names of the accounts that its entry lists; those that have it as primary group need not be among them
 */
public record UserGroup(String name, long gid, Set<String> members) {

    private static final String SCRIPT = """
            if command -v getent >/dev/null 2>&1; then
              entry=$(getent group "$1") || { status=$?; [ "$status" -eq 2 ] && exit 0; exit "$status"; }
              # It also finds groups by their number.
              case $entry in "$1":*) printf '%s\\n' "$entry" ;; esac
            else
              awk -F: -v name="$1" '$1 == name { print; exit }' /etc/group
            fi
            """;

    public UserGroup {
        members = Set.copyOf(members);
    }

    static Optional<UserGroup> parse(List<String> lines) {
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        String[] fields = lines.get(0).split(":", -1);
        if (fields.length != 4) {
            throw new IllegalArgumentException("expected an entry of four fields, got: " + lines.get(0));
        }
        var members = new TreeSet<>(List.of(fields[3].strip().split(",")));
        members.remove("");
        return Optional.of(new UserGroup(fields[0], Long.parseLong(fields[2]), members));
    }

    static Fact<Optional<UserGroup>> fact(String group) {
        String question = "group " + group;
        return new BuiltInFact<>(
                question,
                question,
                () -> Command.script(SCRIPT, group).describedAs("look up group " + group),
                result -> parse(result.stdout().lines()));
    }
}
