package dev.weftwork.bench;

import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.listener.ConsoleProgress;
import dev.weftwork.listener.HtmlReport;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;

/**
 * Provisions embedded machines twice, on real processes and real files: the first pass changes everything, the second
 * nothing.
 *
 * <p>{@code mvn -q compile exec:exec@demo}, with {@code -Ddemo.hosts=N} machines (50), their folders below {@code
 * -Ddemo.dir=PATH} ({@code bench/target/demo}), where it also leaves an HTML report of each pass, and {@code -Ddemo.fail=K} of them failing (0). Exit code 1 if one did.
 */
public final class Demo {

    private static final int OUTPUTS = 3;

    private Demo() {}

    /** Machines of an inventory: a port for each, and a flag for those that are to fail. */
    static Inventory inventory(int hosts, int failing) {
        return Inventory.of(IntStream.rangeClosed(1, hosts)
                .mapToObj(i -> Host.named("web%03d".formatted(i))
                        .inGroups("web")
                        .with("port", 8000 + i)
                        .with("broken", i <= failing))
                .toList());
    }

    /** What every machine is to be like. */
    static Deploy deploy(Path script) {
        return Deploy.named("web tier")
                .step(Files.directory("app/conf").mode("750"))
                .step(Files.directory("app/bin"))
                .step(
                        "config",
                        host -> Files.content("name=%s\nport=%d\nbroken=%s\n"
                                        .formatted(
                                                host.name(),
                                                host.data("port", Integer.class),
                                                host.data("broken", Boolean.class)))
                                .to("app/conf/app.conf")
                                .mode("640"))
                .step(Files.put(script).to("app/bin/install").mode("755"))
                .step(Files.line("profile", "export APP_HOME=$HOME/app"))
                .step(Files.link("current").to("app"))
                .step(
                        "install",
                        Shell.run("current/bin/install current/conf/app.conf").creates("app/installed"));
    }

    /** What a step's commands wrote on the first hosts where it ran. */
    private static void printOutputs(RunReport report, String step) {
        System.out.printf("what '%s' wrote:%n", step);
        report.hosts().stream()
                .map(host -> host.step(step))
                .filter(result -> result.status() == StepStatus.CHANGED)
                .limit(OUTPUTS)
                .forEach(result -> System.out.print("  " + result.stdoutText()));
        System.out.println();
    }

    public static void main(String[] args) throws IOException {
        DemoSettings settings;
        try {
            settings = DemoSettings.fromSystemProperties();
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        Path machines = settings.emptyFolder("machines");
        Path script = settings.copyResource("install.sh");
        Inventory inventory = inventory(settings.hosts(), settings.failing());
        Deploy deploy = deploy(script);
        var html = HtmlReport.to(settings.emptyFolder("reports").resolve("pass.html"));
        int failed;
        try (Engine engine = Engine.builder(LocalConnector.in(machines))
                .listener(ConsoleProgress.stdout())
                .listener(html)
                .build()) {
            RunReport first = engine.run(inventory, deploy);
            Path ofFirst = html.written();
            RunReport second = engine.run(inventory, deploy);
            printOutputs(first, "install");
            System.out.printf(
                    "to open in a browser:%n  first pass   %s%n  second pass  %s%n%n",
                    ofFirst.toUri(), html.written().toUri());
            failed = first.failedHosts().size();
            System.out.printf(
                    "weftwork: hosts=%d ok=%d failed=%d changed=%d unchanged=%d second-pass-changed=%d elapsed-ms=%d%n",
                    inventory.size(),
                    first.count(HostStatus.SUCCEEDED),
                    failed,
                    first.count(StepStatus.CHANGED),
                    first.count(StepStatus.UNCHANGED),
                    second.count(StepStatus.CHANGED),
                    first.elapsed().plus(second.elapsed()).toMillis());
        }
        System.exit(failed == 0 ? 0 : 1);
    }
}
