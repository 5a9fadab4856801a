package dev.weftwork.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Step;
import dev.weftwork.event.RunEvent;
import dev.weftwork.fact.Facts;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.PlanFailedException;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plan, run and verify, on embedded machines. */
class PlanTest {

    private final Path folder;
    private final Engine engine;
    private final Inventory inventory = Inventory.of(
            Host.named("web01").with("port", 81), Host.named("web02").with("port", 82));

    PlanTest(@TempDir Path folder) {
        this.folder = folder;
        engine = Engine.of(LocalConnector.in(folder));
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private Deploy deploy(String content) {
        return Deploy.named("app")
                .step("folder", Files.directory("app").mode("750"))
                .step(
                        "config",
                        host -> Files.content("port=" + host.data("port", Integer.class) + "\n" + content)
                                .to("app/app.conf"))
                .step(Step.of("reload", Shell.run("echo reload >> reloads")).onlyIfChanged("config"))
                .step("guarded", Shell.run("touch app/done").creates("app/done"))
                .step("always", Shell.run("echo always >> runs"))
                .code("code", host -> host.run("echo code >> runs"));
    }

    private static List<StepStatus> statuses(RunReport report) {
        return report.host("web01").steps().stream().map(StepResult::status).toList();
    }

    private Map<String, String> everything() throws IOException {
        try (var paths = java.nio.file.Files.walk(folder)) {
            var found = new TreeMap<String, String>();
            for (Path path : paths.filter(java.nio.file.Files::isRegularFile).toList()) {
                found.put(folder.relativize(path).toString(), java.nio.file.Files.readString(path));
            }
            return found;
        }
    }

    @Test
    void aPlanListsEveryChangeAndMakesNone() throws IOException {
        RunReport plan = engine.plan(inventory, deploy("a\n"));

        assertThat(plan.mode()).isEqualTo(RunMode.PLAN);
        assertThat(statuses(plan))
                .containsExactly(
                        StepStatus.WOULD_CHANGE,
                        StepStatus.WOULD_CHANGE,
                        StepStatus.WOULD_CHANGE,
                        StepStatus.WOULD_CHANGE,
                        StepStatus.WOULD_CHANGE,
                        StepStatus.UNKNOWN);
        assertThat(everything()).isEmpty();
        assertThat(plan.describeChanges()).isEqualTo("""
                plan of 'app': 2 of 2 hosts succeeded, changes to make: 10, steps that can't be known: 2
                web01
                  folder: create directory app (mode 0750)
                  config: create app/app.conf, 10 bytes
                    --- /dev/null
                    +++ app/app.conf
                    @@ -0,0 +1,2 @@
                    +port=81
                    +a
                  reload: run echo reload >> reloads (every time)
                  guarded: run touch app/done
                  always: run echo always >> runs (every time)
                  code: UNKNOWN web01: step 'code': it runs code, and what that does is known only when it runs
                web02
                  folder: create directory app (mode 0750)
                  config: create app/app.conf, 10 bytes
                    --- /dev/null
                    +++ app/app.conf
                    @@ -0,0 +1,2 @@
                    +port=82
                    +a
                  reload: run echo reload >> reloads (every time)
                  guarded: run touch app/done
                  always: run echo always >> runs (every time)
                  code: UNKNOWN web02: step 'code': it runs code, and what that does is known only when it runs""");
        assertThat(plan.converged()).isFalse();
    }

    @Test
    void verifyingReportsWhatIsStillMissing() throws IOException {
        engine.run(inventory, deploy("a\n")).throwIfFailed();
        Map<String, String> after = everything();

        RunReport converged = engine.verify(inventory, deploy("a\n"));
        RunReport missing = engine.verify(inventory, deploy("b\n"));
        java.nio.file.Files.delete(folder.resolve("web02/app/done"));
        RunReport undone = engine.verify(inventory, deploy("a\n"));

        assertThat(converged.converged()).isTrue();
        assertThat(statuses(converged))
                .containsExactly(
                        StepStatus.UNCHANGED,
                        StepStatus.UNCHANGED,
                        StepStatus.SKIPPED,
                        StepStatus.UNCHANGED,
                        StepStatus.UNKNOWN,
                        StepStatus.UNKNOWN);
        assertThat(missing.converged()).isFalse();
        assertThat(missing.describeChanges()).contains("""
                  config: content of app/app.conf, 10 -> 10 bytes
                    --- app/app.conf
                    +++ app/app.conf
                    @@ -1,2 +1,2 @@
                     port=81
                    -a
                    +b
                """);
        assertThat(undone.converged()).isFalse();
        assertThat(undone.host("web02").step("guarded").status()).isEqualTo(StepStatus.WOULD_CHANGE);
        assertThat(undone.describe())
                .isEqualTo(
                        "verification of 'app': 2 of 2 hosts succeeded, changes still to make: 1, steps that can't be"
                                + " known: 4");
        after.remove("web02/app/done");
        assertThat(everything()).isEqualTo(after);
    }

    @Test
    void whatDependsOnChangesNotMadeYetIsUnknownAndNoFailure() {
        Deploy deploy = Deploy.named("d")
                .step("fine", Files.directory("app"))
                .step("depends", host -> {
                    if (!host.fact(Facts.path("app")).exists()) {
                        throw new PlanFailedException(host.name(), "app must be there");
                    }
                    return Files.file("app/x");
                })
                .step(Step.of("asks", Files.file("y"))
                        .onlyIf(host -> host.fact(Facts.content("app")).isPresent()));
        Deploy hopeless = Deploy.named("d").step("depends", host -> {
            throw new PlanFailedException(host.name(), "never");
        });

        RunReport plan = engine.plan(inventory, deploy);
        RunReport failed = engine.plan(inventory, hopeless);

        assertThat(statuses(plan)).startsWith(StepStatus.WOULD_CHANGE, StepStatus.UNKNOWN);
        assertThat(plan.host("web01").step("depends").failure().orElseThrow().message())
                .isEqualTo("web01: step 'depends': app must be there");
        assertThat(plan.succeeded()).isTrue();
        assertThat(failed.count(HostStatus.FAILED)).isEqualTo(2);
    }

    @Test
    void whatDependsOnAStepThatCannotBeKnownCannotBeKnown() {
        Deploy deploy = Deploy.named("d")
                .code("code", host -> null)
                .step(Step.of("then", Shell.run("echo then")).onlyIfChanged("code"))
                .step(Step.of("not", Shell.run("echo not"))
                        .onlyIfChanged("code")
                        .onlyIf(host -> false))
                .step("fails", host -> {
                    throw new PlanFailedException(host.name(), "broken");
                });

        RunReport plan = engine.plan(inventory, deploy);
        RunReport verified = engine.verify(inventory, deploy);

        assertThat(statuses(plan))
                .containsExactly(StepStatus.UNKNOWN, StepStatus.UNKNOWN, StepStatus.SKIPPED, StepStatus.UNKNOWN);
        assertThat(plan.host("web01").step("then").failure().orElseThrow().message())
                .isEqualTo("web01: step 'then': whether it applies depends on step 'code', which can't be known");
        // What ran before is there now: a plan that fails then would fail in a run too.
        assertThat(statuses(verified)).endsWith(StepStatus.SKIPPED, StepStatus.FAILED);
        assertThat(verified.converged()).isFalse();
    }

    @Test
    void guardsAndConditionsThatMayFindWhatIsNotMadeYetCannotBeKnown() {
        Deploy deploy = Deploy.named("d")
                .step("early guard", Shell.run("touch x").onlyIf("test -f pkg"))
                .step(Step.of("early condition", Files.file("x"))
                        .onlyIf(host -> host.fact(Facts.path("pkg")).exists()))
                .step("makes", Files.content("x").to("pkg"))
                .step("guard", Shell.run("touch x").onlyIf("test -f pkg"))
                .step(Step.of("condition", Files.file("x"))
                        .onlyIf(host -> host.fact(Facts.path("pkg")).exists()))
                .step(Step.of("of data", Files.file("x"))
                        .onlyIf(host -> host.name().equals("web02")))
                .step("as wanted", Files.absent("y"))
                .step(
                        "mistake",
                        host -> Files.content(host.data("prot", String.class)).to("z"));

        RunReport plan = engine.plan(inventory.named("web01"), deploy);

        assertThat(statuses(plan))
                .containsExactly(
                        StepStatus.UNCHANGED,
                        StepStatus.SKIPPED,
                        StepStatus.WOULD_CHANGE,
                        StepStatus.UNKNOWN,
                        StepStatus.UNKNOWN,
                        StepStatus.SKIPPED,
                        StepStatus.UNCHANGED,
                        StepStatus.FAILED);
        assertThat(plan.host("web01").step("guard").failure().orElseThrow().message())
                .isEqualTo("web01: step 'guard': whether it is needed may depend on changes that aren't made yet");
    }

    @Test
    void whatIsPendingIsPendingOnTheMachineWhereItIsToBeMade() {
        Deploy deploy = Deploy.named("d")
                .step(Step.of("install", Files.content("x").to("tool"))
                        .onlyIf(host -> host.name().equals("web01"))
                        .delegateTo("web02"))
                .step("needs", host -> {
                    if (!host.fact(Facts.path("tool")).exists()) {
                        throw new PlanFailedException(host.name(), "tool must be there");
                    }
                    return Files.absent("y");
                });

        RunReport plan = engine.plan(inventory, deploy);

        assertThat(plan.host("web02").step("needs").status()).isEqualTo(StepStatus.UNKNOWN);
        // Nothing is to be made on the first machine: what fails there, fails in a run.
        assertThat(plan.host("web01").step("needs").status()).isEqualTo(StepStatus.FAILED);
        assertThat(engine.plan(
                                inventory.named("web01"),
                                Deploy.named("d")
                                        .step(Step.of("guard", Shell.run("x").onlyIf("test -e nothing"))
                                                .delegateTo(Host.named("lb"))))
                        .count(StepStatus.UNCHANGED))
                .isEqualTo(1);
    }

    @Test
    void runOnceIsPlannedOnce() {
        Deploy deploy = Deploy.named("d")
                .step(Step.of("once", Files.file("x")).runOnce())
                .step(Step.of("elsewhere", Files.file("y")).delegateTo("web02"));

        RunReport plan = engine.plan(inventory, deploy);

        assertThat(plan.count(StepStatus.WOULD_CHANGE)).isEqualTo(3);
        assertThat(plan.count(StepStatus.SKIPPED)).isEqualTo(1);
        assertThat(folder.resolve("web02/y")).doesNotExist();
    }

    @Test
    void severalFactsAreReadInOneRoundTrip() {
        var commands = new AtomicInteger();
        Deploy deploy = Deploy.named("d").code("facts", host -> {
            host.facts(Facts.osRelease(), Facts.path("x"), Facts.content("y"), Facts.user("root"));
            return host.fact(Facts.user("root")).orElseThrow().uid() + " "
                    + host.fact(Facts.path("x")).exists()
                    + host.fact(Facts.content("y")).isPresent();
        });

        RunReport report = engine.run(inventory, deploy, engine.options().listener(event -> {
            if (event instanceof RunEvent.CommandStarted) {
                commands.incrementAndGet();
            }
        }));

        report.throwIfFailed();
        assertThat(report.values("facts", String.class)).containsEntry("web01", "0 falsefalse");
        assertThat(commands).hasValue(2);
        assertThat(report.host("web01").step("facts").status()).isEqualTo(StepStatus.UNCHANGED);
    }

    @Test
    void aRunShowsDiffsWhereItsOptionsAskForThem() {
        Deploy deploy = Deploy.named("d").step("s", Files.content("a\n").to("x"));

        RunReport without = engine.run(inventory.named("web01"), deploy);
        RunReport with =
                engine.run(inventory.named("web02"), deploy, engine.options().diffs(true));

        assertThat(without.describeChanges()).doesNotContain("@@").contains("s: create x, 2 bytes");
        assertThat(with.describeChanges()).contains("@@ -0,0 +1 @@\n    +a");
    }

    @Test
    void commandsThatPlanningNeedsMayUseOptionsOfTheStep() {
        Deploy deploy = Deploy.named("d")
                .step(Step.of("s", Shell.run("touch made").unless(Command.script("[ \"$WANTED\" = no ]")))
                        .env("WANTED", "no"));

        assertThat(engine.plan(inventory, deploy).hosts().stream()
                        .map(host -> host.step("s").status())
                        .collect(Collectors.toSet()))
                .containsExactly(StepStatus.UNCHANGED);
    }
}
