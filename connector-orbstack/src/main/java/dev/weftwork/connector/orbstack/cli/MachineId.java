package dev.weftwork.connector.orbstack.cli;

import java.util.regex.Pattern;

/**
 * What OrbStack calls a machine for all its life, whatever its name is now: only this tells a machine from another one
 * that was created under the same name later.
 *
 * @param value 26 digits and capital letters
 */
public record MachineId(String value) {

    private static final Pattern RULE = Pattern.compile("[0-9A-Z]{26}");

    public MachineId {
        if (!RULE.matcher(value).matches()) {
            throw new IllegalArgumentException("machine id must be 26 digits and capital letters, was '" + value + "'");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
