package dev.weftwork.deploy;

import org.jspecify.annotations.Nullable;

/**
 * Plain, blocking code for one host. It is called on the host's virtual thread, for many hosts at once; an interrupt of that
 * thread means that the run was cancelled or that a limit has passed.
 *
 * <pre>{@code
 * HostCode<String> kernel = host -> host.run("uname -r").orThrow().stdoutText().strip();
 * }</pre>
 *
 * @param <R> what it finds out; kept in the report
 */
@FunctionalInterface
public interface HostCode<R extends @Nullable Object> {

    /**
     * What it throws fails the step on that host, and so does a {@link dev.weftwork.command.CommandResult} that it returns
     * and that hasn't succeeded.
     */
    R on(RunningHost host) throws Exception;
}
