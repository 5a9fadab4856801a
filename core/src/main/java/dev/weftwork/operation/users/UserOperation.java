package dev.weftwork.operation.users;

import dev.weftwork.command.Command;
import dev.weftwork.fact.Facts;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.fact.PasswdEntry;
import dev.weftwork.fact.UserAccount;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A user account exists with the given properties, or doesn't exist; made by {@link Users#user}. Immutable: every
 * option returns a new operation. What isn't said stays as it is, and is the machine's default for a new account.
 *
 * <dl>
 *   <dt>Reads
 *   <dd>{@link Facts#passwdEntry}, the account's entry; where groups are wanted {@link Facts#user}, the same with its
 *       groups; nobody else's.
 *   <dt>Changes
 *   <dd>A missing account is made by one command, {@code useradd}, or {@code adduser} and {@code addgroup} on
 *       BusyBox. Of one that is there, all its fields are one change by {@code usermod}, and groups to join are another
 *       by {@code usermod -a -G} or {@code addgroup}. Deleting is {@code userdel} or {@code deluser}. All of it needs
 *       the rights of root. Groups are never left, and no group is made but the account's own.
 *   <dt>Refuses
 *   <dd>A group that isn't there; to change the fields of an account where there is no {@code usermod}; to make or
 *       delete one where there is none of these programs, as on macOS.
 * </dl>
 *
 * <pre>{@code
 * Users.user("app").home("/srv/app").shell("/bin/bash").groups("docker", "adm");
 * Users.user("bob").absent();
 * }</pre>
 */
public final class UserOperation implements Operation {

    private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_.-]{0,31}");
    private static final String NAME_RULE = " must be lower-case letters, digits, '_', '.' and '-', beginning with a"
            + " letter or '_', at most 32 characters, was '";

    /** Arguments: name, home, shell, uid, group, groups, comment, system, create home; empty where not said. */
    private static final String CREATE = """
            name=$1 home=$2 shell=$3 uid=$4 group=$5 groups=$6 comment=$7 system=$8 create_home=$9
            # useradd refuses to make a user whose own group is there already, unless it is named.
            if [ -z "$group" ]; then
              while IFS=: read -r each rest || [ -n "$each" ]; do
                if [ "$each" = "$name" ]; then group=$name; fi
              done < /etc/group
            fi
            set --
            if command -v useradd >/dev/null 2>&1; then
              if [ "$create_home" = yes ]; then set -- "$@" -m; else set -- "$@" -M; fi
              [ -z "$home" ] || set -- "$@" -d "$home"
              [ -z "$shell" ] || set -- "$@" -s "$shell"
              [ -z "$uid" ] || set -- "$@" -u "$uid"
              [ -z "$group" ] || set -- "$@" -g "$group"
              [ -z "$groups" ] || set -- "$@" -G "$groups"
              [ -z "$comment" ] || set -- "$@" -c "$comment"
              [ "$system" != yes ] || set -- "$@" -r
              useradd "$@" "$name"
            elif command -v adduser >/dev/null 2>&1; then
              set -- -D
              [ "$create_home" = yes ] || set -- "$@" -H
              [ -z "$home" ] || set -- "$@" -h "$home"
              [ -z "$shell" ] || set -- "$@" -s "$shell"
              [ -z "$uid" ] || set -- "$@" -u "$uid"
              [ -z "$group" ] || set -- "$@" -G "$group"
              [ -z "$comment" ] || set -- "$@" -g "$comment"
              [ "$system" != yes ] || set -- "$@" -S
              adduser "$@" "$name" || exit
              IFS=,
              for each in $groups; do addgroup "$name" "$each" || exit; done
            else
              echo 'neither useradd nor adduser is on this machine; install the package shadow (or passwd)' >&2
              exit 1
            fi
            """;

    /** Arguments: name, then those of usermod. */
    private static final String MODIFY = """
            name=$1; shift
            if command -v usermod >/dev/null 2>&1; then usermod "$@" "$name"
            else echo 'usermod is not on this machine; install the package shadow (or passwd)' >&2; exit 1
            fi
            """;

    /** Arguments: name, groups separated by commas. */
    private static final String JOIN = """
            if command -v usermod >/dev/null 2>&1; then usermod -a -G "$2" "$1"
            else name=$1; IFS=,; for each in $2; do addgroup "$name" "$each" || exit; done
            fi
            """;

    /** Arguments: name, whether its home goes too. */
    private static final String DELETE = """
            if command -v userdel >/dev/null 2>&1; then
              if [ "$2" = yes ]; then userdel -r "$1"; else userdel "$1"; fi
            elif [ "$2" = yes ]; then deluser --remove-home "$1"
            else deluser "$1"
            fi
            """;

    private final String name;
    private final Options options;

    private UserOperation(String name, Options options) {
        this.name = name;
        this.options = options;
    }

    static UserOperation named(String name) {
        return new UserOperation(requireName("user name", name), new Options());
    }

    /**
     * With that home directory, an absolute path; an existing account's old home is not moved, and no new one made.
     *
     * <p>Default: what the machine gives.
     *
     * @throws IllegalArgumentException if it isn't an absolute path without {@code :} and newlines
     */
    public UserOperation home(String directory) {
        return with(o -> o.home = requireAbsolute("home", directory));
    }

    /**
     * With that login shell, an absolute path.
     *
     * <p>Default: what the machine gives.
     *
     * @throws IllegalArgumentException if it isn't an absolute path without {@code :} and newlines
     */
    public UserOperation shell(String program) {
        return with(o -> o.shell = requireAbsolute("shell", program));
    }

    /**
     * With that number.
     *
     * <p>Default: the next that is free.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public UserOperation uid(long number) {
        if (number < 0) {
            throw new IllegalArgumentException("uid must be >= 0, was " + number);
        }
        return with(o -> o.uid = number);
    }

    /**
     * With that primary group, which must exist.
     *
     * <p>Default: a group of the user's name, or what the machine gives.
     *
     * @throws IllegalArgumentException if it can't be a name, by the rule of {@link Users#user}
     */
    public UserOperation group(String primary) {
        return with(o -> o.group = requireName("group name", primary));
    }

    /**
     * In these groups, which must exist, besides those it is in already. Calls add up.
     *
     * <p>Default: no others.
     *
     * @throws IllegalArgumentException if it can't be a name, by the rule of {@link Users#user}
     */
    public UserOperation groups(String... names) {
        var all = new TreeSet<>(options.groups);
        for (String each : names) {
            all.add(requireName("group name", each));
        }
        return with(o -> o.groups = List.copyOf(all));
    }

    /**
     * With that comment, usually a person's name.
     *
     * <p>Default: none.
     *
     * @throws IllegalArgumentException if it holds {@code :} or a newline
     */
    public UserOperation comment(String text) {
        if (text.indexOf(':') >= 0 || text.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("comment must not contain ':' or a newline, was '" + text + "'");
        }
        return with(o -> o.comment = text);
    }

    /**
     * A system account, if it has to be made.
     *
     * <p>Default: an ordinary one.
     */
    public UserOperation system() {
        return with(o -> o.system = true);
    }

    /**
     * Without making a home directory, if the account has to be made.
     *
     * <p>Default: one is made.
     */
    public UserOperation withoutHome() {
        return with(o -> o.homeMade = false);
    }

    /**
     * The contrary: no such account exists. Its files stay where they are.
     *
     * <p>Default: the account is wanted.
     */
    public UserOperation absent() {
        return with(o -> {
            o.absent = true;
            o.homeDeleted = false;
        });
    }

    /**
     * No such account exists, and its home directory is deleted with it.
     *
     * <p>Default: the account is wanted.
     */
    public UserOperation absentWithHome() {
        return with(o -> {
            o.absent = true;
            o.homeDeleted = true;
        });
    }

    private UserOperation with(Consumer<Options> change) {
        var copy = new Options(options);
        change.accept(copy);
        return new UserOperation(name, copy);
    }

    private static String requireName(String what, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(what + NAME_RULE + name + "'");
        }
        return name;
    }

    private static String requireAbsolute(String what, String path) {
        if (!path.startsWith("/") || path.indexOf(':') >= 0 || path.indexOf('\n') >= 0) {
            throw new IllegalArgumentException(
                    what + " must be an absolute path without ':' and newlines, was '" + path + "'");
        }
        return path;
    }

    @Override
    public String summary() {
        return (options.absent ? "no user " : "user ") + name;
    }

    @Override
    public List<Change> plan(HostFacts facts) {
        if (options.absent) {
            return facts.fact(Facts.passwdEntry(name)).isEmpty() ? List.of() : List.of(delete());
        }
        if (options.group == null && options.groups.isEmpty()) {
            return facts.fact(Facts.passwdEntry(name))
                    .map(entry -> modify(entry, null))
                    .orElseGet(() -> List.of(create()));
        }
        return facts.fact(Facts.user(name))
                .map(account -> modify(account.entry(), account))
                .orElseGet(() -> List.of(create()));
    }

    private Change create() {
        var parts = new ArrayList<String>();
        addPart(parts, "home", options.home);
        addPart(parts, "shell", options.shell);
        addPart(parts, "uid", options.uid);
        addPart(parts, "group", options.group);
        addPart(parts, "groups", options.groups.isEmpty() ? null : String.join(",", options.groups));
        String summary = "create user " + name + (parts.isEmpty() ? "" : " (" + String.join(", ", parts) + ")");
        return change(
                summary,
                Command.script(
                                CREATE,
                                name,
                                orNothing(options.home),
                                orNothing(options.shell),
                                orNothing(options.uid),
                                orNothing(options.group),
                                String.join(",", options.groups),
                                orNothing(options.comment),
                                options.system ? "yes" : "",
                                options.homeMade ? "yes" : "")
                        .inSessionShell()
                        .successCodes(0));
    }

    /**
     * @param account the same with its groups, if any are wanted
     */
    private List<Change> modify(PasswdEntry found, @Nullable UserAccount account) {
        var summary = new ArrayList<String>();
        Command command = Command.script(MODIFY, name).inSessionShell().successCodes(0);
        if (options.home != null && !options.home.equals(found.home())) {
            summary.add("home " + found.home() + " -> " + options.home);
            command = command.arg("-d").arg(options.home);
        }
        if (options.shell != null && !options.shell.equals(found.shell())) {
            summary.add("shell " + found.shell() + " -> " + options.shell);
            command = command.arg("-s").arg(options.shell);
        }
        if (options.uid != null && options.uid != found.uid()) {
            summary.add("uid " + found.uid() + " -> " + options.uid);
            command = command.arg("-u").arg(Long.toString(options.uid));
        }
        if (account != null && options.group != null && !options.group.equals(account.primaryGroup())) {
            summary.add("group " + account.primaryGroup() + " -> " + options.group);
            command = command.arg("-g").arg(options.group);
        }
        if (options.comment != null && !options.comment.equals(found.comment())) {
            summary.add("comment '" + found.comment() + "' -> '" + options.comment + "'");
            command = command.arg("-c").arg(options.comment);
        }
        var changes = new ArrayList<Change>();
        if (!summary.isEmpty()) {
            changes.add(change("user " + name + ": " + String.join(", ", summary), command));
        }
        var missing = new TreeSet<>(options.groups);
        missing.removeAll(account == null ? Set.of() : account.groups());
        if (!missing.isEmpty()) {
            String names = String.join(",", missing);
            changes.add(change(
                    "user " + name + ": join " + names,
                    Command.script(JOIN, name, names).inSessionShell().successCodes(0)));
        }
        return changes;
    }

    private Change delete() {
        String summary = "delete user " + name + (options.homeDeleted ? " with its home directory" : "");
        return change(
                summary,
                Command.script(DELETE, name, options.homeDeleted ? "yes" : "")
                        .inSessionShell()
                        .successCodes(0));
    }

    private static Change change(String summary, Command command) {
        return new Change(summary, command.describedAs(summary));
    }

    private static void addPart(List<String> parts, String what, @Nullable Object value) {
        if (value != null) {
            parts.add(what + " " + value);
        }
    }

    private static String orNothing(@Nullable Object value) {
        return Objects.toString(value, "");
    }

    @Override
    public String toString() {
        return summary();
    }

    /** What was said; null where nothing was. Changed only while it is being copied for a new operation. */
    private static final class Options {
        private @Nullable String home;
        private @Nullable String shell;
        private @Nullable Long uid;
        private @Nullable String group;
        private List<String> groups = List.of();
        private @Nullable String comment;
        private boolean system;
        private boolean homeMade = true;
        private boolean absent;
        private boolean homeDeleted;

        Options() {}

        Options(Options other) {
            home = other.home;
            shell = other.shell;
            uid = other.uid;
            group = other.group;
            groups = other.groups;
            comment = other.comment;
            system = other.system;
            homeMade = other.homeMade;
            absent = other.absent;
            homeDeleted = other.homeDeleted;
        }
    }
}
