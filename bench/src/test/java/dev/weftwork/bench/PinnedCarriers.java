package dev.weftwork.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/**
 * The JVM's own record of virtual threads that blocked while they held their carrier for {@value #MILLIS} ms or longer, from
 * {@link #record} to {@link #stop}.
 *
 * <p>The JVM records that too while it loads a class, which happens once and is nobody's to avoid: that isn't counted.
 */
final class PinnedCarriers implements AutoCloseable {

    private static final int MILLIS = 20;

    private static final String PINNED = "jdk.VirtualThreadPinned";

    private final Recording recording = new Recording();

    private PinnedCarriers() {
        recording.enable(PINNED).withThreshold(Duration.ofMillis(MILLIS)).withStackTrace();
    }

    static PinnedCarriers record() {
        var carriers = new PinnedCarriers();
        carriers.recording.start();
        return carriers;
    }

    /** Ends the recording and says what it holds. */
    List<RecordedEvent> stop() throws IOException {
        recording.stop();
        Path file = Files.createTempFile("pinned", ".jfr");
        try {
            recording.dump(file);
            return RecordingFile.readAllEvents(file).stream()
                    // Events of our own are in every recording.
                    .filter(event -> event.getEventType().getName().equals(PINNED))
                    .filter(event -> !isFirstUse(event))
                    .toList();
        } finally {
            Files.delete(file);
        }
    }

    /**
     * Of a class, by many virtual threads at once: they wait for the one that loads or initializes it, once in a JVM. The JDK's
     * poller of sockets is such a class, and its loader isn't on the stacks of those who wait for its initializer.
     */
    private static boolean isFirstUse(RecordedEvent event) {
        if (event.getStackTrace() == null) {
            return false;
        }
        List<RecordedFrame> frames = event.getStackTrace().getFrames();
        boolean loads = frames.stream()
                .anyMatch(frame -> frame.getMethod().getType().getName().equals("java.lang.ClassLoader"));
        boolean awaitsPoller = event.hasField("blockingOperation")
                && "Contended monitor enter".equals(event.getString("blockingOperation"))
                && frames.get(0).getMethod().getType().getName().equals("sun.nio.ch.NioSocketImpl");
        boolean awaitsInitializer = event.hasField("pinnedReason")
                && String.valueOf(event.getString("pinnedReason")).contains("initialization of ");
        return loads || awaitsInitializer || awaitsPoller;
    }

    @Override
    public void close() {
        recording.close();
    }
}
