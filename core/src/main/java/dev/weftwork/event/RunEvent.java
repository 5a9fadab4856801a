package dev.weftwork.event;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.inventory.Host;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import java.time.Duration;
import java.util.List;

/**
 * Something that happened in a run. For every run: {@link RunStarted}; for every host {@link HostStarted}, {@link HostConnected}
 * unless it can't be reached, for each step it takes {@link StepStarted}, a {@link CommandStarted} and {@link CommandFinished} for every command, {@link StepFinished},
 * and at last {@link HostFinished}; then {@link RunFinished}. A {@link StepRetried} comes between two attempts. A host whose turn never came
 * has a {@code HostFinished} only, and a step before which the strategy threw a {@code StepFinished} only. Immutable values.
 */
public sealed interface RunEvent {

    /** An event of one host. */
    sealed interface HostEvent extends RunEvent {
        Host host();
    }

    /**
     * Comes before every other event.
     *
     * @param deploy the deploy's name
     * @param mode what the run is for
     * @param hosts in inventory order
     * @param steps their names, in order
     */
    record RunStarted(String deploy, RunMode mode, List<Host> hosts, List<String> steps) implements RunEvent {
        public RunStarted {
            hosts = List.copyOf(hosts);
            steps = List.copyOf(steps);
        }
    }

    /**
     * A host's turn has come; its connection is about to be opened.
     *
     * @param host the host
     */
    record HostStarted(Host host) implements HostEvent {}

    /**
     * A host's connection is open; now it waits until it may take its first step.
     *
     * @param host the host
     */
    record HostConnected(Host host) implements HostEvent {}

    /**
     * A host begins a step.
     *
     * @param host the host
     * @param step the step's name
     */
    record StepStarted(Host host, String step) implements HostEvent {}

    /**
     * A command is about to be sent, of a change or of a fact. Its {@code toString} shows secrets as stars.
     *
     * @param host the host
     * @param machine the name of the machine that it runs on: the host's own, unless the step is delegated
     * @param command the command
     */
    record CommandStarted(Host host, String machine, Command command) implements HostEvent {}

    /**
     * A command has ended.
     *
     * @param host the host
     * @param result how, and what it wrote
     */
    record CommandFinished(Host host, CommandResult result) implements HostEvent {}

    /**
     * An attempt at a step has failed, and there will be another one.
     *
     * @param host the host
     * @param step the step's name
     * @param attempt which one failed, from 1
     * @param failure why
     * @param pause how long until the next one
     */
    record StepRetried(Host host, String step, int attempt, Failure failure, Duration pause) implements HostEvent {}

    /**
     * A host has ended a step.
     *
     * @param host the host
     * @param result how
     */
    record StepFinished(Host host, StepResult result) implements HostEvent {}

    /**
     * A host has left the run. Its connection is closed, unless steps of other hosts are delegated to it: then it is closed
     * at the end of the run.
     *
     * @param result how
     */
    record HostFinished(HostResult result) implements HostEvent {
        @Override
        public Host host() {
            return result.host();
        }
    }

    /**
     * Comes after every other event.
     *
     * @param report how the run ended
     */
    record RunFinished(RunReport report) implements RunEvent {}
}
