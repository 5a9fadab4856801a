package dev.weftwork.listener;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.inventory.Host;
import dev.weftwork.operation.Change;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * Writes every event of every run as a line of JSON, for programs: logs that are searched, dashboards, tests of one's own.
 *
 * <p>Each line is an object with {@code event}, {@code run} (the same for all lines of a run), {@code at} (when it was
 * told, by the system's clock, in UTC) and, for events of a host, {@code host}; the page <i>Watching a run</i> of the
 * documentation has all others. Lines of one host are in order; those of different hosts may be in another order than
 * their {@code at}. A line is written whole, as soon as it can be, so that a file can be followed.
 *
 * <p>Data of hosts are not written. Secrets of a command show as stars in its text and in what it wrote, of which, and of
 * diffs, there are at most {@link #outputLimit(int) so many characters}; what else a program prints is written as it is, so the file
 * is to be kept like a log.
 *
 * <p>Lifetime: a file is opened at the beginning of a run, appended to, and closed at its end, or at the end of the last
 * of those that are under way; a stream is the caller's, and only flushed. Several runs at once may share either. When writing
 * fails, that is logged, the rest of that run is not written, and at its end the log says how many lines are missing; the run
 * itself goes on.
 *
 * <p>Lines are written by a thread of the listener, a daemon called {@code weftwork-lines}, which is there only while runs
 * are under way; what is written of a run is all of it before {@code run} returns. Hosts don't wait for it, but where more
 * than 8 MiB of lines are still to be written: then they wait until half of that is, within their steps' limits.
 *
 * <pre>{@code
 * Engine engine = Engine.builder(connector).listener(JsonLines.to(Path.of("runs.jsonl"))).build();
 * }</pre>
 */
public final class JsonLines implements RunListener {

    /** How much is written when nobody says otherwise, of each stream of a command and of each diff: 4,096 characters. */
    public static final int DEFAULT_OUTPUT_LIMIT = 4096;

    /** The version of the lines' form; it changes when a reader of the older one could misread them. */
    static final int FORM = 1;

    private final LineWriter lines;
    private final int outputLimit;
    private final InstantSource clock;

    /** Of the run that it is told of directly, by a listener that hands on what it is told itself. */
    private volatile RunListener direct = event -> {};

    private JsonLines(LineWriter lines, int outputLimit, InstantSource clock) {
        this.lines = lines;
        this.outputLimit = outputLimit;
        this.clock = clock;
    }

    /** Appends to that file, which is made if there is none; folders above it too. */
    public static JsonLines to(Path file) {
        Path whole = file.toAbsolutePath();
        return new JsonLines(
                new LineWriter(whole.toString(), () -> open(whole), true),
                DEFAULT_OUTPUT_LIMIT,
                InstantSource.system());
    }

    /** Writes to that stream, which is called by one thread at a time, none of the caller's, and stays open. */
    public static JsonLines to(OutputStream stream) {
        Objects.requireNonNull(stream, "stream must not be null");
        return new JsonLines(
                new LineWriter("stream of JSON lines", () -> stream, false),
                DEFAULT_OUTPUT_LIMIT,
                InstantSource.system());
    }

    /**
     * The same with another limit to what is written of a command's output and of a diff, in characters for each stream and
     * each diff: head and tail of what is longer; 0 for nothing.
     *
     * @throws IllegalArgumentException if the limit is 1 or negative
     */
    public JsonLines outputLimit(int characters) {
        if (characters < 0 || characters == 1) {
            throw new IllegalArgumentException("outputLimit must be 0 or >= 2, was " + characters);
        }
        return new JsonLines(lines, characters, clock);
    }

    JsonLines clock(InstantSource source) {
        return new JsonLines(lines, outputLimit, source);
    }

    private static OutputStream open(Path file) throws IOException {
        Files.createDirectories(Objects.requireNonNull(file.getParent(), "a file has a folder"));
        boolean torn = endsWithinALine(file);
        OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        try {
            if (torn) {
                out.write('\n');
            }
            return out;
        } catch (IOException e) {
            out.close();
            throw e;
        }
    }

    /** As a full disk leaves it, or a program that was killed; the next line would be lost with that half of one. */
    private static boolean endsWithinALine(Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (SeekableByteChannel in = Files.newByteChannel(file)) {
            var last = ByteBuffer.allocate(1);
            return in.size() > 0 && in.position(in.size() - 1).read(last) == 1 && last.get(0) != '\n';
        } catch (IOException e) {
            // It may be writable all the same.
            return false;
        }
    }

    @Override
    public RunListener forRun() {
        return new OfRun();
    }

    /** As the listener of one run after the other; an engine asks {@link #forRun} instead. */
    @Override
    public void on(RunEvent event) {
        if (event instanceof RunEvent.RunStarted) {
            direct = forRun();
        }
        direct.on(event);
    }

    /** The lines of one run. */
    private final class OfRun implements RunListener {

        private final String run = UUID.randomUUID().toString();
        private final LineWriter.OfRun out = lines.run();

        @Override
        public void on(RunEvent event) {
            try {
                out.add(Json.text(json -> write(json, event)));
            } finally {
                if (event instanceof RunEvent.RunFinished) {
                    out.end();
                }
            }
        }

        private void write(Json json, RunEvent event) {
            json.field("event", name(event))
                    .field("run", run)
                    .field("at", clock.instant().truncatedTo(ChronoUnit.MICROS).toString());
            if (event instanceof RunEvent.HostEvent ofHost) {
                json.field("host", ofHost.host().name());
            }
            switch (event) {
                case RunEvent.RunStarted started -> begin(json, started);
                case RunEvent.HostStarted started -> {}
                case RunEvent.HostConnected connected -> {}
                case RunEvent.StepStarted started -> json.field("step", started.step());
                case RunEvent.CommandStarted started ->
                    json.field("machine", started.machine())
                            .field("command", started.command().toString());
                case RunEvent.CommandFinished finished -> command(json, finished.result());
                case RunEvent.StepRetried retried ->
                    json.field("step", retried.step())
                            .field("attempt", retried.attempt())
                            .field("failure", retried.failure().message())
                            .field("pauseMillis", retried.pause().toMillis());
                case RunEvent.StepFinished finished -> step(json, finished.result(), outputLimit);
                case RunEvent.HostFinished finished -> {
                    HostResult result = finished.result();
                    json.field("status", Words.name(result.status()));
                    failure(json, result.failure());
                    json.field("elapsedMicros", micros(result.elapsed()));
                }
                case RunEvent.RunFinished finished -> end(json, finished.report());
            }
        }

        private void command(Json json, CommandResult result) {
            json.field("machine", result.host())
                    .field("command", result.command().toString());
            Command command = result.command();
            switch (result.outcome()) {
                case Outcome.Completed completed ->
                    json.field("outcome", "completed")
                            .field("exitCode", completed.exitCode())
                            .field("succeeded", result.succeeded());
                case Outcome.TimedOut timedOut ->
                    json.field("outcome", "timed-out")
                            .field("limitMillis", timedOut.limit().toMillis())
                            .field("deathConfirmed", timedOut.deathConfirmed());
                case Outcome.Cancelled cancelled ->
                    json.field("outcome", "cancelled").field("deathConfirmed", cancelled.deathConfirmed());
                case Outcome.ConnectionLost lost ->
                    json.field("outcome", "connection-lost").field("reason", command.hideSecretsIn(lost.reason()));
                case Outcome.NotStarted notStarted ->
                    json.field("outcome", "not-started").field("reason", command.hideSecretsIn(notStarted.reason()));
            }
            json.field("stdoutBytes", result.stdout().length())
                    .field("stderrBytes", result.stderr().length());
            if (outputLimit > 0 && result.stdout().length() > 0) {
                json.field("stdout", result.stdoutForRecord(outputLimit));
            }
            if (outputLimit > 0 && result.stderr().length() > 0) {
                json.field("stderr", result.stderrForRecord(outputLimit));
            }
            json.field("elapsedMicros", micros(result.elapsed()));
        }
    }

    private static String name(RunEvent event) {
        return switch (event) {
            case RunEvent.RunStarted it -> "run-started";
            case RunEvent.HostStarted it -> "host-started";
            case RunEvent.HostConnected it -> "host-connected";
            case RunEvent.StepStarted it -> "step-started";
            case RunEvent.CommandStarted it -> "command-started";
            case RunEvent.CommandFinished it -> "command-finished";
            case RunEvent.StepRetried it -> "step-retried";
            case RunEvent.StepFinished it -> "step-finished";
            case RunEvent.HostFinished it -> "host-finished";
            case RunEvent.RunFinished it -> "run-finished";
        };
    }

    private static void begin(Json json, RunEvent.RunStarted started) {
        json.field("form", FORM)
                .field("mode", Words.name(started.mode()))
                .field("deploy", started.deploy())
                .array("steps", steps -> started.steps().forEach(steps::value))
                .array("hosts", hosts -> started.hosts().forEach(host -> hosts.object(each -> host(each, host))));
    }

    private static void host(Json json, Host host) {
        json.field("name", host.name()).array("groups", groups -> host.groups().forEach(groups::value));
    }

    private static void step(Json json, StepResult result, int outputLimit) {
        json.field("step", result.step())
                .field("status", Words.name(result.status()))
                .field("attempts", result.attempts())
                .array(
                        "changes",
                        changes -> result.changes()
                                .forEach(made -> changes.object(each -> {
                                    change(each, made.change(), outputLimit);
                                    each.field("succeeded", made.succeeded());
                                })))
                .array(
                        "notMade",
                        changes -> result.notMade()
                                .forEach(change -> changes.object(each -> change(each, change, outputLimit))));
        failure(json, result.failure());
        json.field("elapsedMicros", micros(result.elapsed()));
    }

    private static void change(Json json, Change change, int outputLimit) {
        json.field("summary", change.command().hideSecretsIn(change.summary()));
        if (outputLimit > 0) {
            // Secrets are hidden before anything is cut off, because half of one tells too.
            change.diff()
                    .ifPresent(diff ->
                            json.field("diff", Words.shorten(change.command().hideSecretsIn(diff), outputLimit)));
        }
    }

    private static void end(Json json, RunReport report) {
        json.field("succeeded", report.succeeded()).object("hosts", hosts -> {
            for (HostStatus status : HostStatus.values()) {
                hosts.field(Words.name(status), report.count(status));
            }
        });
        report.earlyEnd()
                .ifPresent(end -> json.object(
                        "earlyEnd",
                        early -> early.field("cancelled", end.cancelled()).field("reason", end.reason())));
        json.field("elapsedMicros", micros(report.elapsed()));
    }

    private static void failure(Json json, Optional<Failure> failure) {
        failure.ifPresent(why -> json.field("failure", why.message()));
    }

    private static long micros(Duration elapsed) {
        return elapsed.toNanos() / 1_000;
    }
}
