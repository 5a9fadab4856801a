package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.OutputConsumer.Stream;
import dev.weftwork.testing.Shells;
import dev.weftwork.testing.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The way to the shell breaks or falls silent after every byte: no result says what isn't so, nothing runs twice or hangs,
 * and the next command finds a working shell.
 */
@ParameterizedClass
@MethodSource("shells")
class TransportFaultsTest {

    static java.util.stream.Stream<Shells.Shell> shells() {
        return Shells.all().filter(shell -> List.of("dash", "bash").contains(shell.name()));
    }

    private final Shells.Shell shell;
    private final Path folder;
    private final PipeThreads threads = new PipeThreads();

    TransportFaultsTest(Shells.Shell shell, @TempDir Path folder) {
        this.shell = shell;
        this.folder = folder;
    }

    @AfterEach
    void close() {
        threads.close();
    }

    private enum Way {
        /** As the contract of {@link ShellChannel#write} has it: it throws, and the last two bytes never arrive. */
        WRITE_FAILS,
        /** What is written disappears, and then the shell is closed. */
        WRITE_SWALLOWS,
        WRITE_STALLS,
        STDOUT_CUT,
        STDERR_CUT,
        STDOUT_STALLS,
        STDERR_STALLS;

        boolean stalls() {
            return this == WRITE_STALLS || this == STDOUT_STALLS || this == STDERR_STALLS;
        }
    }

    /** Breaks one channel, once, after so many bytes from when it was armed. */
    private final class Faulty implements ShellTransport {
        private volatile @Nullable Way way;
        private final AtomicInteger left = new AtomicInteger();
        private volatile byte[] garbage = new byte[0];

        /** Said in the place of the words of each marker. */
        private volatile @Nullable String lie;

        void arm(Way how, int after) {
            left.set(after);
            way = how;
        }

        @Override
        public ShellChannel open(ShellChannel.Listener listener, Duration limit)
                throws IOException, InterruptedException {
            var ears = new Ears(listener, this);
            ShellChannel real = new ProcessTransport(
                            "web01", shell.words(), folder, Map.of("PATH", System.getenv("PATH")), threads)
                    .open(ears, limit);
            return new Channel(real, ears, this);
        }
    }

    private static final class Ears implements ShellChannel.Listener {
        private final ShellChannel.Listener listener;
        private final Faulty fault;
        private final ReentrantLock lock = new ReentrantLock();
        private final AtomicBoolean closed = new AtomicBoolean();
        private volatile boolean silent;
        private volatile boolean deaf;

        Ears(ShellChannel.Listener listener, Faulty fault) {
            this.listener = listener;
            this.fault = fault;
        }

        @Override
        public boolean output(Stream stream, byte[] bytes, int offset, int count) {
            lock.lock();
            try {
                if (silent) {
                    return true;
                }
                if (fault.garbage.length > 0) {
                    byte[] first = fault.garbage;
                    fault.garbage = new byte[0];
                    listener.output(stream, first, 0, first.length);
                }
                if (fault.lie != null) {
                    byte[] lied = new String(bytes, offset, count, StandardCharsets.ISO_8859_1)
                            .replaceAll("(\u001e\\w+-\\d+) .*\n", "$1 " + fault.lie + "\n")
                            .getBytes(StandardCharsets.ISO_8859_1);
                    return listener.output(stream, lied, 0, lied.length);
                }
                Way way = fault.way;
                boolean mine = stream == Stream.STDOUT
                        ? way == Way.STDOUT_CUT || way == Way.STDOUT_STALLS
                        : way == Way.STDERR_CUT || way == Way.STDERR_STALLS;
                if (way == null || !mine || count <= fault.left.get()) {
                    fault.left.addAndGet(mine ? -count : 0);
                    return listener.output(stream, bytes, offset, count);
                }
                if (fault.left.get() > 0) {
                    listener.output(stream, bytes, offset, fault.left.get());
                }
                fault.way = null;
                silent = true;
                if (!way.stalls() && closed.compareAndSet(false, true)) {
                    listener.closed("its output was cut");
                }
                return true;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void closed(String reason) {
            // The way is silent, and says nothing of an end either.
            if (!(silent || deaf) && closed.compareAndSet(false, true)) {
                listener.closed(reason);
            }
        }
    }

    private static final class Channel implements ShellChannel {
        private final ShellChannel real;
        private final Ears ears;
        private final Faulty fault;
        private volatile boolean broken;
        private volatile boolean stalled;

        Channel(ShellChannel real, Ears ears, Faulty fault) {
            this.real = real;
            this.ears = ears;
            this.fault = fault;
        }

        @Override
        public void write(byte[] bytes, int offset, int count) throws IOException {
            if (stalled) {
                return;
            }
            if (broken) {
                throw new IOException("it is broken");
            }
            Way way = fault.way;
            boolean mine = way == Way.WRITE_FAILS || way == Way.WRITE_SWALLOWS || way == Way.WRITE_STALLS;
            if (way == null || !mine || count <= fault.left.get()) {
                fault.left.addAndGet(mine ? -count : 0);
                real.write(bytes, offset, count);
                return;
            }
            fault.way = null;
            int sent = way == Way.WRITE_FAILS ? Math.min(fault.left.get(), Math.max(0, count - 2)) : fault.left.get();
            if (sent > 0) {
                real.write(bytes, offset, sent);
            }
            switch (way) {
                case WRITE_FAILS -> {
                    broken = true;
                    throw new IOException("it broke");
                }
                case WRITE_SWALLOWS -> {
                    broken = true;
                    real.close();
                }
                default -> {
                    ears.deaf = true;
                    stalled = true;
                }
            }
        }

        @Override
        public void settled() {
            real.settled();
        }

        @Override
        public void abandon() {
            real.abandon();
        }

        @Override
        public Optional<Boolean> endProcesses(long pid, boolean leadsSession) throws InterruptedException {
            return real.endProcesses(pid, leadsSession);
        }

        @Override
        public void close() {
            real.close();
        }
    }

    // ---- cases

    /** Quotes inside make a line that is cut look like a whole one. */
    private Command plain(Path effects) {
        return Command.script("echo x >>'" + effects + "'; echo 'out'; echo 'err' >&2; exit 7");
    }

    private Command small(Path effects) {
        return plain(effects).stdin("in");
    }

    private Command own(Path effects) {
        return Command.script(": $$; echo x >>'" + effects + "'; echo 'out'; echo 'err' >&2; exit 7");
    }

    private Command large(Path effects) {
        return Command.script("cat >/dev/null; echo x >>'" + effects + "'; echo 'out'; echo 'err' >&2; exit 7")
                .stdin("y".repeat(5_000));
    }

    private interface Kind {
        Command of(Path effects);
    }

    @Test
    void whenAWriteFailsAfterAnyByteWhatIsSaidIsSo() throws Exception {
        for (int after = 0; after < 240; after++) {
            check(Way.WRITE_FAILS, after, this::plain, false);
        }
        for (int after = 0; after < 300; after += 5) {
            check(Way.WRITE_FAILS, after, this::small, false);
            check(Way.WRITE_FAILS, after, this::own, false);
        }
        // Within the frame, within the line before a chunk, and within the chunk.
        for (int after : new int[] {40, 150, 185, 190, 1_000, 5_000}) {
            check(Way.WRITE_FAILS, after, this::large, false);
        }
    }

    @Test
    void whenWhatIsWrittenDisappearsWhatIsSaidIsSo() throws Exception {
        for (int after = 0; after < 240; after++) {
            check(Way.WRITE_SWALLOWS, after, this::plain, false);
        }
        for (int after = 0; after < 300; after += 7) {
            check(Way.WRITE_SWALLOWS, after, this::small, false);
        }
    }

    @Test
    void whenOutputIsCutAfterAnyByteWhatIsSaidIsSo() throws Exception {
        for (int after = 0; after < 60; after++) {
            check(Way.STDOUT_CUT, after, this::plain, false);
            check(Way.STDERR_CUT, after, this::plain, false);
            check(Way.STDERR_CUT, after, this::own, false);
        }
    }

    @Test
    void whenOpeningBreaksNothingRuns() throws Exception {
        for (int after = 0; after < 9_000; after += 900) {
            check(Way.WRITE_FAILS, after, this::plain, true);
            check(Way.WRITE_SWALLOWS, after, this::plain, true);
        }
        for (int after = 0; after < 60; after += 9) {
            check(Way.STDOUT_CUT, after, this::plain, true);
        }
    }

    /** The pipe to a shell that has ended breaks before its last words are read, or after. */
    @Test
    void whenAShellTakesNothingWhatItSaidOfThatIsInTheMessage() {
        ShellTransport transport =
                (listener, limit) -> new DyingChannel(listener, "env: /no/such/entry: No such file\n");

        assertThatThrownBy(() -> ShellConnection.to("web01", transport, threads).open())
                .isInstanceOf(ConnectFailedException.class)
                .hasMessage("web01: a shell can't be opened: its shell ended with status 127, after it had said: env:"
                        + " /no/such/entry: No such file");
    }

    private record DyingChannel(ShellChannel.Listener listener, String lastWords) implements ShellChannel {
        @Override
        public void write(byte[] bytes, int offset, int count) throws IOException {
            Thread.ofVirtual().start(() -> {
                byte[] words = lastWords.getBytes(StandardCharsets.UTF_8);
                listener.output(Stream.STDERR, words, 0, words.length);
                listener.closed("its shell ended with status 127");
            });
            throw new IOException("Broken pipe");
        }

        @Override
        public void settled() {}

        @Override
        public void abandon() {}

        @Override
        public Optional<Boolean> endProcesses(long pid, boolean leadsSession) {
            return Optional.empty();
        }

        @Override
        public void close() {}
    }

    /** All at once: each waits for its timeout, and does nothing else. */
    @Test
    void whenTheWayFallsSilentTheTimeoutEndsIt() throws Exception {
        var ends = new ArrayList<CompletableFuture<Boolean>>();
        for (Way way : List.of(Way.WRITE_STALLS, Way.STDOUT_STALLS, Way.STDERR_STALLS)) {
            for (int after : new int[] {0, 5, 30, 39}) {
                var end = new CompletableFuture<Boolean>();
                ends.add(end);
                Thread.ofVirtual().start(() -> {
                    try {
                        check(way, after, this::plain, false);
                        end.complete(true);
                    } catch (Throwable e) {
                        end.completeExceptionally(e);
                    }
                });
            }
        }
        for (CompletableFuture<Boolean> end : ends) {
            Waiting.await(end, "the end of a silent exchange");
        }
    }

    /** A machine can say anything; who waits for a command must not wait for ever because of it. */
    @Test
    void aMarkerThatNoShellOfOursSaysLosesTheConnection() throws Exception {
        for (String lie : List.of("99999999999", "256", "-1", "7x", "x", "", " ")) {
            var transport = new Faulty();
            try (var connection = open(transport)) {
                transport.lie = lie;
                CommandResult result = run(connection, plain(effects("lie")));
                transport.lie = null;

                assertThat(result.outcome()).as("'%s'", lie).isInstanceOf(Outcome.ConnectionLost.class);
                assertThat(result.describe()).as("'%s'", lie).contains("its shell said what isn't understood: '1 ");
                assertComplete(run(connection, plain(effects("truth"))), "after '" + lie + "'");
            }
        }
    }

    @Test
    void aHelloThatNoShellOfOursSaysIsRefused() {
        for (String lie : List.of("hello abc yes none", "hello -1 yes none", "hello 0 yes none", "hello")) {
            var transport = new Faulty();
            transport.lie = lie;

            assertThatThrownBy(() -> open(transport).close())
                    .as(lie)
                    .isInstanceOf(ConnectFailedException.class)
                    .hasMessageContaining("its shell answered with '0 " + lie + "', which isn't understood");
        }
    }

    @Test
    void garbageBeforeTheFirstMarkerIsNoOutput() throws Exception {
        long seed = Long.getLong("weftwork.seed", System.nanoTime());
        var random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            var transport = new Faulty();
            byte[] garbage = new byte[1 + random.nextInt(3_000)];
            random.nextBytes(garbage);
            for (int at = 0; at < garbage.length; at += 1 + random.nextInt(40)) {
                garbage[at] = MarkerScanner.NONCE_START;
            }
            transport.garbage = garbage;
            Path effects = folder.resolve("garbage" + round);
            try (var connection = open(transport)) {
                assertComplete(run(connection, plain(effects)), "-Dweftwork.seed=" + seed);
                assertThat(lines(effects)).isEqualTo(1);
            }
        }
    }

    private final AtomicInteger cases = new AtomicInteger();

    private Path effects(String name) {
        return folder.resolve("effects-" + name + cases.incrementAndGet());
    }

    private void check(Way way, int after, Kind kind, boolean opening) throws Exception {
        Path effects = effects("first");
        Path later = effects("later");
        String what = way + " after " + after;
        var transport = new Faulty();
        if (opening) {
            transport.arm(way, after);
            try (var connection = open(transport)) {
                checkResult(run(connection, kind.of(effects)), effects, what);
                return;
            } catch (ConnectFailedException e) {
                assertThat(effects).as(what).doesNotExist();
            }
            transport.way = null;
            try (var connection = open(transport)) {
                assertComplete(run(connection, plain(later)), what);
            }
            return;
        }
        CommandResult first;
        CommandResult next;
        try (var connection = open(transport)) {
            transport.arm(way, after);
            Command command = kind.of(effects);
            first = run(connection, way.stalls() ? command.timeout(Duration.ofMillis(300)) : command);
            transport.way = null;
            next = run(connection, plain(later));
        }
        checkResult(first, effects, what);
        assertThat(lines(later)).as(what).isLessThanOrEqualTo(1);
        if (next.outcome() instanceof Outcome.Completed) {
            assertComplete(next, what);
            assertThat(lines(later)).as(what).isEqualTo(1);
        } else if (next.outcome() instanceof Outcome.NotStarted) {
            assertThat(lines(later)).as(what).isZero();
        }
        // A first one that was complete may have left the break to the next: then that one tells.
        assertThat(next.outcome() instanceof Outcome.Completed || first.outcome() instanceof Outcome.Completed)
                .as("%s: %s, then %s", what, first, next)
                .isTrue();
    }

    /** The session is closed by now: what a shell was going to run, it has. */
    private void checkResult(CommandResult result, Path effects, String what) throws Exception {
        switch (result.outcome()) {
            case Outcome.Completed completed -> {
                assertComplete(result, what);
                assertThat(lines(effects)).as(what).isEqualTo(1);
            }
            case Outcome.NotStarted notStarted ->
                assertThat(lines(effects)).as("%s: %s", what, notStarted).isZero();
            default -> assertThat(lines(effects)).as(what).isLessThanOrEqualTo(1);
        }
    }

    private static void assertComplete(CommandResult result, String what) {
        assertThat(result.outcome()).as("%s: %s", what, result).isEqualTo(new Outcome.Completed(7));
        assertThat(result.stdoutText()).as(what).isEqualTo("out\n");
        assertThat(result.stderrText()).as(what).isEqualTo("err\n");
    }

    private static long lines(Path effects) throws IOException {
        return Files.exists(effects)
                ? Files.readString(effects, StandardCharsets.UTF_8).lines().count()
                : 0;
    }

    private ShellConnection open(ShellTransport transport) throws InterruptedException {
        return ShellConnection.to("web01", transport, threads)
                .shell(shell.words())
                .openTimeout(Duration.ofSeconds(10))
                .open();
    }

    private static CommandResult run(ShellConnection connection, Command command) throws Exception {
        Command bounded = command.timeout().isPresent() ? command : command.timeout(Duration.ofSeconds(10));
        var result = new CompletableFuture<CommandResult>();
        Thread.ofVirtual().start(() -> {
            try {
                result.complete(connection.execute(bounded));
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        return Waiting.await(result, "the end of " + command);
    }
}
