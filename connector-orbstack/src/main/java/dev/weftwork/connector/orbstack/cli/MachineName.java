package dev.weftwork.connector.orbstack.cli;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * The name of an OrbStack machine, checked before anything is called with it: an empty or mistyped name isn't just
 * refused by OrbStack, it can mean "all machines" or "the default machine".
 *
 * @param value at least two letters, digits, {@code -} and {@code .}, beginning with a letter or a digit, and none of the
 *     names that OrbStack keeps for itself
 */
public record MachineName(String value) {

    private static final Pattern RULE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.-]+");
    private static final Set<String> RESERVED = Set.of("default", "vm", "host", "services", "gateway", "k8s", "docker");

    public MachineName {
        if (!RULE.matcher(value).matches()) {
            throw new IllegalArgumentException("machine name must be at least two letters, digits, '-' and '.',"
                    + " beginning with a letter or a digit, was '" + value + "'");
        }
        if (RESERVED.contains(value)) {
            throw new IllegalArgumentException(
                    "machine name must not be one that OrbStack keeps for itself, was '" + value + "'");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
