package dev.weftwork.fact;

import dev.weftwork.inventory.Host;

/**
 * One host as an operation sees it while it plans: its inventory data, and its facts.
 *
 * <p>Lifetime: made by the engine for one host of one run; used on that host's thread only, within the call it was
 * passed to. Each fact is read when it is first asked for and kept until a step changes something on the host.
 */
public interface HostFacts {

    /** The host, with its data and groups. */
    Host host();

    /** The host's name. */
    default String name() {
        return host().name();
    }

    /** As {@link Host#data(String, Class)}. */
    default <T> T data(String key, Class<T> type) {
        return host().data(key, type);
    }

    /**
     * The value of a fact, read from the machine unless it is still known. Blocks while it is read.
     *
     * @throws FactFailedException if its command did not succeed or printed something unexpected; nothing is kept
     */
    <T> T fact(Fact<T> fact);

    /**
     * Makes facts known in one round trip to the machine, however many they are; those that are known already aren't read
     * again. What one of them says is asked with {@link #fact} then, and costs nothing. Blocks while they are read.
     *
     * <pre>{@code
     * host.facts(Facts.osRelease(), Facts.user("app"), Facts.path("/srv/app"));
     * }</pre>
     *
     * @throws FactFailedException if one can't be read; the others are known all the same
     */
    default void facts(Fact<?>... facts) {
        for (Fact<?> each : facts) {
            fact(each);
        }
    }

    /** Whether changes of files should come with a diff: in a plan, and where the run's options ask for it. */
    default boolean wantsDiffs() {
        return false;
    }
}
