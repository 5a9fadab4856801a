package dev.weftwork.engine;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Stream;

/**
 * Says when a host may take its next step, by the gates that it opens.
 *
 * <p>A walk has stages: stage 0 is connecting, stage k is the k-th step. A strategy is a value without state; what it
 * must know of a run is in the {@link Pacing} that it makes for it.
 *
 * <pre>{@code
 * Engine.builder(connector).strategy(Strategy.rolling(10)).build();
 * }</pre>
 */
public interface Strategy {

    /** A pacing for one run of that many hosts and stages. */
    Pacing pace(int hosts, int stages);

    /**
     * Whether a host keeps its place among the {@link RunOptions#maxParallel} from its first stage to its last; else it
     * takes one for each stage, and gives it back while it waits for other hosts. Only a strategy whose hosts don't wait for
     * each other behind stage 0 may say so.
     */
    default boolean keepsPlace() {
        return false;
    }

    /**
     * Every host finishes a step before any host starts the next; the default. Connecting counts as a step: nothing runs
     * anywhere before every host is connected or known to be unreachable. A host that leaves the run is not waited for.
     */
    static Strategy lockstep() {
        return new Rolling(100, true);
    }

    /** Every host goes through the deploy at its own pace. */
    static Strategy free() {
        return new Free();
    }

    /** One host after the other, in inventory order; each begins when the one before has left the run. */
    static Strategy serial() {
        return new Serial();
    }

    /**
     * In batches of so many hosts, in inventory order: a batch takes all steps, in lockstep, before the next one connects. If
     * a host of a batch fails or can't be reached, the others of that batch go on, and further batches don't begin.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    static Strategy rolling(int hosts) {
        if (hosts < 1) {
            throw new IllegalArgumentException("hosts must be >= 1, was " + hosts);
        }
        return new Rolling(hosts, false);
    }

    /**
     * As {@link #rolling(int)}, with batches of that part of the hosts, rounded up.
     *
     * @throws IllegalArgumentException if it is outside 1 to 100
     */
    static Strategy rollingPercent(int percent) {
        if (percent < 1 || percent > 100) {
            throw new IllegalArgumentException("percent must be 1 to 100, was " + percent);
        }
        return new Rolling(percent, true);
    }

    /**
     * Paces one run. Its methods are called by the threads of the hosts, many at once; none of them blocks.
     *
     * <p>The engine calls {@link #finished} exactly once for every host and every stage, also for stages that the host
     * never comes to; what happened in a stage happens-before what is done behind every gate that its end has opened.
     */
    interface Pacing {

        /**
         * What that host waits at before it enters that stage.
         *
         * @param host its place in the inventory, from 0
         * @param stage from 0
         */
        Gate before(int host, int stage);

        /** That host is through with that stage, or will never enter it. */
        void finished(int host, int stage);

        /** That host has failed, or can't be reached; told before the end of the stage where that was. */
        default void failed(int host) {}
    }
}

record Free() implements Strategy {
    @Override
    public Pacing pace(int hosts, int stages) {
        return new Pacing() {
            @Override
            public Gate before(int host, int stage) {
                return Gate.opened();
            }

            @Override
            public void finished(int host, int stage) {}
        };
    }

    @Override
    public boolean keepsPlace() {
        return true;
    }
}

/** A gate for each host, opened by the one before. */
record Serial() implements Strategy {
    @Override
    public Pacing pace(int hosts, int stages) {
        var begins = Stream.generate(Gate::new).limit(hosts).toList();
        begins.get(0).open();
        return new Pacing() {
            @Override
            public Gate before(int host, int stage) {
                return stage == 0 ? begins.get(host) : Gate.opened();
            }

            @Override
            public void finished(int host, int stage) {
                if (stage == stages - 1 && host + 1 < hosts) {
                    begins.get(host + 1).open();
                }
            }
        };
    }

    @Override
    public boolean keepsPlace() {
        return true;
    }
}

/**
 * For each batch a gate and a count for each stage, counted down once by each host: a barrier that hosts can leave without
 * telling it so. Lockstep is one batch of all.
 */
record Rolling(int size, boolean percent) implements Strategy {
    @Override
    public Pacing pace(int hosts, int stages) {
        int batchSize = percent ? Math.max(1, (int) ((hosts * (long) size + 99) / 100)) : Math.min(size, hosts);
        int batches = (hosts + batchSize - 1) / batchSize;
        // The gate before stage s of batch b is at b * stages + s, as is the count of hosts that are not through with
        // it.
        var gates = Stream.generate(Gate::new).limit((long) batches * stages).toList();
        var unfinished = new AtomicIntegerArray(batches * stages);
        var failed = new AtomicIntegerArray(batches);
        for (int batch = 0; batch < batches; batch++) {
            int own = Math.min(batchSize, hosts - batch * batchSize);
            for (int stage = 0; stage < stages; stage++) {
                unfinished.set(batch * stages + stage, own);
            }
        }
        gates.get(0).open();
        return new Pacing() {
            @Override
            public Gate before(int host, int stage) {
                return gates.get(host / batchSize * stages + stage);
            }

            @Override
            public void finished(int host, int stage) {
                int batch = host / batchSize;
                int next = batch * stages + stage + 1;
                if (unfinished.decrementAndGet(next - 1) > 0 || next == gates.size()) {
                    return;
                }
                if (stage < stages - 1 || failed.get(batch) == 0) {
                    gates.get(next).open();
                    return;
                }
                String why = "batch " + (batch + 1) + " of " + batches + " failed on " + failed.get(batch) + " of its "
                        + Math.min(batchSize, hosts - batch * batchSize) + " hosts";
                // The last one first: hosts that leave one batch would open the next.
                for (int later = batches - 1; later > batch; later--) {
                    gates.get(later * stages).shut(why);
                }
            }

            @Override
            public void failed(int host) {
                failed.incrementAndGet(host / batchSize);
            }
        };
    }
}
