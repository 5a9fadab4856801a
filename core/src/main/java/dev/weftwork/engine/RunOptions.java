package dev.weftwork.engine;

import dev.weftwork.deploy.StepOptions;
import dev.weftwork.event.RunListener;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How a run is to go. Immutable; every option returns new options.
 *
 * <pre>{@code
 * engine.run(inventory, deploy, engine.options().maxParallel(20).maxFailed(10).timeout(Duration.ofHours(1)));
 * }</pre>
 *
 * @param strategy when a host may take its next step; {@link Strategy#lockstep()} unless said otherwise
 * @param maxParallel how many hosts may be at work at once, at least 1; no limit unless said otherwise
 * @param maxFailed how many of a hundred hosts may fail before the run is stopped, 0 to 100; 100, which is never, unless
 *     said otherwise
 * @param timeout how long the run may take; no limit unless said otherwise
 * @param hostTimeout how long one host may be at work, connecting and in steps; waiting for its turn between
 *     them isn't counted; no limit unless said otherwise
 * @param defaults options for steps where neither step nor deploy, host or group sets them
 * @param diffs whether changes of files come with a diff also in a run, which costs reading the old content
 * @param listeners told in this order what happens; none unless said otherwise
 */
public record RunOptions(
        Strategy strategy,
        int maxParallel,
        int maxFailed,
        Optional<Duration> timeout,
        Optional<Duration> hostTimeout,
        StepOptions defaults,
        boolean diffs,
        List<RunListener> listeners) {

    private static final Duration LONGEST = Duration.ofDays(36_525);

    public RunOptions {
        if (maxParallel < 1) {
            throw new IllegalArgumentException("maxParallel must be >= 1, was " + maxParallel);
        }
        if (maxFailed < 0 || maxFailed > 100) {
            throw new IllegalArgumentException("maxFailed must be 0 to 100 percent, was " + maxFailed);
        }
        timeout.ifPresent(limit -> requireLimit("timeout", limit));
        hostTimeout.ifPresent(limit -> requireLimit("hostTimeout", limit));
        Objects.requireNonNull(strategy, "strategy must not be null");
        Objects.requireNonNull(defaults, "defaults must not be null");
        listeners.forEach(listener -> Objects.requireNonNull(listener, "listener must not be null"));
        listeners = List.copyOf(listeners);
    }

    private static void requireLimit(String what, Duration limit) {
        if (limit.isNegative() || limit.isZero() || limit.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(what + " must be > 0 and at most 100 years, was " + limit);
        }
    }

    /** What a run does of which nothing else was said. */
    public static RunOptions standard() {
        return new RunOptions(
                Strategy.lockstep(),
                Integer.MAX_VALUE,
                100,
                Optional.empty(),
                Optional.empty(),
                StepOptions.none(),
                false,
                List.of());
    }

    public RunOptions strategy(Strategy other) {
        return new RunOptions(other, maxParallel, maxFailed, timeout, hostTimeout, defaults, diffs, listeners);
    }

    public RunOptions maxParallel(int hosts) {
        return new RunOptions(strategy, hosts, maxFailed, timeout, hostTimeout, defaults, diffs, listeners);
    }

    /**
     * Stops the run once more than so many of a hundred of its hosts have failed or could not be reached: no host begins a
     * step any more; each leaves after the one it is in, because a half-made change is worse than one too many.
     */
    public RunOptions maxFailed(int percent) {
        return new RunOptions(strategy, maxParallel, percent, timeout, hostTimeout, defaults, diffs, listeners);
    }

    /** Stops the run at the first host that fails; as {@link #maxFailed(int)} with 0. */
    public RunOptions failFast() {
        return maxFailed(0);
    }

    /** Cancels the run when it takes longer than that: what runs then is ended on the machines. */
    public RunOptions timeout(Duration limit) {
        return new RunOptions(
                strategy, maxParallel, maxFailed, Optional.of(limit), hostTimeout, defaults, diffs, listeners);
    }

    /** Ends a host's command, and fails the host, when it has been at work for longer than that in all. */
    public RunOptions hostTimeout(Duration limit) {
        return new RunOptions(
                strategy, maxParallel, maxFailed, timeout, Optional.of(limit), defaults, diffs, listeners);
    }

    public RunOptions defaults(StepOptions options) {
        return new RunOptions(strategy, maxParallel, maxFailed, timeout, hostTimeout, options, diffs, listeners);
    }

    public RunOptions diffs(boolean wanted) {
        return new RunOptions(strategy, maxParallel, maxFailed, timeout, hostTimeout, defaults, wanted, listeners);
    }

    /** With one more listener. */
    public RunOptions listener(RunListener listener) {
        Objects.requireNonNull(listener, "listener must not be null");
        return new RunOptions(
                strategy,
                maxParallel,
                maxFailed,
                timeout,
                hostTimeout,
                defaults,
                diffs,
                Stream.concat(listeners.stream(), Stream.of(listener)).toList());
    }
}
