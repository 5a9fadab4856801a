package dev.weftwork;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Command;
import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.deploy.Retry;
import dev.weftwork.deploy.Step;
import dev.weftwork.engine.Engine;
import dev.weftwork.fact.Facts;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.listener.ConsoleProgress;
import dev.weftwork.listener.HtmlReport;
import dev.weftwork.listener.JsonLines;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.report.HostStatus;
import dev.weftwork.report.RunReport;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a computer whose language writes other digits, what a program reads has those of ASCII all the same. */
class DigitsOfTheLanguageTest {

    private static final Pattern OTHER_DIGIT = Pattern.compile("(?s).*[\\p{Nd}&&[^0-9]].*");

    private final Locale before = Locale.getDefault();

    @TempDir
    private Path folder;

    @BeforeEach
    void speakPersian() {
        Locale.setDefault(Locale.forLanguageTag("fa-IR"));
        assertThat("%d".formatted(1)).isNotEqualTo("1");
    }

    @AfterEach
    void speakAsBefore() {
        Locale.setDefault(before);
    }

    @Test
    void machinesAndReadersOfReportsUnderstandEveryNumber() throws Exception {
        var json = new ByteArrayOutputStream();
        var console = new ByteArrayOutputStream();
        HtmlReport html = HtmlReport.to(folder.resolve("report.html"));
        Command longText = Command.script("#" + "x".repeat(200_000) + "\necho long");
        Deploy deploy = Deploy.named("d")
                .code("facts together", host -> {
                    host.facts(Facts.path("a"), Facts.path("b"), Facts.user("nobody-of-that-name"));
                    return host.fact(Facts.path("a")).exists();
                })
                .step("long", Shell.run(longText))
                .step("diff", Files.content("one\ntwo\n").to("page").mode("0640"))
                .step("hidden", Files.content("three\n").to("hidden").withoutDiff())
                .step(Step.of("fails", Shell.run("exit 3"))
                        .retry(Retry.attempts(2).backoff(Duration.ofMillis(1))));

        RunReport report;
        try (Engine engine = Engine.builder(LocalConnector.in(folder.resolve("machines")))
                .listener(html)
                .listener(JsonLines.to(json))
                .listener(ConsoleProgress.to(new PrintStream(console, true, StandardCharsets.UTF_8)))
                .diffs(true)
                .build()) {
            report = engine.run(Inventory.ofNames("web01", "web02"), deploy);
        }

        assertThat(report.count(HostStatus.FAILED)).isEqualTo(2);
        assertThat(report.host("web01").step("fails").failure().orElseThrow().message())
                .contains("exited 3");
        String page = java.nio.file.Files.readString(html.written());
        assertThat(page)
                .contains("data-finding=\"0\"", "Tried 2 times", "content not shown, 6 bytes")
                .doesNotMatch(OTHER_DIGIT);
        assertThat(json.toString(StandardCharsets.UTF_8)).doesNotMatch(OTHER_DIGIT);
        assertThat(console.toString(StandardCharsets.UTF_8)).doesNotMatch(OTHER_DIGIT);
    }
}
