package dev.weftwork.report;

/** How a run ended for one host. */
public enum HostStatus {
    /** It took every step; none failed but such whose errors are ignored. */
    SUCCEEDED,
    /** A step failed, and the host left the run there. */
    FAILED,
    /** No connection to it could be opened; nothing ran on it. */
    UNREACHABLE,
    /** The run was cancelled, or its limit passed, before it had taken all steps. */
    CANCELLED,
    /** It left the run between two steps, or before the first, because too many others had failed. */
    STOPPED
}
