package dev.weftwork.listener;

import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes an HTML page about each run when it has ended: what came of it, failures with what commands wrote, every step of
 * every host against time. The page is one file that needs nothing else and no network, in any browser of the last years.
 *
 * <p>Each run of this report gets a file of its own: after {@code run.html} comes {@code run-2.html}. What an earlier program
 * has left under that name is replaced. To keep those too, let the name hold <code>{time}</code>, when the run began;
 * <code>{deploy}</code> and <code>{mode}</code> may stand in it as well. The file is written beside and then moved into
 * place, so a reader sees a whole page or none; missing folders are made.
 *
 * <p>If it can't be written the run is as it is without a report, the engine logs a warning, and {@link #written} throws.
 *
 * <p>Secrets of commands show as stars, in what they wrote too. A secret that a command doesn't know, because another one
 * was given it, can't be told from other text.
 *
 * <p>Immutable but for what {@link #written} tells; every option returns a new report. It may serve any number of engines
 * and runs, also at the same time. While a run is under way a few numbers are kept for each host and step; the page is made
 * on the thread of the run, at its end. Nothing needs closing.
 *
 * <pre>{@code
 * HtmlReport html = HtmlReport.to(Path.of("reports/web.html"));
 * try (Engine engine = Engine.builder(connector).listener(html).build()) {
 *   engine.run(inventory, deploy);
 * }
 * System.out.println("see " + html.written());
 * }</pre>
 */
public final class HtmlReport implements RunListener {

    private static final int DEFAULT_PER_STREAM = 16 * 1024;
    private static final int DEFAULT_IN_ALL = 16 * 1024 * 1024;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

    final Path file;
    final int outputLimit;
    final int totalOutputLimit;
    final LongSupplier nanoTime;

    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Path> taken = new HashSet<>();
    private @Nullable Path written;
    private @Nullable IOException problem;

    /** Of those who hand events on without asking {@link #forRun}. */
    private @Nullable HtmlRun current;

    private HtmlReport(Path file, int outputLimit, int totalOutputLimit, LongSupplier nanoTime) {
        this.file = file;
        this.outputLimit = outputLimit;
        this.totalOutputLimit = totalOutputLimit;
        this.nanoTime = nanoTime;
    }

    /**
     * A report in that file, relative to the working directory of the JVM.
     *
     * @param file its name may hold <code>{deploy}</code>, <code>{mode}</code> and <code>{time}</code>
     * @throws IllegalArgumentException if the path has no name, as {@code /} hasn't
     */
    public static HtmlReport to(Path file) {
        if (file.getFileName() == null || file.getFileName().toString().isEmpty()) {
            throw new IllegalArgumentException("file must have a name, was '" + file + "'");
        }
        return new HtmlReport(file.toAbsolutePath(), DEFAULT_PER_STREAM, DEFAULT_IN_ALL, System::nanoTime);
    }

    /**
     * This report with so many characters kept of each stream of a command and of each diff, half of them from the head
     * and half from the tail of a longer one; 16 Ki unless set, and 0 for none. The run's own results keep what they have.
     *
     * @throws IllegalArgumentException if it is below 0
     */
    public HtmlReport outputLimit(int characters) {
        return new HtmlReport(file, requireNotNegative("outputLimit", characters), totalOutputLimit, nanoTime);
    }

    /**
     * This report with so many characters of outputs and diffs in the file in all, a text that occurs on several hosts
     * counted once; 16 Mi unless set. Failures come first; where something is left out the page says so.
     *
     * @throws IllegalArgumentException if it is below 0
     */
    public HtmlReport totalOutputLimit(int characters) {
        return new HtmlReport(file, outputLimit, requireNotNegative("totalOutputLimit", characters), nanoTime);
    }

    /**
     * This report with times from there, in nanoseconds, instead of {@link System#nanoTime}; for an engine whose time is
     * simulated. Called on the threads of hosts.
     */
    public HtmlReport nanoTime(LongSupplier source) {
        return new HtmlReport(file, outputLimit, totalOutputLimit, source);
    }

    private static int requireNotNegative(String what, int characters) {
        if (characters < 0) {
            throw new IllegalArgumentException(what + " must be >= 0 characters, was " + characters);
        }
        return characters;
    }

    @Override
    public RunListener forRun() {
        return new HtmlRun(this);
    }

    /**
     * For those who hand on the events of one run after another, without {@link #forRun}; an engine asks for a listener of
     * each run and never calls this.
     *
     * @throws IllegalStateException if a run begins while another one is under way
     */
    @Override
    public void on(RunEvent event) {
        HtmlRun run = currentFor(event);
        if (run != null) {
            run.on(event);
        }
    }

    private @Nullable HtmlRun currentFor(RunEvent event) {
        lock.lock();
        try {
            if (event instanceof RunEvent.RunStarted) {
                if (current != null) {
                    throw new IllegalStateException(
                            "two runs at once reach one HtmlReport: a listener that hands events on"
                                    + " must ask it for one for each run, with forRun()");
                }
                current = new HtmlRun(this);
            }
            HtmlRun run = current;
            if (event instanceof RunEvent.RunFinished) {
                current = null;
            }
            return run;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The file of the run that ended last.
     *
     * @throws IllegalStateException if none has ended
     * @throws UncheckedIOException if it couldn't be written
     */
    public Path written() {
        lock.lock();
        try {
            if (problem != null) {
                throw new UncheckedIOException(problem.getMessage(), problem);
            }
            if (written == null) {
                throw new IllegalStateException("no run with this HtmlReport has ended");
            }
            return written;
        } finally {
            lock.unlock();
        }
    }

    void ended(@Nullable Path page, @Nullable IOException why) {
        lock.lock();
        try {
            written = page;
            problem = why;
        } finally {
            lock.unlock();
        }
    }

    /** The file for a run that begins; no other run of this report gets the same. */
    Path fileFor(String deploy, String mode, ZonedDateTime begin) {
        String name = String.valueOf(file.getFileName())
                .replace("{time}", TIME.format(begin))
                .replace("{mode}", mode)
                .replace("{deploy}", fileName(deploy));
        int dot = name.lastIndexOf('.');
        String stem = dot > 0 ? name.substring(0, dot) : name;
        String extension = dot > 0 ? name.substring(dot) : "";
        lock.lock();
        try {
            Path own = file.resolveSibling(name);
            for (int number = 2; !taken.add(own); number++) {
                own = file.resolveSibling(stem + "-" + number + extension);
            }
            return own;
        } finally {
            lock.unlock();
        }
    }

    /** A deploy may be called anything. */
    private static String fileName(String deploy) {
        String plain = deploy.replaceAll("[^A-Za-z0-9._-]+", "-");
        return plain.substring(0, Math.min(plain.length(), 100));
    }
}
