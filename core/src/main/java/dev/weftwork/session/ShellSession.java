package dev.weftwork.session;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.connector.OutputConsumer.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One open shell of one user on one machine, in which commands run one after the other.
 *
 * <p>The shell is sent {@code session.sh} once, and then a line for each command, which it runs in a subshell. Behind the
 * command's output it prints a marker on both streams: nonce, number of the command, status, and whether a process of the
 * command may still be there. Such a process could write into the output of a later command, and couldn't be told from a
 * later command's when that must be ended; so the session is given up then, and lives on for that process only.
 *
 * <p>Used by one thread at a time; fed by the channel's threads.
 */
final class ShellSession implements ShellChannel.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(ShellSession.class);

    /** What an idle shell takes at once, whoever writes it. */
    private static final int DIRECT_WRITE_BYTES = 4 * 1024;

    /** For output that is still on its way when everything was ended. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    /** Twice the grace that processes have, and what looking takes. */
    private static final Duration CANCEL_PATIENCE = Duration.ofSeconds(8);

    private static final int PREAMBLE_BYTES = 8 * 1024;

    /** Ends a session's processes on its machine; says whether nothing is left. */
    interface Killer {
        boolean end(ShellSession session) throws InterruptedException;
    }

    private final String host;
    private final PipeThreads threads;
    private final String nonce;
    private final MarkerScanner stdoutScanner;
    private final MarkerScanner stderrScanner;
    private final ReentrantLock feedingStdout = new ReentrantLock();
    private final ReentrantLock feedingStderr = new ReentrantLock();

    /** Guards what is waited for while the session opens. */
    private final ReentrantLock opening = new ReentrantLock();

    private final Condition changed = opening.newCondition();
    private volatile Output.@Nullable Collector preamble = new Output.Collector(PREAMBLE_BYTES);
    private @Nullable String hello;

    private volatile @Nullable ShellChannel channel;
    private @Nullable Shell shell;
    private volatile boolean becameAnother;
    private long frames;
    private int openMillis;
    private volatile @Nullable Exchange current;
    private volatile @Nullable String closedBecause;
    private volatile boolean abandoned;
    private volatile boolean stdoutLeft;
    private volatile boolean stderrLeft;

    ShellSession(String host, PipeThreads threads) {
        this.host = host;
        this.threads = threads;
        nonce = Nonce.text();
        stdoutScanner = new MarkerScanner(nonce + "-", new Handler(Stream.STDOUT));
        stderrScanner = new MarkerScanner(nonce + "-", new Handler(Stream.STDERR));
    }

    // ---- what the channel's threads do

    @Override
    public boolean output(Stream stream, byte[] bytes, int offset, int count) {
        ReentrantLock lock = stream == Stream.STDOUT ? feedingStdout : feedingStderr;
        lock.lock();
        try {
            (stream == Stream.STDOUT ? stdoutScanner : stderrScanner).accept(bytes, offset, count);
        } finally {
            lock.unlock();
        }
        return !(stream == Stream.STDOUT ? stdoutLeft : stderrLeft);
    }

    @Override
    public void closed(String reason) {
        // What is still being read, by a shell's heir for example, has no end yet.
        endUnlessFed(feedingStdout, stdoutScanner);
        endUnlessFed(feedingStderr, stderrScanner);
        opening.lock();
        try {
            if (closedBecause == null) {
                closedBecause = reason;
            }
            changed.signalAll();
        } finally {
            opening.unlock();
        }
        // After the reason was set: who sends a frame looks at it behind setting the exchange.
        Exchange exchange = current;
        if (exchange != null) {
            exchange.closed(reason);
        }
    }

    private static void endUnlessFed(ReentrantLock feeding, MarkerScanner scanner) {
        if (feeding.tryLock()) {
            try {
                scanner.end();
            } finally {
                feeding.unlock();
            }
        }
    }

    private final class Handler implements MarkerScanner.Handler {
        private final Stream stream;

        Handler(Stream stream) {
            this.stream = stream;
        }

        @Override
        public void output(byte[] bytes, int offset, int count) {
            Exchange exchange = current;
            if (exchange != null) {
                exchange.output(stream, bytes, offset, count);
                return;
            }
            opening.lock();
            try {
                if (preamble != null) {
                    preamble.add(bytes, offset, count);
                    changed.signalAll();
                }
            } finally {
                opening.unlock();
            }
        }

        @Override
        public void marker(String text) {
            // A number, a word, for some a third one. No split, which makes a list and an array of them each time.
            int behindNumber = text.indexOf(' ');
            String number = behindNumber < 0 ? text : text.substring(0, behindNumber);
            Exchange exchange = current;
            if (number.equals("0")) {
                opening.lock();
                try {
                    if (stream == Stream.STDOUT) {
                        hello = text;
                    }
                    changed.signalAll();
                } finally {
                    opening.unlock();
                }
            } else if (exchange != null && behindNumber >= 0 && number.equals(exchange.numberText)) {
                int behindWord = text.indexOf(' ', behindNumber + 1);
                String word = text.substring(behindNumber + 1, behindWord < 0 ? text.length() : behindWord);
                int status = status(word);
                if (status >= 0) {
                    boolean left = behindWord >= 0;
                    if (left) {
                        // Up to its own marker each stream is still the command's.
                        if (stream == Stream.STDOUT) {
                            stdoutLeft = true;
                        } else {
                            stderrLeft = true;
                        }
                        abandoned = true;
                    }
                    exchange.ended(stream, status, left);
                } else if (!exchange.note(word)) {
                    misunderstood(exchange, text);
                }
            }
        }
    }

    /** The exit code that a marker has, or -1 if it is none. */
    private static int status(String word) {
        int status = 0;
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            if (c < '0' || c > '9' || i == 3) {
                return -1;
            }
            status = status * 10 + (c - '0');
        }
        return word.isEmpty() || status > 255 ? -1 : status;
    }

    /** No shell of ours says that: what it says from now on can't be trusted to be in step. */
    private void misunderstood(Exchange exchange, String marker) {
        String reason = "its shell said what isn't understood: '" + marker + "'";
        if (closedBecause == null) {
            closedBecause = reason;
        }
        exchange.closed(reason);
    }

    // ---- opening

    /**
     * Starts the shell and waits until it is ready.
     *
     * @param deadline by {@code nanoTime}
     * @throws IOException if it can't be; nothing is left open
     */
    void open(ShellTransport transport, Login login, long deadline) throws IOException, InterruptedException {
        Duration limit = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
        openMillis = (int) Math.min(Integer.MAX_VALUE, Math.round(limit.toNanos() / 1e6));
        ShellChannel opened = transport.open(this, limit);
        channel = opened;
        boolean ready = false;
        try {
            try {
                sayHello(login, deadline);
            } catch (IOException e) {
                throw new IOException(transport.explain(messageOf(e)), e);
            }
            if (login.user().isPresent()) {
                become(login, login.user().get(), deadline);
            }
            if (shell().leads().equals("no")) {
                lead(login, deadline);
            }
            opening.lock();
            try {
                preamble = null;
            } finally {
                opening.unlock();
            }
            opened.settled();
            ready = true;
        } finally {
            if (!ready) {
                opened.close();
            }
        }
    }

    private void sayHello(Login login, long deadline) throws IOException, InterruptedException {
        try {
            writeInThread(SessionScript.of(nonce, login), OptionalLong.of(deadline));
        } catch (TimeoutException e) {
            throw new IOException("its shell reads nothing; a POSIX shell that reads its standard input is needed", e);
        } catch (ExecutionException e) {
            throw new IOException(e);
        } catch (IOException e) {
            throw afterWhatItSaid(e, deadline);
        }
        shell = Shell.parse(awaitHello(
                deadline,
                "its shell didn't answer" + withinLimit() + "; a POSIX shell that reads its standard input is needed"));
    }

    private void writeOrSayWhyNot(byte[] line, long deadline) throws IOException, InterruptedException {
        try {
            write(line);
        } catch (IOException e) {
            throw afterWhatItSaid(e, deadline);
        }
    }

    /** A shell that takes nothing more has often said why, and that may still be on its way. */
    private IOException afterWhatItSaid(IOException cantWrite, long deadline) throws InterruptedException {
        try {
            await(() -> null, Math.min(deadline, System.nanoTime() + LAST_WORDS.toNanos()), messageOf(cantWrite));
            return cantWrite;
        } catch (IOException said) {
            said.addSuppressed(cantWrite);
            return said;
        }
    }

    private String awaitHello(long deadline, String silence) throws IOException, InterruptedException {
        String answer = await(() -> hello, deadline, silence);
        opening.lock();
        try {
            hello = null;
        } finally {
            opening.unlock();
        }
        return answer;
    }

    /** Replaces the shell by one of that user, unless it is theirs already. */
    private void become(Login login, String user, long deadline) throws IOException, InterruptedException {
        if (ask("id -un", deadline).equals(user)) {
            return;
        }
        var step = new BecomeUser(host, login, user, ask("id -u", deadline).equals("0"));
        byte[] line = step.line();
        while (true) {
            forgetPreamble();
            String said;
            try {
                writeOrSayWhyNot(line, deadline);
                said = await(() -> step.answered(preambleText()), deadline, step + " didn't answer" + withinLimit());
            } catch (IOException e) {
                String why = step.hideSecretsIn(String.valueOf(e.getMessage()));
                // Without its cause, whose message may hold the password, and would be logged.
                throw new IOException(closedBecause == null ? why : step + " failed: " + why + step.advice(why));
            }
            if (step.arrived(said)) {
                break;
            }
            line = step.answer(said);
        }
        forgetPreamble();
        becameAnother = true;
        sayHello(login, deadline);
    }

    /** Gives the shell a session of processes of its own, where the machine has a program for that. */
    private void lead(Login login, long deadline) throws IOException, InterruptedException {
        if (ask("command -v setsid || :", deadline).isEmpty()) {
            return;
        }
        // What is sent before the shell has come to the end of this line, it might read itself.
        write(("weft_enter 0 ''; printf '" + MarkerScanner.NONCE_START
                        + "%s-0 going\\n' \"$weft_nonce\"; exec 2>&3 3>&-; " + "exec setsid " + login.quotedShell()
                        + "\n")
                .getBytes(StandardCharsets.UTF_8));
        awaitHello(deadline, "its shell didn't answer" + withinLimit());
        sayHello(login, deadline);
    }

    /** What a script of ours prints, which leaves nobody, without the newline at its end. */
    private String ask(String script, long deadline) throws IOException, InterruptedException {
        var exchange = new Exchange(++frames, false, PREAMBLE_BYTES, null);
        current = exchange;
        try {
            write(("weft_builtin " + exchange.number + " '' " + Command.quote(script) + "\n")
                    .getBytes(StandardCharsets.US_ASCII));
            Exchange.End end = exchange.end().get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (end instanceof Exchange.End.Closed closed) {
                throw new IOException(closed.reason());
            }
            return exchange.stdout().text().strip();
        } catch (TimeoutException e) {
            throw new IOException("its shell didn't answer to `" + script + "`" + withinLimit(), e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } finally {
            current = null;
        }
    }

    private String await(Supplier<@Nullable String> wanted, long deadline, String silence)
            throws IOException, InterruptedException {
        opening.lockInterruptibly();
        try {
            while (true) {
                String found = wanted.get();
                if (found != null) {
                    return found;
                }
                if (closedBecause != null) {
                    throw new IOException(closedBecause + itSaid());
                }
                if (changed.awaitNanos(deadline - System.nanoTime()) <= 0) {
                    throw new IOException(silence + itSaid());
                }
            }
        } finally {
            opening.unlock();
        }
    }

    /** Of all of its opening. */
    private String withinLimit() {
        return " within " + openMillis + " ms";
    }

    private String itSaid() {
        String text = preambleText().strip();
        return text.isEmpty() ? "" : ", after it had said: " + text;
    }

    private String preambleText() {
        Output.Collector said = preamble;
        return said == null ? "" : said.soFar().text();
    }

    private void forgetPreamble() {
        opening.lock();
        try {
            preamble = new Output.Collector(PREAMBLE_BYTES);
        } finally {
            opening.unlock();
        }
    }

    private void write(byte[] bytes) throws IOException {
        channel().write(bytes, 0, bytes.length);
    }

    private ShellChannel channel() {
        return Objects.requireNonNull(channel, "the session is open");
    }

    /** What the shell says about itself. */
    Shell shell() {
        return Objects.requireNonNull(shell, "the session is open");
    }

    /**
     * @param pid its process number on the machine
     * @param leads {@code yes} if it leads a session of processes, {@code group} if only a group, {@code no} otherwise
     * @param mode how it finds out what a command left: {@code none} if it can't
     */
    record Shell(long pid, String leads, String mode) {
        private static final Pattern PID = Pattern.compile("[1-9][0-9]{0,17}");

        private static Shell parse(String hello) throws IOException {
            String[] words = hello.split(" ", -1);
            // Another number of a process could be that of somebody else, when the session is ended.
            if (words.length != 5 || !PID.matcher(words[2]).matches()) {
                throw new IOException("its shell answered with '" + hello + "', which isn't understood");
            }
            return new Shell(Long.parseLong(words[2]), words[3], words[4]);
        }
    }

    // ---- executing

    /** Whether another command can be sent. */
    boolean usable() {
        return closedBecause == null && !abandoned;
    }

    /**
     * Runs a command to its end.
     *
     * @param deadline by {@code nanoTime}, if the command has a timeout
     */
    CommandResult execute(
            Command command, @Nullable OutputConsumer consumer, long begin, OptionalLong deadline, Killer killer) {
        InputStream input;
        OptionalLong inputLength;
        Frame frame;
        try {
            frame = Frame.of(++frames, command);
            input = command.stdin().open();
            inputLength = command.stdin().length();
        } catch (IOException | RuntimeException e) {
            return CommandResult.notStarted(host, command, "its standard input can't be opened: " + e);
        }
        var exchange = new Exchange(frames, frame.announcesBegin, command.outputLimit(), consumer);
        var ending = new Ending(command, exchange, killer);
        Outcome outcome;
        try {
            outcome = converse(frame, exchange, ending, input, inputLength, deadline);
        } finally {
            current = null;
            exchange.stop();
            channel().settled();
            closeQuietly(input);
        }
        Throwable thrown = exchange.consumerFailure();
        if (thrown instanceof Error error) {
            throw error;
        } else if (thrown instanceof RuntimeException failure) {
            throw failure;
        }
        return new CommandResult(
                host,
                command,
                outcome,
                exchange.stdout(),
                exchange.stderr(),
                Duration.ofNanos(System.nanoTime() - begin));
    }

    private Outcome converse(
            Frame frame,
            Exchange exchange,
            Ending ending,
            InputStream input,
            OptionalLong inputLength,
            OptionalLong deadline) {
        try {
            if (frame.load.length > 0) {
                load(frame.load, deadline);
            }
            // If it can't be said how far a long line came, it may have come to its end.
            ending.sent = true;
            send(exchange, frame.line, deadline);
            if (frame.feedsInput && await(exchange.ready(), deadline)) {
                feed(exchange, input, inputLength);
            }
            return ending.by(await(exchange.end(), deadline));
        } catch (IOException e) {
            close();
            return new Outcome.NotStarted("it couldn't be sent: " + e.getMessage());
        } catch (TimeoutException e) {
            return ending.byTimeout();
        } catch (InterruptedException e) {
            try {
                return ending.byInterrupt();
            } finally {
                Thread.currentThread().interrupt();
            }
        } catch (ExecutionException e) {
            // What a consumer threw; execute throws it once the command has ended.
            return ending.byInterrupt();
        }
    }

    private void send(Exchange exchange, byte[] line, OptionalLong deadline)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        current = exchange;
        String why = closedBecause;
        if (why != null) {
            throw new IOException(why);
        }
        if (line.length <= DIRECT_WRITE_BYTES) {
            write(line);
        } else {
            writeInThread(line, deadline);
        }
    }

    /** Writing much to a shell that is slow to read may take long. */
    private void writeInThread(byte[] bytes, OptionalLong deadline)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        try {
            await(
                    threads.start("weftwork-in-" + host, () -> {
                        write(bytes);
                        return true;
                    }),
                    deadline);
        } catch (ExecutionException e) {
            throw new IOException(messageOf(e.getCause()), e.getCause());
        } catch (IllegalStateException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static String messageOf(@Nullable Throwable failure) {
        return failure == null || failure.getMessage() == null ? String.valueOf(failure) : failure.getMessage();
    }

    /** Sends the text that the next frame uses. */
    private void load(byte[] text, OptionalLong deadline)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        byte[] seal = nonce.substring(1).getBytes(StandardCharsets.US_ASCII);
        byte[] sealed = Arrays.copyOf(text, text.length + seal.length);
        System.arraycopy(seal, 0, sealed, text.length, seal.length);
        var exchange = new Exchange(++frames, false, 0, null);
        send(exchange, Frame.load(exchange.number, sealed.length), deadline);
        if (await(exchange.ready(), deadline)) {
            writeInThread(sealed, deadline);
        }
        if (await(exchange.end(), deadline) instanceof Exchange.End.Closed closed) {
            throw new IOException(closed.reason());
        }
    }

    private void feed(Exchange exchange, InputStream input, OptionalLong length) throws IOException {
        var feed = new InputFeed(channel(), exchange, nonce.substring(1));
        if (length.isPresent() && length.getAsLong() <= DIRECT_WRITE_BYTES) {
            feed.send(input, length);
            return;
        }
        try {
            var unused = threads.start("weftwork-in-" + host, () -> {
                feed.send(input, length);
                return true;
            });
        } catch (IllegalStateException e) {
            exchange.inputFailed("its standard input could not be sent: " + e.getMessage());
        }
    }

    private static <T> T await(CompletableFuture<T> future, OptionalLong deadline)
            throws InterruptedException, ExecutionException, TimeoutException {
        return deadline.isPresent()
                ? future.get(deadline.getAsLong() - System.nanoTime(), TimeUnit.NANOSECONDS)
                : future.get();
    }

    /** Finds out what became of one command. */
    private final class Ending {
        private final Command command;
        private final Exchange exchange;
        private final Killer killer;
        private boolean sent;

        Ending(Command command, Exchange exchange, Killer killer) {
            this.command = command;
            this.exchange = exchange;
            this.killer = killer;
        }

        Outcome by(Exchange.End end) {
            // What nearly always comes is no case of the switch: the first switch over types takes a JVM 5 to 40 ms.
            if (end instanceof Exchange.End.Exited exited) {
                return by(exited);
            }
            return switch (end) {
                case Exchange.End.Exited exited -> by(exited);
                case Exchange.End.Closed closed -> new Outcome.ConnectionLost(command.hideSecretsIn(closed.reason()));
                case Exchange.End.InputFailed failed -> {
                    kill();
                    yield new Outcome.ConnectionLost(
                            command.hideSecretsIn(failed.reason()) + "; so it was ended in the middle");
                }
            };
        }

        private Outcome by(Exchange.End.Exited exited) {
            return exchange.begun()
                    ? new Outcome.Completed(exited.status())
                    : new Outcome.NotStarted("its directory, environment or shell can't be used: "
                            + command.hideSecretsIn(exchange.reason()));
        }

        Outcome byTimeout() {
            Duration limit = command.timeout().orElseThrow();
            return byForce(
                    confirmed -> new Outcome.TimedOut(limit, confirmed),
                    "its timeout of " + limit.toMillis() + " ms passed before it was sent");
        }

        Outcome byInterrupt() {
            return byForce(Outcome.Cancelled::new, "the run was cancelled before it was sent");
        }

        private Outcome byForce(Function<Boolean, Outcome> killed, String beforeItWasSent) {
            if (!sent) {
                // A part of it may have been: the shell runs none, and can't be sent another command behind it.
                close();
                return new Outcome.NotStarted(beforeItWasSent);
            }
            Exchange.End own = exchange.endSoFar();
            return own instanceof Exchange.End.Exited ? by(own) : killed.apply(kill());
        }

        /** Whatever the shell says from now on is about a command that was ended. */
        private boolean kill() {
            boolean gone;
            try {
                gone = uninterruptibly(threads.start("weftwork-kill-" + host, () -> killer.end(ShellSession.this)));
            } catch (IllegalStateException e) {
                gone = false;
            }
            if (gone) {
                // What was written before is still read; it takes no longer than the reading itself.
                // A process that still holds its output has escaped.
                gone = uninterruptibly(exchange.end()
                        .handle((end, failure) -> true)
                        .completeOnTimeout(false, LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS));
            }
            close();
            return gone;
        }
    }

    /** For a wait that is bounded by itself; the interrupt status is left as it was found. */
    private static boolean uninterruptibly(CompletableFuture<Boolean> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    LOG.debug("ending a session failed", e);
                    return false;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    // ---- ending

    /** By the transport's own means, if it has any for this user's processes; blocks. */
    Optional<Boolean> endProcesses() throws InterruptedException {
        return becameAnother
                ? Optional.empty()
                : channel().endProcesses(shell().pid(), shell().leads().equals("yes"));
    }

    /** Ends what no command is sent to any more, or leaves it to those who still hold its streams: then it is to be closed. */
    boolean retire() {
        if (closedBecause == null && abandoned && !shell().mode().equals("none")) {
            channel().abandon();
            return true;
        }
        close();
        return false;
    }

    /** Ends a command that is under way as an interrupt does, and waits until its result is made; a few seconds at most. */
    void cancel() {
        Exchange exchange = current;
        if (exchange != null) {
            exchange.cancel();
            var unused = uninterruptibly(
                    exchange.over().completeOnTimeout(false, CANCEL_PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
        }
    }

    /** Ends the shell; a command that is under way on it is left alone. */
    void close() {
        if (closedBecause == null) {
            closedBecause = "it was closed";
        }
        ShellChannel open = channel;
        if (open != null) {
            open.close();
        }
    }

    private static void closeQuietly(InputStream stream) {
        try {
            stream.close();
        } catch (IOException e) {
            LOG.trace("closing the standard input of a command", e);
        }
    }
}
