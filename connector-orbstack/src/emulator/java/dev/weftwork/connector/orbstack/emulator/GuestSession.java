package dev.weftwork.connector.orbstack.emulator;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.server.Environment;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.channel.ChannelDataReceiver;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.jspecify.annotations.Nullable;

/**
 * One command or shell: a session program between the three streams of a channel.
 *
 * <p>The session's thread starts the program, carries its standard output and reports the end; a second one carries
 * standard error. The library's threads deliver input and never block: it waits in a queue, and the client's window
 * opens again as the program takes it. When the channel goes first, the program's input ends, and it is killed a
 * moment later. That only ends the go-between: the command in the machine sees the end of its input and broken pipes.
 */
final class GuestSession implements Command, ChannelDataReceiver {
    private static final int SIGNALLED = -1;
    private static final int BLOCK = 32 * 1024;
    private static final long STACK = 128 * 1024;

    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<byte[]> input = new ArrayDeque<>();
    private final ChannelSession channel;
    private final List<String> line;
    private final Path status;
    private final int droppedTail;
    private final GuestSessions sessions;
    private final Thread thread;

    private OutputStream out = OutputStream.nullOutputStream();
    private OutputStream err = OutputStream.nullOutputStream();
    private @Nullable ExitCallback exit;
    private @Nullable Process program;
    private boolean open;
    private boolean inputEnded;
    private boolean inputBroken;
    private boolean writing;
    private boolean killed;

    GuestSession(
            String name,
            ChannelSession channel,
            List<String> line,
            Path status,
            long droppedTail,
            GuestSessions sessions) {
        this.channel = channel;
        this.line = List.copyOf(line);
        this.status = status;
        this.droppedTail = Math.toIntExact(droppedTail);
        this.sessions = sessions;
        this.thread = Thread.ofPlatform().daemon().name(name).stackSize(STACK).unstarted(this::run);
    }

    @Override
    public void setInputStream(InputStream in) {
        throw new IllegalStateException("input is received, not read");
    }

    @Override
    public void setOutputStream(OutputStream out) {
        this.out = out;
    }

    @Override
    public void setErrorStream(OutputStream err) {
        this.err = err;
    }

    @Override
    public void setExitCallback(ExitCallback exit) {
        this.exit = exit;
    }

    @Override
    public void start(ChannelSession sameChannel, Environment unused) {
        lock.lock();
        try {
            open = true;
        } finally {
            lock.unlock();
        }
        sessions.begun(this);
        thread.start();
    }

    private void run() {
        try {
            int code = carry();
            ExitCallback report = exit;
            if (report != null) {
                report.onExit(code);
            }
        } finally {
            GuestSessions.deleteQuietly(status);
            sessions.ended(this);
        }
    }

    private int carry() {
        try {
            Process started = sessions.start(line);
            lock.lock();
            try {
                program = started;
                if (killed) {
                    started.destroyForcibly();
                }
                writeInput();
            } finally {
                lock.unlock();
            }
            Thread errors = Thread.ofPlatform()
                    .daemon()
                    .name(thread.getName() + "-err")
                    .stackSize(STACK)
                    .start(() -> carry(started.getErrorStream(), err, 0));
            carry(started.getInputStream(), out, droppedTail);
            errors.join();
            return status(started.waitFor());
        } catch (IOException e) {
            // The real one is silent too where a session can't be started, as with a command line that is too long.
            return 1;
        } catch (InterruptedException e) {
            kill();
            return SIGNALLED;
        }
    }

    /** Carries everything but the last so many bytes. */
    private static void carry(InputStream from, OutputStream to, int withheld) {
        byte[] buffer = new byte[BLOCK + withheld];
        int held = 0;
        try (from) {
            for (int read = from.read(buffer, held, BLOCK); read >= 0; read = from.read(buffer, held, BLOCK)) {
                int ready = held + read - withheld;
                if (ready > 0) {
                    to.write(buffer, 0, ready);
                    to.flush();
                    System.arraycopy(buffer, ready, buffer, 0, withheld);
                    held = withheld;
                } else {
                    held += read;
                }
            }
        } catch (IOException e) {
            // The channel or the program is gone: closing the pipe, done above, is all that is left to do.
        }
    }

    private int status(int exitValue) throws IOException {
        if (Files.exists(status)) {
            String[] words = Files.readString(status).strip().split(" ", 2);
            if (words.length == 2 && words[0].equals("exit")) {
                return Integer.parseInt(words[1]);
            }
            if (words[0].equals("signal")) {
                return SIGNALLED;
            }
        }
        // Without a word a small number is a refused login; the rest is a program that ended before its time.
        return exitValue < 128 ? exitValue : SIGNALLED;
    }

    /** Input from the client, on a thread of the library; 0 says that the window stays shut until it is written. */
    @Override
    public int data(ChannelSession sameChannel, byte[] buffer, int start, int length) {
        lock.lock();
        try {
            if (inputBroken) {
                return length;
            }
            input.add(Arrays.copyOfRange(buffer, start, start + length));
            writeInput();
            return 0;
        } finally {
            lock.unlock();
        }
    }

    /** The end of the client's input, or of the channel. */
    @Override
    public void close() {
        lock.lock();
        try {
            inputEnded = true;
            writeInput();
        } finally {
            lock.unlock();
        }
    }

    private void writeInput() {
        Process to = program;
        if (to != null && !writing && (inputEnded || !input.isEmpty())) {
            writing = true;
            sessions.writeInput(() -> writeInput(to.getOutputStream()));
        }
    }

    private void writeInput(OutputStream to) {
        for (byte[] next = nextInput(); next != null; next = nextInput()) {
            try {
                to.write(next);
                to.flush();
            } catch (IOException e) {
                inputBroke();
            }
            openWindow(next.length);
        }
        if (inputIsOver()) {
            try {
                to.close();
            } catch (IOException e) {
                // The program doesn't read any more, so its end of input is no news to it.
            }
        }
    }

    private byte @Nullable [] nextInput() {
        lock.lock();
        try {
            byte[] next = input.poll();
            // After the end this stays "writing": the pipe is closed once.
            writing = next != null || inputEnded;
            return next;
        } finally {
            lock.unlock();
        }
    }

    private boolean inputIsOver() {
        lock.lock();
        try {
            return inputEnded && writing && input.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void inputBroke() {
        int dropped = 0;
        lock.lock();
        try {
            inputBroken = true;
            for (byte[] block : input) {
                dropped += block.length;
            }
            input.clear();
        } finally {
            lock.unlock();
        }
        openWindow(dropped);
    }

    private void openWindow(int bytes) {
        try {
            channel.getLocalWindow().release(bytes);
        } catch (IOException e) {
            // The channel is closed: nobody waits for its window.
        }
    }

    /** The channel is closed, before or after the program's end. */
    @Override
    public void destroy(ChannelSession sameChannel) {
        boolean first;
        lock.lock();
        try {
            first = open;
            open = false;
        } finally {
            lock.unlock();
        }
        if (first) {
            sessions.channelClosed();
        }
        close();
        if (thread.isAlive()) {
            sessions.later(this::kill);
        }
    }

    /** Ends the session program, not what it started in the machine. */
    void kill() {
        lock.lock();
        try {
            killed = true;
            if (program != null) {
                program.destroyForcibly();
            }
        } finally {
            lock.unlock();
        }
    }

    void join(Duration patience) throws InterruptedException {
        thread.join(patience);
    }
}
