package dev.weftwork.fact;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An account of a machine, from its own files or from wherever its name service looks.
 *
 * @param name its name
 * @param uid its number
 * @param gid number of its primary group
 * @param comment the free text of its entry, usually a person's name
 * @param home its home directory, which need not exist
 * @param shell its login shell; empty means {@code /bin/sh}
 * @param primaryGroup name of its primary group, or its number where it has no name
 * @param groups names of all groups it is in, the primary one included
 */
public record UserAccount(
        String name,
        long uid,
        long gid,
        String comment,
        String home,
        String shell,
        String primaryGroup,
        Set<String> groups) {

    public UserAccount {
        groups = Set.copyOf(groups);
    }

    /** A number and, in brackets, the name; names have spaces where a directory of a company gives them. */
    private static final Pattern GROUP = Pattern.compile("(\\d+)(?:\\((.*?)\\))?(?:,|$)");

    /** The primary group, and all; a security context may follow. */
    private static final Pattern ID = Pattern.compile(" gid=(.*?)(?: groups=(.*?))?(?: context=.*)?$");

    /** From its entry, and what {@code id} says of it, which is nothing where it fails. */
    static Optional<UserAccount> parse(List<String> lines) {
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        String[] fields = lines.get(0).split(":", -1);
        if (fields.length != 7 || lines.size() != 2) {
            throw new IllegalArgumentException("expected an entry of seven fields and a line of groups, got: " + lines);
        }
        String said = lines.get(1);
        var names = new HashMap<String, String>();
        Matcher line = ID.matcher(said);
        if (line.find()) {
            Matcher group = GROUP.matcher(line.group(1) + "," + (line.group(2) == null ? "" : line.group(2)));
            while (group.find()) {
                names.put(group.group(1), group.group(2) == null ? group.group(1) : group.group(2));
            }
        }
        return Optional.of(new UserAccount(
                fields[0],
                Long.parseLong(fields[2]),
                Long.parseLong(fields[3]),
                fields[4],
                fields[5],
                fields[6],
                names.getOrDefault(fields[3], fields[3]),
                Set.copyOf(names.values())));
    }

    /**
     * One account is looked up, never the whole table: cheap, and right where the table can't be listed. {@code id}
     * complains on standard error, and exits 1, about groups without a name; it prints their numbers all the same. Its words
     * are translated unless it is told not to.
     */
    record Read(String user) implements Fact<Optional<UserAccount>> {

        private static final String SCRIPT = """
                if command -v getent >/dev/null 2>&1; then
                  entry=$(getent passwd "$1") || { status=$?; [ "$status" -eq 2 ] && exit 0; exit "$status"; }
                  # It also finds users by their number.
                  case $entry in "$1":*) ;; *) exit 0 ;; esac
                else
                  entry=$(awk -F: -v name="$1" '$1 == name { print; exit }' /etc/passwd) || exit
                fi
                if [ -z "$entry" ]; then
                  # macOS keeps its users elsewhere.
                  if id -u "$1" >/dev/null 2>&1; then
                    echo "user $1 is not in /etc/passwd, and there is no getent to look elsewhere" >&2
                    exit 1
                  fi
                  exit 0
                fi
                printf '%s\\n' "$entry"
                printf '%s\\n' "$(LC_ALL=C id "$1" 2>/dev/null)"
                """;

        @Override
        public String name() {
            return "user " + user;
        }

        @Override
        public Command command() {
            return Command.script(SCRIPT, user).describedAs("look up user " + user);
        }

        @Override
        public Optional<UserAccount> parse(CommandResult result) {
            return UserAccount.parse(result.stdout().lines());
        }
    }
}
