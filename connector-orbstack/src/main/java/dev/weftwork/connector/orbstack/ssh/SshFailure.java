package dev.weftwork.connector.orbstack.ssh;

import java.io.IOException;

/** A connection that couldn't be made. */
public final class SshFailure extends IOException {

    private static final long serialVersionUID = 1L;

    /** What about it. */
    public enum Kind {
        /** Nobody listens there. */
        REFUSED,
        /** It was cut off before anybody was logged in; the next attempt may succeed. */
        CUT_OFF,
        /** The server stayed silent. */
        SILENT,
        /** The key of the server isn't the one that is known, or none is known. */
        HOST_KEY,
        /** The server doesn't take our key, or it can't be read. */
        KEY,
        /** Anything else. */
        OTHER
    }

    private final Kind kind;

    public SshFailure(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
