package dev.weftwork.command;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;

/**
 * A value that must not be seen: it prints as stars, and messages about its command show stars wherever it occurs.
 *
 * <p>Immutable. Equality is identity, so that a secret in a collection tells nothing about its value.
 *
 * <pre>{@code
 * Secret password = Secret.of(System.getenv("DB_PASSWORD"));
 * Command.of("createdb-user", "app").secretEnv("PGPASSWORD", password);
 * }</pre>
 */
public final class Secret {

    static final String STARS = "******";

    private final String value;

    private Secret(String value) {
        this.value = value;
    }

    /**
     * A secret of this value.
     *
     * @throws IllegalArgumentException if it is empty: an empty secret is a configuration mistake nearly always, and
     *     cannot be told from other text in a message
     */
    public static Secret of(String value) {
        if (value.isEmpty()) {
            throw new IllegalArgumentException("a secret must not be empty");
        }
        return new Secret(value);
    }

    /** For connectors: the value in clear, as UTF-8. */
    public byte[] bytes() {
        return value.getBytes(StandardCharsets.UTF_8);
    }

    int length() {
        return value.length();
    }

    /** {@code text} with stars for this secret, also without the newline at its end, as which one from a file is printed. */
    public String hideIn(String text) {
        String hidden = text.replace(value, STARS);
        String bare = value.strip();
        return bare.isEmpty() ? hidden : hidden.replace(bare, STARS);
    }

    /** As {@link #hideIn} of each, the longest first: one that is a part of another must not be replaced within that. */
    public static String hideAllIn(String text, Collection<Secret> secrets) {
        if (secrets.isEmpty()) {
            return text;
        }
        var longestFirst = new ArrayList<>(secrets);
        longestFirst.sort(Comparator.comparingInt(Secret::length).reversed());
        String hidden = text;
        for (Secret secret : longestFirst) {
            hidden = secret.hideIn(hidden);
        }
        return hidden;
    }

    @Override
    public String toString() {
        return STARS;
    }
}
