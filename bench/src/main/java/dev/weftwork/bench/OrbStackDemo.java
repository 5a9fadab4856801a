package dev.weftwork.bench;

import dev.weftwork.command.Command;
import dev.weftwork.connector.orbstack.OrbStack;
import dev.weftwork.connector.orbstack.OrbStackConnector;
import dev.weftwork.connector.orbstack.Transport;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.cli.OrbCtlException;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.listener.ConsoleProgress;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.users.Users;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Provisions every running OrbStack machine with the four operations of PyInfra's published benchmark: a user, a log file of
 * that user, a small file in the user's home, and a command.
 *
 * <p>{@code mvn -q compile exec:exec@orbstack}, for the machines that {@code orbctl} on PATH lists, with
 * {@code -Dorbstack.machines=GLOB,...} to take only some of them,
 * {@code -Dorbstack.transport=auto|cli|ssh}, {@code -Dorbstack.user=NAME} to log in as (root),
 * {@code -Dorbstack.passes=1|2} (2), and for an SSH gateway elsewhere {@code -Dorbstack.ssh.host}, {@code .port},
 * {@code .key} and {@code .known-hosts}. Exit code 1 if a machine failed, 2 if there was nothing to run on.
 */
public final class OrbStackDemo {

    private static final String USER = "weftwork";

    private OrbStackDemo() {}

    /** What every machine is to be like. */
    static Deploy deploy() {
        return Deploy.named("published benchmark")
                .step("user", Users.user(USER).home("/home/" + USER).shell("/bin/bash"))
                .step(
                        "log file",
                        Files.file("/var/log/weftwork.log")
                                .owner(USER)
                                .group(USER)
                                .mode("777"))
                .step(
                        "copied file",
                        Files.content("A small file that is copied to every machine.\n")
                                .to("/home/" + USER + "/test_file.txt")
                                .owner(USER)
                                .group(USER))
                // As a question, for it changes nothing; an operation that runs a command counts as a change.
                .code("echo", host -> host.query(Command.script("echo \"hi!\"")).stdoutText());
    }

    public static void main(String[] args) throws InterruptedException {
        System.exit(run());
    }

    private static int run() throws InterruptedException {
        OrbStackConnector connector;
        Inventory inventory;
        int passes;
        try {
            passes = Integer.parseInt(oneOf("orbstack.passes", "2", "1", "2"));
            OrbCtl orbctl = OrbCtl.onPath();
            // Both are refused before anything is opened.
            OrbStackConnector.Builder options = options(orbctl);
            inventory = OrbStack.runningInventory(orbctl);
            String machines = option("orbstack.machines", "");
            if (!machines.isEmpty()) {
                inventory = inventory.named(machines.split(",", -1));
            }
            connector = options.build();
        } catch (OrbCtlException | IllegalArgumentException | IllegalStateException e) {
            System.err.println(e.getMessage());
            return 2;
        }
        try (Engine engine =
                Engine.builder(connector).listener(ConsoleProgress.stdout()).build()) {
            RunReport first = engine.run(inventory, deploy());
            Duration elapsed = first.elapsed();
            long changedAgain = 0;
            long failed = first.failedHosts().size();
            if (passes == 2) {
                RunReport second = engine.run(inventory, deploy());
                elapsed = elapsed.plus(second.elapsed());
                changedAgain = second.count(StepStatus.CHANGED);
                failed = Math.max(failed, second.failedHosts().size());
            }
            System.out.printf(
                    "weftwork: hosts=%d ok=%d failed=%d changed=%d unchanged=%d second-pass-changed=%d elapsed-ms=%d%n",
                    inventory.size(),
                    first.count(HostStatus.SUCCEEDED),
                    failed,
                    first.count(StepStatus.CHANGED),
                    first.count(StepStatus.UNCHANGED),
                    changedAgain,
                    elapsed.toMillis());
            return failed == 0 ? 0 : 1;
        }
    }

    /** As the system properties say, without those of the job alone. */
    static OrbStackConnector.Builder options(OrbCtl orbctl) {
        var builder = OrbStackConnector.builder()
                .orbctl(orbctl)
                .transport(Transport.valueOf(oneOf("orbstack.transport", "auto", "auto", "cli", "ssh")
                        .toUpperCase(Locale.ROOT)))
                .user(option("orbstack.user", "root"))
                .gateway(option("orbstack.ssh.host", "127.0.0.1"), port());
        String key = option("orbstack.ssh.key", "");
        if (!key.isEmpty()) {
            builder.key(Path.of(key));
        }
        String knownHosts = option("orbstack.ssh.known-hosts", "");
        if (!knownHosts.isEmpty()) {
            builder.knownHosts(Path.of(knownHosts));
        }
        return builder;
    }

    private static int port() {
        String text = option("orbstack.ssh.port", "32222");
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("orbstack.ssh.port must be a whole number, was '" + text + "'", e);
        }
    }

    /** Maven passes every option on, those that nobody gave as empty texts. */
    private static String option(String name, String otherwise) {
        String value = System.getProperty(name, "");
        return value.isBlank() ? otherwise : value.strip();
    }

    private static String oneOf(String name, String otherwise, String... allowed) {
        String value = option(name, otherwise).toLowerCase(Locale.ROOT);
        List<String> values = Arrays.asList(allowed);
        if (!values.contains(value)) {
            throw new IllegalArgumentException(
                    name + " must be one of " + String.join(", ", values) + ", was '" + value + "'");
        }
        return value;
    }
}
