package dev.weftwork.command;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Something to run in a machine's POSIX shell: a program with arguments, or a script.
 *
 * <p>An immutable value; every option returns a new command. Arguments arrive unchanged whatever they hold: quotes,
 * {@code $}, newlines, {@code *}, {@code !}, a leading {@code -}, nothing at all, any bytes but NUL. A script is shell
 * text and is evaluated as such; give it values as arguments and use {@code "$1"}, never by pasting them into the text.
 *
 * <pre>{@code
 * Command.of("tar", "-xf", archive).cwd("/srv/app").timeout(Duration.ofMinutes(2));
 * Command.script("test -e \"$1\" || mkdir \"$1\"", "/srv/it's here").env("LC_ALL", "C");
 * Command.of("grep", "-q", "ready", "state").successCodes(0, 1);
 * }</pre>
 *
 * <p>The defaults: no arguments, the machine's own environment and the user's home as working directory, empty standard
 * input, no timeout, success is exit code 0.
 *
 * <p>A {@link Secret} never shows in {@code toString}, messages, logs or reports, and the controller never puts it in
 * an argument list of its own. On the machine a secret <em>argument</em> is visible in the process list while the
 * program runs, as any argument is; {@link #secretEnv} and {@link #stdin(Secret)} are not.
 */
public final class Command {

    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Pattern USER = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.@-]*\\$?");
    private static final byte[] NOTHING = {};
    private static final int DISPLAY_LIMIT = 300;
    private static final Set<Integer> DEFAULT_SUCCESS = Set.of(0);
    private static final String SESSION_SHELL = "";
    private static final Duration LONGEST_TIMEOUT = Duration.ofDays(36_525);

    private final @Nullable String script;
    private final List<Argument> arguments;
    private final Map<String, Argument> environment;
    private final @Nullable String cwd;
    private final @Nullable String user;
    private final StandardInput stdin;
    private final @Nullable String shell;
    private final @Nullable Duration timeout;
    private final int outputLimit;
    private final @Nullable Set<Integer> successCodes;
    private final List<Secret> secrets;
    private final @Nullable String description;

    /** What {@link #toString} made, kept because one command runs on many hosts; whoever sees none makes the same one. */
    private @Nullable String text;

    private Command(Draft draft) {
        script = draft.script;
        arguments = List.copyOf(draft.arguments);
        environment = Collections.unmodifiableMap(draft.environment);
        cwd = draft.cwd;
        user = draft.user;
        stdin = draft.stdin;
        timeout = draft.timeout;
        outputLimit = draft.outputLimit;
        shell = draft.shell;
        successCodes = draft.successCodes == null ? null : Collections.unmodifiableSet(draft.successCodes);
        secrets = List.copyOf(draft.secrets);
        description = draft.description;
    }

    /**
     * Runs {@code program}, looked up as the shell does: builtins and the machine's PATH, no aliases and no keywords.
     *
     * @throws IllegalArgumentException if the program is empty, or if a word holds a NUL or half a surrogate pair
     */
    public static Command of(String program, String... arguments) {
        if (program.isEmpty()) {
            throw new IllegalArgumentException("program must not be empty");
        }
        var draft = new Draft();
        draft.arguments.add(new Argument(ShellWords.encode("program", program), false));
        draft.addAll(arguments);
        return new Command(draft);
    }

    /**
     * Evaluates shell text in a shell of its own, with {@code arguments} as {@code $1}, {@code $2}, ...
     *
     * @throws IllegalArgumentException if the script is blank, or if a word holds a NUL or half a surrogate pair
     */
    public static Command script(String script, String... arguments) {
        if (script.isBlank()) {
            throw new IllegalArgumentException("script must not be blank");
        }
        ShellWords.encode("script", script);
        var draft = new Draft();
        draft.script = script;
        draft.addAll(arguments);
        return new Command(draft);
    }

    /** This command with one more argument at the end. */
    public Command arg(String argument) {
        var draft = new Draft(this);
        draft.addAll(argument);
        return new Command(draft);
    }

    /** This command with one more argument of raw bytes, for names that are not UTF-8. */
    public Command arg(byte[] argument) {
        var draft = new Draft(this);
        draft.arguments.add(new Argument(ShellWords.requireNoNul(draft.nextArgument(), argument.clone()), false));
        return new Command(draft);
    }

    /** This command with one more argument, which prints as stars. The machine's process list shows it all the same. */
    public Command secretArg(Secret argument) {
        var draft = new Draft(this);
        draft.arguments.add(new Argument(ShellWords.requireNoNul("a secret argument", argument.bytes()), true));
        draft.secrets.add(argument);
        return new Command(draft);
    }

    /**
     * This command with an environment variable set, over one of the same name.
     *
     * @throws IllegalArgumentException if the name is not one that a shell can export, or begins with {@code weft_}
     */
    public Command env(String name, String value) {
        var draft = new Draft(this);
        draft.environment.put(
                requireVariableName(name), new Argument(ShellWords.encode("value of variable " + name, value), false));
        return new Command(draft);
    }

    /** As {@link #env}, with a value that prints as stars. */
    public Command secretEnv(String name, Secret value) {
        var draft = new Draft(this);
        draft.environment.put(
                requireVariableName(name),
                new Argument(ShellWords.requireNoNul("value of variable " + name, value.bytes()), true));
        draft.secrets.add(value);
        return new Command(draft);
    }

    /**
     * This command in that directory, absolute or relative to where the session starts. Where it can't be entered the
     * command is {@linkplain Outcome.NotStarted not started}.
     */
    public Command cwd(String directory) {
        if (directory.isEmpty()) {
            throw new IllegalArgumentException("cwd must not be empty");
        }
        ShellWords.encode("cwd", directory);
        var draft = new Draft(this);
        draft.cwd = directory;
        return new Command(draft);
    }

    /**
     * This command as another user of the machine, in a session that the connection opens for that user once, in the way
     * its connector was told to: {@code sudo}, {@code su} or {@code doas}. Where that fails the command is {@linkplain
     * Outcome.NotStarted not started}. It starts in the same directory, with the environment which that way gives it.
     *
     * @throws IllegalArgumentException if it isn't the name of a user
     */
    public Command as(String user) {
        if (!USER.matcher(user).matches()) {
            throw new IllegalArgumentException("user must be letters, digits, '_', '.', '@' and '-', beginning with a"
                    + " letter, a digit or '_', was '" + user + "'");
        }
        var draft = new Draft(this);
        draft.user = user;
        return new Command(draft);
    }

    /**
     * This command's script evaluated by that program, such as {@code /bin/bash}, instead of the session's shell. Of a
     * command that is no script nothing changes.
     *
     * @throws IllegalArgumentException if it isn't an absolute path
     */
    public Command shell(String program) {
        if (!program.startsWith("/")) {
            throw new IllegalArgumentException("shell must be an absolute path, was '" + program + "'");
        }
        ShellWords.encode("shell", program);
        var draft = new Draft(this);
        draft.shell = program;
        return new Command(draft);
    }

    /** This command's script in the session's shell, whatever a step or a deploy says of a shell: it needs but POSIX. */
    public Command inSessionShell() {
        var draft = new Draft(this);
        draft.shell = SESSION_SHELL;
        return new Command(draft);
    }

    /** This command reading that text, as UTF-8. */
    public Command stdin(String text) {
        return stdin(text.getBytes(StandardCharsets.UTF_8));
    }

    /** This command reading these bytes. */
    public Command stdin(byte[] content) {
        return stdin(new StandardInput.Bytes(content));
    }

    /** This command reading a secret, exactly its characters as UTF-8 with no newline behind. */
    public Command stdin(Secret secret) {
        var draft = new Draft(this);
        draft.stdin = new StandardInput.Bytes(secret.bytes());
        draft.secrets.add(secret);
        return new Command(draft);
    }

    /** This command reading that input. */
    public Command stdin(StandardInput input) {
        var draft = new Draft(this);
        draft.stdin = input;
        return new Command(draft);
    }

    /**
     * This command ended, with all processes it started, when it runs longer.
     *
     * @throws IllegalArgumentException if the limit is not above zero, or above 100 years
     */
    public Command timeout(Duration limit) {
        if (limit.isNegative() || limit.isZero() || limit.compareTo(LONGEST_TIMEOUT) > 0) {
            throw new IllegalArgumentException("timeout must be > 0 and at most 100 years, was " + limit);
        }
        var draft = new Draft(this);
        draft.timeout = limit;
        return new Command(draft);
    }

    /**
     * This command taken as succeeded on exactly these exit codes.
     *
     * @throws IllegalArgumentException if one is outside 0 to 255
     */
    public Command successCodes(int first, int... more) {
        var draft = new Draft(this);
        var codes = new TreeSet<Integer>();
        codes.add(requireExitCode(first));
        for (int code : more) {
            codes.add(requireExitCode(code));
        }
        draft.successCodes = codes;
        return new Command(draft);
    }

    private static int requireExitCode(int code) {
        if (code < 0 || code > 255) {
            throw new IllegalArgumentException("successCodes must be 0 to 255, was " + code);
        }
        return code;
    }

    /**
     * This command with so many bytes kept in its result of each of its streams, half of them from the head and half from
     * the tail if it writes more; 8 MiB unless set. Who wants all of it gives {@code Connection.execute} a consumer.
     *
     * @throws IllegalArgumentException if it is below 0
     */
    public Command outputLimit(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("outputLimit must be >= 0 bytes, was " + bytes);
        }
        var draft = new Draft(this);
        draft.outputLimit = bytes;
        return new Command(draft);
    }

    /** This command shown to people as that text instead of its own; for scripts too long to read in a message. */
    public Command describedAs(String text) {
        var draft = new Draft(this);
        draft.description = text;
        return new Command(draft);
    }

    /** The limit given by {@link #timeout(Duration)}. */
    public Optional<Duration> timeout() {
        return Optional.ofNullable(timeout);
    }

    /** The user given by {@link #as}; without one it is whom the connection logs in as. */
    public Optional<String> user() {
        return Optional.ofNullable(user);
    }

    /** The bytes given by {@link #outputLimit(int)}. */
    public int outputLimit() {
        return outputLimit;
    }

    public StandardInput stdin() {
        return stdin;
    }

    /** The codes given by {@link #successCodes(int, int...)}; 0 unless set. */
    public Set<Integer> successCodes() {
        return successCodes == null ? DEFAULT_SUCCESS : successCodes;
    }

    public boolean hasOwnSuccessCodes() {
        return successCodes != null;
    }

    /** The directory given by {@link #cwd(String)}. */
    public Optional<String> cwd() {
        return Optional.ofNullable(cwd);
    }

    /** The program given by {@link #shell(String)}. */
    public Optional<String> shell() {
        return Optional.ofNullable(shell).filter(program -> !program.equals(SESSION_SHELL));
    }

    /** Whether it says itself by which shell it is evaluated, or that it is the session's. */
    public boolean hasOwnShell() {
        return shell != null;
    }

    /** Whether it sets that environment variable. */
    public boolean setsVariable(String name) {
        return environment.containsKey(name);
    }

    /** {@code text} in single quotes, as one word of a POSIX shell; for those who must build shell text themselves. */
    public static String quote(String text) {
        var out = new ByteArrayOutputStream();
        ShellWords.quote(ShellWords.encode("text", text), out);
        return out.toString(StandardCharsets.UTF_8);
    }

    /**
     * For connectors: shell text that enters the working directory and sets the environment, to be evaluated before
     * {@link #shellText}; a status other than 0 means that the command must not be started. Holds secrets in clear.
     */
    public byte[] shellPrelude() {
        if (cwd == null && environment.isEmpty()) {
            return NOTHING;
        }
        var out = new ByteArrayOutputStream();
        if (cwd != null) {
            // CDPATH would lead elsewhere, and print where.
            append(out, "CDPATH= cd -- ");
            ShellWords.quote(ShellWords.encode("cwd", cwd.startsWith("-") ? "./" + cwd : cwd), out);
            append(out, " || return 1\n");
        }
        environment.forEach((name, value) -> {
            append(out, "export " + name + "=");
            ShellWords.quote(value.bytes(), out);
            append(out, " || return 1\n");
        });
        return out.toByteArray();
    }

    /** For connectors: what to evaluate in a shell of its own. Holds secrets in clear. */
    public byte[] shellText() {
        var out = new ByteArrayOutputStream();
        if (script == null) {
            quoteAll(out);
        } else if (shell().isPresent()) {
            append(out, "exec ");
            ShellWords.quote(ShellWords.encode("shell", shell().get()), out);
            append(out, " -c ");
            ShellWords.quote(ShellWords.encode("script", script), out);
            append(out, " sh ");
            quoteAll(out);
        } else {
            append(out, "set -- ");
            quoteAll(out);
            append(out, "\n" + script);
        }
        append(out, "\n");
        return out.toByteArray();
    }

    /** {@code text} with every secret of this command replaced by stars. */
    public String hideSecretsIn(String text) {
        return Secret.hideAllIn(text, secrets);
    }

    /** Its secrets, for those who say more than what it is about; in any order. */
    public List<Secret> secrets() {
        return secrets;
    }

    /** This command with two more arguments, {@code part}'s prelude and text, which print as stars, and with its secrets. */
    Command carrying(Command part) {
        var draft = new Draft(this);
        draft.arguments.add(new Argument(part.shellPrelude(), true));
        draft.arguments.add(new Argument(part.shellText(), true));
        draft.secrets.addAll(part.secrets);
        return new Command(draft);
    }

    int longestSecretBytes() {
        return secrets.stream().mapToInt(secret -> secret.bytes().length).max().orElse(0);
    }

    private void quoteAll(ByteArrayOutputStream out) {
        for (int i = 0; i < arguments.size(); i++) {
            if (i > 0) {
                out.write(' ');
            }
            ShellWords.quote(arguments.get(i).bytes(), out);
        }
    }

    private static void append(ByteArrayOutputStream out, String text) {
        out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * For connectors: a name that can be exported, and isn't one of those that the session's shells use.
     *
     * @throws IllegalArgumentException if it is anything else
     */
    public static String requireVariableName(String name) {
        if (!VARIABLE.matcher(name).matches() || name.startsWith("weft_")) {
            throw new IllegalArgumentException("a variable name must be letters, digits and '_', not beginning with a"
                    + " digit or with 'weft_', was '" + name + "'");
        }
        return name;
    }

    /** On one line what runs, for people, at most 300 characters, secrets as stars. */
    @Override
    public String toString() {
        String known = text;
        if (known == null) {
            known = display();
            text = known;
        }
        return known;
    }

    private String display() {
        var words = new ArrayList<String>();
        if (description != null) {
            words.add(hideSecretsIn(description));
        } else if (script != null) {
            words.add(hideSecretsIn(script.strip()));
        }
        if (description == null) {
            arguments.forEach(argument -> words.add(argument.display(this::hideSecretsIn)));
        }
        String all = ShellWords.withoutControls(String.join(" ", words)).replace("\n", "\\n");
        return all.length() <= DISPLAY_LIMIT ? all : all.substring(0, DISPLAY_LIMIT - 3) + "...";
    }

    /** The mutable form, alive only within one option method. */
    private static final class Draft {
        private @Nullable String script;
        private final List<Argument> arguments = new ArrayList<>();
        private final Map<String, Argument> environment = new LinkedHashMap<>();
        private @Nullable String cwd;
        private @Nullable String user;
        private int outputLimit = Output.DEFAULT_LIMIT;
        private StandardInput stdin = new StandardInput.Empty();
        private @Nullable Duration timeout;
        private @Nullable Set<Integer> successCodes;
        private @Nullable String shell;
        private final List<Secret> secrets = new ArrayList<>();
        private @Nullable String description;

        Draft() {}

        Draft(Command command) {
            script = command.script;
            arguments.addAll(command.arguments);
            environment.putAll(command.environment);
            cwd = command.cwd;
            user = command.user;
            outputLimit = command.outputLimit;
            stdin = command.stdin;
            timeout = command.timeout;
            successCodes = command.successCodes;
            shell = command.shell;
            secrets.addAll(command.secrets);
            description = command.description;
        }

        void addAll(String... more) {
            for (String argument : more) {
                arguments.add(new Argument(ShellWords.encode(nextArgument(), argument), false));
            }
        }

        /** How people number the next argument: from 1, a program's own name not counted. */
        String nextArgument() {
            return "argument " + (script == null ? arguments.size() : arguments.size() + 1);
        }
    }
}
