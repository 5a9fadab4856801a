package dev.weftwork.connector.orbstack.fleet;

import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.fails;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.hangs;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.id;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.info;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.list;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.prints;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.record;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.succeeds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.connector.orbstack.OrbStack;
import dev.weftwork.connector.orbstack.cli.Arch;
import dev.weftwork.connector.orbstack.cli.MachineInfo;
import dev.weftwork.connector.orbstack.cli.MachineSpec;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.cli.OrbCtlException;
import dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl;
import dev.weftwork.connector.orbstack.fleet.EnsuredMachine.Action;
import dev.weftwork.testing.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FleetEnsurerTest {

    private static final MachineSpec WEB = MachineSpec.of("web01", "ubuntu:24.04");
    private static final String EXISTS = "[-32098] create 'web01': machine already exists: 'web01'";
    private static final String NO_ADDRESS =
            "[-32098] create 'web01': setup: machine didn't start in 30s (missing IP address)";
    private static final String NOT_FOUND = "[-32098] machine not found: 'web01'";

    private final ScriptedOrbCtl scripted = new ScriptedOrbCtl();
    private final NoPauses pauses = new NoPauses();

    /** Time passes only by waits, and these take none. */
    private static final class NoPauses implements Pauses {
        private final AtomicLong now = new AtomicLong();
        private final ConcurrentLinkedQueue<Duration> waits = new ConcurrentLinkedQueue<>();

        @Override
        public long nanoTime() {
            return now.get();
        }

        @Override
        public void sleep(Duration time) throws InterruptedException {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            waits.add(time);
            now.addAndGet(time.toNanos());
        }

        @Override
        public double random() {
            return 0.5;
        }
    }

    @AfterEach
    void close() {
        scripted.close();
    }

    private static String running(int n, String name) {
        return prints(info(record(n, name, "running"), Optional.of("192.168.139." + n)));
    }

    private FleetReport ensure(OrbCtl orbctl, Fleet fleet) throws InterruptedException {
        return new FleetEnsurer(orbctl, fleet, pauses).ensure();
    }

    private EnsuredMachine ensure(MachineSpec spec) throws InterruptedException {
        return ensure(scripted.client(), Fleet.of(spec)).machines().getFirst();
    }

    private List<String> changes() {
        return scripted.lines().stream()
                .filter(line -> line.startsWith("create") || line.startsWith("start"))
                .toList();
    }

    @Nested
    class Existing {

        @Test
        void isLeftAlone() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "running"))))
                    .on("info " + id(1), running(1, "web01"))
                    .on("run", succeeds());

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.action()).isEqualTo(Action.EXISTED);
            assertThat(machine.attempts()).isZero();
            assertThat(machine.differences()).isEmpty();
            assertThat(machine.info().flatMap(MachineInfo::ip4)).contains("192.168.139.1");
            assertThat(scripted.lines())
                    .containsExactly("list -f json", "info " + id(1) + " -f json", "run -m web01 -u root sh -c true");
        }

        @Test
        void isStartedIfItIsStopped() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "stopped"))))
                    .on(
                            "info " + id(1),
                            prints(info(record(1, "web01", "stopped"), Optional.empty())),
                            running(1, "web01"))
                    .on("start web01", succeeds())
                    .on("run", succeeds());

            assertThat(ensure(WEB).action()).isEqualTo(Action.STARTED);
            assertThat(changes()).containsExactly("start web01");
        }

        // Trap 23: neither network nor services are there when start returns.
        @Test
        void isWaitedForUntilItHasAnAddressAndAnswers() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "provisioning"))))
                    .on(
                            "info " + id(1),
                            prints(info(record(1, "web01", "provisioning"), Optional.empty())),
                            prints(info(record(1, "web01", "starting"), Optional.empty())),
                            prints(info(record(1, "web01", "running"), Optional.empty())),
                            running(1, "web01"))
                    .on("run", "exit 1", "exit 1", succeeds());

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.action()).isEqualTo(Action.EXISTED);
            assertThat(scripted.calls("run")).hasSize(3);
            assertThat(pauses.waits)
                    .containsExactly(
                            Duration.ofMillis(250),
                            Duration.ofMillis(500),
                            Duration.ofSeconds(1),
                            Duration.ofSeconds(2),
                            Duration.ofSeconds(4));
            assertThat(machine.took()).isEqualTo(Duration.ofMillis(7750));
        }

        // Reference, section 8: an interrupted create can leave a machine in provisioning for good.
        @Test
        void isGivenUpWhenItsTimeIsUp() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "provisioning"))))
                    .on("info " + id(1), prints(info(record(1, "web01", "provisioning"), Optional.empty())));

            EnsuredMachine machine = ensure(scripted.client(), Fleet.of(WEB).readyTimeout(Duration.ofSeconds(20)))
                    .machines()
                    .getFirst();

            assertThat(machine.action()).isEqualTo(Action.FAILED);
            assertThat(machine.took()).isEqualTo(Duration.ofSeconds(20));
            assertThat(machine.failure())
                    .contains("not ready within 20000 ms: it is still provisioning; look at `orbctl info web01` and"
                            + " `orbctl logs web01`");
        }

        @Test
        void isGivenUpIfItStopsAgainAndAgain() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "stopped"))))
                    .on("info " + id(1), prints(info(record(1, "web01", "stopped"), Optional.empty())))
                    .on("start", succeeds());

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.failure())
                    .hasValueSatisfying(
                            reason -> assertThat(reason).startsWith("it was started 3 times and is stopped again"));
            assertThat(changes()).hasSize(3);
        }

        @Test
        void isGivenUpWithTheReasonIfItCanNotBeStarted() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "stopped"))))
                    .on("info " + id(1), prints(info(record(1, "web01", "stopped"), Optional.empty())))
                    .on("start", fails(1, "[-32098] start 'web01': machine didn't start in 30s (missing IP address)"));

            assertThat(ensure(WEB).failure())
                    .hasValueSatisfying(reason -> assertThat(reason)
                            .startsWith(
                                    "it was started 3 times and is stopped again, the last time because `orbctl start")
                            .contains("missing IP address"));
        }

        @Test
        void isFailedAtOnceIfItsStartIsRefused() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "stopped"))))
                    .on("info " + id(1), prints(info(record(1, "web01", "stopped"), Optional.empty())))
                    .on("start", fails(1, "[-32098] start 'web01': machine crashed on startup"));

            assertThat(ensure(WEB).failure())
                    .hasValueSatisfying(reason -> assertThat(reason).contains("machine crashed on startup"));
            assertThat(changes()).hasSize(1);
        }

        @Test
        void isWaitedForWhileTheDaemonRestarts() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "running"))))
                    .on("info " + id(1), fails(1, "[-32097] cancelled"), fails(1, ""), running(1, "web01"))
                    .on("run", succeeds());

            assertThat(ensure(WEB).action()).isEqualTo(Action.EXISTED);
        }

        @Test
        void isReportedButNotChangedIfItDiffers() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "alpine", "3.20", "amd64", "running"))))
                    .on("info " + id(1), running(1, "web01"))
                    .on("run", succeeds());

            FleetReport report = ensure(
                    scripted.client(),
                    Fleet.of(MachineSpec.builder("web01", "ubuntu:24.04")
                            .arch(Arch.ARM64)
                            .user("app")
                            .build()));

            assertThat(report.succeeded()).isTrue();
            assertThat(report.different()).singleElement().satisfies(machine -> {
                assertThat(machine.action()).isEqualTo(Action.EXISTED);
                assertThat(machine.differences())
                        .containsExactly(
                                "distro is alpine, not ubuntu",
                                "arch is amd64, not arm64",
                                "default user is me, not app");
                assertThat(machine.describe()).contains("web01: existed after").contains("(differs: distro is alpine");
            });
            assertThat(changes()).isEmpty();
        }

        @Test
        void isFailedIfSomebodyDeletesIt() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "running")))).on("info", fails(1, NOT_FOUND));

            assertThat(ensure(WEB).failure()).contains("it was deleted while it was waited for");
            assertThat(changes()).isEmpty();
        }

        // What can't be created OrbStack deletes, whoever asked for it.
        @ParameterizedTest
        @ValueSource(strings = {"deleting", "creating", "provisioning"})
        void isMadeAnewIfItWasBeingDeletedOrItsCreationFails(String state) throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", state))))
                    .on("info " + id(1), prints(info(record(1, "web01", state), Optional.empty())), fails(1, NOT_FOUND))
                    .on("create", succeeds())
                    .on("info web01", running(2, "web01"))
                    .on("info " + id(2), running(2, "web01"))
                    .on("run", succeeds());

            assertThat(ensure(WEB).action()).isEqualTo(Action.CREATED);
        }

        // Trap 27.
        @Test
        void isWaitedForWhileTheDaemonHangsForAMoment() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "running"))))
                    .on("info " + id(1), hangs(), running(1, "web01"))
                    .on("run", succeeds());
            OrbCtl impatient = scripted.builder().timeout(Duration.ofSeconds(5)).build();

            FleetReport report = ensure(impatient, Fleet.of(WEB));

            assertThat(report.machines().getFirst().action()).isEqualTo(Action.EXISTED);
        }
    }

    @Test
    void whenTheFleetsTimeIsUpWhatIsntReadyHasFailedAndTheRestIsReported() throws InterruptedException {
        scripted.on("list", prints(list(record(1, "web01", "running"))))
                .on("info " + id(1), running(1, "web01"))
                .on("run", succeeds())
                .on("create", hangs());
        MachineSpec other = MachineSpec.of("web02", "ubuntu:24.04");

        FleetReport report = ensure(scripted.client(), Fleet.of(WEB, other).timeout(Duration.ofSeconds(3)));

        assertThat(report.machines()).extracting(EnsuredMachine::action).containsExactly(Action.EXISTED, Action.FAILED);
        assertThat(report.machines().get(1).failure().orElseThrow())
                .startsWith("it wasn't ready when the fleet's time of 3000 ms was up");
    }

    @Nested
    class Missing {

        @Test
        void isCreated() throws InterruptedException {
            scripted.on("list", prints(list()))
                    .on("create", succeeds())
                    .on("info", running(1, "web01"))
                    .on("run", succeeds());

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.action()).isEqualTo(Action.CREATED);
            assertThat(machine.attempts()).isEqualTo(1);
            assertThat(changes()).containsExactly("create ubuntu:24.04 web01");
            // Trap 17: from here on by its id.
            assertThat(scripted.lines()).containsSubsequence("info web01 -f json", "info " + id(1) + " -f json");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    NO_ADDRESS,
                    "[-32098] create 'web01': make rootfs: fetch index: context deadline exceeded",
                    "[-32098] create 'web01': make rootfs: download rootfs: stream to file: unexpected EOF",
                    "[-32098] create 'web01': machine manager is stopping"
                })
        void isTriedAgainAfterWhatIsKnownToPass(String stderr) throws InterruptedException {
            scripted.on("list", prints(list()))
                    .on("create", fails(1, stderr), fails(1, stderr), succeeds())
                    .on("info", running(1, "web01"))
                    .on("run", succeeds());

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.action()).isEqualTo(Action.CREATED);
            assertThat(machine.attempts()).isEqualTo(3);
            assertThat(pauses.waits).containsExactly(Duration.ofSeconds(2), Duration.ofSeconds(4));
        }

        @Test
        void isGivenUpAfterItsAttempts() throws InterruptedException {
            scripted.on("list", prints(list())).on("create", fails(1, NO_ADDRESS));

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.action()).isEqualTo(Action.FAILED);
            assertThat(machine.attempts()).isEqualTo(3);
            assertThat(machine.failure())
                    .hasValueSatisfying(reason -> assertThat(reason)
                            .startsWith("given up after 3 attempts: `orbctl create ubuntu:24.04 web01` exited 1: "
                                    + NO_ADDRESS));
            assertThat(changes()).hasSize(3);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "[-32098] create 'web01': machine crashed on startup",
                    "Error: invalid distro: ubuntuu",
                    "network connection timeout machine setup"
                })
        void isNotTriedAgainAfterAnythingElse(String stderr) throws InterruptedException {
            scripted.on("list", prints(list())).on("create", fails(1, stderr));

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.action()).isEqualTo(Action.FAILED);
            assertThat(machine.attempts()).isEqualTo(1);
            assertThat(machine.failure())
                    .hasValueSatisfying(reason -> assertThat(reason).contains(stderr));
        }

        // Trap 14: a create without an answer may have worked.
        @Test
        void isAdoptedIfItIsThereAfterAHungCreate() throws InterruptedException {
            scripted.on("list", prints(list()))
                    .on("create", hangs())
                    .on("info web01", prints(info(record(1, "web01", "creating"), Optional.empty())))
                    .on(
                            "info " + id(1),
                            prints(info(record(1, "web01", "provisioning"), Optional.empty())),
                            running(1, "web01"))
                    .on("run", succeeds());
            OrbCtl impatient =
                    scripted.builder().createTimeout(Duration.ofSeconds(3)).build();

            EnsuredMachine machine = ensure(impatient, Fleet.of(WEB)).machines().getFirst();

            assertThat(machine.action()).isEqualTo(Action.ADOPTED);
            assertThat(machine.attempts()).isEqualTo(1);
            assertThat(changes()).hasSize(1);
        }

        // Trap 14: and if it isn't there yet, the next attempt finds that it exists.
        @Test
        void isAdoptedIfTheNextAttemptFindsIt() throws InterruptedException {
            scripted.on("list", prints(list()))
                    .on("create", hangs(), fails(1, EXISTS))
                    .on("info web01", fails(1, NOT_FOUND), running(1, "web01"))
                    .on("info " + id(1), running(1, "web01"))
                    .on("run", succeeds());
            OrbCtl impatient =
                    scripted.builder().createTimeout(Duration.ofSeconds(3)).build();

            EnsuredMachine machine = ensure(impatient, Fleet.of(WEB)).machines().getFirst();

            assertThat(machine.action()).isEqualTo(Action.ADOPTED);
            assertThat(machine.attempts()).isEqualTo(2);
        }

        @Test
        void isCreatedAgainIfWhatAHungCreateMadeGoesAway() throws InterruptedException {
            scripted.on("list", prints(list()))
                    .on("create", fails(1, NO_ADDRESS), fails(1, EXISTS), succeeds())
                    .on(
                            "info web01",
                            prints(info(record(1, "web01", "creating"), Optional.empty())),
                            running(2, "web01"))
                    .on(
                            "info " + id(1),
                            prints(info(record(1, "web01", "deleting"), Optional.empty())),
                            fails(1, NOT_FOUND))
                    .on("info " + id(2), running(2, "web01"))
                    .on("run", succeeds());

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.action()).isEqualTo(Action.CREATED);
            assertThat(machine.attempts()).isEqualTo(3);
        }

        // Trap 14: it exists, but not by us.
        @Test
        void isNotAdoptedIfItWasThereBeforeWeTried() throws InterruptedException {
            scripted.on("list", prints(list())).on("create", fails(1, EXISTS));

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.action()).isEqualTo(Action.FAILED);
            assertThat(machine.failure())
                    .hasValueSatisfying(reason -> assertThat(reason)
                            .startsWith("somebody else has created a machine of that name meanwhile"));
            assertThat(scripted.calls("info")).isEmpty();
        }

        @Test
        void isNotAdoptedIfItIsSomethingElse() throws InterruptedException {
            scripted.on("list", prints(list()))
                    .on("create", fails(1, NO_ADDRESS), fails(1, EXISTS))
                    .on(
                            "info web01",
                            prints(info(record(1, "web01", "alpine", "3.20", "arm64", "running"), Optional.empty())));

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.action()).isEqualTo(Action.FAILED);
            assertThat(machine.failure())
                    .contains("a machine of that name turned up that isn't the one asked for: distro is alpine, not"
                            + " ubuntu; nothing was done to it");
        }

        @Test
        void isNotAdoptedIfItIsAnOldOneRenamed() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "old", "running"))))
                    .on("create", fails(1, NO_ADDRESS), fails(1, EXISTS))
                    .on("info web01", running(1, "web01"));

            EnsuredMachine machine = ensure(WEB);

            assertThat(machine.action()).isEqualTo(Action.FAILED);
            assertThat(machine.failure())
                    .hasValueSatisfying(reason -> assertThat(reason).contains("has been there before"));
        }
    }

    @Nested
    class Fleets {

        @Test
        void areReportedInTheirOrderAndOneFailureKeepsNobodyBack() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "running"))))
                    .on("info " + id(1), running(1, "web01"))
                    .on("create debian db01", fails(1, "[-32098] create 'db01': machine crashed on startup"))
                    .on("create alpine web02", succeeds())
                    .on(
                            "info web02",
                            prints(info(
                                    record(2, "web02", "alpine", "3.20", "arm64", "running"), Optional.of("1.1.1.2"))))
                    .on("info " + id(2), running(2, "web02"))
                    .on("run", succeeds());

            FleetReport report = ensure(
                    scripted.client(),
                    Fleet.of(MachineSpec.of("db01", "debian"), WEB, MachineSpec.of("web02", "alpine")));

            assertThat(report.machines())
                    .extracting(EnsuredMachine::action)
                    .containsExactly(Action.FAILED, Action.EXISTED, Action.CREATED);
            assertThat(report.succeeded()).isFalse();
            assertThat(report.failed())
                    .extracting(machine -> machine.name().value())
                    .containsExactly("db01");
            assertThatThrownBy(report::orThrow)
                    .isInstanceOf(FleetFailedException.class)
                    .hasMessageStartingWith("1 of 3 machines are not ready\n  db01: failed after 0 ms: `orbctl create")
                    .hasMessageContaining("machine crashed on startup");
        }

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void aProbeThatThrowsFailsItsMachineOnly(boolean assertion) throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "running"), record(2, "web02", "running"))))
                    .on("info " + id(1), running(1, "web01"))
                    .on("info " + id(2), running(2, "web02"));

            FleetReport report = ensure(
                    scripted.client(),
                    Fleet.of(WEB, MachineSpec.of("web02", "ubuntu")).probe(machine -> {
                        if (machine.value().equals("web01") && assertion) {
                            throw new AssertionError("no");
                        } else if (machine.value().equals("web01")) {
                            throw new IllegalStateException("no");
                        }
                        return true;
                    }));

            assertThat(report.machines())
                    .extracting(EnsuredMachine::action)
                    .containsExactly(Action.FAILED, Action.EXISTED);
            assertThat(report.failed().getFirst().failure()).contains("no");
        }

        @Test
        void aProbeWhoseCallFailsMeansNotYet() throws InterruptedException {
            scripted.on("list", prints(list(record(1, "web01", "running"))))
                    .on("info " + id(1), running(1, "web01"))
                    .on("logs", fails(1, "[-32098] something else"), prints("ready"));
            OrbCtl orbctl = scripted.client();

            FleetReport report = ensure(
                    orbctl, Fleet.of(WEB).probe(machine -> orbctl.logs(machine).equals("ready")));

            assertThat(report.machines().getFirst().action()).isEqualTo(Action.EXISTED);
            assertThat(pauses.waits).hasSize(1);
        }

        @Test
        void areCreatedAsManyAtOnceAsIsAllowed(@TempDir Path folder) throws Exception {
            // Each waits until it has seen two at once, and then says how many there are.
            Files.createDirectories(folder.resolve("now"));
            String create = """
                    mkdir FOLDER/now/$$
                    until test -e FOLDER/two || test "$(ls FOLDER/now | wc -l)" -ge 2; do :; done
                    : >FOLDER/two
                    ls FOLDER/now | wc -l >>FOLDER/seen
                    rmdir FOLDER/now/$$
                    """.replace("FOLDER", folder.toString());
            scripted.on("list", prints(list())).on("create", create).on("run", succeeds());
            var specs = new java.util.ArrayList<MachineSpec>();
            for (int i = 1; i <= 5; i++) {
                specs.add(MachineSpec.of("vm" + i, "ubuntu"));
                scripted.on("info vm" + i, running(i, "vm" + i)).on("info " + id(i), running(i, "vm" + i));
            }

            FleetReport report = ensure(scripted.client(), Fleet.of(specs).parallelism(2));

            assertThat(report.orThrow().machines())
                    .extracting(EnsuredMachine::action)
                    .containsOnly(Action.CREATED);
            assertThat(Files.readAllLines(folder.resolve("seen")))
                    .hasSize(5)
                    .contains("2")
                    .isSubsetOf("1", "2");
        }

        @Test
        @Timeout(60)
        void endWithTheInterruptOfTheCaller() throws Exception {
            scripted.on("list", prints(list())).on("create", hangs());
            OrbCtl orbctl = scripted.client();
            Fleet fleet = Fleet.of(WEB, MachineSpec.of("web02", "ubuntu"), MachineSpec.of("web03", "ubuntu"))
                    .parallelism(2);
            var thrown = new CompletableFuture<Throwable>();
            Thread caller = Thread.ofVirtual().start(() -> {
                try {
                    thrown.complete(new AssertionError(ensure(orbctl, fleet)));
                } catch (Throwable e) {
                    thrown.complete(e);
                }
            });
            Waiting.until(() -> scripted.calls("create").size() == 2, "two creates");

            caller.interrupt();

            assertThat(Waiting.await(thrown, "the end")).isInstanceOf(InterruptedException.class);
            assertThat(scripted.calls("create"))
                    .hasSize(2)
                    .allSatisfy(call -> assertThat(ProcessHandle.of(call.pid()).filter(ProcessHandle::isAlive))
                            .isEmpty());
        }

        @Test
        void failAsAWholeIfTheyCanNotBeListed() {
            scripted.on("list", fails(1, "[-32098] no daemon"));

            assertThatThrownBy(() -> OrbStack.ensure(scripted.client(), Fleet.of(WEB)))
                    .isInstanceOf(OrbCtlException.Failed.class);
        }

        @Test
        void areCheckedBeforeAnythingIsCalled() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Fleet.of(WEB, MachineSpec.of("db01", "debian"), WEB))
                    .withMessage("machine names in a fleet must be unique, more than once: web01");
            assertThatIllegalArgumentException()
                    .isThrownBy(Fleet::of)
                    .withMessage("a fleet must have at least one machine");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Fleet.of(WEB).parallelism(0))
                    .withMessage("parallelism must be >= 1, was 0");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Fleet.of(WEB).readyTimeout(Duration.ZERO))
                    .withMessage("readyTimeout must be > 0 and at most a day, was PT0S");
        }
    }

    @Test
    void waitsBecomeLongerAndAreSpreadAndCutOff() throws InterruptedException {
        var spread = new Pauses() {
            private double random;
            private final ConcurrentLinkedQueue<Duration> waits = new ConcurrentLinkedQueue<>();

            @Override
            public long nanoTime() {
                return 0;
            }

            @Override
            public void sleep(Duration time) {
                waits.add(time);
            }

            @Override
            public double random() {
                random = 1 - random;
                return random == 1 ? 0.999_999 : 0;
            }
        };
        var backoff = new Backoff(spread, Duration.ofSeconds(4), Duration.ofSeconds(10));

        for (int i = 0; i < 4; i++) {
            backoff.await(Duration.ofSeconds(9));
        }
        backoff.await(Duration.ZERO);

        assertThat(spread.waits)
                .extracting(wait -> Math.round(wait.toMillis() / 100.0) / 10.0)
                .containsExactly(5.0, 6.0, 9.0, 7.5);
    }
}
