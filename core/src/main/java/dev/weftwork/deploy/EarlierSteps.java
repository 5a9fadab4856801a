package dev.weftwork.deploy;

import dev.weftwork.report.StepStatus;
import java.util.Optional;
import java.util.function.Predicate;

/** How earlier steps of a run ended, for conditions that ask for that; the engine knows it. */
public interface EarlierSteps {

    /**
     * An end of a step.
     *
     * @param status how
     * @param changed whether it changed something, or may have, or would
     */
    record End(StepStatus status, boolean changed) {}

    /** On the host itself; nothing if it hasn't come to that step. */
    Optional<End> here(String step);

    /** On any host that has ended that step by now. */
    boolean anywhere(String step, Predicate<End> wanted);
}
