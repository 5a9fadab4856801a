package dev.weftwork.fact;

import dev.weftwork.command.Command;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An account of a machine with its groups, from its own files or from wherever its name service looks. Who doesn't ask for
 * the groups asks for less by {@link PasswdEntry}.
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

    /**
     * {@code id} complains on standard error, and exits 1, about groups without a name; it prints their numbers all the
     * same. Its words are translated unless it is told not to.
     */
    private static final String SCRIPT = PasswdEntry.LOOKUP + """
            printf '%s\\n' "$(LC_ALL=C id "$1" 2>/dev/null)"
            """;

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
        if (lines.size() != 2) {
            throw new IllegalArgumentException("expected an entry and a line of groups, got: " + lines);
        }
        PasswdEntry entry = PasswdEntry.parse(lines).orElseThrow();
        String said = lines.get(1);
        var names = new HashMap<String, String>();
        Matcher line = ID.matcher(said);
        if (line.find()) {
            Matcher group = GROUP.matcher(line.group(1) + "," + (line.group(2) == null ? "" : line.group(2)));
            while (group.find()) {
                names.put(group.group(1), group.group(2) == null ? group.group(1) : group.group(2));
            }
        }
        String gid = Long.toString(entry.gid());
        return Optional.of(new UserAccount(
                entry.name(),
                entry.uid(),
                entry.gid(),
                entry.comment(),
                entry.home(),
                entry.shell(),
                names.getOrDefault(gid, gid),
                Set.copyOf(names.values())));
    }

    /** The part of it that is in the machine's table of users. */
    public PasswdEntry entry() {
        return new PasswdEntry(name, uid, gid, comment, home, shell);
    }

    static Fact<Optional<UserAccount>> fact(String user) {
        String question = "user " + user;
        return new BuiltInFact<>(
                question,
                question,
                () -> Command.script(SCRIPT, user).describedAs("look up user " + user),
                result -> parse(result.stdout().lines()));
    }
}
