package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.deque.html.axecore.results.Rule;
import com.deque.html.axecore.selenium.AxeBuilder;
import dev.weftwork.connector.orbstack.emulator.Requirements;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.print.PrintOptions;
import org.openqa.selenium.support.ui.Select;
import org.openqa.selenium.support.ui.WebDriverWait;

/** The HTML report as a person meets it: in a browser, large and small, light and dark, by mouse, keyboard and screen reader. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HtmlReportBrowserTest {

    private static final Path FOLDER = Path.of("target/html-report").toAbsolutePath();
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** It warns when the browser is newer than the library, of which nothing is used here. Held, because loggers are not. */
    private static final Logger VERSIONS = Logger.getLogger("org.openqa.selenium.devtools.CdpVersionFinder");

    private ChromeDriver driver;
    private Path leftByBrowser;

    @BeforeAll
    void makeReportsAndStartBrowser() throws IOException {
        // Not a folder of JUnit's: a process of the browser may still write while the folder is deleted.
        leftByBrowser = Files.createTempDirectory("weftwork-browser");
        Path browser = program("chromium", "chromium-browser", "google-chrome");
        Path chromeDriver = program("chromedriver");
        Files.createDirectories(FOLDER);
        new HtmlReportExample(10, 10).run(FOLDER.resolve("run-10.html"));
        new HtmlReportExample(40, 10).run(FOLDER.resolve("run-40.html"));
        new HtmlReportExample(2_000, 20).run(FOLDER.resolve("run-2000.html"));
        new HtmlReportExample(10, 10).plan(FOLDER.resolve("plan-10.html"));
        VERSIONS.setLevel(Level.OFF);
        var service = new ChromeDriverService.Builder()
                .usingDriverExecutable(chromeDriver.toFile())
                .usingAnyFreePort()
                .withEnvironment(Map.of("TMPDIR", leftByBrowser.toString()))
                .build();
        service.sendOutputTo(OutputStream.nullOutputStream());
        var options = new ChromeOptions();
        options.setBinary(browser.toFile());
        options.addArguments("--headless=new", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1");
        if (Requirements.isRoot()) {
            options.addArguments("--no-sandbox");
        }
        var logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
        driver = new ChromeDriver(service, options);
    }

    @AfterAll
    void stopBrowser() throws IOException {
        if (driver != null) {
            driver.quit();
        }
        try (Stream<Path> files = Files.walk(leftByBrowser)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }

    /** Of the first of these names that the path has. */
    private static Path program(String... names) {
        List<Path> found = Stream.of(names)
                .flatMap(name -> Stream.of(System.getenv("PATH").split(":", -1)).map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .toList();
        Requirements.require(
                !found.isEmpty(),
                "no " + String.join(", ", names) + ": how the HTML report is in a browser is skipped");
        return found.get(0);
    }

    private void open(String page, int width, String scheme) {
        open(page, width, 800, scheme);
    }

    private void open(String page, int width, int height, String scheme) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
        // Nothing glides, so that what is clicked on stands still.
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(
                                Map.of("name", "prefers-color-scheme", "value", scheme),
                                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
        driver.get(FOLDER.resolve(page + ".html").toUri().toString());
        await("the page has come alive", it -> !text("#filter-count").isEmpty());
    }

    private void await(String what, Function<ChromeDriver, Boolean> condition) {
        new WebDriverWait(driver, LIMIT)
                .withMessage(() -> "within " + LIMIT + " it didn't happen that " + what)
                .until(it -> condition.apply(driver));
    }

    private WebElement find(String selector) {
        return driver.findElement(By.cssSelector(selector));
    }

    private List<WebElement> visible(String selector) {
        return driver.findElements(By.cssSelector(selector)).stream()
                .filter(WebElement::isDisplayed)
                .toList();
    }

    private String text(String selector) {
        return find(selector).getText();
    }

    private long number(String script) {
        return driver.executeScript("return " + script) instanceof Number number ? number.longValue() : -1;
    }

    private void picture(String name) throws IOException {
        long height = Math.min(6_000, number("document.documentElement.scrollHeight"));
        long width = number("innerWidth");
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
        driver.executeAsyncScript(
                "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));");
        Files.write(FOLDER.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 800, "deviceScaleFactor", 1, "mobile", false));
    }

    private void assertAccessible() {
        List<Rule> violations = new AxeBuilder().analyze(driver).getViolations();

        assertThat(violations)
                .as(() -> violations.stream()
                        .map(rule -> rule.getId() + ": " + rule.getHelp() + " " + rule.getNodes())
                        .toList()
                        .toString())
                .isEmpty();
    }

    private void assertNothingOnTheConsole() {
        assertThat(driver.manage().logs().get(LogType.BROWSER).getAll()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "run-10, 1280, light",
        "run-10, 1280, dark",
        "run-10, 360, light",
        "run-10, 360, dark",
        "run-40, 1280, light",
        "run-2000, 1280, light",
        "run-2000, 1280, dark",
        "run-2000, 360, light",
        "run-2000, 360, dark",
        "run-2000, 900, light",
        "plan-10, 1280, light",
        "plan-10, 360, dark"
    })
    void isReadableAndAccessible(String page, int width, String scheme) throws IOException {
        open(page, width, scheme);
        String name = page + "-" + width + "-" + scheme;

        assertThat(number("document.documentElement.scrollWidth")).isLessThanOrEqualTo(width);
        assertAccessible();
        picture(name);

        find("#steps th button").click();
        await("the host's dialog is open", it -> find("#host").isDisplayed());
        Files.write(FOLDER.resolve(name + "-host.png"), driver.getScreenshotAs(OutputType.BYTES));
        assertThat(number("document.documentElement.scrollWidth")).isLessThanOrEqualTo(width);
        assertAccessible();
        assertThat(driver.getTitle()).startsWith("web tier: ");
        assertNothingOnTheConsole();
    }

    /** Large, a tablet upright, a window beside another, a phone upright and on its side. */
    @ParameterizedTest
    @CsvSource({"1280, 800", "900, 800", "700, 800", "360, 740", "740, 360"})
    void noHeadingIsBehindTheFilterAfterAJump(int width, int height) throws IOException {
        open("run-2000", width, height, "light");

        for (String section : List.of("failures", "timeline", "slowest", "table")) {
            driver.executeScript(
                    "scrollTo(0, 0); document.querySelector(arguments[0]).click()", "nav a[href='#" + section + "']");
            await("the heading of " + section + " is in view", it -> isSeen("#" + section + "-title"));
        }
        Files.write(FOLDER.resolve("jump-" + width + "x" + height + ".png"), driver.getScreenshotAs(OutputType.BYTES));
        // What is left to read of a low page is not for the filter.
        assertThat(number("document.querySelector('#filter').getBoundingClientRect().bottom"))
                .isLessThanOrEqualTo(height > 512 && width > 640 ? height / 4 : 0);
        assertNothingOnTheConsole();
    }

    /** Whether its middle is within the window, and nothing is over it. */
    private boolean isSeen(String selector) {
        return Boolean.TRUE.equals(driver.executeScript("""
                const it = document.querySelector(arguments[0]);
                const place = it.getBoundingClientRect();
                return document.elementFromPoint(place.left + 5, place.top + place.height / 2) === it;
                """, selector));
    }

    @Test
    void filterLeavesWhatIsWanted() {
        open("run-2000", 1280, "light");
        assertThat(text("#filter-count")).isEqualTo("2,001 hosts");
        int findings = visible(".finding").size();

        find("#filter-host").sendKeys("db*");
        await("only databases are shown", it -> text("#filter-count").equals("250 of 2,001 hosts"));
        assertThat(driver.findElements(By.cssSelector("#steps tbody th")))
                .hasSize(50)
                .allMatch(host -> host.getText().startsWith("db"));

        new Select(find("#filter-outcome")).selectByVisibleText("were unreachable");
        await("few are shown", it -> visible("#steps tbody th").size() < 50);
        assertThat(visible(".finding")).hasSizeLessThan(findings).isNotEmpty();

        find("#filter-reset").click();
        await("all are shown again", it -> text("#filter-count").equals("2,001 hosts"));
        new Select(find("#filter-group")).selectByVisibleText("lb");
        await("one is shown", it -> text("#filter-count").equals("1 of 2,001 hosts"));
        assertThat(text("#steps tbody th")).isEqualTo("lb01");

        find("#filter-reset").click();
        new Select(find("#filter-outcome")).selectByVisibleText("failed, ignored");
        await(
                "those with an ignored failure are shown",
                it -> !visible(".finding").isEmpty()
                        && !text("#filter-count").equals("2,001 hosts")
                        && !text("#filter-count").equals("1 of 2,001 hosts"));
        assertThat(visible("#steps tbody tr")).allMatch(row -> row.getText().contains("I"));
        assertNothingOnTheConsole();
    }

    @Test
    void tableHasAllHostsOnPages() {
        open("run-2000", 1280, "light");

        find("[data-page=Last]").click();
        await("the last page is shown", it -> text("#pages [role=status]").equals("2,001 to 2,001 of 2,001 hosts"));
        assertThat(text("#steps tbody th")).isEqualTo("lb01");
        find("[data-page=Previous]").sendKeys(Keys.ENTER);
        await("the page before is shown", it -> text("#pages [role=status]").equals("1,951 to 2,000 of 2,001 hosts"));
        assertThat(driver.switchTo().activeElement().getText()).isEqualTo("Previous");
    }

    @Test
    void keyboardReachesFailuresAndDetails() {
        open("run-10", 1280, "light");

        press(Keys.TAB);
        assertThat(driver.switchTo().activeElement().getText()).isEqualTo("Skip to failures");
        press(Keys.ENTER);
        await(
                "the failures have the focus",
                it -> "failures".equals(it.switchTo().activeElement().getDomAttribute("id")));
        press(Keys.TAB);
        assertThat(driver.switchTo().activeElement().getText()).startsWith("What ran on ");
        press(Keys.ENTER);
        await("what ran is shown", it -> find(".finding details").getDomAttribute("open") != null);
        tabTo("[data-host]");
        String host = driver.switchTo().activeElement().getText();
        press(Keys.ENTER);
        await("the host's dialog is open", it -> find("#host").isDisplayed());
        assertThat(text("#host-title")).contains(host + ": failed");
        assertThat(driver.switchTo().activeElement().getText()).isEqualTo("Close");
        press(Keys.ESCAPE);
        await("the dialog is closed", it -> !find("#host").isDisplayed());
        assertThat(driver.switchTo().activeElement().getText()).isEqualTo(host);
        assertNothingOnTheConsole();
    }

    @Test
    void timelineIsReadByArrowKeysAndByMouse() {
        open("run-10", 1280, "light");

        tabTo("#chart");
        press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_RIGHT);
        await("what the cursor is at is said", it -> !said().isEmpty());
        assertThat(said()).contains("web02").contains("step 1, packages");
        press("+");
        await("it is twice as large", it -> text("#zoom").startsWith("2"));
        press(Keys.ENTER);
        await("the host's dialog is open", it -> find("#host").isDisplayed());
        assertThat(text("#host-title")).contains("web02");
        press(Keys.ESCAPE);

        new Actions(driver).moveToElement(find("#chart"), -300, -80).perform();
        await("a tip is shown", it -> find("#tip").isDisplayed());
        assertNothingOnTheConsole();
    }

    @Test
    void withoutScriptSummaryAndFailuresAreThere() throws IOException {
        driver.executeCdpCommand("Emulation.setScriptExecutionDisabled", Map.of("value", true));
        try {
            driver.get(FOLDER.resolve("run-10.html").toUri().toString());
            await("the failures are shown", it -> !visible(".finding").isEmpty());

            assertThat(text("main"))
                    .contains("Summary", "Failures", "need JavaScript")
                    .doesNotContain("Every step");
            assertThat(visible("#filter, #timeline, #table")).isEmpty();
            Files.write(FOLDER.resolve("no-script.png"), driver.getScreenshotAs(OutputType.BYTES));
        } finally {
            driver.executeCdpCommand("Emulation.setScriptExecutionDisabled", Map.of("value", false));
        }
    }

    @Test
    void printsOnPaper() throws IOException {
        open("run-40", 1280, "dark");

        var page = driver.print(new PrintOptions());

        byte[] pdf = Base64.getDecoder().decode(page.getContent());
        assertThat(pdf).startsWith("%PDF".getBytes(StandardCharsets.US_ASCII));
        Files.write(FOLDER.resolve("run-40.pdf"), pdf);
        assertNothingOnTheConsole();
    }

    @Test
    void onPaperAreAllHostsAndAfterwardsThePageIsAsBefore() {
        open("run-2000", 1280, "light");
        find(".finding details summary").click();
        await("what ran is shown", it -> find(".finding details").getDomAttribute("open") != null);
        find("[data-page=Next]").click();
        await("the second page is shown", it -> text("#pages [role=status]").startsWith("51 to 100 "));
        String rows = "document.querySelectorAll('#steps tbody tr').length";
        String closed = "document.querySelectorAll('.finding details:not([open])').length";
        long closedBefore = number(closed);
        assertThat(closedBefore).isPositive();

        driver.executeScript("dispatchEvent(new Event('beforeprint'))");
        assertThat(number(rows)).isEqualTo(2_001);
        assertThat(number(closed)).isZero();

        driver.executeScript("dispatchEvent(new Event('afterprint'))");
        assertThat(number(rows)).isEqualTo(50);
        assertThat(text("#pages [role=status]")).startsWith("51 to 100 ");
        assertThat(number(closed)).isEqualTo(closedBefore);
        assertThat(find(".finding details").getDomAttribute("open")).isNotNull();
        assertNothingOnTheConsole();
    }

    private String said() {
        return String.valueOf(find("#chart-said").getDomProperty("textContent"));
    }

    private void press(CharSequence... keys) {
        new Actions(driver).sendKeys(keys).perform();
    }

    private void tabTo(String selector) {
        for (int i = 0; i < 200; i++) {
            press(Keys.TAB);
            if (Boolean.TRUE.equals(
                    driver.executeScript("return document.activeElement.matches(arguments[0])", selector))) {
                return;
            }
        }
        throw new AssertionError("no " + selector + " is reached by 200 times Tab");
    }
}
