package dev.weftwork.fact;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One of {@link Facts}: equal to another that asks the same of the same thing. Not a record for each, since the JDK makes a
 * record's {@code hashCode} when it is first called, which is felt in runs that take a fraction of a second.
 *
 * @param <T> what is known then
 */
final class BuiltInFact<T> implements Fact<T> {

    private final String name;
    private final String question;
    private final Supplier<Command> command;
    private final Function<CommandResult, T> parser;

    /**
     * @param name what people call it
     * @param question what it asks, and of what: no other built-in fact has the same
     */
    BuiltInFact(String name, String question, Supplier<Command> command, Function<CommandResult, T> parser) {
        this.name = name;
        this.question = question;
        this.command = command;
        this.parser = parser;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Command command() {
        return command.get();
    }

    @Override
    public T parse(CommandResult result) {
        return parser.apply(result);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof BuiltInFact<?> fact && question.equals(fact.question);
    }

    @Override
    public int hashCode() {
        return question.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
