package dev.weftwork.connector.orbstack.cli;

import java.util.Optional;

/**
 * A folder of the Mac that a machine sees.
 *
 * @param source an absolute path on the Mac
 * @param destination an absolute path in the machine; without one OrbStack chooses
 */
public record Mount(String source, Optional<String> destination) {

    /** A folder that the machine sees at that path. */
    public static Mount of(String source, String destination) {
        return new Mount(source, Optional.of(destination));
    }

    /** Those of a machine that exists are taken as they are; of one to be created they must fit into a word. */
    Mount requireValid() {
        requirePath("mount source", source);
        destination.ifPresent(path -> requirePath("mount destination", path));
        return this;
    }

    String word() {
        return destination.map(path -> source + ":" + path).orElse(source);
    }

    private static void requirePath(String what, String path) {
        if (!path.startsWith("/") || path.indexOf(':') >= 0 || path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(what + " must be an absolute path without ':', was '" + path + "'");
        }
    }
}
