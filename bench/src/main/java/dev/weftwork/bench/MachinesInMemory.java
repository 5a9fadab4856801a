package dev.weftwork.bench;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import java.time.Duration;
import java.util.stream.IntStream;

/**
 * Machines that are nothing but their answers: every command succeeds without output, after the work that it is given. So
 * what is left to measure is what goes around it.
 *
 * @param work what a command does meanwhile; an interrupt cancels the command
 */
record MachinesInMemory(Work work) implements Connector {

    private static final Outcome SUCCESS = new Outcome.Completed(0);
    private static final Outcome CANCELLED = new Outcome.Cancelled(true);

    /** Blocks as long as a command takes. */
    @FunctionalInterface
    interface Work {
        void run() throws InterruptedException;
    }

    /** Machines that answer at once. */
    MachinesInMemory() {
        this(() -> {});
    }

    static Inventory inventory(int hosts) {
        if (hosts < 1) {
            throw new IllegalArgumentException("hosts must be >= 1, was " + hosts);
        }
        return Inventory.of(
                IntStream.range(0, hosts).mapToObj(i -> Host.named("host" + i)).toList());
    }

    @Override
    public Connection connect(Host host) {
        return new Machine(host.name(), work);
    }

    @Override
    public void close() {}

    private record Machine(String name, Work work) implements Connection {

        @Override
        public CommandResult execute(Command command, OutputConsumer consumer) {
            Outcome outcome = SUCCESS;
            try {
                work.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                outcome = CANCELLED;
            }
            return new CommandResult(name, command, outcome, Output.empty(), Output.empty(), Duration.ZERO);
        }

        @Override
        public void close() {}
    }
}
