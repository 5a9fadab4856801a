package dev.weftwork.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.command.Outcome;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Retry;
import dev.weftwork.deploy.Step;
import dev.weftwork.event.RunEvent;
import dev.weftwork.fact.Fact;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.report.ChangeResult;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.RecordingListener;
import dev.weftwork.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Deploys made by chance, on machines that fail by chance, in a time of their own: whatever happens, the promises of
 * strategies, limits, results and reports hold. One case alone: {@code -Dweftwork.seed=...}.
 */
class RandomDeploysTest {

    private static final int DEPLOYS = Integer.getInteger("weftwork.deploys", 600);

    private static final Set<StepStatus> LEAVING = EnumSet.of(StepStatus.FAILED, StepStatus.CANCELLED);

    enum Kind {
        LOCKSTEP,
        FREE,
        SERIAL,
        ROLLING,
        ROLLING_PERCENT
    }

    @ParameterizedTest
    @EnumSource
    void keepEveryPromise(Kind kind) throws Exception {
        Long given = Long.getLong("weftwork.seed");
        Random seeds = new Random();
        for (int i = 0; i < (given == null ? DEPLOYS : 1); i++) {
            long seed = given == null ? seeds.nextLong() : given;
            try {
                new Case(kind, seed).runAndCheck();
            } catch (Throwable e) {
                throw new AssertionError("fails with -Dweftwork.seed=" + seed + " for " + kind + ": " + e, e);
            }
        }
    }

    /** Where no host can have an effect on another, chance is all in the seed. */
    @Test
    void areTheSameAgainWithTheSameSeed() throws Exception {
        for (long seed = 1; seed <= 50; seed++) {
            var one = new Case(Kind.FREE, seed, false);
            var two = new Case(Kind.FREE, seed, false);

            one.runAndCheck();
            two.runAndCheck();

            assertThat(two.outcomes()).as("seed " + seed).isEqualTo(one.outcomes());
            assertThat(two.time.elapsed()).as("seed " + seed).isEqualTo(one.time.elapsed());
        }
    }

    @Test
    void aHundredThousandHostsWithHoursOfLatencyTakeSeconds() {
        var time = new VirtualTime();
        var connector = InMemoryConnector.builder()
                .time(time)
                .seed(7)
                .latency(Duration.ofMinutes(1), Duration.ofHours(1))
                .failing(0.001)
                .losing(0.001)
                .unreachable(0.001)
                .build();
        Inventory inventory = Inventory.of(IntStream.range(0, 100_000)
                .mapToObj(i -> Host.named("host" + i))
                .toList());
        Deploy deploy = Deploy.named("d");
        for (int i = 0; i < 3; i++) {
            deploy = deploy.step("s" + i, new Commands("s" + i, 1));
        }

        RunReport report;
        try (var engine = Engine.builder(connector).time(time).build()) {
            report = engine.run(inventory, deploy);
        }

        // Three steps, each as long as the slowest of a hundred thousand.
        assertThat(report.elapsed()).isBetween(Duration.ofMinutes(179), Duration.ofHours(3));
        assertThat(report.count(HostStatus.SUCCEEDED)).isBetween(99_000L, 99_800L);
        assertThat(report.count(HostStatus.SUCCEEDED)
                        + report.count(HostStatus.FAILED)
                        + report.count(HostStatus.UNREACHABLE))
                .isEqualTo(100_000);
        assertThat(connector.open()).isZero();
    }

    /** Makes so many changes, named by step, host and number; with none, all is as wanted. */
    private record Commands(String name, int count) implements Operation {
        @Override
        public String summary() {
            return name;
        }

        @Override
        public List<Change> plan(HostFacts host) {
            return IntStream.range(0, count)
                    .mapToObj(i -> new Change(name, Command.of(name + "-" + host.name() + "-" + i)))
                    .toList();
        }
    }

    private record Asked(String name) implements Fact<String> {
        @Override
        public Command command() {
            return Command.of("fact-" + name);
        }

        @Override
        public String parse(dev.weftwork.command.CommandResult result) {
            return result.stdoutText();
        }
    }

    /** One deploy on one inventory, and what must be true of its run. */
    private static final class Case {
        private final Random random;
        final VirtualTime time = new VirtualTime();
        private final RecordingListener events = new RecordingListener();
        private final InMemoryConnector connector;
        private final Inventory inventory;
        private final List<Step> steps = new ArrayList<>();
        private final Map<String, List<String>> onlyIfChanged = new HashMap<>();
        private final RunOptions options;
        private final int cap;
        private final int batch;
        private final Kind kind;
        private final int cancelAt;
        private RunReport report;

        Case(Kind kind, long seed) {
            this(kind, seed, true);
        }

        @SuppressWarnings("NullAway") // the report comes with the run
        Case(Kind kind, long seed, boolean together) {
            this.kind = kind;
            random = new Random(seed);
            int hosts = 1 + random.nextInt(12);
            cap = together && chance(0.3) ? 1 + random.nextInt(4) : Integer.MAX_VALUE;
            connector = InMemoryConnector.builder()
                    .time(time)
                    .seed(seed)
                    .latency(Duration.ofMillis(1), Duration.ofMillis(1 + random.nextInt(200)))
                    .connectLatency(Duration.ofMillis(1), Duration.ofMillis(1 + random.nextInt(50)))
                    .failing(chance(0.5) ? random.nextDouble() * 0.2 : 0)
                    .losing(chance(0.3) ? random.nextDouble() * 0.1 : 0)
                    .stuck(chance(0.2) ? random.nextDouble() * 0.05 : 0)
                    .unreachable(chance(0.3) ? random.nextDouble() * 0.2 : 0)
                    .maxParallel(cap)
                    .recording(true)
                    .build();
            inventory = Inventory.of(IntStream.range(0, hosts)
                    .mapToObj(i -> Host.named("host%02d".formatted(i)).with("number", i))
                    .toList());
            int size = 1 + random.nextInt(hosts);
            int percent = 1 + random.nextInt(100);
            Strategy strategy = switch (kind) {
                case LOCKSTEP -> Strategy.lockstep();
                case FREE -> Strategy.free();
                case SERIAL -> Strategy.serial();
                case ROLLING -> Strategy.rolling(size);
                case ROLLING_PERCENT -> Strategy.rollingPercent(percent);
            };
            batch = switch (kind) {
                case LOCKSTEP -> hosts;
                case ROLLING -> size;
                case ROLLING_PERCENT -> (hosts * percent + 99) / 100;
                default -> 0;
            };
            int count = 1 + random.nextInt(7);
            for (int i = 0; i < count; i++) {
                steps.add(step("s" + i, together));
            }
            var chosen = RunOptions.standard()
                    .strategy(strategy)
                    .listener(events)
                    .defaults(dev.weftwork.deploy.StepOptions.none().commandTimeout(Duration.ofMinutes(5)));
            if (together) {
                chosen = chance(0.3) ? chosen.maxParallel(1 + random.nextInt(hosts)) : chosen;
                chosen = chance(0.2) ? chosen.failFast() : chosen;
                chosen = chance(0.2) ? chosen.maxFailed(random.nextInt(100)) : chosen;
                chosen = chance(0.1) ? chosen.timeout(Duration.ofMillis(1 + random.nextInt(3_000))) : chosen;
            }
            chosen = chance(0.1) ? chosen.hostTimeout(Duration.ofMillis(1 + random.nextInt(2_000))) : chosen;
            options = chosen;
            cancelAt = together && chance(0.2) ? 1 + random.nextInt(60) : 0;
        }

        private boolean chance(double part) {
            return random.nextDouble() < part;
        }

        private Step step(String name, boolean together) {
            int changes = random.nextInt(4);
            int mode = random.nextInt(4);
            Step step = switch (mode) {
                case 0 ->
                    Step.of(name, host -> {
                        host.fact(new Asked(name));
                        return new Commands(name, host.data("number", Integer.class) % 2 * changes);
                    });
                case 1 ->
                    Step.code(name, host -> {
                        for (int i = 0; i < changes; i++) {
                            if (!host.run(Command.of(name + "-" + host.name() + "-" + i))
                                    .succeeded()) {
                                return host.run(Command.of(name + "-" + host.name() + "-again"));
                            }
                        }
                        host.facts(new Asked(name + "a"), new Asked(name + "b"));
                        return null;
                    });
                default -> Step.of(name, new Commands(name, changes));
            };
            if (chance(0.2)) {
                int modulo = 1 + random.nextInt(3);
                step = step.onlyIf(host -> host.data("number", Integer.class) % modulo == 0);
            }
            if (!steps.isEmpty() && chance(0.3)) {
                String earlier = steps.get(random.nextInt(steps.size())).name();
                step = step.onlyIfChanged(earlier);
                onlyIfChanged.put(name, List.of(earlier));
            }
            if (!steps.isEmpty() && chance(0.1)) {
                step = step.unlessFailed(steps.get(random.nextInt(steps.size())).name());
            }
            if (together && chance(0.15)) {
                step = step.runOnce();
            }
            if (together && chance(0.15)) {
                step = chance(0.5)
                        ? step.delegateTo(inventory
                                .hosts()
                                .get(random.nextInt(inventory.size()))
                                .name())
                        : step.delegateTo(Host.named("outside"));
            }
            step = chance(0.3) ? step.ignoreErrors() : step;
            step = chance(0.2) ? step.continueOnError() : step;
            step = together && chance(0.2) ? step.parallel(1 + random.nextInt(3)) : step;
            step = chance(0.2) ? step.timeout(Duration.ofMillis(1 + random.nextInt(1_000))) : step;
            // Waits are left to a chance that isn't the seed's, but for these.
            step = chance(0.3)
                    ? step.retry(Retry.attempts(1 + random.nextInt(4))
                            .backoff(Duration.ofMillis(random.nextInt(300)))
                            .jitter(0))
                    : step;
            return step;
        }

        void runAndCheck() throws Exception {
            Deploy deploy = Deploy.named("d");
            for (Step step : steps) {
                deploy = deploy.step(step);
            }
            var handle = new CompletableFuture<RunHandle>();
            var seen = new AtomicInteger();
            var watched = cancelAt == 0
                    ? options
                    : options.listener(event -> {
                        if (seen.incrementAndGet() == cancelAt) {
                            handle.join().cancel();
                        }
                    });
            try (var engine = Engine.builder(connector).time(time).build();
                    RunHandle run = engine.start(inventory, deploy, watched)) {
                handle.complete(run);
                report = run.join(Duration.ofSeconds(60))
                        .orElseThrow(() -> new AssertionError("hangs: " + events.events()));
            }
            checkReport();
            checkCommands();
            checkOnce();
            checkConditions();
            checkTurns();
            checkNumbers();
            assertThat(connector.open()).isZero();
            assertThat(connector.overlaps()).isZero();
            assertThat(time.atWork()).isZero();
        }

        List<Object> outcomes() {
            return report.hosts().stream()
                    .<Object>map(host -> host.status() + " "
                            + host.steps().stream()
                                    .map(step -> step.step()
                                            + step.status()
                                            + step.attempts()
                                            + step.changes().stream()
                                                    .map(change ->
                                                            change.command().outcome())
                                                    .toList())
                                    .toList()
                            + host.elapsed())
                    .toList();
        }

        private void checkReport() {
            assertThat(report.hosts()).extracting(HostResult::host).containsExactlyElementsOf(inventory.hosts());
            assertThat(events.events(RunEvent.HostFinished.class)).hasSize(inventory.size());
            for (HostResult host : report.hosts()) {
                assertThat(host.steps())
                        .extracting(StepResult::step)
                        .containsExactlyElementsOf(
                                steps.stream().map(Step::name).toList());
                List<StepStatus> statuses =
                        host.steps().stream().map(StepResult::status).toList();
                int taken = (int) statuses.stream()
                        .takeWhile(status -> status != StepStatus.NOT_RUN)
                        .count();
                assertThat(statuses.subList(taken, statuses.size()))
                        .containsOnly(
                                statuses.size() == taken ? new StepStatus[0] : new StepStatus[] {StepStatus.NOT_RUN});
                assertThat(statuses.stream().limit(Math.max(0, taken - 1))).noneMatch(LEAVING::contains);
                StepStatus last = taken == 0 ? StepStatus.NOT_RUN : statuses.get(taken - 1);
                switch (host.status()) {
                    case SUCCEEDED -> {
                        assertThat(taken).isEqualTo(statuses.size());
                        assertThat(last).isNotIn(LEAVING);
                        assertThat(host.failure()).isEmpty();
                    }
                    case FAILED -> assertThat(last).isEqualTo(StepStatus.FAILED);
                    case UNREACHABLE -> assertThat(taken).isZero();
                    case CANCELLED -> {
                        assertThat(report.cancelled()).isTrue();
                        assertThat(last).isNotEqualTo(StepStatus.FAILED);
                    }
                    case STOPPED -> {
                        assertThat(report.earlyEnd()).isPresent();
                        assertThat(last).isNotIn(LEAVING);
                    }
                }
                if (host.status() != HostStatus.SUCCEEDED) {
                    assertThat(host.failure().orElseThrow().message()).startsWith(host.host() + ": ");
                }
                for (StepResult step : host.steps()) {
                    if (LEAVING.contains(step.status()) || step.status() == StepStatus.FAILURE_IGNORED) {
                        assertThat(step.failure().orElseThrow().message())
                                .matches("(?s)" + host.host() + ": step '" + step.step() + "'( on [a-z0-9]+)?: .*");
                    }
                }
            }
        }

        /** What machines were told is what results say, in that order; each command once in an attempt. */
        private void checkCommands() {
            for (HostResult host : report.hosts()) {
                for (StepResult step : host.steps()) {
                    var times = new HashMap<String, Integer>();
                    for (ChangeResult change : step.changes()) {
                        assertThat(times.merge(change.command().command().toString(), 1, Integer::sum))
                                .as("%s of %s", change, host.host())
                                .isLessThanOrEqualTo(step.attempts());
                    }
                }
            }
            for (Host host : inventory) {
                List<String> told = new ArrayList<>();
                for (Host machine : machines()) {
                    connector.executed(machine.name()).stream()
                            .map(Command::toString)
                            .filter(command -> command.contains("-" + host + "-"))
                            .forEach(told::add);
                }
                List<String> said = report.host(host.name()).steps().stream()
                        .flatMap(step -> step.changes().stream())
                        .filter(change -> !(change.command().outcome() instanceof Outcome.NotStarted))
                        .map(change -> change.change().command().toString())
                        .toList();
                // Of several machines only the order on each is known.
                assertThat(told).containsExactlyInAnyOrderElementsOf(said);
                List<String> own = connector.executed(host.name()).stream()
                        .map(Command::toString)
                        .filter(command -> command.contains("-" + host + "-"))
                        .toList();
                assertThat(own)
                        .containsExactlyElementsOf(report.host(host.name()).steps().stream()
                                .flatMap(step -> step.changes().stream())
                                .map(ChangeResult::command)
                                .filter(result -> result.host().equals(host.name())
                                        && !(result.outcome() instanceof Outcome.NotStarted))
                                .map(result -> result.command().toString())
                                .toList());
            }
        }

        private List<Host> machines() {
            var all = new ArrayList<>(inventory.hosts());
            all.add(Host.named("outside"));
            return all;
        }

        private void checkOnce() {
            for (Step step : steps) {
                if (step.runsOnce()) {
                    assertThat(report.hosts())
                            .as(step.name())
                            .filteredOn(
                                    host -> !host.step(step.name()).changes().isEmpty()
                                            || host.step(step.name()).status() == StepStatus.UNCHANGED)
                            .hasSizeLessThanOrEqualTo(1);
                }
            }
        }

        private void checkConditions() {
            onlyIfChanged.forEach((step, earlier) -> {
                for (HostResult host : report.hosts()) {
                    StepStatus status = host.step(step).status();
                    if (status == StepStatus.CHANGED || status == StepStatus.UNCHANGED) {
                        assertThat(host.step(earlier.get(0)).changed())
                                .as(host.host() + " " + step)
                                .isTrue();
                    }
                }
            });
        }

        /** Who was through with what when a stage began. */
        private void checkTurns() {
            var through = new HashMap<String, Integer>();
            int last = steps.size();
            for (RunEvent event : events.events()) {
                switch (event) {
                    case RunEvent.HostStarted started -> checkTurn(started.host(), 0, through);
                    case RunEvent.StepStarted started -> {
                        int stage = Integer.parseInt(started.step().substring(1)) + 1;
                        // Connected hosts are through with that stage before their first step.
                        through.merge(started.host().name(), stage - 1, Math::max);
                        checkTurn(started.host(), stage, through);
                    }
                    case RunEvent.StepFinished finished ->
                        through.put(
                                finished.host().name(),
                                Integer.parseInt(finished.result().step().substring(1)) + 1);
                    case RunEvent.HostFinished finished ->
                        through.put(finished.host().name(), last + 1);
                    default -> {}
                }
            }
        }

        private void checkTurn(Host host, int stage, Map<String, Integer> through) {
            int place = inventory.hosts().indexOf(host);
            if (kind == Kind.SERIAL) {
                for (Host before : inventory.hosts().subList(0, place)) {
                    assertThat(through).containsEntry(before.name(), steps.size() + 1);
                }
            }
            if (batch == 0) {
                return;
            }
            int first = place / batch * batch;
            for (Host before : inventory.hosts().subList(0, first)) {
                assertThat(through).containsEntry(before.name(), steps.size() + 1);
            }
            if (stage > 1) {
                for (Host other : inventory.hosts().subList(first, Math.min(first + batch, inventory.size()))) {
                    assertThat(through.getOrDefault(other.name(), -1))
                            .as("%s at stage %d while %s", host, stage, other)
                            .isGreaterThanOrEqualTo(stage - 1);
                }
            }
        }

        private void checkNumbers() {
            assertThat(connector.maxCallsInFlight()).isLessThanOrEqualTo(cap);
            var inStep = new HashMap<String, Set<String>>();
            var current = new HashMap<String, String>();
            var inCommand = new HashSet<String>();
            for (RunEvent event : events.events()) {
                switch (event) {
                    case RunEvent.StepStarted started ->
                        current.put(started.host().name(), started.step());
                    case RunEvent.CommandStarted started -> {
                        String host = started.host().name();
                        String step = current.get(host);
                        inCommand.add(host);
                        Set<String> inside = inStep.computeIfAbsent(step, name -> new HashSet<>());
                        inside.add(host);
                        assertThat(inCommand).hasSizeLessThanOrEqualTo(options.maxParallel());
                        steps.stream()
                                .filter(each -> each.name().equals(step))
                                .flatMapToInt(each -> each.options().parallel().stream())
                                .forEach(limit -> assertThat(inside).hasSizeLessThanOrEqualTo(limit));
                    }
                    case RunEvent.CommandFinished finished -> {
                        String host = finished.host().name();
                        inCommand.remove(host);
                        inStep.values().forEach(each -> each.remove(host));
                    }
                    default -> {}
                }
            }
        }
    }
}
