package dev.weftwork.connector.orbstack.cli;

import java.util.regex.Pattern;

/**
 * What OrbStack calls a machine for all its life, whatever its name is now: only this tells a machine from another one
 * that was created under the same name later.
 *
 * @param value letters, digits and {@code -}, beginning with a letter or a digit; 26 digits and capital letters today
 */
public record MachineId(String value) {

    private static final Pattern RULE = Pattern.compile("[0-9A-Za-z][0-9A-Za-z-]*");

    public MachineId {
        if (!RULE.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "machine id must be letters, digits and '-', beginning with a letter or a digit, was '" + value
                            + "'");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
