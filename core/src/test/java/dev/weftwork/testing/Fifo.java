package dev.weftwork.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * A named pipe between a test and a command: lets a test know that a command has come to a point, and a command wait for
 * the test, without either of them asking again and again.
 */
public record Fifo(Path path) {

    public static Fifo in(Path directory, String name) throws IOException, InterruptedException {
        Path path = directory.resolve(name);
        int status = new ProcessBuilder("mkfifo", path.toString())
                .inheritIO()
                .start()
                .waitFor();
        if (status != 0) {
            throw new IOException("mkfifo " + path + " exited " + status);
        }
        return new Fifo(path);
    }

    /** What the command writes into it until it closes it. */
    public String read() throws Exception {
        var text = new CompletableFuture<String>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                text.complete(Files.readString(path));
            } catch (IOException e) {
                text.completeExceptionally(e);
            }
        });
        return Waiting.await(text, "a command writing to " + path);
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
