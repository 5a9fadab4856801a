package dev.weftwork.connector.orbstack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator;
import dev.weftwork.connector.orbstack.emulator.Requirements;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Single commands by {@link OrbCtl#run}. */
class RunCommandTest {

    private final MachineName web01 = new MachineName("web01");
    private OrbStackEmulator orbstack;
    private OrbCtl orbctl;

    @BeforeEach
    void start() {
        Requirements.root();
        orbstack = OrbStackEmulator.start();
        orbstack.machine("web01");
        orbctl = OrbCtl.builder().program(orbstack.orbctl()).build();
    }

    @AfterEach
    void stop() {
        orbstack.close();
    }

    @Test
    void runsAsTheDefaultUserInItsHomeOrAsTheCommandsUser() throws Exception {
        CommandResult result = orbctl.run(web01, Command.script("id -un; pwd; exit 3"));

        assertThat(result.outcome()).isEqualTo(new Outcome.Completed(3));
        assertThat(result.stdoutText()).isEqualTo("me\n/home/me\n");
        assertThat(orbctl.run(web01, Command.of("id", "-un").as("root")).stdoutText())
                .isEqualTo("root\n");
    }

    @Test
    void isOneProcessAndNothingOfTheCommandIsInItsArguments() throws Exception {
        int before = orbstack.calls().size();

        orbctl.run(web01, Command.script("echo 'secret'").as("root"));

        List<List<String>> calls = orbstack.calls();
        assertThat(calls.subList(before, calls.size()))
                .containsExactly(List.of("orbctl", "run", "-m", "web01", "-u", "root", "sh"));
    }

    @Test
    void whatCantBeginIsSaidWhy() throws Exception {
        assertThat(orbctl.run(new MachineName("nosuch"), Command.of("true")).outcome())
                .isInstanceOfSatisfying(
                        Outcome.NotStarted.class,
                        never -> assertThat(never.reason()).contains("OrbStack has no machine 'nosuch'"));
        assertThat(orbctl.run(web01, Command.of("true").as("nosuch")).outcome())
                .isInstanceOfSatisfying(
                        Outcome.NotStarted.class,
                        never -> assertThat(never.reason()).contains("has probably no user 'nosuch'"));
    }

    @Test
    void aTimeoutEndsItOnTheMachine_8() throws Exception {
        CommandResult result = orbctl.run(web01, Command.script("sleep 601; :").timeout(Duration.ofSeconds(1)));

        assertThat(result.outcome()).isEqualTo(new Outcome.TimedOut(Duration.ofSeconds(1), true));
        assertThat(orbctl.run(
                                web01,
                                Command.script("cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -c '^sleep' || :")
                                        .as("root"))
                        .stdoutText())
                .isEqualTo("0\n");
    }
}
