package dev.weftwork.report;

/** How a run ended for one host. */
public enum HostStatus {
    /** Every step changed it, left it unchanged or didn't apply. */
    SUCCEEDED,
    /** A step failed, and the host left the run there. */
    FAILED,
    /** No connection to it could be opened; nothing ran on it. */
    UNREACHABLE,
    /** The run was cancelled before it had taken all steps. */
    CANCELLED
}
