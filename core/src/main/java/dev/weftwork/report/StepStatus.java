package dev.weftwork.report;

/** How a step ended on one host. */
public enum StepStatus {
    /** All its changes were made. */
    CHANGED,
    /** Everything was as wanted. */
    UNCHANGED,
    /** It didn't apply to this host. */
    SKIPPED,
    /** It could not be planned, or one of its changes failed; the ones before that were made. */
    FAILED,
    /** The run was cancelled while it was under way; changes before that were made. */
    CANCELLED,
    /** The host had left the run before its turn came. */
    NOT_RUN
}
