package dev.weftwork.engine;

import java.util.concurrent.Callable;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.NullMarked;

/** Lets the benchmarks use the engine's executor, which is no business of other packages. */
@NullMarked
public final class HostExecutorBridge {

    private final HostExecutor executor;

    public HostExecutorBridge(ThreadFactory threads) {
        executor = new HostExecutor(threads);
    }

    public void submit(Callable<?> task) {
        executor.submit(task);
    }

    public void call(Callable<?> task) {
        executor.call(task);
    }

    public void submitAndAwait(Callable<?> task) {
        executor.submit(task).await();
    }
}
