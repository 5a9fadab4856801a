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
}
