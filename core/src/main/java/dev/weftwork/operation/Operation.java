package dev.weftwork.operation;

import dev.weftwork.fact.HostFacts;
import java.util.List;

/**
 * A desired state of a machine, and how to find out what is missing to it.
 *
 * <p>An immutable value, shared by all hosts and used by many threads at once. Planning reads facts and returns changes;
 * it makes none. The engine makes them, in order, and stops at the first that fails. Planning again once all are made
 * returns none: that is what makes a second run safe.
 *
 * <pre>{@code
 * record Hostname(String wanted) implements Operation {
 *   static final Fact<String> CURRENT =
 *       Fact.of("hostname", Command.of("hostname"), result -> result.stdoutText().strip());
 *
 *   public String summary() {
 *     return "hostname " + wanted;
 *   }
 *
 *   public List<Change> plan(HostFacts facts) {
 *     String current = facts.fact(CURRENT);
 *     return current.equals(wanted)
 *         ? List.of()
 *         : List.of(new Change("hostname " + current + " -> " + wanted, Command.of("hostname", wanted)));
 *   }
 * }
 * }</pre>
 */
public interface Operation {

    /** In a few words what is wanted, for people; also the name of a step that isn't given another. */
    String summary();

    /**
     * What must change on this host, in order; nothing if it is as wanted. Runs on the host's thread and may block while
     * facts are read.
     *
     * @throws PlanFailedException if the wanted state can't be reached from what is there
     */
    List<Change> plan(HostFacts facts);

    /**
     * Whether it does something only where a guard of the user's says so. In a plan, one that has nothing to do after changes
     * that aren't made yet is unknown: they may be what its guard looks for.
     */
    default boolean hasGuards() {
        return false;
    }
}
