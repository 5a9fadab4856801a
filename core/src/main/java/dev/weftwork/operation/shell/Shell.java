package dev.weftwork.operation.shell;

import dev.weftwork.command.Command;

/**
 * Commands of your own as operations. Nobody can tell whether an arbitrary command is still needed, so it runs every
 * time and counts as a change, unless you say how to tell.
 *
 * <pre>{@code
 * Shell.run("./install.sh --prefix /opt/app").creates("/opt/app/bin/app");
 * Shell.run(Command.of("sysctl", "-p")).unless(Command.of("test", "-e", "/run/sysctl-done"));
 * }</pre>
 */
public final class Shell {

    private Shell() {}

    /** Runs shell text, with {@code arguments} as {@code $1}, {@code $2}, ... */
    public static RunOperation run(String script, String... arguments) {
        return run(Command.script(script, arguments));
    }

    /** Runs a command with all its options. */
    public static RunOperation run(Command command) {
        return new RunOperation(command);
    }
}
