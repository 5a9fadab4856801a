package dev.weftwork.report;

import dev.weftwork.inventory.Host;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What became of a run on one host. Immutable.
 *
 * @param host the host
 * @param status how it ended
 * @param steps one result for every step of the deploy, in order
 * @param failure why it failed, was not reached or was cut short
 * @param elapsed from the start of the run to the end of its last step, waiting for its turn included
 */
public record HostResult(
        Host host, HostStatus status, List<StepResult> steps, Optional<Failure> failure, Duration elapsed) {

    public HostResult {
        steps = List.copyOf(steps);
    }

    /**
     * The result of the step of that name.
     *
     * @throws IllegalArgumentException if the deploy has no such step
     */
    public StepResult step(String name) {
        return steps.stream()
                .filter(step -> step.step().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no step '" + name + "'; the deploy has "
                        + steps.stream().map(StepResult::step).toList()));
    }

    /** How many of its steps ended that way. */
    public long count(StepStatus wanted) {
        return steps.stream().filter(step -> step.status() == wanted).count();
    }
}
