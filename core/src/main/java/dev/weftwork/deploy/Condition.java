package dev.weftwork.deploy;

import dev.weftwork.fact.HostFacts;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Whether a step applies to a host. */
sealed interface Condition {

    boolean holds(HostFacts facts, EarlierSteps earlier);

    /** The names of the steps that it asks for. */
    default List<String> steps() {
        return List.of();
    }

    default Condition renamed(UnaryOperator<String> names) {
        return this;
    }

    /** About the host. */
    record OfHost(Predicate<HostFacts> predicate) implements Condition {
        @Override
        public boolean holds(HostFacts facts, EarlierSteps earlier) {
            return predicate.test(facts);
        }
    }

    /** That one of these steps ended in such a way, here or anywhere. */
    record OneOf(List<String> steps, Predicate<EarlierSteps.End> wanted, boolean anywhere) implements Condition {
        @Override
        public boolean holds(HostFacts facts, EarlierSteps earlier) {
            return steps.stream()
                    .anyMatch(step -> anywhere
                            ? earlier.anywhere(step, wanted)
                            : earlier.here(step).filter(wanted).isPresent());
        }

        @Override
        public Condition renamed(UnaryOperator<String> names) {
            return new OneOf(steps.stream().map(names).toList(), wanted, anywhere);
        }
    }

    /** That none of these steps ended in such a way, here or anywhere. */
    record NoneOf(List<String> steps, Predicate<EarlierSteps.End> unwanted, boolean anywhere) implements Condition {
        @Override
        public boolean holds(HostFacts facts, EarlierSteps earlier) {
            return !new OneOf(steps, unwanted, anywhere).holds(facts, earlier);
        }

        @Override
        public Condition renamed(UnaryOperator<String> names) {
            return new NoneOf(steps.stream().map(names).toList(), unwanted, anywhere);
        }
    }
}
