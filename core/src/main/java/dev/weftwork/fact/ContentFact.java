package dev.weftwork.fact;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Output;
import java.util.Optional;

/** The whole of a file, for those who edit it. */
final class ContentFact {

    private static final int NO_SUCH_FILE = 44;

    private ContentFact() {}

    static Fact<Optional<byte[]>> of(String path) {
        String question = "content of " + path;
        return new BuiltInFact<>(question, question, () -> command(path), ContentFact::parse);
    }

    private static Command command(String path) {
        return Command.script("[ -e \"$1\" ] || [ -h \"$1\" ] || exit " + NO_SUCH_FILE + "\ncat < \"$1\"", path)
                .successCodes(0, NO_SUCH_FILE)
                .describedAs("read " + path);
    }

    private static Optional<byte[]> parse(CommandResult result) {
        if (result.exitCode().orElseThrow() == NO_SUCH_FILE) {
            return Optional.empty();
        }
        if (result.stdout().truncated()) {
            throw new IllegalStateException("the file has " + result.stdout().length()
                    + " bytes, more than the " + Output.DEFAULT_LIMIT
                    + " that can be edited; replace it as a whole");
        }
        return Optional.of(result.stdout().bytes());
    }
}
