package dev.weftwork.connector.orbstack.cli;

/** The processor that a machine's programs are made for. */
public enum Arch {
    ARM64("arm64"),
    AMD64("amd64");

    private final String word;

    Arch(String word) {
        this.word = word;
    }

    /** As OrbStack writes it. */
    public String word() {
        return word;
    }
}
