package dev.weftwork.bench.compare;

import dev.weftwork.connector.orbstack.OrbStack;
import dev.weftwork.connector.orbstack.OrbStackConnector;
import dev.weftwork.connector.orbstack.Transport;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.operation.users.Users;
import dev.weftwork.report.RunReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Weftwork's side of the comparison, as a user would write it: {@code Job WORKLOAD WAY}, where and with what as the
 * environment says, as for every tool.
 */
public final class Job {

    private Job() {}

    public static void main(String[] args) throws InterruptedException, IOException {
        System.exit(run(args[0], args[1]) ? 0 : 1);
    }

    private static boolean run(String workload, String way) throws InterruptedException, IOException {
        Deploy deploy = workload.equals("fan20") ? fan20() : deploy4(Path.of(System.getenv("COMPARE_FILE")));
        boolean ssh = way.equals("ssh");
        Inventory inventory = ssh ? inventory() : OrbStack.runningInventory();
        OrbStackConnector.Builder connector = OrbStackConnector.builder().user("root");
        if (ssh) {
            connector
                    .transport(Transport.SSH)
                    .gateway("127.0.0.1", Integer.parseInt(System.getenv("COMPARE_PORT")))
                    .key(Path.of(System.getenv("COMPARE_KEY")))
                    .knownHosts(Path.of(System.getenv("COMPARE_KNOWN_HOSTS")));
        } else {
            connector.transport(Transport.CLI);
        }
        try (Engine engine = Engine.of(connector.build())) {
            RunReport report = engine.run(inventory, deploy);
            if (!report.succeeded()) {
                System.out.println(report);
            }
            return report.succeeded();
        }
    }

    private static Deploy deploy4(Path file) {
        return Deploy.named("published benchmark")
                .step("user", Users.user("weftwork").home("/home/weftwork").shell("/bin/bash"))
                .step(
                        "log file",
                        Files.file("/var/log/weftwork.log")
                                .owner("weftwork")
                                .group("weftwork")
                                .mode("777"))
                .step(
                        "copied file",
                        Files.put(file)
                                .to("/home/weftwork/test_file.txt")
                                .owner("weftwork")
                                .group("weftwork")
                                .mode("644"))
                .step("command", Shell.run("echo \"hi!\""));
    }

    private static Deploy fan20() {
        Deploy deploy = Deploy.named("twenty commands");
        for (int i = 1; i <= 20; i++) {
            deploy = deploy.step("true " + i, Shell.run("true"));
        }
        return deploy;
    }

    private static Inventory inventory() throws IOException {
        List<Host> hosts = java.nio.file.Files.readAllLines(Path.of(System.getenv("COMPARE_HOSTS"))).stream()
                .map(line -> Host.named(line.substring(0, line.indexOf(' '))))
                .toList();
        return Inventory.of(hosts);
    }
}
