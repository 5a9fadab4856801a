package dev.weftwork.engine;

import dev.weftwork.event.RunListener;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * How a run is to go. Immutable; every option returns new options.
 *
 * <pre>{@code
 * engine.run(inventory, deploy, engine.options().maxParallel(20).listener(progress));
 * }</pre>
 *
 * @param strategy when a host may take its next step; {@link Strategy#lockstep()} unless said otherwise
 * @param maxParallel how many hosts may be at work at once, at least 1; no limit unless said otherwise
 * @param listeners told in this order what happens; none unless said otherwise
 */
public record RunOptions(Strategy strategy, int maxParallel, List<RunListener> listeners) {

    public RunOptions {
        if (maxParallel < 1) {
            throw new IllegalArgumentException("maxParallel must be >= 1, was " + maxParallel);
        }
        Objects.requireNonNull(strategy, "strategy must not be null");
        listeners.forEach(listener -> Objects.requireNonNull(listener, "listener must not be null"));
        listeners = List.copyOf(listeners);
    }

    public static RunOptions defaults() {
        return new RunOptions(Strategy.lockstep(), Integer.MAX_VALUE, List.of());
    }

    public RunOptions strategy(Strategy other) {
        return new RunOptions(other, maxParallel, listeners);
    }

    public RunOptions maxParallel(int hosts) {
        return new RunOptions(strategy, hosts, listeners);
    }

    /** With one more listener. */
    public RunOptions listener(RunListener listener) {
        return new RunOptions(
                strategy,
                maxParallel,
                Stream.concat(
                                listeners.stream(),
                                Stream.of(Objects.requireNonNull(listener, "listener must not be null")))
                        .toList());
    }
}
