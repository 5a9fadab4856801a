package dev.weftwork.deploy;

import dev.weftwork.report.Failure;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How often a step is tried, how long is waited in between, and after which failures. An immutable value.
 *
 * <p>Each attempt reads its facts anew and makes what is still missing, so that what an earlier attempt has done isn't
 * done twice. What can't be known from facts is only run again where it is known to have ended: after a lost connection,
 * or a timeout after which processes may be left, a command of {@code Shell.run} without a guard is not run again, unless
 * {@link #when} says so.
 *
 * <p>The wait doubles from attempt to attempt up to a longest one. Of each wait a part is chosen by chance, so that
 * hundreds of hosts that failed together don't come back together.
 *
 * <pre>{@code
 * Retry.attempts(5).backoff(Duration.ofSeconds(2), Duration.ofMinutes(1));
 * Retry.attempts(3).when(failure -> failure.command().isPresent());
 * }</pre>
 */
public final class Retry {

    private static final Retry NEVER = new Retry(1, Duration.ZERO, Duration.ZERO, 0, null);
    private static final Duration LONGEST = Duration.ofDays(36_525);
    private static final double DEFAULT_JITTER = 0.5;

    private final int attempts;
    private final Duration first;
    private final Duration longest;
    private final double jitter;
    private final @Nullable Predicate<Failure> condition;

    private Retry(
            int attempts, Duration first, Duration longest, double jitter, @Nullable Predicate<Failure> condition) {
        this.attempts = attempts;
        this.first = first;
        this.longest = longest;
        this.jitter = jitter;
        this.condition = condition;
    }

    /** A step is tried once. */
    public static Retry never() {
        return NEVER;
    }

    /**
     * A step is tried so often at most, with waits from 1 second to 1 minute.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    public static Retry attempts(int attempts) {
        if (attempts < 1) {
            throw new IllegalArgumentException("attempts must be >= 1, was " + attempts);
        }
        return new Retry(attempts, Duration.ofSeconds(1), Duration.ofMinutes(1), DEFAULT_JITTER, null);
    }

    /**
     * With a wait of {@code first} before the second attempt, doubled for each further one up to {@code longest}.
     *
     * @throws IllegalArgumentException if {@code first} is negative, or {@code longest} is shorter or above 100 years
     */
    public Retry backoff(Duration first, Duration longest) {
        if (first.isNegative() || longest.compareTo(first) < 0 || longest.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "backoff must be >= 0 and its longest not shorter and at most 100 years, was " + first + " to "
                            + longest);
        }
        return new Retry(attempts, first, longest, jitter, condition);
    }

    /** With the same wait before every attempt. */
    public Retry backoff(Duration wait) {
        return backoff(wait, wait);
    }

    /**
     * With that part of each wait left to chance: 0 waits exactly, 1 anything from nothing to the whole. It is a half
     * unless set.
     *
     * @throws IllegalArgumentException if it is outside 0 to 1
     */
    public Retry jitter(double part) {
        if (!(part >= 0 && part <= 1)) {
            throw new IllegalArgumentException("jitter must be 0 to 1, was " + part);
        }
        return new Retry(attempts, first, longest, part, condition);
    }

    /**
     * Only after failures for which the condition holds, in place of the rule above. Called on the host's thread; what it
     * throws ends the attempts. It sees a failure as the report has it: a {@linkplain Failure#cause cause} that had a secret
     * in its text is of another class.
     */
    public Retry when(Predicate<Failure> condition) {
        return new Retry(
                attempts, first, longest, jitter, Objects.requireNonNull(condition, "condition must not be null"));
    }

    /** How often at most, the first time included. */
    public int attempts() {
        return attempts;
    }

    /** What {@link #when} said. */
    public Optional<Predicate<Failure>> condition() {
        return Optional.ofNullable(condition);
    }

    /**
     * How long to wait after a failed attempt.
     *
     * @param attempt which one failed, from 1
     * @param chance from 0 to 1
     */
    public Duration waitAfter(int attempt, double chance) {
        double factor = Math.pow(2, attempt - 1);
        double whole = Math.min((double) first.toNanos() * factor, (double) longest.toNanos());
        return Duration.ofNanos((long) (whole * (1 - jitter * chance)));
    }

    @Override
    public String toString() {
        return attempts + " attempts, " + first + " to " + longest + " between";
    }
}
