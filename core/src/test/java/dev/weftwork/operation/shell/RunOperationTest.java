package dev.weftwork.operation.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.weftwork.command.Command;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Operation;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.StepStatus;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunOperationTest {

    private final Path folder;

    RunOperationTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private HostResult run(Operation operation) {
        try (var engine = Engine.of(LocalConnector.in(folder))) {
            return engine.run(Inventory.ofNames("web01"), Deploy.named("d").step("run", operation))
                    .host("web01");
        }
    }

    private StepStatus status(Operation operation) {
        HostResult result = run(operation);
        assertThat(result.failure()).isEmpty();
        return result.step("run").status();
    }

    @Test
    void withoutAGuardRunsEveryTime() {
        assertThat(status(Shell.run("echo x >> log"))).isEqualTo(StepStatus.CHANGED);
        assertThat(status(Shell.run("echo x >> log"))).isEqualTo(StepStatus.CHANGED);
        assertThat(folder.resolve("web01/log")).hasContent("x\nx");
    }

    @Test
    void argumentsArriveAndOutputIsInTheResult() {
        assertThat(run(Shell.run("echo \"got $1\"", "it's")).step("run").stdoutText())
                .isEqualTo("got it's\n");
    }

    @Test
    void createsGuardsByAPath() {
        Operation operation = Shell.run("echo x >> made").creates("made");

        assertThat(status(operation)).isEqualTo(StepStatus.CHANGED);
        assertThat(status(operation)).isEqualTo(StepStatus.UNCHANGED);
        assertThat(folder.resolve("web01/made")).hasContent("x");
    }

    @Test
    void commandsGuardByTheirSuccess() {
        assertThat(status(Shell.run("true").unless(Command.of("true")))).isEqualTo(StepStatus.UNCHANGED);
        assertThat(status(Shell.run("true").unless(Command.of("false")))).isEqualTo(StepStatus.CHANGED);
        assertThat(status(Shell.run("true").onlyIf(Command.of("true")))).isEqualTo(StepStatus.CHANGED);
        assertThat(status(Shell.run("true").onlyIf(Command.of("false")))).isEqualTo(StepStatus.UNCHANGED);
        assertThat(status(Shell.run("true").onlyIf(Command.of("exit", "7").successCodes(7))))
                .isEqualTo(StepStatus.CHANGED);
        assertThat(status(Shell.run("true").onlyIf(Command.of("true")).unless(Command.of("true"))))
                .isEqualTo(StepStatus.UNCHANGED);
    }

    @Test
    void aGuardWithoutAnAnswerFailsTheStep() {
        HostResult result = run(
                Shell.run("echo ran > ran").unless(Command.of("sleep", "300").timeout(Duration.ofMillis(50))));

        assertThat(result.failure().orElseThrow().message())
                .isEqualTo("web01: step 'run': fact guard sleep 300 can't be read: `sleep 300` was ended after its"
                        + " timeout of 50 ms");
        assertThat(folder.resolve("web01/ran")).doesNotExist();
    }

    @Test
    void aGuardThatIsNotFoundIsNoAnswer() {
        assertThat(run(Shell.run("true").onlyIf(Command.of("no-such-program")))
                        .failure()
                        .orElseThrow()
                        .message())
                .startsWith(
                        "web01: step 'run': fact guard no-such-program can't be read: `no-such-program` exited 127");
        assertThat(status(Shell.run("true").onlyIf(Command.of("no-such-program").successCodes(127))))
                .isEqualTo(StepStatus.CHANGED);
    }

    @Test
    void aPathThatLooksLikeAnOptionIsAPath() {
        Operation operation = Shell.run("echo x > ./-n").creates("-n");

        assertThat(status(operation)).isEqualTo(StepStatus.CHANGED);
        assertThat(status(operation)).isEqualTo(StepStatus.UNCHANGED);
    }

    @Test
    void aCommandsOwnOptionsHold() {
        assertThat(status(Shell.run(Command.of("exit", "3").successCodes(3)))).isEqualTo(StepStatus.CHANGED);
        assertThat(run(Shell.run(Command.of("sleep", "300").timeout(Duration.ofMillis(50))))
                        .failure()
                        .orElseThrow()
                        .message())
                .isEqualTo("web01: step 'run': `sleep 300` was ended after its timeout of 50 ms");
    }

    @Test
    void badInputFailsAtOnce() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Shell.run("true").creates(""))
                .withMessage("path must not be empty");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Shell.run("true").creates("~/x"))
                .withMessageStartingWith("path must not begin with '~'");
        assertThat(Shell.run("make all")).hasToString("run make all");
    }
}
