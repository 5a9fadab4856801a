package dev.weftwork.engine;

import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the events of one run to its listeners, on the calling thread; what they throw ends here. Without listeners there
 * are no events.
 */
record Events(List<RunListener> listeners) {

    private static final Logger LOG = LoggerFactory.getLogger(Events.class);

    /** Asks each for its listener of a run that begins now. */
    static Events ofRun(List<RunListener> listeners) {
        if (listeners.isEmpty()) {
            return new Events(listeners);
        }
        var ofRun = new ArrayList<RunListener>(listeners.size());
        for (RunListener listener : listeners) {
            try {
                ofRun.add(Objects.requireNonNull(listener.forRun(), "forRun returned null"));
            } catch (Throwable e) {
                Thrown.warn(
                        LOG,
                        "listener " + listener.getClass().getName()
                                + " threw when it was asked for one for this run; the run goes on without it",
                        e);
            }
        }
        return new Events(List.copyOf(ofRun));
    }

    void emit(Supplier<RunEvent> made) {
        if (listeners.isEmpty()) {
            return;
        }
        RunEvent event = made.get();
        for (RunListener listener : listeners) {
            try {
                listener.on(event);
            } catch (Throwable e) {
                Thrown.warn(
                        LOG,
                        "listener " + listener.getClass().getName() + " threw on "
                                + event.getClass().getSimpleName() + "; the run goes on",
                        e);
            }
        }
    }
}
