package dev.weftwork.listener;

import java.util.Arrays;

/** How many there are of each of an enum's values. Used by one thread at a time. */
@SuppressWarnings("EnumOrdinal") // kept in this object only
final class ConsoleCounts<E extends Enum<E>> {

    private final int[] counts;

    ConsoleCounts(Class<E> type) {
        counts = new int[type.getEnumConstants().length];
    }

    void add(E value) {
        counts[value.ordinal()]++;
    }

    int of(E value) {
        return counts[value.ordinal()];
    }

    void clear() {
        Arrays.fill(counts, 0);
    }
}
