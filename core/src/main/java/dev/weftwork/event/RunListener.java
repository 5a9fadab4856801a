package dev.weftwork.event;

/**
 * Is told what happens in a run: shows progress, writes a report, measures.
 *
 * <p>Events of one host come one at a time and in order; those of different hosts come at the same time, each on the
 * thread of its host, so a listener must be safe for that. {@link RunEvent.RunStarted} comes before and
 * {@link RunEvent.RunFinished} after all others, on the thread that called {@code run}, or that {@code start} has made for it. What happened before an event on
 * its host happens-before the call, and all calls happen-before {@code run} returns.
 *
 * <p>A slow listener delays the host whose event it handles, and the time counts against the limits of that host's step, of
 * the host and of the run; others wait only where the strategy makes them wait for that host, as with lockstep. What a listener throws is logged and changes
 * nothing about the run or about other listeners. A listener must not close the engine.
 *
 * <pre>{@code
 * RunListener progress = event -> {
 *   if (event instanceof RunEvent.HostFinished finished) {
 *     System.out.println(finished.host() + " " + finished.result().status());
 *   }
 * };
 * }</pre>
 */
@FunctionalInterface
public interface RunListener {

    void on(RunEvent event);

    /**
     * The listener of one run, which is told of that run only: this one, unless it must tell runs apart. The engine asks
     * once for each run, before the run's first event and on the same thread; several runs may be under way at once. When
     * it throws, that is logged and the run goes on without this listener.
     *
     * <pre>{@code
     * final class CountFailures implements RunListener {
     *   private final AtomicInteger failures = new AtomicInteger();
     *
     *   public RunListener forRun() {
     *     return new CountFailures();
     *   }
     *   ...
     * }
     * }</pre>
     */
    default RunListener forRun() {
        return this;
    }
}
