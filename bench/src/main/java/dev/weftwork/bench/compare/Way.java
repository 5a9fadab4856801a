package dev.weftwork.bench.compare;

/** How machines are reached. */
enum Way {
    /** Machines of the emulated OrbStack, by its {@code orbctl}. */
    ORBCTL("orbctl"),
    /** Root file systems of their own behind one OpenSSH server. */
    SSH("ssh");

    final String label;

    Way(String label) {
        this.label = label;
    }

    @Override
    public String toString() {
        return label;
    }
}
