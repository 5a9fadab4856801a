package dev.weftwork.connector.orbstack.emulator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The troubles a store asks for: one small file each in {@code STORE/knobs}, read when it matters, so that a test turns
 * them while the gateway runs. Safe for any thread.
 */
final class Knobs {
    private final ReentrantLock counting = new ReentrantLock();
    private final Path directory;

    Knobs(Path store) {
        this.directory = store.resolve("knobs");
    }

    /** What the file says, without the white space around it; empty if there is no such file. */
    Optional<String> text(String name) {
        try {
            return Optional.of(Files.readString(directory.resolve(name)).strip());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isSet(String name) {
        return Files.exists(directory.resolve(name));
    }

    /** Whether the file holds that word. */
    boolean names(String name, String word) {
        return text(name)
                .map(text -> Arrays.asList(text.split("\\s+", -1)).contains(word))
                .orElse(false);
    }

    /** The file's number, 0 without one. */
    long number(String name) {
        return text(name)
                .filter(text -> text.matches("\\d{1,18}"))
                .map(Long::parseLong)
                .orElse(0L);
    }

    /** Takes one off the file's number; false if there was nothing left to take. */
    boolean take(String name) {
        counting.lock();
        try {
            long left = number(name);
            if (left == 0) {
                return false;
            }
            Path next = Files.writeString(directory.resolve(name + ".next"), Long.toString(left - 1));
            Files.move(next, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            counting.unlock();
        }
    }
}
