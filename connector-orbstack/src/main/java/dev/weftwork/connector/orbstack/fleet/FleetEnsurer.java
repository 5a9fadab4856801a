package dev.weftwork.connector.orbstack.fleet;

import dev.weftwork.connector.orbstack.cli.Machine;
import dev.weftwork.connector.orbstack.cli.MachineId;
import dev.weftwork.connector.orbstack.cli.MachineInfo;
import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.MachineSpec;
import dev.weftwork.connector.orbstack.cli.MachineState;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.cli.OrbCtlException;
import dev.weftwork.connector.orbstack.cli.OrbCtlException.Kind;
import dev.weftwork.connector.orbstack.fleet.EnsuredMachine.Action;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one fleet exist, once. Each machine has a virtual thread, all of which end within {@link #ensure}; how many do
 * something at once is limited by places, which a thread holds for one call of {@code orbctl} and not while it waits for
 * the next.
 *
 * <p>A machine is followed by its id: its name may be given to another one meanwhile. What was created by an attempt
 * without an answer is taken for ours if it wasn't there when all began and is what was asked for.
 */
final class FleetEnsurer {

    private static final Logger LOG = LoggerFactory.getLogger(FleetEnsurer.class);

    private static final Duration FIRST_RETRY = Duration.ofSeconds(2);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);
    private static final Duration FIRST_LOOK = Duration.ofMillis(250);
    private static final Duration LONGEST_LOOK = Duration.ofSeconds(5);

    private final OrbCtl orbctl;
    private final Fleet fleet;
    private final Probe probe;
    private final Pauses pauses;

    /** Apart from each other: a machine that is being created for minutes mustn't keep others from being looked at. */
    private final Semaphore changing;

    private final Semaphore looking;

    FleetEnsurer(OrbCtl orbctl, Fleet fleet, Pauses pauses) {
        this.orbctl = orbctl;
        this.fleet = fleet;
        this.pauses = pauses;
        probe = fleet.probe().orElse(orbctl::answers);
        changing = new Semaphore(fleet.parallelism(), true);
        looking = new Semaphore(fleet.parallelism(), true);
    }

    FleetReport ensure() throws InterruptedException {
        long begun = System.nanoTime();
        OptionalLong deadline = fleet.timeout().isPresent()
                ? OptionalLong.of(begun + fleet.timeout().get().toNanos())
                : OptionalLong.empty();
        Map<String, Machine> before = new LinkedHashMap<>();
        orbctl.list().forEach(machine -> before.put(machine.name(), machine));
        Set<MachineId> known = before.values().stream().map(Machine::id).collect(Collectors.toUnmodifiableSet());
        var reports = new ArrayList<EnsuredMachine>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var tasks = new ArrayList<Future<EnsuredMachine>>();
            for (MachineSpec spec : fleet.machines()) {
                tasks.add(threads.submit(() -> {
                    Thread.currentThread().setName("ensure-" + spec.name());
                    return new Ensuring(
                                    spec,
                                    Optional.ofNullable(before.get(spec.name().value())),
                                    known)
                            .run();
                }));
            }
            try {
                for (int i = 0; i < tasks.size(); i++) {
                    reports.add(inTime(tasks.get(i), fleet.machines().get(i).name(), deadline, threads));
                }
            } catch (InterruptedException e) {
                threads.shutdownNow();
                throw e;
            } catch (ExecutionException e) {
                threads.shutdownNow();
                throw new IllegalStateException("a machine could not be ensured: " + e.getCause(), e);
            }
        }
        return new FleetReport(reports);
    }

    /** Its report; when the fleet's time is up all that isn't done ends, and has failed. */
    private EnsuredMachine inTime(
            Future<EnsuredMachine> task, MachineName name, OptionalLong deadline, ExecutorService threads)
            throws InterruptedException, ExecutionException {
        if (deadline.isEmpty()) {
            return task.get();
        }
        try {
            return task.get(Math.max(0, deadline.getAsLong() - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            threads.shutdownNow();
            return timeIsUp(name);
        } catch (ExecutionException e) {
            if (threads.isShutdown() && e.getCause() instanceof InterruptedException) {
                return timeIsUp(name);
            }
            throw e;
        }
    }

    private EnsuredMachine timeIsUp(MachineName name) {
        Duration limit = fleet.timeout().orElseThrow();
        return new EnsuredMachine(
                name,
                Action.FAILED,
                limit,
                0,
                List.of(),
                Optional.empty(),
                Optional.of("it wasn't ready when the fleet's time of " + limit.toMillis()
                        + " ms was up; what OrbStack was" + " asked for may still happen"));
    }

    private interface Call<T> {
        T call() throws InterruptedException;
    }

    private static <T> T within(Semaphore places, Call<T> call) throws InterruptedException {
        places.acquire();
        try {
            return call.call();
        } finally {
            places.release();
        }
    }

    /** It isn't there any more. */
    private static final class GoneException extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /** It can't be ensured, for the reason that the message has. */
    private static final class GivenUpException extends Exception {
        private static final long serialVersionUID = 1L;

        GivenUpException(String reason) {
            super(reason);
        }
    }

    /** The way of one machine; of its thread only. */
    private final class Ensuring {
        private final MachineSpec spec;
        private final MachineName name;
        private final Optional<Machine> before;
        private final Set<MachineId> known;
        private final Backoff retries = new Backoff(pauses, FIRST_RETRY, LONGEST_RETRY);
        private int attempts;
        private int starts;
        private String startFailure = "";
        private List<String> differences = List.of();

        Ensuring(MachineSpec spec, Optional<Machine> before, Set<MachineId> known) {
            this.spec = spec;
            this.name = spec.name();
            this.before = before;
            this.known = known;
        }

        EnsuredMachine run() throws InterruptedException {
            long begun = pauses.nanoTime();
            EnsuredMachine ensured;
            try {
                ensured = before.isPresent() ? existing(before.get(), begun) : missing(begun);
            } catch (GivenUpException e) {
                ensured = failed(begun, String.valueOf(e.getMessage()));
            } catch (GoneException e) {
                ensured = failed(begun, "it was deleted while it was waited for");
            } catch (RuntimeException | Error e) {
                // One machine's trouble is its own, whatever it is: an assertion in its probe, too.
                ensured = failed(begun, e.getMessage() == null ? e.toString() : e.getMessage());
            }
            LOG.info("{}", ensured.describe());
            return ensured;
        }

        private EnsuredMachine done(long begun, Action action, MachineInfo info) {
            return new EnsuredMachine(
                    name, action, since(begun), attempts, differences, Optional.of(info), Optional.empty());
        }

        private EnsuredMachine failed(long begun, String reason) {
            return new EnsuredMachine(
                    name, Action.FAILED, since(begun), attempts, differences, Optional.empty(), Optional.of(reason));
        }

        private Duration since(long begun) {
            return Duration.ofNanos(pauses.nanoTime() - begun);
        }

        private EnsuredMachine existing(Machine machine, long begun)
                throws InterruptedException, GoneException, GivenUpException {
            differences = Differences.of(spec, machine);
            try {
                MachineInfo info = ready(machine.id());
                return done(begun, starts > 0 ? Action.STARTED : Action.EXISTED, info);
            } catch (GoneException e) {
                // What OrbStack couldn't create it deletes, whoever asked for that.
                if (!Set.of(MachineState.DELETING, MachineState.CREATING, MachineState.PROVISIONING)
                        .contains(machine.state())) {
                    throw e;
                }
                differences = List.of();
                return missing(begun);
            }
        }

        private EnsuredMachine missing(long begun) throws InterruptedException, GivenUpException {
            String last = "";
            while (attempts < fleet.attempts()) {
                if (attempts > 0) {
                    LOG.info("{}: is created again, because {}", name, last);
                    retries.await(LONGEST_RETRY);
                }
                attempts++;
                Action action = Action.CREATED;
                try {
                    within(changing, () -> {
                        orbctl.create(spec);
                        return true;
                    });
                } catch (OrbCtlException.TimedOut e) {
                    last = String.valueOf(e.getMessage());
                    action = Action.ADOPTED;
                } catch (OrbCtlException.Failed e) {
                    last = String.valueOf(e.getMessage());
                    if (e.kind().isTransient()) {
                        continue;
                    } else if (e.kind() != Kind.MACHINE_ALREADY_EXISTS) {
                        throw e;
                    } else if (attempts == 1) {
                        throw new GivenUpException("somebody else has created a machine of that name meanwhile; nothing"
                                + " was done to it, ensure again to take it as it is");
                    }
                    action = Action.ADOPTED;
                }
                try {
                    Optional<MachineId> ours = ours(action);
                    if (ours.isPresent()) {
                        return done(begun, action, ready(ours.get()));
                    }
                    last = action == Action.CREATED ? "it wasn't there after it was created" : last;
                } catch (GoneException e) {
                    last = "it went away while it was waited for";
                }
            }
            throw new GivenUpException(
                    "given up after " + attempts + (attempts == 1 ? " attempt" : " attempts") + ": " + last);
        }

        /** The machine that an attempt has made, if there is one. */
        private Optional<MachineId> ours(Action action) throws InterruptedException, GivenUpException {
            long deadline = pauses.nanoTime() + fleet.readyTimeout().toNanos();
            var backoff = new Backoff(pauses, FIRST_LOOK, LONGEST_LOOK);
            while (true) {
                try {
                    Optional<Machine> found =
                            within(looking, () -> orbctl.findInfo(name)).map(MachineInfo::machine);
                    if (found.isEmpty()) {
                        return Optional.empty();
                    }
                    requireOurs(found.get(), action);
                    return Optional.of(found.get().id());
                } catch (OrbCtlException.TimedOut e) {
                    if (pauses.nanoTime() - deadline >= 0) {
                        throw new GivenUpException(String.valueOf(e.getMessage()));
                    }
                    backoff.await(LONGEST_LOOK);
                }
            }
        }

        private void requireOurs(Machine found, Action action) throws GivenUpException {
            List<String> different = Differences.ofImage(spec, found);
            if (known.contains(found.id())) {
                throw new GivenUpException("the machine of that name has been there before under another one, as "
                        + found.id() + "; nothing was done to it");
            }
            if (action == Action.ADOPTED && !different.isEmpty()) {
                throw new GivenUpException("a machine of that name turned up that isn't the one asked for: "
                        + String.join("; ", different) + "; nothing was done to it");
            }
            differences = Differences.of(spec, found);
        }

        /** Waits until it is ready, and starts it if it is stopped. */
        private MachineInfo ready(MachineId id) throws InterruptedException, GoneException, GivenUpException {
            long deadline = pauses.nanoTime() + fleet.readyTimeout().toNanos();
            var backoff = new Backoff(pauses, FIRST_LOOK, LONGEST_LOOK);
            while (true) {
                String missing;
                try {
                    MachineInfo info =
                            within(looking, () -> orbctl.findInfo(id)).orElseThrow(GoneException::new);
                    missing = missing(info);
                    if (missing.isEmpty()) {
                        return info;
                    }
                    if (info.machine().state() == MachineState.STOPPED) {
                        start(info.machine());
                        // Its turn may have come late.
                        deadline = pauses.nanoTime() + fleet.readyTimeout().toNanos();
                    }
                } catch (OrbCtlException.TimedOut | OrbCtlException.Failed e) {
                    // Looking is harmless, and the daemon may be just restarting.
                    missing = String.valueOf(e.getMessage());
                }
                long left = deadline - pauses.nanoTime();
                if (left <= 0) {
                    throw new GivenUpException(
                            "not ready within " + fleet.readyTimeout().toMillis() + " ms: " + missing
                                    + "; look at `orbctl info " + name + "` and `orbctl logs " + name + "`");
                }
                backoff.await(Duration.ofNanos(left));
            }
        }

        /** What it lacks to be ready; empty if nothing. */
        private String missing(MachineInfo info) throws InterruptedException {
            Machine machine = info.machine();
            if (!machine.isRunning()) {
                return "it is still " + machine.stateText();
            }
            if (info.ip4().isEmpty()) {
                return "it has no IPv4 address";
            }
            try {
                return within(looking, () -> probe.isReady(machine.machineName()))
                        ? ""
                        : "it runs, but its probe says that it is not ready";
            } catch (OrbCtlException e) {
                return String.valueOf(e.getMessage());
            }
        }

        private void start(Machine machine) throws InterruptedException, GivenUpException {
            if (starts >= fleet.attempts()) {
                throw new GivenUpException("it was started " + starts
                        + (starts == 1 ? " time" : " times")
                        + " and is stopped again"
                        + (startFailure.isEmpty() ? "" : ", the last time because " + startFailure)
                        + "; look at `orbctl logs " + name + "`");
            }
            starts++;
            startFailure = "";
            try {
                within(changing, () -> {
                    orbctl.start(machine.machineName());
                    return true;
                });
            } catch (OrbCtlException.TimedOut e) {
                startFailure = String.valueOf(e.getMessage());
            } catch (OrbCtlException.Failed e) {
                startFailure = String.valueOf(e.getMessage());
                if (e.kind() != Kind.WRONG_STATE && !e.kind().isTransient()) {
                    throw new GivenUpException(startFailure);
                }
            }
        }
    }
}
