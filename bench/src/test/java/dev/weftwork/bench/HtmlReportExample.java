package dev.weftwork.bench;

import dev.weftwork.command.Command;
import dev.weftwork.command.Secret;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Retry;
import dev.weftwork.deploy.Step;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.Strategy;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.listener.HtmlReport;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.InMemoryConnector.Answer;
import dev.weftwork.testing.VirtualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs on machines in memory and in simulated time, which have something of everything that a page shows. */
final class HtmlReportExample {

    static final String HOSTILE =
            "</script><img src=x onerror=\"document.title='owned'\">\u001b[31mred\u001b[0m \u202egnp\u0007 it's & that";

    private static final Pattern STEP = Pattern.compile("^(?:step|write)(\\d+) ");

    private final int hosts;
    private final int steps;

    private final String noise;

    HtmlReportExample(int hosts, int steps) {
        this(hosts, steps, HOSTILE);
    }

    /**
     * @param noise what machines and names of steps have in them that nobody wants to see
     */
    HtmlReportExample(int hosts, int steps, String noise) {
        this.hosts = hosts;
        this.steps = steps;
        this.noise = noise;
    }

    private record Wanted(String summary, List<Change> changes) implements Operation {
        @Override
        public List<Change> plan(HostFacts facts) {
            return changes;
        }
    }

    Inventory inventory() {
        var all = new ArrayList<Host>();
        for (int i = 1; i <= hosts; i++) {
            String kind = i % 8 == 0 ? "db" : i % 8 == 7 ? "cache" : "web";
            all.add(Host.named(kind
                            + "%0{w}d".replace("{w}", hosts > 999 ? "4" : "2").formatted(i))
                    .inGroups(kind, i % 2 == 0 ? "eu" : "us"));
        }
        all.add(Host.named("lb01").inGroups("lb"));
        return Inventory.of(all);
    }

    /** How that step goes on that host; the same each time. */
    private Duration took(int step, Host host) {
        var chance = new Random(31L * step + host.name().hashCode());
        double slow = chance.nextInt(40) == 0 ? 4 : 1;
        return Duration.ofMillis((long) (slow * (200 + 150 * (step * 7 % 5) + chance.nextInt(600))));
    }

    private static boolean oneIn(int many, int step, Host host) {
        return new Random(77L * step + host.name().hashCode() * 1_000_003L).nextInt(many) == 0;
    }

    Deploy deploy() {
        Deploy deploy = Deploy.named("web tier");
        for (int number = 0; number < steps; number++) {
            deploy = deploy.step(step(number, number < 10 ? "" : " " + (number / 10 + 1)));
        }
        return deploy;
    }

    private Step step(int step, String again) {
        return switch (step % 10) {
            case 0 -> Step.of("packages" + again, host -> wanted("install nginx 1.26", step, host, 3));
            case 1 ->
                Step.of("config" + again, host -> config(step, host))
                        .retry(Retry.attempts(3)
                                .backoff(Duration.ofMillis(300), Duration.ofSeconds(2))
                                .jitter(0));
            case 2 ->
                Step.of("drain" + again, host -> wanted("drain " + host.host(), step, host, 1))
                        .delegateTo("lb01");
            case 3 ->
                Step.of("cache" + again, host -> wanted("warm the cache", step, host, 1))
                        .onlyIf(host -> host.host().groups().contains("cache"));
            case 4 ->
                Step.of("restart nginx" + again, host -> wanted("restart nginx", step, host, 1))
                        .onlyIfChanged("config" + again);
            case 5 ->
                Step.of("lint" + again, host -> wanted("lint the configuration", step, host, 1))
                        .ignoreErrors();
            case 6 -> Step.of("certificates" + again, host -> wanted("renew the certificate", step, host, 2));
            case 7 ->
                Step.of("migrate the database of sessions" + again, host -> wanted("migrate", step, host, 1))
                        .runOnce();
            case 8 -> Step.code("healthy" + again, host -> host.run("curl -fsS localhost/health"));
            default ->
                Step.of("logs" + again + (step == 9 ? " " + noise : ""), host -> wanted("log rotation", step, host, 4));
        };
    }

    private Operation wanted(String summary, int step, HostFacts facts, int oneInMany) {
        boolean missing = oneInMany == 1 || !oneIn(oneInMany, step, facts.host());
        return new Wanted(
                summary,
                missing
                        ? List.of(new Change(
                                summary, Command.of("step" + step, summary).env("LC_ALL", "C")))
                        : List.of());
    }

    private Operation config(int step, HostFacts facts) {
        String site = "/etc/nginx/sites/" + facts.host().groups().iterator().next() + ".conf";
        var written = new Change(
                        "content of " + site + ", 84 -> 97 bytes",
                        Command.of("write" + step, site).secretEnv("TOKEN", Secret.of("s3cret-token")))
                .withDiff("""
                        --- %s
                        +++ %s
                        @@ -1,4 +1,5 @@
                         server {
                        -  listen 80;
                        +  listen 8080;
                        +  access_log off;
                           root /srv/app;
                         }
                        """.formatted(site, site));
        var mode = new Change("mode of " + site + " 0600 -> 0644", Command.of("chmod", "644", site));
        return new Wanted("config", oneIn(4, step, facts.host()) ? List.of() : List.of(written, mode));
    }

    private Answer answer(Host host, Command command) {
        String text = command.toString();
        Matcher number = STEP.matcher(text);
        Duration took = took(number.find() ? Integer.parseInt(number.group(1)) : 8, host);
        if (text.contains("drain")) {
            // All wait for one machine.
            return Answer.ok().after(Duration.ofMillis(8));
        }
        int rare = Math.max(12, hosts / 4);
        if (text.startsWith("curl") && oneIn(rare, 8, host)) {
            return Answer.exit(22)
                    .stderr("curl: (22) The requested URL returned error: 503\n")
                    .after(took);
        }
        if (text.startsWith("step0") && oneIn(rare, 100, host)) {
            return Answer.exit(100)
                    .stdout("Reading package lists...\nBuilding dependency tree...\n")
                    .stderr(
                            "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (unattended-upgr)\n"
                                    + noise + "\n")
                    .after(took.multipliedBy(3));
        }
        if (text.startsWith("write") && oneIn(rare, 200, host)) {
            return Answer.exit(1)
                    .stderr("No space left on device (token s3cret-token)\n")
                    .after(took);
        }
        if (text.contains("lint") && oneIn(9, 300, host)) {
            return Answer.exit(2).stdout("line 12: deprecated directive\n").after(took);
        }
        return Answer.ok(text.startsWith("curl") ? "{\"status\":\"ok\"}\n" : "").after(took);
    }

    private InMemoryConnector.Builder machines(VirtualTime time) {
        var unreachable = inventory().hosts().stream()
                .filter(host -> !host.name().equals("lb01") && oneIn(Math.max(20, hosts / 6), 400, host))
                .map(Host::name)
                .toArray(String[]::new);
        return InMemoryConnector.builder()
                .time(time)
                .seed(7)
                .connectLatency(Duration.ofMillis(80), Duration.ofMillis(900))
                .unreachable(unreachable)
                .answer(this::answer);
    }

    Path run(Path file) {
        var time = new VirtualTime();
        HtmlReport html = HtmlReport.to(file).nanoTime(time::nanoTime);
        try (InMemoryConnector machines = machines(time).build();
                Engine engine = Engine.builder(machines)
                        .time(time)
                        .diffs(true)
                        .strategy(Strategy.free())
                        .maxParallel(Math.max(8, hosts / 3))
                        .listener(html)
                        .build()) {
            engine.run(inventory(), deploy());
        }
        return html.written();
    }

    Path plan(Path file) {
        var time = new VirtualTime();
        HtmlReport html = HtmlReport.to(file).nanoTime(time::nanoTime);
        try (InMemoryConnector machines = machines(time).build();
                Engine engine =
                        Engine.builder(machines).time(time).listener(html).build()) {
            engine.plan(inventory(), deploy());
        }
        return html.written();
    }
}
