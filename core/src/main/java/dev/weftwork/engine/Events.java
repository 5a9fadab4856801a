package dev.weftwork.engine;

import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands events to listeners, on the calling thread; what they throw ends here. Without listeners there are no events. */
record Events(List<RunListener> listeners) {

    private static final Logger LOG = LoggerFactory.getLogger(Events.class);

    void emit(Supplier<RunEvent> made) {
        if (listeners.isEmpty()) {
            return;
        }
        RunEvent event = made.get();
        for (RunListener listener : listeners) {
            try {
                listener.on(event);
            } catch (Throwable e) {
                LOG.warn(
                        "listener {} threw on {}; the run goes on",
                        listener.getClass().getName(),
                        event.getClass().getSimpleName(),
                        e);
            }
        }
    }
}
