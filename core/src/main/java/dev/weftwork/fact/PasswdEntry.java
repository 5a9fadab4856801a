package dev.weftwork.fact;

import dev.weftwork.command.Command;
import java.util.List;
import java.util.Optional;

/**
 * What a machine's table of users says of one account, from its own file or from wherever its name service looks. In which
 * groups it is, {@link UserAccount} knows, which takes one program more.
 *
 * <pre>{@code
 * String home = facts.fact(Facts.passwdEntry("app")).map(PasswdEntry::home).orElse("/nonexistent");
 * }</pre>
 *
 * @param name its name
 * @param uid its number
 * @param gid number of its primary group
 * @param comment the free text of its entry, usually a person's name
 * @param home its home directory, which need not exist
 * @param shell its login shell; empty means {@code /bin/sh}
 */
public record PasswdEntry(String name, long uid, long gid, String comment, String home, String shell) {

    /**
     * Leaves the line in {@code entry}, and ends the script where there is none. One account is looked up, never the whole
     * table: cheap, and right where the table can't be listed.
     */
    static final String LOOKUP = """
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
            """;

    /** The first line, if there is one. */
    static Optional<PasswdEntry> parse(List<String> lines) {
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        String[] fields = lines.get(0).split(":", -1);
        if (fields.length != 7) {
            throw new IllegalArgumentException("expected an entry of seven fields, got: " + lines);
        }
        return Optional.of(new PasswdEntry(
                fields[0], Long.parseLong(fields[2]), Long.parseLong(fields[3]), fields[4], fields[5], fields[6]));
    }

    static Fact<Optional<PasswdEntry>> fact(String user) {
        String question = "entry of user " + user;
        return new BuiltInFact<>(
                question,
                question,
                () -> Command.script(LOOKUP, user).describedAs("look up the entry of user " + user),
                result -> parse(result.stdout().lines()));
    }
}
