package example;

import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.connector.orbstack.OrbStackConnector;
import dev.weftwork.connector.orbstack.Transport;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.HostStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A user's program as a module: two embedded machines, and an OrbStack that has no machines. */
public class Provision {

    public static void main(String[] args) throws Exception {
        check(Provision.class.getModule().isNamed(), "not run as a module");
        check(Engine.class.getModule().getName().equals("dev.weftwork.core"), "Weftwork isn't a module");
        Path folder = Files.createTempDirectory(Path.of("target"), "machines").toAbsolutePath();

        provision(folder);
        orbstack(folder);

        System.out.print("done\n");
    }

    private static void provision(Path folder) throws InterruptedException {
        var deploy = Deploy.named("web").step("greet", Shell.run("echo hello from $(basename \"$PWD\")"));
        try (Engine engine = Engine.of(LocalConnector.in(folder))) {
            var report = engine.run(Inventory.of(Host.named("web01"), Host.named("web02")), deploy);
            report.throwIfFailed();
            var told = report.hosts().stream().map(host -> host.step("greet").stdoutText()).toList();
            check(told.equals(List.of("hello from web01\n", "hello from web02\n")), told.toString());
        }
    }

    /** Its program is a script: what is tried is that our module finds the libraries it reads JSON and speaks SSH with. */
    private static void orbstack(Path folder) throws Exception {
        Path program = Files.writeString(folder.resolve("orbctl"), "#!/bin/sh\necho '[]'\n");
        check(program.toFile().setExecutable(true), "no program");
        check(OrbCtl.builder().program(program).build().list().isEmpty(), "machines");

        var nowhere = OrbStackConnector.builder().transport(Transport.SSH).gateway("127.0.0.1", 1).build();
        try (Engine engine = Engine.of(nowhere)) {
            var report = engine.run(Inventory.of(Host.named("web01")), Deploy.named("nowhere").step(Shell.run("true")));
            check(report.host("web01").status() == HostStatus.UNREACHABLE, report.describe());
        }
    }

    private static void check(boolean right, String otherwise) {
        if (!right) {
            throw new AssertionError(otherwise);
        }
    }
}
