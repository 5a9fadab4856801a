package dev.weftwork.deploy;

import dev.weftwork.command.Command;
import dev.weftwork.command.Secret;
import dev.weftwork.inventory.Host;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a step runs: as whom, where, how long, how often. An immutable value in which each option is set or not.
 *
 * <p>The same options can be said in five places, and what is not set in one comes from the next: the step, the deploy it
 * is in (an inner deploy before an outer one), the host's data, its groups' data, the engine. Environment variables are
 * merged, each name by that rule. In data the keys are those of {@link #ofData}.
 *
 * <pre>{@code
 * Engine.builder(connector).defaults(StepOptions.none().commandTimeout(Duration.ofMinutes(10)));
 * Host.named("old01").with("weftwork.as", "admin").with("weftwork.env.LC_ALL", "C");
 * }</pre>
 */
public final class StepOptions implements Optioned<StepOptions> {

    /** No name of a user: as whom the connection logs in. */
    static final String LOGIN_USER = "";

    private static final String KEYS = "weftwork.";
    private static final String ENVIRONMENT_KEYS = "weftwork.env.";
    private static final Duration LONGEST = Duration.ofDays(36_525);
    private static final Command PROBE = Command.of("true");
    private static final StepOptions NONE = new StepOptions(new Draft());

    private final @Nullable String user;
    private final Map<String, Object> environment;
    private final @Nullable String cwd;
    private final @Nullable String shell;
    private final @Nullable Set<Integer> successCodes;
    private final @Nullable Duration timeout;
    private final @Nullable Duration commandTimeout;
    private final @Nullable Retry retry;
    private final @Nullable Boolean ignoreErrors;
    private final @Nullable Boolean continueOnError;
    private final @Nullable Integer parallel;
    private final boolean nothingSet;

    private StepOptions(Draft draft) {
        user = draft.user;
        environment = Collections.unmodifiableMap(draft.environment);
        cwd = draft.cwd;
        shell = draft.shell;
        successCodes = draft.successCodes;
        timeout = draft.timeout;
        commandTimeout = draft.commandTimeout;
        retry = draft.retry;
        ignoreErrors = draft.ignoreErrors;
        continueOnError = draft.continueOnError;
        parallel = draft.parallel;
        nothingSet = environment.isEmpty()
                && Stream.of(
                                user,
                                cwd,
                                shell,
                                successCodes,
                                timeout,
                                commandTimeout,
                                retry,
                                ignoreErrors,
                                continueOnError,
                                parallel)
                        .allMatch(Objects::isNull);
    }

    /** Nothing is set. */
    public static StepOptions none() {
        return NONE;
    }

    /**
     * What a host's data says, its groups' data included: {@code weftwork.as}, {@code weftwork.cwd} and
     * {@code weftwork.shell} (text), {@code weftwork.env.NAME} (text or a {@link Secret}), {@code weftwork.timeout} and
     * {@code weftwork.commandTimeout} (a {@link Duration}), {@code weftwork.retry} (a {@link Retry}),
     * {@code weftwork.successCodes} (a list of numbers), {@code weftwork.ignoreErrors} and
     * {@code weftwork.continueOnError} (true or false).
     *
     * @throws IllegalArgumentException if another key begins with {@code weftwork.}, or a value is none of its option
     */
    public static StepOptions ofData(Host host) {
        StepOptions found = NONE;
        for (Map.Entry<String, Object> entry : host.data().entrySet()) {
            String key = entry.getKey();
            if (key.startsWith(KEYS)) {
                try {
                    found = found.withData(key, host);
                } catch (IllegalArgumentException e) {
                    String message = String.valueOf(e.getMessage());
                    throw new IllegalArgumentException(
                            message.startsWith(host.name() + ": ")
                                    ? message
                                    : host.name() + ": data '" + key + "': " + message,
                            e);
                }
            }
        }
        return found;
    }

    private StepOptions withData(String key, Host host) {
        if (key.startsWith(ENVIRONMENT_KEYS)) {
            String name = key.substring(ENVIRONMENT_KEYS.length());
            return host.data(key, Object.class) instanceof Secret secret
                    ? secretEnv(name, secret)
                    : env(name, host.data(key, String.class));
        }
        return switch (key.substring(KEYS.length())) {
            case "as" -> {
                String name = host.data(key, String.class);
                yield name.equals(LOGIN_USER) ? asLoginUser() : as(name);
            }
            case "cwd" -> cwd(host.data(key, String.class));
            case "shell" -> shell(host.data(key, String.class));
            case "timeout" -> timeout(host.data(key, Duration.class));
            case "commandTimeout" -> commandTimeout(host.data(key, Duration.class));
            case "retry" -> retry(host.data(key, Retry.class));
            case "ignoreErrors" -> ignoreErrors(host.data(key, Boolean.class));
            case "continueOnError" -> continueOnError(host.data(key, Boolean.class));
            case "successCodes" -> with(o -> o.successCodes = requireCodes(host.data(key, List.class)));
            default ->
                throw new IllegalArgumentException("no such option; keys that begin with '" + KEYS
                        + "' are options: as, cwd, shell, env.NAME, timeout, commandTimeout, retry, successCodes,"
                        + " ignoreErrors, continueOnError");
        };
    }

    /** These options, and where one isn't set that of {@code others}. */
    public StepOptions over(StepOptions others) {
        if (nothingSet || others.nothingSet) {
            return nothingSet ? others : this;
        }
        return others.with(o -> {
            o.user = user == null ? o.user : user;
            o.environment.putAll(environment);
            o.cwd = cwd == null ? o.cwd : cwd;
            o.shell = shell == null ? o.shell : shell;
            o.successCodes = successCodes == null ? o.successCodes : successCodes;
            o.timeout = timeout == null ? o.timeout : timeout;
            o.commandTimeout = commandTimeout == null ? o.commandTimeout : commandTimeout;
            o.retry = retry == null ? o.retry : retry;
            o.ignoreErrors = ignoreErrors == null ? o.ignoreErrors : ignoreErrors;
            o.continueOnError = continueOnError == null ? o.continueOnError : continueOnError;
            o.parallel = parallel == null ? o.parallel : parallel;
        });
    }

    /** A command that only reads, with the user, directory, environment and timeout that it doesn't say itself. */
    public Command appliedToFact(Command command) {
        if (nothingSet) {
            return command;
        }
        Command applied = command;
        if (user != null && !user.equals(LOGIN_USER) && command.user().isEmpty()) {
            applied = applied.as(user);
        }
        if (cwd != null && command.cwd().isEmpty()) {
            applied = applied.cwd(cwd);
        }
        for (Map.Entry<String, Object> variable : environment.entrySet()) {
            if (!command.setsVariable(variable.getKey())) {
                applied = variable.getValue() instanceof Secret secret
                        ? applied.secretEnv(variable.getKey(), secret)
                        : applied.env(variable.getKey(), (String) variable.getValue());
            }
        }
        if (commandTimeout != null && command.timeout().isEmpty()) {
            applied = applied.timeout(commandTimeout);
        }
        return applied;
    }

    /** As {@link #appliedToFact}, with the shell and the success codes too. */
    public Command appliedTo(Command command) {
        Command applied = appliedToFact(command);
        if (shell != null && !command.hasOwnShell()) {
            applied = applied.shell(shell);
        }
        if (successCodes != null && !command.hasOwnSuccessCodes()) {
            int[] codes = successCodes.stream().mapToInt(code -> code).toArray();
            applied = applied.successCodes(codes[0], codes);
        }
        return applied;
    }

    /**
     * What a fact's answer depends on: two steps with equal scopes may share what they read.
     *
     * @param user who reads it; nothing for whom the connection logs in
     * @param cwd where a relative path starts
     * @param environment variables by name
     */
    public record Scope(Optional<String> user, Optional<String> cwd, Map<String, Object> environment) {
        private static final Scope PLAIN = new Scope(Optional.empty(), Optional.empty(), Map.of());

        public Scope {
            environment = Map.copyOf(environment);
        }

        /** Asked in every run, and cheaper than the one that the JDK makes for a record when it is first asked. */
        @Override
        public int hashCode() {
            return 31 * (31 * user.hashCode() + cwd.hashCode()) + environment.hashCode();
        }

        /** Variables may be secrets. */
        @Override
        public String toString() {
            return "Scope[" + user + ", " + cwd + ", " + environment.keySet() + "]";
        }
    }

    /** What facts read under these options depend on. */
    public Scope scope() {
        return user().isEmpty() && cwd == null && environment.isEmpty()
                ? Scope.PLAIN
                : new Scope(user(), Optional.ofNullable(cwd), environment);
    }

    /** The user of {@link #as}; nothing for whom the connection logs in. */
    public Optional<String> user() {
        return Optional.ofNullable(user).filter(name -> !name.equals(LOGIN_USER));
    }

    /** The limit of {@link #timeout(Duration)}. */
    public Optional<Duration> timeout() {
        return Optional.ofNullable(timeout);
    }

    /** What {@link #retry(Retry)} said; {@link Retry#never} if it wasn't. */
    public Retry retry() {
        return retry == null ? Retry.never() : retry;
    }

    public boolean ignoresErrors() {
        return Boolean.TRUE.equals(ignoreErrors);
    }

    public boolean continuesOnError() {
        return Boolean.TRUE.equals(continueOnError);
    }

    /** The limit of {@link #parallel(int)}. */
    public OptionalInt parallel() {
        return parallel == null ? OptionalInt.empty() : OptionalInt.of(parallel);
    }

    @Override
    public StepOptions options() {
        return this;
    }

    @Override
    public StepOptions options(StepOptions options) {
        return options;
    }

    StepOptions with(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return new StepOptions(draft);
    }

    static String requireUser(String user) {
        return PROBE.as(user).user().orElseThrow();
    }

    static String requireVariable(String name, String value) {
        PROBE.env(name, value);
        return name;
    }

    static String requireVariable(String name, Secret value) {
        PROBE.secretEnv(name, value);
        return name;
    }

    static String requireCwd(String directory) {
        return PROBE.cwd(directory).cwd().orElseThrow();
    }

    static String requireShell(String program) {
        return PROBE.shell(program).shell().orElseThrow();
    }

    static Set<Integer> requireCodes(int first, int... more) {
        return PROBE.successCodes(first, more).successCodes();
    }

    private static Set<Integer> requireCodes(List<?> codes) {
        if (codes.isEmpty() || !codes.stream().allMatch(Integer.class::isInstance)) {
            throw new IllegalArgumentException("successCodes must be a list of numbers, was " + codes);
        }
        var numbers = new TreeSet<Integer>();
        codes.forEach(code -> numbers.addAll(requireCodes((Integer) code)));
        return Collections.unmodifiableSet(numbers);
    }

    static Duration requireLimit(String what, Duration limit) {
        if (limit.isNegative() || limit.isZero() || limit.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(what + " must be > 0 and at most 100 years, was " + limit);
        }
        return limit;
    }

    static int requireParallel(int hosts) {
        if (hosts < 1) {
            throw new IllegalArgumentException("parallel must be >= 1, was " + hosts);
        }
        return hosts;
    }

    /** Only what is set; secrets as stars. */
    @Override
    public String toString() {
        var set = new LinkedHashMap<String, Object>();
        put(set, "as", user);
        environment.forEach((name, value) -> set.put("env." + name, value));
        put(set, "cwd", cwd);
        put(set, "shell", shell);
        put(set, "successCodes", successCodes);
        put(set, "timeout", timeout);
        put(set, "commandTimeout", commandTimeout);
        put(set, "retry", retry);
        put(set, "ignoreErrors", ignoreErrors);
        put(set, "continueOnError", continueOnError);
        put(set, "parallel", parallel);
        return "StepOptions" + set;
    }

    private static void put(Map<String, Object> set, String name, @Nullable Object value) {
        if (value != null) {
            set.put(name, value);
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof StepOptions that
                && Objects.equals(user, that.user)
                && environment.equals(that.environment)
                && Objects.equals(cwd, that.cwd)
                && Objects.equals(shell, that.shell)
                && Objects.equals(successCodes, that.successCodes)
                && Objects.equals(timeout, that.timeout)
                && Objects.equals(commandTimeout, that.commandTimeout)
                && Objects.equals(retry, that.retry)
                && Objects.equals(ignoreErrors, that.ignoreErrors)
                && Objects.equals(continueOnError, that.continueOnError)
                && Objects.equals(parallel, that.parallel);
    }

    @Override
    public int hashCode() {
        return Objects.hash(user, environment, cwd, shell, timeout, commandTimeout, parallel);
    }

    /** The mutable form, alive only within one option method. */
    static final class Draft {
        @Nullable
        String user;

        final Map<String, Object> environment = new LinkedHashMap<>();

        @Nullable
        String cwd;

        @Nullable
        String shell;

        @Nullable
        Set<Integer> successCodes;

        @Nullable
        Duration timeout;

        @Nullable
        Duration commandTimeout;

        @Nullable
        Retry retry;

        @Nullable
        Boolean ignoreErrors;

        @Nullable
        Boolean continueOnError;

        @Nullable
        Integer parallel;

        private Draft() {}

        private Draft(StepOptions options) {
            user = options.user;
            environment.putAll(options.environment);
            cwd = options.cwd;
            shell = options.shell;
            successCodes = options.successCodes;
            timeout = options.timeout;
            commandTimeout = options.commandTimeout;
            retry = options.retry;
            ignoreErrors = options.ignoreErrors;
            continueOnError = options.continueOnError;
            parallel = options.parallel;
        }
    }
}
