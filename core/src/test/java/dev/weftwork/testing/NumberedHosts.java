package dev.weftwork.testing;

import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import java.util.stream.IntStream;

/** Hosts {@code host001}, {@code host002} and so on, which know their number. */
public final class NumberedHosts {

    private NumberedHosts() {}

    public static Inventory hosts(int count) {
        return Inventory.of(IntStream.rangeClosed(1, count)
                .mapToObj(i -> Host.named("host%03d".formatted(i)).with("number", i))
                .toList());
    }

    public static int number(Host host) {
        return host.data("number", Integer.class);
    }
}
