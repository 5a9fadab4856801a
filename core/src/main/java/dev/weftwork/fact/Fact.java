package dev.weftwork.fact;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import java.util.function.Function;

/**
 * Something to know about a machine: a command that changes nothing, and how to read its output.
 *
 * <p>A value without state, shared by all hosts. {@link HostFacts} keeps what it read under the fact itself, so two facts
 * that are equal are read once; records are equal by their parts, and a fact made by {@link #of} equals only itself:
 * keep it in a constant.
 *
 * <pre>{@code
 * static final Fact<Integer> CPUS = Fact.of("cpus", Command.of("getconf", "_NPROCESSORS_ONLN"),
 *     result -> Integer.parseInt(result.stdoutText().strip()));
 * }</pre>
 *
 * @param <T> what is known then; immutable, as it is shared
 */
public interface Fact<T> {

    /** What people call it, in messages. */
    String name();

    /** What reads it. Must change nothing on the machine: it also runs when a deploy is only planned. */
    Command command();

    /**
     * Turns the command's result, which succeeded, into the value. Whatever it throws is reported as a failure of this
     * fact on that host.
     */
    T parse(CommandResult result);

    /** A fact from its parts, equal only to itself. */
    static <T> Fact<T> of(String name, Command command, Function<CommandResult, T> parser) {
        return new Fact<>() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Command command() {
                return command;
            }

            @Override
            public T parse(CommandResult result) {
                return parser.apply(result);
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }
}
