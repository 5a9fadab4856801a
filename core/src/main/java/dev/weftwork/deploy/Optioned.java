package dev.weftwork.deploy;

import dev.weftwork.command.Secret;
import java.time.Duration;
import java.util.Objects;

/**
 * What {@link StepOptions} can be set on: a step, a deploy, or options by themselves. Every method returns a new value;
 * the older one stays as it is.
 *
 * <pre>{@code
 * Deploy.named("app").as("deployer").commandTimeout(Duration.ofMinutes(5))
 *     .step(Step.of(Files.directory("/srv/app")).as("root").retry(Retry.attempts(3)));
 * }</pre>
 *
 * @param <T> the type itself
 */
public sealed interface Optioned<T> permits StepOptions, Step, Deploy {

    StepOptions options();

    /** The same with exactly these options in place of those it had. */
    T options(StepOptions options);

    /**
     * Facts and commands run as that user of the machine; see {@link dev.weftwork.command.Command#as}.
     *
     * @throws IllegalArgumentException if it isn't the name of a user
     */
    default T as(String user) {
        return options(options().with(o -> o.user = StepOptions.requireUser(user)));
    }

    /** Facts and commands run as whom the connection logs in, even where a deploy, a host or the engine says otherwise. */
    default T asLoginUser() {
        return options(options().with(o -> o.user = StepOptions.LOGIN_USER));
    }

    /** Facts and commands have that environment variable, unless a command sets it itself. */
    default T env(String name, String value) {
        return options(options().with(o -> o.environment.put(StepOptions.requireVariable(name, value), value)));
    }

    /** As {@link #env}, with a value that prints as stars. */
    default T secretEnv(String name, Secret value) {
        return options(options().with(o -> o.environment.put(StepOptions.requireVariable(name, value), value)));
    }

    /** Facts and commands start in that directory, unless a command says another; relative paths start there too. */
    default T cwd(String directory) {
        return options(options().with(o -> o.cwd = StepOptions.requireCwd(directory)));
    }

    /**
     * Scripts of changes and of code run in that shell, such as {@code /bin/bash}, instead of the session's, which is
     * what the machine has as {@code sh}. Facts and the scripts of built-in operations need nothing but {@code sh}, and
     * stay there.
     *
     * @throws IllegalArgumentException if it isn't an absolute path
     */
    default T shell(String program) {
        return options(options().with(o -> o.shell = StepOptions.requireShell(program)));
    }

    /**
     * Commands of changes and of code succeed on exactly these exit codes, unless they say themselves on which.
     *
     * @throws IllegalArgumentException if one is outside 0 to 255
     */
    default T successCodes(int first, int... more) {
        return options(options().with(o -> o.successCodes = StepOptions.requireCodes(first, more)));
    }

    /**
     * The step fails on a host where it takes longer than that, planning and further attempts included; what it runs is
     * ended then.
     *
     * @throws IllegalArgumentException if it is not above zero, or above 100 years
     */
    default T timeout(Duration limit) {
        return options(options().with(o -> o.timeout = StepOptions.requireLimit("timeout", limit)));
    }

    /**
     * Each command, of a fact as of a change, is ended when it runs longer than that, unless it has a timeout of its own.
     *
     * @throws IllegalArgumentException if it is not above zero, or above 100 years
     */
    default T commandTimeout(Duration limit) {
        return options(options().with(o -> o.commandTimeout = StepOptions.requireLimit("commandTimeout", limit)));
    }

    /** A step that failed is tried again. */
    default T retry(Retry retry) {
        Objects.requireNonNull(retry, "retry must not be null");
        return options(options().with(o -> o.retry = retry));
    }

    /** Whether a host goes on with the next step after this one has failed; not unless set. */
    default T ignoreErrors(boolean ignored) {
        return options(options().with(o -> o.ignoreErrors = ignored));
    }

    /** As {@link #ignoreErrors(boolean)} with true. */
    default T ignoreErrors() {
        return ignoreErrors(true);
    }

    /**
     * Whether the step's further changes are made after one has failed; not unless set. The step fails all the same. After
     * a lost connection no further change is made.
     */
    default T continueOnError(boolean continued) {
        return options(options().with(o -> o.continueOnError = continued));
    }

    /** As {@link #continueOnError(boolean)} with true. */
    default T continueOnError() {
        return continueOnError(true);
    }

    /**
     * At most that many hosts are in the step at once, besides what the run's own limit says.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    default T parallel(int hosts) {
        return options(options().with(o -> o.parallel = StepOptions.requireParallel(hosts)));
    }
}
