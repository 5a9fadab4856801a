package dev.weftwork.listener;

import dev.weftwork.report.HostStatus;
import dev.weftwork.report.StepStatus;

/** How the page shows that a host or a step ended one way: a class of the style sheet, a letter of the data, a sign, words. */
enum HtmlMark {
    OK("O", "\u2713", "succeeded"),
    CHANGED("C", "C", "changed"),
    UNCHANGED("U", "=", "unchanged"),
    WOULD_CHANGE("W", "W", "would change"),
    UNKNOWN("Q", "?", "can't be known"),
    SKIPPED("S", "\u2013", "skipped"),
    IGNORED("I", "I", "failed, ignored"),
    FAILED("F", "F", "failed"),
    UNREACHABLE("R", "U", "unreachable"),
    CANCELLED("X", "X", "cancelled"),
    STOPPED("T", "T", "stopped"),
    NOT_RUN("N", "", "not run");

    private final String letter;
    private final String sign;
    private final String text;

    HtmlMark(String letter, String sign, String text) {
        this.letter = letter;
        this.sign = sign;
        this.text = text;
    }

    static HtmlMark of(HostStatus status) {
        return switch (status) {
            case SUCCEEDED -> OK;
            case FAILED -> FAILED;
            case UNREACHABLE -> UNREACHABLE;
            case CANCELLED -> CANCELLED;
            case STOPPED -> STOPPED;
        };
    }

    static HtmlMark of(StepStatus status) {
        return switch (status) {
            case CHANGED -> CHANGED;
            case UNCHANGED -> UNCHANGED;
            case SKIPPED -> SKIPPED;
            case FAILED -> FAILED;
            case FAILURE_IGNORED -> IGNORED;
            case CANCELLED -> CANCELLED;
            case NOT_RUN -> NOT_RUN;
            case WOULD_CHANGE -> WOULD_CHANGE;
            case UNKNOWN -> UNKNOWN;
        };
    }

    String letter() {
        return letter;
    }

    String text() {
        return text;
    }

    /** Of which the words beside it say the same. */
    String chip() {
        return "<span class=\"chip " + name() + "\" aria-hidden=\"true\">" + sign + "</span>";
    }
}
