package dev.weftwork.connector.orbstack.emulator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.PtyMode;
import org.apache.sshd.common.channel.RequestHandler;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.channel.ChannelSessionFactory;
import org.apache.sshd.server.command.Command;
import org.apache.sshd.server.command.CommandFactory;
import org.apache.sshd.server.shell.ShellFactory;
import org.apache.sshd.sftp.server.SftpSubsystemFactory;
import org.jspecify.annotations.Nullable;

/** Makes a gateway's sessions and knows which are left; closed by the gateway, after its connections. */
final class GuestSessions implements CommandFactory, ShellFactory {
    /** Between the end of a connection and the end of its session programs: they pass on what they already got. */
    static final Duration PARTING = Duration.ofSeconds(1);

    private static final int STARTS_AT_ONCE = 8;

    private final Path store;
    private final Knobs knobs;
    private final ScheduledExecutorService timer;
    // Once the gateway closes, the programs end and their input doesn't matter.
    private final ExecutorService inputs = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            5,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform()
                    .daemon()
                    .name("ssh-input-", 1)
                    .stackSize(128 * 1024)
                    .factory(),
            new ThreadPoolExecutor.DiscardPolicy());
    private final Semaphore starts = new Semaphore(STARTS_AT_ONCE);
    private final Set<GuestSession> live = ConcurrentHashMap.newKeySet();
    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();

    GuestSessions(Path store, Knobs knobs, ScheduledExecutorService timer) {
        this.store = store;
        this.knobs = knobs;
        this.timer = timer;
    }

    int opened() {
        return opened.get();
    }

    int open() {
        return open.get();
    }

    int programs() {
        return live.size();
    }

    ChannelSessionFactory channels() {
        return new ChannelSessionFactory() {
            @Override
            public Channel createChannel(Session session) {
                return new GuestChannel();
            }
        };
    }

    SftpSubsystemFactory files() {
        SftpSubsystemFactory factory = new SftpSubsystemFactory() {
            @Override
            public Command createSubsystem(ChannelSession channel) throws IOException {
                if (knobs.text("ssh-sftp").orElse("").equals("off")) {
                    throw new IOException("a knob says no SFTP");
                }
                return new GuestFiles(channel, this, store);
            }
        };
        factory.setFileSystemAccessor(new GuestFiles.Access());
        return factory;
    }

    @Override
    public Command createCommand(ChannelSession channel, String command) throws IOException {
        if (knobs.isSet("ssh-refuse-exec")) {
            throw new IOException("a knob says no commands");
        }
        return session(channel, command);
    }

    @Override
    public Command createShell(ChannelSession channel) {
        return session(channel, null);
    }

    private Command session(ChannelSession channel, @Nullable String command) {
        int number = opened.incrementAndGet();
        Path status =
                store.resolve("ssh").resolve("status-" + ProcessHandle.current().pid() + "-" + number);
        List<String> line = new ArrayList<>(List.of(
                store.resolve("bin/orbctl").toString(),
                "--emulator-session",
                "--login",
                channel.getSession().getUsername(),
                "--status-file",
                status.toString()));
        if (channel instanceof GuestChannel guest) {
            guest.variables.forEach((name, value) -> line.addAll(List.of("--env", name + "=" + value)));
        }
        if (command != null && !command.isEmpty()) {
            line.addAll(List.of("--command", command));
        }
        GuestSession session =
                new GuestSession("ssh-session-" + number, channel, line, status, knobs.number("ssh-drop-tail"), this);
        channel.setDataReceiver(session);
        return session;
    }

    /** The session program with pipes for its streams; starts are limited, as each costs a fork of the JVM. */
    Process start(List<String> line) throws IOException, InterruptedException {
        starts.acquire();
        try {
            return new ProcessBuilder(line).start();
        } finally {
            starts.release();
        }
    }

    void begun(GuestSession session) {
        open.incrementAndGet();
        live.add(session);
    }

    void channelClosed() {
        open.decrementAndGet();
    }

    void ended(GuestSession session) {
        live.remove(session);
    }

    void writeInput(Runnable task) {
        inputs.execute(task);
    }

    void later(Runnable task) {
        var unused = timer.schedule(task, PARTING.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Ends the session programs that are left and waits for their threads. */
    void close() {
        List.copyOf(live).forEach(GuestSession::kill);
        inputs.shutdown();
        try {
            for (GuestSession session : List.copyOf(live)) {
                session.join(Duration.ofSeconds(5));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // A status file left in the store harms nobody.
        }
    }

    /** A session channel that has no terminals and keeps the client's variables apart from the library's own. */
    private static final class GuestChannel extends ChannelSession {
        final Map<String, String> variables = new LinkedHashMap<>();

        @Override
        protected RequestHandler.Result handleEnvParsed(String name, String value) {
            variables.put(name, value);
            return RequestHandler.Result.ReplySuccess;
        }

        @Override
        protected RequestHandler.Result handlePtyReqParsed(
                String term, int columns, int rows, int width, int height, Map<PtyMode, Integer> modes) {
            return RequestHandler.Result.ReplyFailure;
        }
    }
}
