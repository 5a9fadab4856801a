package dev.weftwork.report;

/** What a run was for. */
public enum RunMode {
    /** To make the changes that are missing. */
    RUN,
    /** To find out what it would change; nothing is. */
    PLAN,
    /** To find out whether anything is still missing; nothing is changed. */
    VERIFY
}
