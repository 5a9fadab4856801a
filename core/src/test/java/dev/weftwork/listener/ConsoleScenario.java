package dev.weftwork.listener;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.inventory.Host;
import dev.weftwork.report.Failure;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** A run that exists in its events only; the test says what happens next, and what time it is. */
final class ConsoleScenario {

    private final AtomicLong clock;
    private final RunListener listener;
    private final String deploy;
    private final RunMode mode;
    private final List<String> steps;
    private final Map<String, Host> hosts = new HashMap<>();
    private final List<Host> inOrder;
    private final Map<String, List<StepResult>> results = new HashMap<>();
    private final Map<String, HostResult> ended = new HashMap<>();
    private final Map<String, Long> since = new HashMap<>();
    private final long begun;

    ConsoleScenario(
            ConsoleProgress console, AtomicLong clock, String deploy, RunMode mode, int hosts, String... steps) {
        this.clock = clock;
        this.deploy = deploy;
        this.mode = mode;
        this.steps = List.of(steps);
        inOrder = IntStream.rangeClosed(1, hosts)
                .mapToObj(i -> Host.named("web%03d".formatted(i)))
                .toList();
        inOrder.forEach(host -> {
            this.hosts.put(host.name(), host);
            results.put(host.name(), new ArrayList<>());
        });
        begun = clock.get();
        listener = console.forRun();
        listener.on(new RunEvent.RunStarted(deploy, mode, inOrder, this.steps));
    }

    static void pass(AtomicLong clock, double seconds) {
        clock.addAndGet((long) (seconds * 1_000_000_000));
    }

    static String name(int host) {
        return "web%03d".formatted(host);
    }

    private Host host(int host) {
        Host found = hosts.get(name(host));
        if (found == null) {
            throw new AssertionError("no " + name(host));
        }
        return found;
    }

    private List<StepResult> resultsOf(Host host) {
        return results.getOrDefault(host.name(), new ArrayList<>());
    }

    void connect(int first, int last) {
        for (int i = first; i <= last; i++) {
            listener.on(new RunEvent.HostStarted(host(i)));
        }
    }

    void connected(int first, int last) {
        for (int i = first; i <= last; i++) {
            listener.on(new RunEvent.HostConnected(host(i)));
        }
    }

    void step(int first, int last) {
        for (int i = first; i <= last; i++) {
            Host host = host(i);
            since.put(host.name(), clock.get());
            listener.on(new RunEvent.StepStarted(host, steps.get(resultsOf(host).size())));
        }
    }

    void command(int host, Command command) {
        listener.on(new RunEvent.CommandStarted(host(host), name(host), command));
    }

    void commandOn(int host, String machine, Command command) {
        listener.on(new RunEvent.CommandStarted(host(host), machine, command));
    }

    void commandEnds(int host, Command command) {
        listener.on(new RunEvent.CommandFinished(
                host(host),
                new CommandResult(
                        name(host), command, new Outcome.Completed(0), Output.empty(), Output.empty(), Duration.ZERO)));
    }

    void retry(int host, int attempt, String why) {
        listener.on(new RunEvent.StepRetried(
                host(host), "", attempt, new Failure(why, Optional.empty(), Optional.empty()), Duration.ofSeconds(1)));
    }

    void stepEnds(int first, int last, StepStatus status) {
        for (int i = first; i <= last; i++) {
            end(host(i), status, Optional.empty());
        }
    }

    void stepFails(int host, String message) {
        end(host(host), StepStatus.FAILED, Optional.of(new Failure(message, Optional.empty(), Optional.empty())));
    }

    private void end(Host host, StepStatus status, Optional<Failure> failure) {
        List<StepResult> own = resultsOf(host);
        var result = new StepResult(
                steps.get(own.size()),
                status,
                List.of(),
                List.of(),
                failure,
                List.of(),
                Optional.empty(),
                Duration.ofNanos(clock.get() - since.getOrDefault(host.name(), clock.get())));
        own.add(result);
        listener.on(new RunEvent.StepFinished(host, result));
    }

    void leave(int first, int last, HostStatus status) {
        for (int i = first; i <= last; i++) {
            leave(host(i), status, Optional.empty());
        }
    }

    void leave(int host, HostStatus status, String message) {
        leave(host(host), status, Optional.of(new Failure(message, Optional.empty(), Optional.empty())));
    }

    private void leave(Host host, HostStatus status, Optional<Failure> failure) {
        List<StepResult> own = resultsOf(host);
        while (own.size() < steps.size()) {
            own.add(StepResult.notRun(steps.get(own.size())));
        }
        var result = new HostResult(host, status, own, failure, Duration.ofNanos(clock.get() - begun));
        ended.put(host.name(), result);
        listener.on(new RunEvent.HostFinished(result));
    }

    /** Hosts that have not left it are told so first. */
    void end() {
        for (Host host : inOrder) {
            if (ended.containsKey(host.name())) {
                continue;
            }
            List<StepResult> own = resultsOf(host);
            Optional<Failure> failure =
                    own.isEmpty() ? Optional.empty() : own.get(own.size() - 1).failure();
            HostStatus otherwise = own.size() == steps.size() ? HostStatus.SUCCEEDED : HostStatus.CANCELLED;
            leave(host, failure.isPresent() ? HostStatus.FAILED : otherwise, failure);
        }
        var all = inOrder.stream()
                .flatMap(host -> Optional.ofNullable(ended.get(host.name())).stream())
                .toList();
        listener.on(new RunEvent.RunFinished(new RunReport(
                deploy, mode, all, Optional.empty(), Optional.empty(), Duration.ofNanos(clock.get() - begun))));
    }
}
