package dev.weftwork.bench;

import dev.weftwork.command.Command;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Secret;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.RunningHost;
import dev.weftwork.deploy.Step;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.RunOptions;
import dev.weftwork.inventory.Group;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.RunReport;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.InMemoryConnector.Answer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;

/**
 * What the samples of the documentation take for granted: each runs as a method of a class that extends this one, on machines
 * of its own. They are folders below the working directory; machines in memory where a sample names places that would be this
 * computer's.
 *
 * <p>Made, used and closed by the thread of one sample.
 */
@NullUnmarked // What a sample doesn't mention isn't made for it.
public abstract class SampleSetting {

    protected Connector connector;
    protected Connection connection;
    protected Inventory inventory;
    protected Host web01;
    protected Deploy deploy;
    protected Step step;
    protected Operation operation;
    protected Engine engine;
    protected RunOptions options;
    protected RunningHost host;
    protected RunReport report;
    protected Secret secret;
    protected Path path;
    protected OrbCtl orbctl;
    protected MachineName web;

    private final List<Runnable> open = new ArrayList<>();

    /** For the classes that are made of samples. */
    protected SampleSetting() {}

    /** The sample. */
    protected abstract void sample() throws Exception;

    /** Runs the sample, with what its text mentions. */
    final void run(String text, boolean inMemory) throws Exception {
        try {
            prepareAndRun(text, inMemory);
        } finally {
            close();
        }
    }

    private void prepareAndRun(String text, boolean inMemory) throws Exception {
        inventory = Inventory.builder()
                .group(Group.named("web").with("port", 8080))
                .host(Host.named("web01").inGroups("web"))
                .host(Host.named("web02").inGroups("web").with("port", 8081))
                .host(Host.named("db01").inGroups("db").with("port", 5432))
                .host(Host.named("lb01").with("port", 80))
                .build();
        web01 = inventory.host("web01");
        operation = Files.content("port=8080\n").to("app/app.conf");
        step = Step.of("config", operation);
        deploy =
                Deploy.named("web tier").step(Files.directory("app")).step(step).step("greet", Shell.run("echo hello"));

        secret = Secret.of("top-secret");
        path = Path.of("app.conf");
        connector = machines(inMemory);
        open.add(connector::close);
        engine = Engine.of(machines(inMemory));
        options = RunOptions.standard();
        open.add(engine::close);
        if (mentions(text, "connection")) {
            connection = connector.connect(web01);
            open.add(connection::close);
        }
        if (mentions(text, "report")) {
            report = engine.run(inventory, deploy);
        }
        if (mentions(text, "orbctl")) {
            orbctl = OrbCtl.onPath();
            web = new MachineName("web01");
        }
        if (mentions(text, "host")) {
            onHost(inMemory);
        } else {
            sample();
        }
    }

    private static boolean mentions(String text, String word) {
        return text.matches("(?s).*\\b" + word + "\\b.*");
    }

    private void onHost(boolean inMemory) throws Exception {
        var thrown = new ArrayList<Exception>();
        try (Engine ofHost = Engine.of(machines(inMemory))) {
            RunReport run = ofHost.forEachHost(Inventory.of(web01), running -> {
                host = running;
                try {
                    sample();
                } catch (Exception e) {
                    thrown.add(e);
                }
                return "done";
            });
            if (!thrown.isEmpty()) {
                throw thrown.get(0);
            }
            run.throwIfFailed();
        }
    }

    private static Connector machines(boolean inMemory) {
        return inMemory
                ? InMemoryConnector.answering((host, command) -> answer(host, command))
                : LocalConnector.in(Path.of("embedded-machines"));
    }

    /** As a machine on which nothing has been done yet. */
    private static Answer answer(Host host, Command command) {
        String text = command.toString();
        if (text.startsWith("look at ")) {
            return Answer.ok("nothing\n");
        }
        if (text.equals("read os-release")) {
            return Answer.ok("ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
        }
        if (text.startsWith("read ") && command.successCodes().size() > 1) {
            return Answer.of(new Outcome.Completed(Collections.max(command.successCodes())));
        }
        return switch (text) {
            case "hostname" -> Answer.ok(host.name() + "\n");
            case "uname -r" -> Answer.ok("6.1.0\n");
            case "id -un" -> Answer.ok(command.user().orElse("ann") + "\n");
            default -> Answer.ok();
        };
    }

    private void close() {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).run();
        }
    }
}
