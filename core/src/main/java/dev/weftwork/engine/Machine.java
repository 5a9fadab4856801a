package dev.weftwork.engine;

import dev.weftwork.connector.Connection;
import dev.weftwork.deploy.StepOptions;
import dev.weftwork.fact.Fact;
import dev.weftwork.inventory.Host;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host's machine for one run: its connection, the queue of its commands, and what is known of it.
 *
 * <p>Used by the host's thread only, unless steps of other hosts are delegated to it: then whoever is in a step there has
 * the only one of its {@link #turns}, and the run closes it at its end.
 */
final class Machine implements ThreadFactory {

    private static final Logger LOG = LoggerFactory.getLogger(Machine.class);

    final Host host;
    final HostExecutor commands;

    /** Held during a step; null where no step is delegated to it. */
    final @Nullable Places turns;

    /** By what their answers depend on. */
    private @Nullable Map<StepOptions.Scope, Map<Fact<?>, Object>> facts;

    private volatile @Nullable Connection connection;

    private volatile boolean uncertain;

    Machine(Host host, boolean shared) {
        this.host = host;
        turns = shared ? new Places(1) : null;
        commands = new HostExecutor(this);
    }

    /** For its queue of commands, when that is drained by no thread of a host. */
    @Override
    public Thread newThread(Runnable task) {
        return Thread.ofVirtual().name("commands-" + host.name()).unstarted(task);
    }

    @Nullable
    Connection connection() {
        return connection;
    }

    void connected(Connection opened) {
        connection = opened;
    }

    /** By the owner, who is done with it; others may not be. */
    void leave() {
        if (turns == null) {
            close();
        }
    }

    void close() {
        // Whatever was handed in too late is cancelled, and never meets a closed connection.
        commands.close();
        Connection open = connection;
        connection = null;
        if (open != null) {
            try {
                open.close();
            } catch (Throwable e) {
                Thrown.warn(LOG, host + ": closing its connection failed; what it ran is in the report", e);
            }
        }
    }

    @SuppressWarnings("unchecked") // a fact is the key of what it parsed
    <T> @Nullable T known(Fact<T> fact, StepOptions.Scope scope) {
        Map<StepOptions.Scope, Map<Fact<?>, Object>> all = facts;
        Map<Fact<?>, Object> known = all == null ? null : all.get(scope);
        return known == null ? null : (T) known.get(fact);
    }

    <T> void learn(Fact<T> fact, StepOptions.Scope scope, T value) {
        Map<StepOptions.Scope, Map<Fact<?>, Object>> all = facts;
        if (all == null) {
            all = new HashMap<>();
            facts = all;
        }
        all.computeIfAbsent(scope, any -> new HashMap<>()).put(fact, value);
    }

    /** In a plan: something would be changed, or may be, so that what is found later may be found otherwise in a run. */
    void becomeUncertain() {
        uncertain = true;
    }

    boolean isUncertain() {
        return uncertain;
    }

    /** Something may have changed. */
    void forget() {
        facts = null;
    }
}
