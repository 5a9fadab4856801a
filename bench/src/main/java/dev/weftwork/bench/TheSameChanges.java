package dev.weftwork.bench;

import dev.weftwork.command.Command;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import java.util.Collections;
import java.util.List;

/** Plans nothing: the changes are there before. */
record TheSameChanges(List<Change> changes) implements Operation {

    private static final Change NOTHING = new Change("nothing", Command.of("true"));

    /** So many commands that do nothing. */
    static TheSameChanges ofNothing(int commands) {
        return new TheSameChanges(Collections.nCopies(commands, NOTHING));
    }

    @Override
    public String summary() {
        return "commands";
    }

    @Override
    public List<Change> plan(HostFacts facts) {
        return changes;
    }
}
