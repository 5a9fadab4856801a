package dev.weftwork.operation.users;

/**
 * Operations on user accounts. They need the rights to change them, and {@code useradd}, {@code usermod} and {@code
 * userdel} on the machine; on BusyBox {@code adduser}, {@code addgroup} and {@code deluser} do, except that an existing
 * account's own fields can't be changed with them.
 *
 * <pre>{@code
 * Users.user("app").home("/srv/app").shell("/bin/bash").groups("docker", "adm");
 * Users.user("bob").absent();
 * }</pre>
 */
public final class Users {

    private Users() {}

    /**
     * That account exists.
     *
     * @throws IllegalArgumentException if the name is not lower-case letters, digits, {@code _}, {@code .} and {@code
     *     -}, beginning with a letter or {@code _}, at most 32 characters
     */
    public static UserOperation user(String name) {
        return UserOperation.named(name);
    }
}
