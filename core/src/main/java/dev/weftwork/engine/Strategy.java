package dev.weftwork.engine;

import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/**
 * Says when a host may take its next step, by letting the host's thread wait for its turn.
 *
 * <p>A walk has stages: stage 0 is connecting, stage k is the k-th step. A strategy is a value without state; what it
 * must know of a run is in the {@link Pacing} that it makes for it.
 *
 * <pre>{@code
 * Engine.builder(connector).strategy(Strategy.free()).build();
 * }</pre>
 */
public interface Strategy {

    /** A pacing for one run of that many hosts and stages. */
    Pacing pace(int hosts, int stages);

    /**
     * Whether a host keeps its place among the {@link RunOptions#maxParallel} from its first stage to its last; else it
     * takes one for each stage, and gives it back while it waits for other hosts.
     */
    default boolean keepsPlace() {
        return true;
    }

    /**
     * Every host finishes a step before any host starts the next; the default. Connecting counts as a step: nothing runs
     * anywhere before every host is connected or known to be unreachable. A host that leaves the run is not waited for.
     */
    static Strategy lockstep() {
        return new Lockstep();
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
     * Paces one run. Its methods are called by the threads of the hosts, many at once.
     *
     * <p>The engine calls {@link #finished} exactly once for every host and every stage, also for stages that the host
     * never comes to; what happened in a stage happens-before the return of every {@code awaitTurn} that waited for it.
     */
    interface Pacing {

        /**
         * Returns when that host may enter that stage.
         *
         * @param host its place in the inventory, from 0
         * @param stage from 0
         * @throws InterruptedException if the run is cancelled
         */
        void awaitTurn(int host, int stage) throws InterruptedException;

        /** That host is through with that stage, or will never enter it. Doesn't block. */
        void finished(int host, int stage);
    }
}

/** A latch for each stage, counted down once by each host: a barrier that hosts can leave without telling it so. */
record Lockstep() implements Strategy {
    @Override
    public Pacing pace(int hosts, int stages) {
        var stageDone =
                Stream.generate(() -> new CountDownLatch(hosts)).limit(stages).toList();
        return new Pacing() {
            @Override
            public void awaitTurn(int host, int stage) throws InterruptedException {
                if (stage > 0) {
                    stageDone.get(stage - 1).await();
                }
            }

            @Override
            public void finished(int host, int stage) {
                stageDone.get(stage).countDown();
            }
        };
    }

    @Override
    public boolean keepsPlace() {
        return false;
    }
}

record Free() implements Strategy {
    @Override
    public Pacing pace(int hosts, int stages) {
        return new Pacing() {
            @Override
            public void awaitTurn(int host, int stage) {}

            @Override
            public void finished(int host, int stage) {}
        };
    }
}

/** A latch for each host, which the next one waits for. */
record Serial() implements Strategy {
    @Override
    public Pacing pace(int hosts, int stages) {
        var hostDone = Stream.generate(() -> new CountDownLatch(1)).limit(hosts).toList();
        return new Pacing() {
            @Override
            public void awaitTurn(int host, int stage) throws InterruptedException {
                if (stage == 0 && host > 0) {
                    hostDone.get(host - 1).await();
                }
            }

            @Override
            public void finished(int host, int stage) {
                if (stage == stages - 1) {
                    hostDone.get(host).countDown();
                }
            }
        };
    }
}
