package dev.weftwork.deploy;

import dev.weftwork.report.StepStatus;
import java.util.Optional;
import java.util.function.Predicate;

/** How earlier steps of a run ended, for conditions that ask for that; the engine knows it. */
public interface EarlierSteps {

    /** On the host itself; nothing if it hasn't come to that step. */
    Optional<StepStatus> here(String step);

    /** On any host that has ended that step by now. */
    boolean anywhere(String step, Predicate<StepStatus> wanted);
}
