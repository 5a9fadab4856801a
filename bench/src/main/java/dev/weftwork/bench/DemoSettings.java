package dev.weftwork.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the demo is asked to do.
 *
 * @param hosts how many machines, at least 1
 * @param folder where the demo keeps all it writes; a folder of its own
 * @param failing how many machines fail
 */
record DemoSettings(int hosts, Path folder, int failing) {

    static DemoSettings fromSystemProperties() {
        int hosts = number("demo.hosts", "50", 1);
        int failing = number("demo.fail", "0", 0);
        if (failing > hosts) {
            throw new IllegalArgumentException("demo.fail must be <= demo.hosts (" + hosts + "), was " + failing);
        }
        String directory = System.getProperty("demo.dir", "target/demo");
        if (directory.isBlank()) {
            throw new IllegalArgumentException("demo.dir must not be blank");
        }
        return new DemoSettings(
                hosts, Path.of(directory).resolve("weftwork-demo").toAbsolutePath(), failing);
    }

    private static int number(String name, String otherwise, int least) {
        String text = System.getProperty(name, otherwise);
        try {
            int number = Integer.parseInt(text);
            if (number >= least) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new IllegalArgumentException(name + " must be a whole number >= " + least + ", was '" + text + "'");
    }

    /** A folder of that name with nothing in it; what an earlier demo left there is deleted. */
    Path emptyFolder(String name) throws IOException {
        Path path = folder.resolve(name);
        if (Files.exists(path)) {
            List<Path> deepestFirst;
            try (Stream<Path> found = Files.walk(path)) {
                deepestFirst = found.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path each : deepestFirst) {
                Files.delete(each);
            }
        }
        return Files.createDirectories(path);
    }

    /** A copy, as a file, of something beside this class. */
    Path copyResource(String name) throws IOException {
        Path copy = Files.createDirectories(folder).resolve(name);
        try (InputStream resource = DemoSettings.class.getResourceAsStream(name)) {
            if (resource == null) {
                throw new IllegalStateException("the demo's file " + name + " is missing on the class path");
            }
            Files.copy(resource, copy, StandardCopyOption.REPLACE_EXISTING);
        }
        return copy;
    }
}
