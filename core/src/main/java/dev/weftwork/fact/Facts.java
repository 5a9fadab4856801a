package dev.weftwork.fact;

import java.util.Optional;

/**
 * The facts that are built in. Each needs a POSIX shell and userland on the machine, GNU, BusyBox or BSD, nothing more.
 *
 * <pre>{@code
 * OsRelease os = facts.fact(Facts.osRelease());
 * boolean hasConfig = facts.fact(Facts.path("/etc/app.conf")).exists();
 * }</pre>
 */
public final class Facts {

    private Facts() {}

    /** In the form that no program takes for an option. */
    private static String argument(String path) {
        if (path.isEmpty()) {
            throw new IllegalArgumentException("path must not be empty");
        }
        if (path.equals("~") || path.startsWith("~/")) {
            throw new IllegalArgumentException("path must not begin with '~', which only shells expand; leave it out: a"
                    + " relative path starts at the user's home, was '" + path + "'");
        }
        return path.startsWith("-") ? "./" + path : path;
    }

    private static String requireName(String what, String name) {
        if (name.isEmpty() || name.startsWith("-") || name.indexOf(':') >= 0) {
            throw new IllegalArgumentException(
                    what + " must not be empty, begin with '-' or contain ':', was '" + name + "'");
        }
        return name;
    }

    /** Which operating system the machine runs. */
    public static Fact<OsRelease> osRelease() {
        return OsRelease.FACT;
    }

    /**
     * What is at a path, without following a link at its end; a file's content isn't read.
     *
     * @throws IllegalArgumentException if the path is empty or begins with {@code ~}
     */
    public static Fact<PathInfo> path(String path) {
        return PathInfo.fact(argument(path), false);
    }

    /** As {@link #path}, with the SHA-256 of a file. */
    public static Fact<PathInfo> pathWithHash(String path) {
        return PathInfo.fact(argument(path), true);
    }

    /** The bytes of a file of at most 8 MiB, links followed; nothing if there is no such file. */
    public static Fact<Optional<byte[]>> content(String path) {
        return ContentFact.of(argument(path));
    }

    /**
     * The entry of that name in the table of users, wherever the machine looks for them; nothing if there is none.
     *
     * @throws IllegalArgumentException if it is empty, begins with {@code -} or contains {@code :}
     */
    public static Fact<Optional<PasswdEntry>> passwdEntry(String name) {
        return PasswdEntry.fact(requireName("user name", name));
    }

    /**
     * As {@link #passwdEntry}, with the groups that the account is in.
     *
     * @throws IllegalArgumentException as there
     */
    public static Fact<Optional<UserAccount>> user(String name) {
        return UserAccount.fact(requireName("user name", name));
    }

    /**
     * The group of that name; nothing if there is none.
     *
     * @throws IllegalArgumentException if it is empty, begins with {@code -} or contains {@code :}
     */
    public static Fact<Optional<UserGroup>> group(String name) {
        return UserGroup.fact(requireName("group name", name));
    }
}
