package dev.weftwork.command;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * What a command reads on its standard input. Without any it reads an end of file at once; the input of the program
 * that uses Weftwork is never passed on.
 *
 * <p>Connectors {@linkplain #open() open} it once per attempt, on a thread of theirs, and close the stream. If reading
 * fails before the end, the command is ended: it never takes a part of its input for the whole.
 */
public sealed interface StandardInput {

    /** A fresh stream over the whole input. */
    InputStream open() throws IOException;

    /**
     * How many bytes it has at this moment, where that is known beforehand.
     *
     * @throws IOException if it can't be read
     */
    OptionalLong length() throws IOException;

    /** Where a stream comes from. Called once per attempt, on a thread of the connector. */
    @FunctionalInterface
    interface Source {
        /** A fresh stream over the whole input; the connector closes it. */
        InputStream open() throws IOException;
    }

    /** No input: an end of file at once. */
    record Empty() implements StandardInput {
        @Override
        public InputStream open() {
            return InputStream.nullInputStream();
        }

        @Override
        public OptionalLong length() {
            return OptionalLong.of(0);
        }
    }

    /** Input from memory; {@code toString} does not show it. */
    final class Bytes implements StandardInput {
        private final byte[] content;

        /**
         * @param content all of it; copied
         */
        public Bytes(byte[] content) {
            this.content = content.clone();
        }

        @Override
        public InputStream open() {
            return new ByteArrayInputStream(content);
        }

        @Override
        public OptionalLong length() {
            return OptionalLong.of(content.length);
        }

        @Override
        public String toString() {
            return content.length + " bytes";
        }
    }

    /**
     * Input streamed from a file on this computer, read when the command runs and never as a whole into memory.
     *
     * @param path the file; a pipe or a device is refused when it is opened
     */
    record LocalFile(Path path) implements StandardInput {
        @Override
        public InputStream open() throws IOException {
            // Opening a pipe would wait for a writer, and nothing could end that wait.
            if (!Files.isRegularFile(path)) {
                throw new IOException(path + " is not a file");
            }
            return Files.newInputStream(path);
        }

        @Override
        public OptionalLong length() throws IOException {
            // What the system makes up when it is read, as in /proc, says that it is empty.
            long size = Files.size(path);
            return size == 0 ? OptionalLong.empty() : OptionalLong.of(size);
        }
    }

    /**
     * Input of a length that nobody knows before its end, never as a whole in memory. Reading may block; a command that
     * is ended meanwhile doesn't wait for it.
     *
     * @param source gives the stream
     */
    record Stream(Source source) implements StandardInput {
        @Override
        public InputStream open() throws IOException {
            return source.open();
        }

        @Override
        public OptionalLong length() {
            return OptionalLong.empty();
        }
    }
}
