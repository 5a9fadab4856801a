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
        return new OsRelease.Read();
    }

    /**
     * What is at a path, without following a link at its end; a file's content isn't read.
     *
     * @throws IllegalArgumentException if the path is empty or begins with {@code ~}
     */
    public static Fact<PathInfo> path(String path) {
        return new PathInfo.Read(argument(path), false);
    }

    /** As {@link #path}, with the SHA-256 of a file. */
    public static Fact<PathInfo> pathWithHash(String path) {
        return new PathInfo.Read(argument(path), true);
    }

    /** The bytes of a file of at most 8 MiB, links followed; nothing if there is no such file. */
    public static Fact<Optional<byte[]>> content(String path) {
        return new ContentFact(argument(path));
    }

    /** The account of that name, wherever the machine looks for accounts; nothing if there is none. */
    public static Fact<Optional<UserAccount>> user(String name) {
        return new UserAccount.Read(requireName("user name", name));
    }

    /** The group of that name; nothing if there is none. */
    public static Fact<Optional<UserGroup>> group(String name) {
        return new UserGroup.Read(requireName("group name", name));
    }
}
