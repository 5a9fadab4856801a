package dev.weftwork.report;

/** How a step ended on one host. */
public enum StepStatus {
    /** All its changes were made, or its code ran commands. */
    CHANGED,
    /** Everything was as wanted. */
    UNCHANGED,
    /** It didn't apply to this host, or another host took it for all. */
    SKIPPED,
    /** It could not be planned, or one of its changes failed; the ones before that were made. The host left the run. */
    FAILED,
    /** As {@link #FAILED}, but its errors are ignored: the host went on. */
    FAILURE_IGNORED,
    /** The run was cancelled while it was under way; changes before that were made. */
    CANCELLED,
    /** The host had left the run before its turn came. */
    NOT_RUN,
    /** In a plan: it would make changes, which are in {@link StepResult#notMade}. */
    WOULD_CHANGE,
    /**
     * In a plan: nobody can tell; the failure says why. It runs code, or what it wants to know depends on changes that
     * earlier steps would make, or, when verifying, all it does is done every time.
     */
    UNKNOWN
}
