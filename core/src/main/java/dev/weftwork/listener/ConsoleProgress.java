package dev.weftwork.listener;

import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.listener.ConsoleTerminal.Size;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows runs on a console while they happen: on a terminal in lines at its lower end that are painted anew ten times a second,
 * elsewhere, as in the log of a continuous integration, in few plain lines. Failures are shown at once, and at the end of
 * each run a summary.
 *
 * <p>Lifetime: made by the user, for one engine or several; there is nothing to close. While runs are under way it has one
 * thread, {@code weftwork-console}, a daemon; {@link RunEvent.RunFinished} returns when everything is written and, after the last
 * run, that thread is gone; where a terminal takes nothing, because it was stopped, the end of a run that was cancelled waits five
 * seconds. Threads of hosts only note where they are, without a lock and without writing anything. Runs
 * that are under way at once share the terminal if they have the same object, or objects of {@link #stdout}.
 *
 * <p>What others write to the same terminal while a run is under way may be written over. Nothing is written to standard
 * error. Texts of deploys and machines are shown without control characters.
 *
 * <pre>{@code
 * try (Engine engine = Engine.builder(connector).listener(ConsoleProgress.stdout()).build()) {
 *   engine.run(inventory, deploy);
 * }
 * }</pre>
 */
public final class ConsoleProgress implements RunListener {

    private static final ReentrantLock STDOUT_LOCK = new ReentrantLock();

    /** There is one standard output, whoever writes to it. */
    private static @Nullable ConsoleProgress stdout;

    private final PrintStream out;
    private final ConsolePainter painter;
    private final LongSupplier clock;

    /** For those who hand it events without asking {@link #forRun}: of the run that began last. */
    private volatile @Nullable RunListener lastRun;

    private ConsoleProgress(Builder builder) {
        out = builder.out;
        clock = builder.clock;
        painter = new ConsolePainter(
                out,
                builder.live,
                builder.colours,
                builder.size,
                builder.sizes,
                clock,
                builder.byHand,
                builder.patience);
    }

    /**
     * On standard output. Live if that is a terminal, which a child process is asked, and {@code TERM} is set and not
     * {@code dumb}; in colours unless {@code NO_COLOR} is set and not empty; as large as {@code stty} says, or {@code COLUMNS} and {@code LINES},
     * or 80 times 24. If {@code System.out} was replaced by something that isn't the terminal, use {@link #to}.
     */
    public static ConsoleProgress stdout() {
        STDOUT_LOCK.lock();
        try {
            ConsoleProgress known = stdout;
            if (known == null || !known.out.equals(System.out)) {
                Map<String, String> environment = System.getenv();
                Builder builder = builder(System.out)
                        .live(ConsoleTerminal.canMove(environment) && ConsoleTerminal.isStandardOutput())
                        .colours(ConsoleTerminal.wantsColours(environment));
                known = builder.sizes(ConsoleTerminal.sizeOf(environment), ConsoleTerminal::askSize)
                        .build();
                stdout = known;
            }
            return known;
        } finally {
            STDOUT_LOCK.unlock();
        }
    }

    /** In plain lines, whatever is behind that stream, which stays open. Characters that its charset lacks are replaced. */
    public static ConsoleProgress to(PrintStream out) {
        return builder(out).build();
    }

    /** As {@link #to}, unless told otherwise. */
    public static Builder builder(PrintStream out) {
        return new Builder(out);
    }

    @Override
    public RunListener forRun() {
        return new ConsoleRun(painter, clock);
    }

    /** For events that don't come from an engine, of one run after the other; an engine asks {@link #forRun}. */
    @Override
    public void on(RunEvent event) {
        if (event instanceof RunEvent.RunStarted) {
            lastRun = forRun();
        }
        RunListener run = lastRun;
        if (run != null) {
            run.on(event);
        }
    }

    /** For tests: one frame. */
    void paint() {
        painter.paint();
    }

    /** For tests: the thread that paints, while runs are under way. */
    @Nullable
    Thread thread() {
        return painter.thread();
    }

    @Override
    public String toString() {
        return painter.toString();
    }

    /** How to show runs; used by one thread. */
    public static final class Builder {
        private final PrintStream out;
        private boolean live;
        private boolean colours;
        private Size size = new Size(80, 24);
        private Supplier<Optional<Size>> sizes = Optional::empty;
        private LongSupplier clock = System::nanoTime;
        private boolean byHand;
        private Duration patience = Duration.ofSeconds(5);

        private Builder(PrintStream out) {
            this.out = Objects.requireNonNull(out, "out must not be null");
        }

        /** Whether to paint as on a terminal, which must be behind the stream then; false. */
        public Builder live(boolean wanted) {
            live = wanted;
            return this;
        }

        /** Whether in colours, where it is live; false. */
        public Builder colours(boolean wanted) {
            colours = wanted;
            return this;
        }

        /**
         * How large the terminal is; 80 times 24.
         *
         * @throws IllegalArgumentException if one is less than 1
         */
        public Builder size(int columns, int rows) {
            size = new Size(columns, rows);
            return this;
        }

        /** What times are read from, as {@link System#nanoTime}, which it is if nothing else is said. */
        public Builder clock(LongSupplier nanoTime) {
            clock = Objects.requireNonNull(nanoTime, "nanoTime must not be null");
            return this;
        }

        /** Who to ask how large it is, now and then, and how large until then. */
        Builder sizes(Size first, Supplier<Optional<Size>> asked) {
            size = first;
            sizes = asked;
            return this;
        }

        /** Without a thread: {@link ConsoleProgress#paint} is called instead. */
        Builder byHand() {
            byHand = true;
            return this;
        }

        /** How long the end of a run that was cancelled waits for a console that takes nothing. */
        Builder patience(Duration longest) {
            patience = longest;
            return this;
        }

        public ConsoleProgress build() {
            return new ConsoleProgress(this);
        }
    }
}
