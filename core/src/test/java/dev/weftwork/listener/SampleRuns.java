package dev.weftwork.listener;

import dev.weftwork.command.Command;
import dev.weftwork.command.Secret;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Retry;
import dev.weftwork.deploy.Step;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.RunOptions;
import dev.weftwork.event.RunListener;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.RunReport;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.InMemoryConnector.Answer;
import java.time.Duration;

/** Runs in memory, for tests of what listens to them. */
final class SampleRuns {

    static final String SECRET = "k7Q2z9Xw4Rt1";

    private SampleRuns() {}

    static Inventory hosts(int count) {
        var inventory = Inventory.builder();
        for (int i = 1; i <= count; i++) {
            inventory.host(Host.named("web%02d".formatted(i)).inGroups("web").with("password", "in-data"));
        }
        return inventory.build();
    }

    /** Its second step prints a secret, its third fails on the first host, where it is tried twice. */
    static Deploy deploy() {
        return Deploy.named("web tier")
                .step("one", Shell.run("true"))
                .step("secret", Shell.run(Command.of("login").secretEnv("TOKEN", Secret.of(SECRET))))
                .step(Step.of("fails", Shell.run("fails"))
                        .retry(Retry.attempts(2).backoff(Duration.ofMillis(1))));
    }

    static InMemoryConnector connector() {
        return InMemoryConnector.answering((host, command) -> switch (command.toString()) {
            case "login" -> Answer.ok("token=" + SECRET + "\n");
            case "fails" ->
                host.name().equals("web01")
                        ? Answer.exit(3).stderr("disk\u001b[2J full\nWARN forged line\n")
                        : Answer.ok();
            default -> Answer.ok();
        });
    }

    static RunReport run(RunListener listener, int hosts) {
        try (Engine engine = Engine.of(connector())) {
            return engine.run(hosts(hosts), deploy(), RunOptions.standard().listener(listener));
        }
    }
}
