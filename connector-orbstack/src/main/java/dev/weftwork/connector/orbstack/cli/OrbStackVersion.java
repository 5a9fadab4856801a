package dev.weftwork.connector.orbstack.cli;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The version of OrbStack that {@code orbctl} belongs to.
 *
 * @param text as it is written, such as {@code 2.2.3}
 * @param commit what it was built from, if it says so
 */
public record OrbStackVersion(String text, Optional<String> commit) {

    private static final Pattern NUMBERS = Pattern.compile("(\\d{1,9})\\.(\\d{1,9}).*");

    /** Whether it is that version or a later one; a text that isn't of numbers is taken for a later one. */
    public boolean isAtLeast(int major, int minor) {
        Matcher numbers = NUMBERS.matcher(text);
        if (!numbers.matches()) {
            return true;
        }
        int ownMajor = Integer.parseInt(numbers.group(1));
        return ownMajor > major || (ownMajor == major && Integer.parseInt(numbers.group(2)) >= minor);
    }
}
