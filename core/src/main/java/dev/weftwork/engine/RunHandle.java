package dev.weftwork.engine;

import dev.weftwork.report.RunReport;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A run that was begun with {@link Engine#start}: waits for it, or cancels it.
 *
 * <p>Lifetime: made by the engine, closed by the caller; closing cancels a run that isn't over and waits for its end, so that
 * nothing of it outlives the block. Any thread may use it.
 *
 * <pre>{@code
 * try (RunHandle run = engine.start(inventory, deploy)) {
 *   stopButton.onClick(run::cancel);
 *   RunReport report = run.join();
 * }
 * }</pre>
 */
public final class RunHandle implements AutoCloseable {

    private final Run run;
    private final Thread thread;
    private final CompletableFuture<RunReport> report = new CompletableFuture<>();

    RunHandle(Run run, String name, Runnable atEnd) {
        this.run = run;
        thread = Thread.ofVirtual().name(name).unstarted(() -> go(atEnd));
        try {
            thread.start();
        } catch (Throwable e) {
            atEnd.run();
            throw e;
        }
    }

    private void go(Runnable atEnd) {
        try {
            report.complete(run.go());
        } catch (Throwable e) {
            report.completeExceptionally(e);
        } finally {
            atEnd.run();
        }
    }

    /**
     * Cancels the run: what its hosts run at that moment is ended on the machines with all it started, nothing more begins, and
     * the report says so. Doesn't wait. Has no effect on a run that is over.
     */
    public void cancel() {
        run.cancel(Run.BY_CALLER);
    }

    public boolean isOver() {
        return report.isDone();
    }

    /**
     * Waits for the end of the run.
     *
     * @throws InterruptedException if the waiting thread is interrupted; the run goes on
     * @throws IllegalStateException if a listener or code of the run itself waits for its end
     */
    public RunReport join() throws InterruptedException {
        run.requireOutside("join");
        try {
            return report.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the run ended without a report", e.getCause());
        }
    }

    /**
     * Waits for the end of the run, but not longer than that.
     *
     * @return nothing if it isn't over by then; it goes on
     * @throws InterruptedException if the waiting thread is interrupted; the run goes on
     */
    public Optional<RunReport> join(Duration longest) throws InterruptedException {
        try {
            return Optional.of(report.get(TimeUnit.NANOSECONDS.convert(longest), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the run ended without a report", e.getCause());
        }
    }

    /**
     * Cancels the run if it isn't over, and waits for its end, however long it takes; an interrupt is kept for later.
     *
     * @throws IllegalStateException if a listener or code of the run itself calls it; {@link #cancel} is for them
     */
    @Override
    public void close() {
        run.requireOutside("close");
        if (!isOver()) {
            cancel();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
