package dev.weftwork.operation.shell;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.fact.Fact;
import dev.weftwork.fact.Facts;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.fact.PathInfo;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A command runs, unless a guard says that it isn't needed; made by {@link Shell#run(Command)}. Immutable: every option
 * returns a new operation. With several guards each of them must want the command.
 *
 * <dl>
 *   <dt>Reads
 *   <dd>What its guards ask: {@link Facts#path} for {@link #creates}, the guard's own command for the others, which
 *       is a fact like any other and kept until something has changed. Without guards nothing.
 *   <dt>Changes
 *   <dd>The command runs, as one change. Without guards it runs, and counts as changed, every time.
 *   <dt>Refuses
 *   <dd>A guard that gives no answer: its program isn't found (127) or can't be executed (126), it was lost or
 *       timed out.
 * </dl>
 *
 * <pre>{@code
 * Shell.run("./install.sh --prefix /opt/app").creates("/opt/app/bin/app");
 * Shell.run("sysctl -w \"$1\"", "vm.swappiness=10").unless("test \"$(cat /proc/sys/vm/swappiness)\" = 10");
 * Shell.run(Command.of("systemctl", "restart", "app").timeout(Duration.ofMinutes(1)));
 * }</pre>
 */
public final class RunOperation implements Operation {

    private final Command command;
    private final List<Predicate<HostFacts>> guards;

    RunOperation(Command command) {
        this(command, List.of());
    }

    private RunOperation(Command command, List<Predicate<HostFacts>> guards) {
        this.command = command;
        this.guards = guards;
    }

    /**
     * Only where nothing is at that path yet.
     *
     * <p>Default: it runs whatever is there.
     *
     * @throws IllegalArgumentException if the path is empty or begins with {@code ~}
     */
    public RunOperation creates(String path) {
        Fact<PathInfo> created = Facts.path(path);
        return guarded(facts -> !facts.fact(created).exists());
    }

    /**
     * Only where that command does not succeed. It runs each time the operation is planned and must change nothing.
     *
     * <p>Default: it runs every time.
     */
    public RunOperation unless(Command guard) {
        var succeeds = new Succeeds(guard);
        return guarded(facts -> !facts.fact(succeeds));
    }

    /**
     * Only where that command succeeds. It runs each time the operation is planned and must change nothing.
     *
     * <p>Default: it runs every time.
     */
    public RunOperation onlyIf(Command guard) {
        var succeeds = new Succeeds(guard);
        return guarded(facts -> facts.fact(succeeds));
    }

    /**
     * As {@link #unless(Command)} of shell text, with {@code arguments} as {@code $1}, {@code $2}, ...
     *
     * <p>Default: it runs every time.
     */
    public RunOperation unless(String script, String... arguments) {
        return unless(Command.script(script, arguments));
    }

    /**
     * As {@link #onlyIf(Command)} of shell text, with {@code arguments} as {@code $1}, {@code $2}, ...
     *
     * <p>Default: it runs every time.
     */
    public RunOperation onlyIf(String script, String... arguments) {
        return onlyIf(Command.script(script, arguments));
    }

    private RunOperation guarded(Predicate<HostFacts> guard) {
        return new RunOperation(
                command, Stream.concat(guards.stream(), Stream.of(guard)).toList());
    }

    @Override
    public boolean hasGuards() {
        return !guards.isEmpty();
    }

    @Override
    public String summary() {
        return "run " + command;
    }

    @Override
    public List<Change> plan(HostFacts facts) {
        if (!guards.stream().allMatch(guard -> guard.test(facts))) {
            return List.of();
        }
        var change = new Change(summary(), command);
        return List.of(guards.isEmpty() ? change.madeEveryTime() : change);
    }

    @Override
    public String toString() {
        return summary();
    }

    /**
     * Whether a command succeeds. That it doesn't is an answer too; that it wasn't found (127), can't be executed
     * (126), was lost or timed out is none.
     */
    private record Succeeds(Command guard) implements Fact<Boolean> {

        private static final int[] ANY_OTHER = IntStream.rangeClosed(1, 255)
                .filter(code -> code != 126 && code != 127)
                .toArray();

        @Override
        public String name() {
            return "guard " + guard;
        }

        @Override
        public Command command() {
            int[] own = guard.successCodes().stream().mapToInt(code -> code).toArray();
            return guard.successCodes(
                    0,
                    IntStream.concat(IntStream.of(ANY_OTHER), IntStream.of(own)).toArray());
        }

        @Override
        public Boolean parse(CommandResult result) {
            return guard.successCodes().contains(result.exitCode().orElseThrow());
        }
    }
}
