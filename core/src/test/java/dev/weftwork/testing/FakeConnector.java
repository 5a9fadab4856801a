package dev.weftwork.testing;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.connector.ConnectFailedException;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.inventory.Host;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Machines in memory, which answer as the test says; counts what it has open. */
public final class FakeConnector implements Connector {

    /** What a machine answers; may block, and be interrupted then. */
    public interface Machine {
        CommandResult answer(Host host, Command command) throws InterruptedException;
    }

    private final Machine machine;
    private final Set<String> unreachable = ConcurrentHashMap.newKeySet();
    public final AtomicInteger open = new AtomicInteger();
    public final AtomicInteger connects = new AtomicInteger();
    public volatile boolean closed;

    public FakeConnector(Machine machine) {
        this.machine = machine;
    }

    /** Machines on which everything succeeds and nothing is printed. */
    public static FakeConnector succeeding() {
        return new FakeConnector((host, command) -> exited(host, command, 0, "", ""));
    }

    public FakeConnector unreachable(String... hosts) {
        unreachable.addAll(Set.of(hosts));
        return this;
    }

    public static CommandResult exited(Host host, Command command, int code, String stdout, String stderr) {
        return new CommandResult(
                host.name(),
                command,
                new Outcome.Completed(code),
                Output.of(stdout.getBytes(StandardCharsets.UTF_8)),
                Output.of(stderr.getBytes(StandardCharsets.UTF_8)),
                Duration.ofMillis(1));
    }

    @Override
    public Connection connect(Host host) {
        connects.incrementAndGet();
        if (unreachable.contains(host.name())) {
            throw new ConnectFailedException(host.name(), "no route to it");
        }
        open.incrementAndGet();
        return new Connection() {
            @Override
            public CommandResult execute(Command command, OutputConsumer consumer) {
                try {
                    return machine.answer(host, command);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return new CommandResult(
                            host.name(),
                            command,
                            new Outcome.Cancelled(true),
                            Output.empty(),
                            Output.empty(),
                            Duration.ZERO);
                }
            }

            @Override
            public void close() {
                open.decrementAndGet();
            }
        };
    }

    @Override
    public void close() {
        closed = true;
    }
}
