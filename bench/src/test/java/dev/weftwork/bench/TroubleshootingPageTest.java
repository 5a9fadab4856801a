package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.jcraft.jsch.JSch;
import com.jcraft.jsch.KeyPair;
import dev.weftwork.command.Command;
import dev.weftwork.command.Secret;
import dev.weftwork.command.StandardInput;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.Escalation;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.connector.orbstack.OrbStack;
import dev.weftwork.connector.orbstack.OrbStackConnector;
import dev.weftwork.connector.orbstack.Transport;
import dev.weftwork.connector.orbstack.cli.MachineName;
import dev.weftwork.connector.orbstack.cli.MachineSpec;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.emulator.OrbStackEmulator;
import dev.weftwork.connector.orbstack.emulator.Requirements;
import dev.weftwork.connector.orbstack.emulator.SshGateway;
import dev.weftwork.connector.orbstack.fleet.Fleet;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Step;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.RunHandle;
import dev.weftwork.engine.RunOptions;
import dev.weftwork.engine.Strategy;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.operation.users.Users;
import dev.weftwork.report.RunReport;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The messages in docs/troubleshooting.md are what the library says: each is provoked here, and with {@code
 * -Dweftwork.troubleshooting.write=true} written into the page.
 *
 * <p>The words of the machine's programs are those of Debian's, so {@code /bin/sh} must be dash.
 */
class TroubleshootingPageTest {

    private static final Path PAGE = Path.of("../docs/troubleshooting.md");
    private static final String WRITE = "weftwork.troubleshooting.write";
    private static final String BEGIN = "<!-- messages: written by TroubleshootingPageTest -->\n";
    private static final String END = "<!-- end of messages -->\n";
    private static final int WIDTH = 120;
    private static final Duration SHORT = Duration.ofSeconds(1);

    private final Path folder;
    private final StringBuilder section = new StringBuilder();
    private int messages;

    TroubleshootingPageTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void thePageHasTheMessagesThatAreGiven() throws Exception {
        Requirements.root();
        Requirements.require(
                Path.of("/bin/sh").toRealPath().endsWith("dash"),
                "/bin/sh isn't dash, in whose words the messages of the troubleshooting page are");

        connecting();
        orbstack();
        commands();
        privilege();
        operations();
        runs();
        arguments();

        assertThat(messages).isGreaterThanOrEqualTo(25);
        String page = java.nio.file.Files.readString(PAGE);
        int begin = page.indexOf(BEGIN);
        int end = page.indexOf(END);
        assertThat(begin).as("%s has the line %s", PAGE, BEGIN).isNotNegative();
        assertThat(end).as("%s has the line %s", PAGE, END).isGreaterThan(begin);
        String wanted = section + "\n";
        if (Boolean.getBoolean(WRITE)) {
            page = page.substring(0, begin + BEGIN.length()) + wanted + page.substring(end);
            java.nio.file.Files.writeString(PAGE, page);
            end = page.indexOf(END);
        }
        assertThat(page.substring(begin + BEGIN.length(), end))
                .as(
                        "docs/troubleshooting.md has other messages than the library gives; to put them right: mvn -pl"
                                + " core,connector-orbstack,bench test -Dtest=TroubleshootingPageTest"
                                + " -Dsurefire.failIfNoSpecifiedTests=false -D%s=true",
                        WRITE)
                .isEqualTo(wanted);
    }

    // ---- what is provoked

    private void connecting() throws Exception {
        heading("Embedded machines");
        try (var connector =
                LocalConnector.builder(folder.resolve("a")).shell("/opt/bash").build()) {
            failing(connector, "Name a shell that this computer has, or leave `shell` out.", Shell.run("true"));
        }
        Path file = java.nio.file.Files.writeString(folder.resolve("file"), "");
        try (var connector = LocalConnector.in(file)) {
            failing(connector, "Something else is where the folder is to be: name another folder.", Shell.run("true"));
        }
        try (var connector = LocalConnector.in(folder.resolve("b"))) {
            shows(
                    "Folders of hosts must differ in more than upper and lower case.",
                    lines(run(
                                    connector,
                                    RunOptions.standard(),
                                    Deploy.named("d").step(Shell.run("true")),
                                    "WEB01",
                                    "web01"))
                            .replace("UNREACHABLE WEB01", "UNREACHABLE web01")
                            .replace("of host web01", "of host WEB01"));
        }
        try (var connector = LocalConnector.builder(folder.resolve("c"))
                .shell(program("full", "echo 'no space left on device' >&2; exit 1"))
                .build()) {
            failing(
                    connector,
                    "The machine's own words are behind `after it had said`: put that right.",
                    Shell.run("true"));
        }
        try (var connector = LocalConnector.builder(folder.resolve("d"))
                .shell(program("silent", "exec sleep 60"))
                .build()) {
            failing(
                    connector,
                    RunOptions.standard().hostTimeout(SHORT),
                    "Is the machine overloaded, does its login shell wait for something? Or give `hostTimeout` more.",
                    Deploy.named("d").step("s", Shell.run("true")));
        }
    }

    private void orbstack() throws Exception {
        heading("OrbStack");
        Deploy hello = Deploy.named("d").step("hello", Shell.run("hostname"));
        try (var orbstack = OrbStackEmulator.start()) {
            OrbCtl orbctl = OrbCtl.builder().program(orbstack.orbctl()).build();
            throwing(
                    "Is OrbStack installed? Or name its `orbctl`, an absolute path.",
                    () -> OrbCtl.builder()
                            .program(Path.of("/opt/orbstack/orbctl"))
                            .build());
            throwing("Make one, or choose hosts of another kind.", () -> OrbStack.inventory(orbctl));
            orbstack.machine("web01");
            throwing(
                    "Take another name, or `OrbStack.ensure`, which takes a machine that is there as it is.",
                    () -> orbctl.create(MachineSpec.of("web01", "ubuntu")));
            throwing("A wrong name? `orbctl list` shows the right ones.", () -> orbctl.start(new MachineName("web02")));
            orbstack.knob("create-mode", "no-network");
            throwing(
                    "`attempts` tries again by itself, three times unless set.",
                    () -> OrbStack.ensure(
                                    orbctl,
                                    Fleet.of(MachineSpec.of("web02", "ubuntu")).attempts(1))
                            .orThrow());
            orbstack.knob("create-mode");
            try (var connector = OrbStackConnector.builder()
                    .transport(Transport.CLI)
                    .orbctl(orbctl)
                    .build()) {
                failing(
                        connector,
                        RunOptions.standard(),
                        "A host's name must be its machine's. `OrbStack.inventory()` has those there are.",
                        hello,
                        "web09");
                failing(
                        connector,
                        "Make the user first, or name another one.",
                        Shell.run(Command.of("id").as("deployer")));
            }
            lost(orbctl);
            orbstack.knob("hang", "run");
            try (var connector = OrbStackConnector.builder()
                    .transport(Transport.CLI)
                    .orbctl(orbctl)
                    .connectTimeout(SHORT)
                    .build()) {
                failing(
                        connector,
                        RunOptions.standard(),
                        "Starting the machine counts too: give `connectTimeout` more if it is only slow.",
                        hello);
            }
            orbstack.knob("hang");
            gateway(orbstack, orbctl, hello);
        }
    }

    /** The process that carries the shell's streams dies, as it does when OrbStack is restarted. */
    private void lost(OrbCtl orbctl) throws Exception {
        Deploy deploy = Deploy.named("d")
                .code(
                        "migrate",
                        host -> host.run(
                                Command.script("echo begun; sleep 60"),
                                (stream, bytes, offset, count) -> ProcessHandle.current()
                                        .children()
                                        .filter(child -> child.info()
                                                .commandLine()
                                                .orElse("")
                                                .contains("orbctl run"))
                                        .forEach(ProcessHandle::destroyForcibly)));
        try (var connector = OrbStackConnector.builder()
                .transport(Transport.CLI)
                .orbctl(orbctl)
                .build()) {
            failing(
                    connector,
                    RunOptions.standard(),
                    "The way to the machine broke in the middle, here because `orbctl run` was killed. Look there what was done.",
                    deploy);
        }
    }

    private void gateway(OrbStackEmulator orbstack, OrbCtl orbctl, Deploy hello) throws Exception {
        try (var gateway = SshGateway.start(orbstack.store())) {
            var builder = OrbStackConnector.builder()
                    .transport(Transport.SSH)
                    .orbctl(orbctl)
                    .key(gateway.key())
                    .knownHosts(gateway.knownHosts());
            try (var connector = builder.gateway("127.0.0.1", freePort()).build()) {
                failing(connector, RunOptions.standard(), "Is it the right port? Else `Transport.CLI`.", hello);
            }
            builder.gateway("127.0.0.1", gateway.port());
            try (var connector =
                    builder.knownHosts(otherHostKey(gateway.port())).build()) {
                failing(connector, RunOptions.standard(), "Never ignore it: first find out who listens there.", hello);
            }
            try (var connector = builder.knownHosts(folder.resolve("none")).build()) {
                failing(connector, RunOptions.standard(), "OrbStack writes it; name another by `knownHosts`.", hello);
            }
            builder.knownHosts(gateway.knownHosts());
            try (var connector = builder.key(folder.resolve("none")).build()) {
                failing(connector, RunOptions.standard(), "OrbStack writes it; name another by `key`.", hello);
            }
            Path stranger = folder.resolve("stranger");
            KeyPair.genKeyPair(new JSch(), KeyPair.ED25519).writeOpenSSHv1PrivateKey(stranger.toString(), null);
            try (var connector = builder.key(stranger).build()) {
                failing(
                        connector,
                        RunOptions.standard(),
                        "Take the key that OrbStack has made; after a change to `authorized_keys` restart OrbStack.",
                        hello);
            }
            builder.key(gateway.key());
            orbstack.knob("ssh-banner-stall", "ever");
            try (var connector = builder.connectTimeout(SHORT).build()) {
                failing(connector, RunOptions.standard(), "If it is only slow, give `connectTimeout` more.", hello);
            }
        }
    }

    private void commands() throws Exception {
        heading("Commands");
        try (var connector = local("commands")) {
            failing(
                    connector,
                    "Install it, or give its path. PATH is the login's, not that of your terminal.",
                    Shell.run("composer install"));
            failing(
                    connector,
                    "Make it executable, or name its interpreter: `sh deploy.sh`.",
                    Shell.run("echo x > deploy.sh && ./deploy.sh"));
            failing(
                    connector,
                    "All that it wrote is in the result, here is the end.",
                    Shell.run("seq 1000 >&2; exit 3"));
            failing(
                    connector,
                    "The directory must be there before: an earlier step can make it.",
                    Shell.run(Command.of("ls").cwd("releases")));
            failing(
                    connector,
                    "The file to send must be there when the command begins.",
                    Shell.run(Command.of("cat").stdin(new StandardInput.LocalFile(folder.resolve("gone.sql")))));
            failing(
                    connector,
                    "Give it longer, or find out what it waits for: a question that nobody answers?",
                    Shell.run(Command.of("sleep", "60").timeout(SHORT)));
            failing(
                    connector,
                    RunOptions.standard(),
                    "As above; the step's `timeout` counts its attempts, facts and waits too.",
                    Deploy.named("d")
                            .step(Step.of("slow", Shell.run("sleep 60")).timeout(SHORT)));
            failing(
                    connector,
                    RunOptions.standard().timeout(Duration.ofSeconds(3)),
                    "As above, of the whole run: all hosts end.",
                    Deploy.named("d").step("slow", Shell.run("sleep 60")));
            cancelled(connector);
            try (var connection = connector.connect(Host.named("web01"))) {
                shows(
                        "The middle of the output is left out: `outputLimit` for more, or a consumer, which sees all.",
                        connection
                                .execute(Command.of("seq", "-s", " ", "100000").outputLimit(60))
                                .stdoutText());
            }
        }
    }

    private void cancelled(Connector connector) throws Exception {
        var begun = new CountDownLatch(1);
        Deploy deploy = Deploy.named("d")
                .code(
                        "slow",
                        host -> host.run(
                                Command.script("echo begun; sleep 60"),
                                (stream, bytes, offset, count) -> begun.countDown()));
        try (var engine = Engine.of(new Kept(connector));
                RunHandle handle = engine.start(Inventory.ofNames("web01"), deploy)) {
            assertThat(begun.await(60, TimeUnit.SECONDS))
                    .as("the command began")
                    .isTrue();
            handle.cancel();
            shows(
                    "Somebody cancelled the run, or closed the engine: `earlyEnd()` says when why is known.",
                    lines(handle.join()));
        }
    }

    private void privilege() throws Exception {
        heading("Another user");
        Path script = Path.of("../core/src/test/resources/dev/weftwork/testing/machine.sh")
                .toAbsolutePath()
                .normalize();
        Process check = new ProcessBuilder("/bin/sh", script.toString(), "--check")
                .redirectErrorStream(true)
                .start();
        String missing = new String(check.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        Requirements.require(check.waitFor() == 0, "no machine to log in to can be made: " + missing.strip());
        Path machine = folder.resolve("machine");
        java.nio.file.Files.createDirectories(machine.resolve("etc/pam.d"));
        java.nio.file.Files.writeString(machine.resolve("etc/pam.d/common-auth"), """
                auth [success=1 default=ignore] pam_unix.so nullok nodelay
                auth requisite pam_deny.so
                auth required pam_permit.so
                """);
        java.nio.file.Files.writeString(machine.resolve("etc/login.defs"), "FAIL_DELAY 0\n");
        java.nio.file.Files.writeString(machine.resolve("sudoers"), "weftlogin ALL=(ALL) ALL\n");
        Escalation.Password wrong = (host, user) -> Secret.of("guessed");
        as(script, machine, Escalation.sudo(), "Say whose password: `Escalation.sudo(...)`. Or a rule with NOPASSWD.");
        as(script, machine, Escalation.sudo(wrong), "sudo wants the password of who logged in.");
        as(script, machine, Escalation.su(), "su wants the password of the user to become: `Escalation.su(...)`.");
        as(
                script,
                machine,
                Escalation.su(wrong),
                "That password was wrong, or su is only for a group such as `wheel` there.");
        as(script, machine, Escalation.doas(), "Configure doas for the one who logged in.");
        java.nio.file.Files.writeString(machine.resolve("doas.conf"), "permit weftlogin\n");
        as(script, machine, Escalation.doas(), "`permit nopass NAME` in `/etc/doas.conf`, or take sudo or su.");
        java.nio.file.Files.writeString(
                machine.resolve("sudoers"), "Defaults requiretty\nweftlogin ALL=(ALL) NOPASSWD: ALL\n");
        as(
                script,
                machine,
                Escalation.sudo(),
                "Commands have no terminal: take `requiretty` out of sudoers for this login.");
        java.nio.file.Files.writeString(machine.resolve("sudoers"), "weftother ALL=(ALL) NOPASSWD: ALL\n");
        as(script, machine, Escalation.sudo(), "There is no rule for the one who logged in.");
        try (var connector = LocalConnector.builder(folder.resolve("nosudo"))
                .env("PATH", tools().toString())
                .env("LC_ALL", "C")
                .build()) {
            failing(
                    connector,
                    "Install sudo, or log in as somebody who needs none, or `Escalation.su(...)`, `Escalation.doas()`.",
                    Shell.run(Command.of("id").as("nobody")));
        }
    }

    private void as(Path script, Path machine, Escalation escalation, String advice) throws Exception {
        try (var connector = LocalConnector.builder(folder.resolve("login"))
                .enteredThrough("/bin/sh", script.toString(), machine.toString(), "weftlogin", "--")
                .escalation(escalation)
                .env("LC_ALL", "C")
                .build()) {
            failing(connector, advice, Shell.run(Command.of("id").as("root")));
        }
    }

    private void operations() throws Exception {
        heading("Operations");
        try (var connector = local("operations")) {
            Path home = java.nio.file.Files.createDirectories(connector.folder(Host.named("web01")));
            java.nio.file.Files.createDirectories(home.resolve("conf"));
            java.nio.file.Files.writeString(home.resolve("app"), "");
            java.nio.file.Files.createSymbolicLink(home.resolve("current"), Path.of("releases/7"));
            failing(
                    connector,
                    "Nothing of another kind is ever removed unasked. Is it the right path?",
                    Files.directory("app"));
            failing(
                    connector,
                    "`Files.content(...).to(\"conf/app.conf\")` was probably meant.",
                    Files.content("port=8080\n").to("conf"));
            failing(
                    connector,
                    "A link may lead to what others use, so it is never followed for a change.",
                    Files.directory("current"));
            failing(
                    connector,
                    "`Files.absent(\"app\")` in an earlier step, if what is there may go.",
                    Files.link("app").to("releases/7"));
            failing(
                    connector,
                    "The owner must exist on the machine: `Users.user(name)` makes them, in an earlier step.",
                    Files.content("x").to("app.conf").owner("deployer"));
            failing(
                    connector,
                    "The directory must be there: `Files.directory(...)`, in an earlier step.",
                    Files.content("x").to("var/app/app.conf"));
            Path local = java.nio.file.Files.writeString(folder.resolve("app.jar"), "x");
            var put = Files.put(local).to("app.jar");
            java.nio.file.Files.delete(local);
            failing(connector, "The file is one of this computer, and must be there still when the step comes.", put);
            failing(
                    connector,
                    RunOptions.standard(),
                    "The host or a group of it must have that data, or use `findData`.",
                    Deploy.named("d")
                            .step(
                                    "config",
                                    host -> Files.content("port=" + host.data("port", Integer.class))
                                            .to("app.conf")));
            failing(
                    connector,
                    "The group must exist on the machine.",
                    Users.user("weftnobody").group("weftnogroup"));
        }
    }

    private void runs() throws Exception {
        heading("Runs");
        try (var connector = local("runs")) {
            String[] hosts =
                    IntStream.rangeClosed(1, 30).mapToObj("web%03d"::formatted).toArray(String[]::new);
            Deploy fails = Deploy.named("web tier")
                    .step("install", Shell.run("echo 'E: Unable to locate package ngnix' >&2; exit 100"));
            shows(
                    "All hosts fail alike, so it is about the deploy, not about a host.",
                    run(connector, RunOptions.standard(), fails, hosts).describe());
            shows(
                    "The first failure says why; the others would have gone on. `maxFailed` says how many may fail.",
                    run(
                                    connector,
                                    RunOptions.standard().failFast().strategy(Strategy.serial()),
                                    fails,
                                    "web01",
                                    "web02",
                                    "web03")
                            .describe());
            shows(
                    "Look at the one that took it.",
                    lines(run(
                            connector,
                            RunOptions.standard().strategy(Strategy.serial()),
                            Deploy.named("d")
                                    .step(Step.of("migrate", Shell.run("exit 1"))
                                            .runOnce()),
                            "web01",
                            "web02")));
            failing(
                    connector,
                    RunOptions.standard(),
                    "What code throws fails its step; the cause in the report has the stack.",
                    Deploy.named("d").code("check", host -> {
                        throw new IllegalStateException(
                                "no answer from " + host.host().name());
                    }));
            Engine engine = Engine.of(new Kept(connector));
            engine.close();
            throwing(
                    "Close the engine after its last run: it is usable for many.",
                    () -> engine.run(Inventory.ofNames("web01"), fails));
        }
    }

    private void arguments() throws Exception {
        heading("Before anything runs");
        Inventory inventory = Inventory.ofNames("web01", "web02");
        throwing("Look at the names.", () -> inventory.named("db*"));
        throwing(
                "Say it in data of the host or a group under another key, or take the option's own name.",
                () -> runNothing(Inventory.of(Host.named("web01").with("weftwork.user", "app"))));
        throwing(
                "Values have the types that Java has: `Duration.ofSeconds(30)`.",
                () -> runNothing(Inventory.of(Host.named("web01").with("weftwork.timeout", "30 s"))));
        throwing(
                "Give one of them a name of its own: `step(\"reload\", Shell.run(...))`.",
                () -> Deploy.named("web").step(Shell.run("true")).step(Shell.run("true")));
        throwing(
                "Steps can only ask for those before them.",
                () -> Deploy.named("web")
                        .step(Step.of("restart", Shell.run("true")).onlyIfChanged("config")));
        throwing("`delegateTo(Host.named(\"lb01\"))` for a machine that isn't in the inventory.", () -> {
            try (var connector = local("delegate");
                    var engine = Engine.of(connector)) {
                engine.run(
                        inventory,
                        Deploy.named("web")
                                .step(Step.of("drain", Shell.run("true")).delegateTo("lb01")));
            }
        });
        throwing("`Files.directory(\"app\")`.", () -> Files.directory("~/app"));
        throwing("Name what is to go; is a variable empty?", () -> Files.absent("/"));
    }

    private void runNothing(Inventory inventory) throws Exception {
        try (var connector = local("nothing");
                var engine = Engine.of(connector)) {
            engine.run(inventory, Deploy.named("web").step("s", Shell.run("true")));
        }
    }

    // ---- how

    private LocalConnector local(String name) {
        return LocalConnector.builder(folder.resolve(name)).env("LC_ALL", "C").build();
    }

    /** Stays open when an engine is closed. */
    private record Kept(Connector connector) implements Connector {
        @Override
        public Connection connect(Host host) throws InterruptedException {
            return connector.connect(host);
        }

        @Override
        public void close() {}
    }

    private String program(String name, String script) throws IOException {
        Path file = java.nio.file.Files.writeString(folder.resolve(name), "#!/bin/sh\n" + script + "\n");
        java.nio.file.Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file.toString();
    }

    /** For a PATH without sudo. */
    private Path tools() throws IOException {
        java.nio.file.Files.createDirectories(folder.resolve("tools"));
        for (String name : List.of("id", "ps", "setsid")) {
            program("tools/" + name, "PATH=/usr/bin:/bin; exec " + name + " \"$@\"");
        }
        return folder.resolve("tools");
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private Path otherHostKey(int port) throws Exception {
        Path other = folder.resolve("other");
        KeyPair.genKeyPair(new JSch(), KeyPair.ED25519).writePublicKey(other.toString(), "x");
        String key = java.nio.file.Files.readString(other);
        return java.nio.file.Files.writeString(
                folder.resolve("known_hosts"),
                "[127.0.0.1]:" + port + " " + key.substring(0, key.lastIndexOf(' ')) + "\n");
    }

    private static RunReport run(Connector connector, RunOptions options, Deploy deploy, String... hosts) {
        try (var engine = Engine.of(new Kept(connector))) {
            return engine.run(Inventory.ofNames(hosts), deploy, options);
        }
    }

    private void failing(Connector connector, String advice, dev.weftwork.operation.Operation operation) {
        failing(connector, RunOptions.standard(), advice, Deploy.named("d").step("step", operation));
    }

    private void failing(Connector connector, RunOptions options, String advice, Deploy deploy) {
        failing(connector, options, advice, deploy, "web01");
    }

    private void failing(Connector connector, RunOptions options, String advice, Deploy deploy, String host) {
        shows(advice, lines(run(connector, options, deploy, host)));
    }

    private void throwing(String advice, ThrowingCallable call) {
        Throwable thrown = catchThrowable(call);
        assertThat(thrown).as(advice).isNotNull();
        shows(advice, String.valueOf(thrown.getMessage()));
    }

    /** What a report says of its hosts. */
    private static String lines(RunReport report) {
        assertThat(report.succeeded()).as("a failure to be shown").isFalse();
        return report.describe().lines().skip(1).map(line -> line.substring(2)).collect(Collectors.joining("\n"));
    }

    // ---- the page

    private void heading(String text) {
        section.append("\n### ").append(text).append('\n');
    }

    private void shows(String advice, String message) {
        messages++;
        section.append("\n```text\n");
        normal(message).lines().forEach(line -> section.append(wrapped(line)).append('\n'));
        section.append("```\n\n").append(advice).append('\n');
    }

    /** Without what is another one every time. */
    private String normal(String message) {
        return message.replace(folder.resolve("b").toString(), "machines")
                .replace(folder.toString(), "/home/me")
                // As JDKs differ in it.
                .replace("/file/web01/tmp", "/file/web01")
                .replace("Connection refused (connect failed)", "Connection refused")
                // Of the run's clock and the command's either may be first.
                .replace("passed: `sleep 60` was cancelled", "passed: `sleep 60` was ended after 987 ms")
                .replaceAll("/tmp/[^ ,:;)]*", "/tmp/...")
                .replaceAll("127\\.0\\.0\\.1(]?):\\d+", "127.0.0.1$1:32222")
                .replaceAll("/bin/sh: \\d+: ", "/bin/sh: 1: ")
                .replaceAll("was silent for \\d+ ms", "was silent for 1000 ms")
                .replaceAll("didn't answer within \\d+ ms", "didn't answer within 1000 ms")
                .replaceAll("\\.weftwork-[0-9a-f]+", ".weftwork-8f3a51c02e77d916")
                .replaceAll("was ended after \\d+ ms", "was ended after 987 ms")
                .replaceAll("(failed|created) after \\d+ ms", "$1 after 1204 ms");
    }

    private static String wrapped(String line) {
        var text = new StringBuilder();
        int width = 0;
        for (String word : Arrays.asList(line.split("(?<=\\S)(?= )", -1))) {
            if (width > 0 && width + word.length() > WIDTH) {
                text.append("\n   ");
                width = 3;
            }
            text.append(word);
            width += word.length();
        }
        return text.toString();
    }
}
