package example;

import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.files.Files;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.InMemoryConnector;
import java.nio.file.Path;

/** A user's program on the class path: two embedded machines, and a test of its deploy on machines in memory. */
public class Provision {

    public static void main(String[] args) throws Exception {
        var inventory = Inventory.of(Host.named("web01").with("port", 8001), Host.named("web02").with("port", 8002));
        var deploy = Deploy.named("web")
                .step(Files.directory("app").mode("750"))
                .step("conf", host -> Files.content("port=" + host.data("port", Integer.class) + "\n").to("app/conf"));
        Path machines = java.nio.file.Files.createTempDirectory(Path.of("target"), "machines");

        for (var expected : new StepStatus[] {StepStatus.CHANGED, StepStatus.UNCHANGED}) {
            try (Engine engine = Engine.of(LocalConnector.in(machines))) {
                var report = engine.run(inventory, deploy);
                report.throwIfFailed();
                for (var host : report.hosts()) {
                    check(host.step("conf").status() == expected, host.host() + ": " + host.step("conf"));
                }
            }
        }
        check(java.nio.file.Files.readString(machines.resolve("web02/app/conf")).equals("port=8002\n"), "app/conf of web02");

        // What the jar with classifier "tests" is for.
        var memory = InMemoryConnector.succeeding();
        try (Engine engine = Engine.of(memory)) {
            engine.run(inventory, Deploy.named("in memory").step(dev.weftwork.operation.shell.Shell.run("anything")))
                    .throwIfFailed();
        }
        check(memory.connects() == 2, "connected " + memory.connects() + " times");

        check(new MachineName("web01").value().equals("web01"), "the OrbStack connector");
        System.out.print("done\n");
    }

    private static void check(boolean right, String otherwise) {
        if (!right) {
            throw new AssertionError(otherwise);
        }
    }
}
