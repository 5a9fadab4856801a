package dev.weftwork.listener;

import static dev.weftwork.testing.NumberedHosts.hosts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.command.Secret;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Retry;
import dev.weftwork.deploy.Step;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.RunHandle;
import dev.weftwork.engine.Strategy;
import dev.weftwork.event.RunEvent;
import dev.weftwork.event.RunListener;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.RunMode;
import dev.weftwork.report.RunReport;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.InMemoryConnector.Answer;
import dev.weftwork.testing.VirtualTime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {

    private static final String HOSTILE = "</script><img src=x onerror=alert(1)>\u001b[31m\u0007";

    private final Path folder;
    private final HtmlReport html;

    HtmlReportTest(@TempDir Path folder) {
        this.folder = folder;
        html = HtmlReport.to(folder.resolve("run.html"));
    }

    private record Wanted(String summary, List<Change> changes) implements Operation {
        @Override
        public List<Change> plan(HostFacts facts) {
            return changes;
        }
    }

    private static Operation wanted(Change... changes) {
        return new Wanted("wanted", List.of(changes));
    }

    private static Engine engine(InMemoryConnector.Builder machines, HtmlReport html) {
        return Engine.builder(machines.build()).listener(html).build();
    }

    private String page() throws IOException {
        return Files.readString(html.written());
    }

    /** What is there without the page's script. */
    private String shown() throws IOException {
        String page = page();
        return page.substring(page.indexOf("<body>"), page.indexOf("<script"));
    }

    private String run(InMemoryConnector.Builder machines, Inventory inventory, Deploy deploy) throws IOException {
        try (Engine engine = engine(machines, html)) {
            engine.run(inventory, deploy);
        }
        return shown();
    }

    @Test
    void nothingThatAMachineOrAStepSaysIsMarkup() throws IOException {
        var machines = InMemoryConnector.builder()
                .on(
                        command -> command.toString().contains("fail"),
                        Answer.exit(1).stdout(HOSTILE).stderr(HOSTILE));
        Deploy deploy = Deploy.named("deploy " + HOSTILE)
                .step(
                        "step " + HOSTILE,
                        wanted(new Change("summary " + HOSTILE, Command.of("fail", HOSTILE)).withDiff("+" + HOSTILE)));

        String shown = run(machines, hosts(3), deploy);

        assertThat(shown).contains("step &lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\u2407");
        assertThat(page())
                .doesNotContain("<img")
                .doesNotContain("\u001b")
                .doesNotContain("\u0007")
                .doesNotContain("\\u001b");
        assertThat(page().split("</script>", -1))
                .as("parts between the ends of two scripts")
                .hasSize(3);
    }

    @Test
    void secretsAreNowhere() throws IOException {
        Secret secret = Secret.of("s3cret");
        Answer echo = Answer.exit(1)
                .stdout("it is s3cret")
                .stderr("or s3\u001b[0mcret, or " + "x".repeat(40_000) + "s3cret\nor s3\u001b[0mcret");
        var machines = InMemoryConnector.builder().on(command -> true, echo);
        var change = new Change("set s3cret", Command.of("set").secretEnv("TOKEN", secret)).withDiff("-old\n+s3cret\n");
        Deploy deploy = Deploy.named("secrets")
                .step(Step.code("quotes", host -> {
                            var command = Command.of("set").secretEnv("TOKEN", secret);
                            throw new IllegalStateException(
                                    "it said " + host.run(command).stdoutText());
                        })
                        .ignoreErrors())
                .step(Step.of("one", wanted(change))
                        .ignoreErrors()
                        .retry(Retry.attempts(2).backoff(Duration.ofMillis(1), Duration.ofMillis(1))))
                .step(Step.of("two", wanted(change, change)));

        run(machines, hosts(2), deploy);
        assertThat(page()).contains("it said it is ******", "+******").doesNotContain("s3cret");

        try (Engine engine = engine(machines, html)) {
            engine.plan(hosts(2), deploy);
        }
        assertThat(page()).contains("+******").doesNotContain("s3cret");
    }

    @Test
    void needsNothingElseAndLetsNothingElseIn() throws Exception {
        run(InMemoryConnector.builder(), hosts(2), Deploy.named("plain").step(Shell.run("one")));

        String page = page();
        assertThat(page).doesNotContain("http:", "https:", "@import", "url(", " style=\"", "{{", "}}<");
        Matcher policy = Pattern.compile(
                        "content=\"default-src 'none'; script-src ('sha256-[^']+'); style-src ('sha256-[^']+'); base-uri 'none'; form-action 'none'\"")
                .matcher(page);
        assertThat(policy.find()).isTrue();
        assertThat(policy.group(1)).isEqualTo(hash(page, "<script>", "</script>"));
        assertThat(policy.group(2)).isEqualTo(hash(page, "<style>", "</style>"));
    }

    private static String hash(String page, String from, String to) throws Exception {
        int begin = page.indexOf(from) + from.length();
        byte[] text = page.substring(begin, page.indexOf(to, begin)).getBytes(StandardCharsets.UTF_8);
        return "'sha256-"
                + Base64.getEncoder()
                        .encodeToString(MessageDigest.getInstance("SHA-256").digest(text)) + "'";
    }

    @Test
    void showsEveryWayInWhichHostsAndStepsEnd() throws IOException {
        var machines = InMemoryConnector.builder()
                .unreachable("host001")
                .on("fail", Answer.exit(3).stderr("disk is full\n"))
                .on("grumble", Answer.exit(4));
        Deploy deploy = Deploy.named("all")
                .step(Step.of("ignored", Shell.run("grumble")).ignoreErrors())
                .step(Step.of("skipped", Shell.run("never")).onlyIf(host -> false))
                .step(Step.of("elsewhere", Shell.run("drain")).delegateTo("host006"))
                .step(Step.of("fails", Shell.run("fail"))
                        .onlyIf(host -> host.host().name().matches("host00[2-4]")))
                .step(Step.of("last", Shell.run("last")));

        String shown = run(machines, hosts(6), deploy);

        assertThat(shown)
                .contains("4 of 6 hosts did not succeed")
                .contains("<span class=\"n\">2</span> succeeded")
                .contains("<span class=\"n\">3</span> failed")
                .contains("<span class=\"n\">1</span> unreachable")
                .contains("<span class=\"n\">5</span> failed, ignored")
                .contains("no route to it")
                .contains("`fail` exited 3: disk is full")
                .contains("<span class=\"outcome\">exit code 3</span>")
                .contains("<li>host002</li><li>host003</li><li>host004</li>");
        assertThat(shown.split("<article ", -1)).as("equal failures are one").hasSize(4);
        assertThat(page())
                .contains("\"IUCFN\"".replace('U', 'S'))
                .contains("\"NNNNN\"")
                .contains("\"ISCSC\"");
    }

    @Test
    void failuresThatDifferInNamesAndMillisecondsOnlyAreOne() throws IOException {
        var machines = InMemoryConnector.answering((host, command) -> Answer.exit(1)
                .stderr(host + " took " + host.data("number", Integer.class) + " ms, see " + host + ".log"));
        try (Engine engine = Engine.builder(machines).listener(html).build()) {
            engine.run(hosts(5), Deploy.named("grouped").step("one", Shell.run("one")));
        }

        assertThat(shown())
                .contains("one</b> failed")
                .contains("host001 took 1 ms")
                .doesNotContain("host002 took");
        assertThat(shown().split("<article ", -1)).hasSize(2);
    }

    @Test
    void aPlanShowsWhatWouldChangeAndWhatNobodyKnows() throws IOException {
        Deploy deploy = Deploy.named("plan")
                .step(
                        "config",
                        host -> wanted(new Change("content of " + host.host() + ".conf", Command.of("write"))
                                .withDiff("-a\n+b\n")))
                .code("code", host -> "");
        try (Engine engine = engine(InMemoryConnector.builder(), html)) {
            engine.plan(hosts(4), deploy);
        }

        assertThat(shown())
                .contains("4 changes to make, 4 steps can't be known".replace("'", "&#39;"))
                .contains("What would change")
                .contains("content of host001.conf")
                .doesNotContain("content of host002.conf")
                .contains("<span class=\"added\">+b</span>")
                .contains("it runs code, and what that does is known only when it runs")
                .contains("Nothing failed.");

        try (Engine engine = engine(InMemoryConnector.builder(), html)) {
            engine.verify(hosts(4), Deploy.named("plan").step("fine", wanted()));
        }
        assertThat(shown())
                .contains("Verification")
                .contains("Nothing to change")
                .contains("What is still missing");
    }

    @Test
    void aCancelledRunHasItsPageToo() throws Exception {
        var begun = new CountDownLatch(1);
        var never = new CountDownLatch(1);
        var machines = InMemoryConnector.answering((host, command) -> {
            begun.countDown();
            never.await();
            return Answer.ok();
        });
        RunReport report;
        try (Engine engine = Engine.builder(machines)
                        .strategy(Strategy.serial())
                        .listener(html)
                        .build();
                RunHandle run = engine.start(hosts(3), Deploy.named("long").step(Shell.run("wait")))) {
            assertThat(begun.await(30, TimeUnit.SECONDS))
                    .as("a command has begun")
                    .isTrue();
            run.cancel();
            report = run.join();
        }

        assertThat(report.cancelled()).isTrue();
        assertThat(shown())
                .contains("It was cancelled")
                .contains("<span class=\"n\">3</span> cancelled")
                .contains("the run was cancelled before ");
    }

    @Test
    void aStoppedRunSaysWhy() throws IOException {
        var machines = InMemoryConnector.builder().on("one", Answer.exit(1));
        try (Engine engine = Engine.builder(machines.build())
                .strategy(Strategy.serial())
                .failFast()
                .listener(html)
                .build()) {
            engine.run(hosts(3), Deploy.named("stopped").step(Shell.run("one")));
        }

        assertThat(shown())
                .contains("<strong>It was stopped</strong>: 1 of 3 hosts failed, none may, the last was host001")
                .contains("<span class=\"n\">2</span> stopped")
                .contains("came first");
    }

    @Test
    void retriesAreTold() throws IOException {
        var machines = InMemoryConnector.builder().on("one", Answer.exit(7));
        Deploy deploy = Deploy.named("retries")
                .step(Step.of("one", Shell.run("one"))
                        .retry(Retry.attempts(3).backoff(Duration.ofMillis(1), Duration.ofMillis(1))));

        assertThat(run(machines, hosts(1), deploy))
                .contains("Tried 3 times")
                .contains(">3 times</span>")
                .contains("(after 3 attempts)");
    }

    @Test
    void everyRunHasAFileOfItsOwn() throws IOException {
        HtmlReport named = HtmlReport.to(folder.resolve("deep/er/{deploy}-{mode}.html"));
        try (Engine engine = engine(InMemoryConnector.builder(), named)) {
            Deploy deploy = Deploy.named("a/b: c").step(Shell.run("one"));
            engine.plan(hosts(1), deploy);
            assertThat(named.written()).isEqualTo(folder.resolve("deep/er/a-b-c-plan.html"));
            engine.run(hosts(1), deploy);
            engine.run(hosts(1), deploy);
        }

        assertThat(named.written()).isEqualTo(folder.resolve("deep/er/a-b-c-run-2.html"));
        try (Stream<Path> files = Files.list(folder.resolve("deep/er"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("a-b-c-plan.html", "a-b-c-run.html", "a-b-c-run-2.html");
        }
    }

    @Test
    void timeInTheNameIsThatOfTheRun() {
        HtmlReport named = HtmlReport.to(folder.resolve("{time}.html"));
        try (Engine engine = engine(InMemoryConnector.builder(), named)) {
            engine.run(hosts(1), Deploy.named("timed").step(Shell.run("one")));
        }

        assertThat(named.written().getFileName().toString()).matches("\\d{8}-\\d{6}\\.html");
    }

    @Test
    void whereItCannotBeWrittenTheRunIsAsItIsAndTheProgramIsTold() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        HtmlReport inFile = HtmlReport.to(file.resolve("run.html"));
        RunReport report;
        try (Engine engine = engine(InMemoryConnector.builder(), inFile)) {
            report = engine.run(hosts(1), Deploy.named("unwritten").step(Shell.run("one")));
        }

        assertThat(report.succeeded()).isTrue();
        assertThatThrownBy(inFile::written)
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith(
                        "the HTML report of 'unwritten' could not be written to " + file.resolve("run.html") + ": ");

        Files.createDirectories(folder.resolve("run.html/full"));
        try (Engine engine = engine(InMemoryConnector.builder(), html)) {
            engine.run(hosts(1), Deploy.named("unwritten").step(Shell.run("one")));
        }
        assertThatThrownBy(html::written).isInstanceOf(UncheckedIOException.class);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files)
                    .as("nothing is left beside it")
                    .containsExactlyInAnyOrder(file, folder.resolve("run.html"));
        }
    }

    @Test
    void longOutputsAreCutAndSoIsTheirSum() throws IOException {
        var machines = InMemoryConnector.answering((host, command) -> Answer.ok(
                "begin" + String.valueOf(host.data("number", Integer.class)).repeat(5_000) + "end"));
        HtmlReport little = html.outputLimit(1_000).totalOutputLimit(2_500);
        try (Engine engine = Engine.builder(machines).listener(little).build()) {
            engine.run(hosts(5), Deploy.named("outputs").step(Shell.run("one")));
        }

        String page = Files.readString(little.written());
        assertThat(page)
                .contains("[... left out, of 5008 bytes ...]")
                .contains("[left out: this page holds 2,500 characters of output at most]");
        assertThat(page).contains("begin111").contains("begin222").doesNotContain("begin333");
    }

    @Test
    void outputsCanBeLeftOut() throws IOException {
        var machines = InMemoryConnector.builder().on("one", Answer.ok("what it printed"));
        HtmlReport without = html.outputLimit(0);
        try (Engine engine = engine(machines, without)) {
            engine.run(hosts(1), Deploy.named("outputs").step(Shell.run("one")));
        }

        assertThat(Files.readString(without.written())).contains("exit code 0").doesNotContain("what it printed");
    }

    @Test
    void isSmallForThousandsOfHosts() throws IOException {
        var time = new VirtualTime();
        HtmlReport timed = html.nanoTime(time::nanoTime);
        Deploy deploy = Deploy.named("large");
        for (int step = 1; step <= 20; step++) {
            deploy = deploy.step(Shell.run("step " + step));
        }
        try (InMemoryConnector machines = InMemoryConnector.builder()
                        .time(time)
                        .latency(Duration.ofMillis(1), Duration.ofMinutes(2))
                        .failing(0.001)
                        .build();
                Engine engine = Engine.builder(machines)
                        .time(time)
                        .strategy(Strategy.free())
                        .listener(timed)
                        .build()) {
            engine.run(hosts(2_000), deploy);
        }

        assertThat(timed.written()).content().hasSizeBetween(400_000, 2_000_000);
    }

    @Test
    void timesAreWhenThingsHappened() throws IOException {
        var time = new VirtualTime();
        HtmlReport timed = html.nanoTime(time::nanoTime);
        try (InMemoryConnector machines = InMemoryConnector.builder()
                        .time(time)
                        .connectLatency(Duration.ofSeconds(2), Duration.ofSeconds(2))
                        .latency(Duration.ofSeconds(3))
                        .build();
                Engine engine = Engine.builder(machines)
                        .time(time)
                        .strategy(Strategy.serial())
                        .listener(timed)
                        .build()) {
            engine.run(hosts(2), Deploy.named("timed").step(Shell.run("one")).step(Shell.run("two")));
        }

        assertThat(Files.readString(timed.written()))
                .contains("\"elapsed\":16000000")
                .contains("[\"host001\",\"OK\",[],0,2000000,8000000,-1,\"CC\",[2000000,3000000,0,3000000],")
                .contains("[\"host002\",\"OK\",[],8000000,10000000,16000000,-1,\"CC\",[10000000,3000000,0,3000000],");
    }

    @Test
    void eventsMayBeHandedOnForOneRunAfterAnother() throws IOException {
        var events = new AtomicInteger();
        RunListener wrapped = event -> {
            events.incrementAndGet();
            html.on(event);
        };
        try (Engine engine =
                Engine.builder(InMemoryConnector.succeeding()).listener(wrapped).build()) {
            engine.run(hosts(1), Deploy.named("first").step(Shell.run("one")));
            engine.run(hosts(1), Deploy.named("second").step(Shell.run("one")));
        }
        assertThat(shown()).contains("<h1>second</h1>");
        assertThat(events).hasValueGreaterThan(10);

        var begins = new RunEvent.RunStarted("third", RunMode.RUN, List.of(Host.named("a")), List.of("one"));
        html.on(begins);
        assertThatIllegalStateException().isThrownBy(() -> html.on(begins)).withMessageContaining("forRun()");
    }

    @Test
    void argumentsAreChecked() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HtmlReport.to(Path.of("/")))
                .withMessage("file must have a name, was '/'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> html.outputLimit(-1))
                .withMessage("outputLimit must be >= 0 characters, was -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> html.totalOutputLimit(-1))
                .withMessage("totalOutputLimit must be >= 0 characters, was -1");
        assertThatIllegalStateException()
                .isThrownBy(html::written)
                .withMessage("no run with this HtmlReport has ended");
    }
}
