package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.listener.ConsoleTerminal.Size;
import dev.weftwork.testing.InMemoryConnector;
import dev.weftwork.testing.Shells;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is found out about a real terminal, which the kernel makes for a program that the test starts. */
class ConsoleTerminalTest {

    private static final int HOSTS = 50;

    private final Path folder;

    ConsoleTerminalTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /** A deploy with one host that fails; told {@code exit}, its commands don't end but the JVM does, once all run. */
    static final class Program {

        private Program() {}

        public static void main(String[] args) {
            var running = new AtomicInteger();
            var machines = InMemoryConnector.builder()
                    .answer((host, command) -> {
                        if (args.length > 0) {
                            if (running.incrementAndGet() == HOSTS) {
                                Thread.ofPlatform().start(() -> System.exit(7));
                            }
                            return InMemoryConnector.Answer.stuck();
                        }
                        var answer = host.name().equals("web07")
                                ? InMemoryConnector.Answer.exit(3)
                                : InMemoryConnector.Answer.ok();
                        return answer.after(Duration.ofMillis(300));
                    })
                    .build();
            var inventory = Inventory.of(IntStream.rangeClosed(1, HOSTS)
                    .mapToObj(i -> Host.named("web%02d".formatted(i)))
                    .toList());
            Deploy deploy = Deploy.named("web tier")
                    .code("\u6f22 first", host -> host.run(Command.of("one")))
                    .code("second", host -> host.run(Command.of("two")));
            try (Engine engine =
                    Engine.builder(machines).listener(ConsoleProgress.stdout()).build()) {
                engine.run(inventory, deploy);
            }
            System.out.println("behind it");
        }
    }

    private record Ended(int exitCode, String terminal, String stderr) {}

    private Ended onATerminal(String before, String... arguments) throws IOException, InterruptedException {
        Shells.requireTerminals();
        Path stderr = folder.resolve("stderr");
        String java = "'%s' -Dstdout.encoding=UTF-8 -classpath '%s' '%s' %s 2>'%s'"
                .formatted(
                        Path.of(System.getProperty("java.home"), "bin", "java"),
                        System.getProperty("java.class.path"),
                        Program.class.getName(),
                        String.join(" ", arguments),
                        stderr);
        Path terminal = folder.resolve("terminal");
        var builder = new ProcessBuilder(
                        "script",
                        "-qec",
                        before + " " + java,
                        folder.resolve("typescript").toString())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(terminal.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().remove("NO_COLOR");
        builder.environment().put("SHELL", "/bin/sh");
        builder.environment().put("TERM", "xterm");
        Process process = builder.start();
        if (!process.waitFor(100, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("the program did not end; it wrote " + Files.readString(terminal));
        }
        return new Ended(process.exitValue(), Files.readString(terminal), Files.readString(stderr));
    }

    @Test
    void aTerminalIsPaintedOnInItsSizeAndLeftTidy() throws Exception {
        Ended ended = onATerminal("stty cols 50 rows 12;");
        var terminal = new ConsoleEmulator(50, 12, false);
        terminal.show(ended.terminal());

        assertThat(ended.stderr()).isEmpty();
        assertThat(ended.exitCode()).isZero();
        assertThat(terminal.wasInLastColumn()).isFalse();
        assertThat(ended.terminal()).contains("web tier\u001b[m: run", "  ... and 4");
        assertThat(terminal.styles()).contains("1", "31");
        assertThat(terminal.wraps()).isTrue();
        assertThat(terminal.screen().get(terminal.screen().size() - 1)).isEqualTo("behind it");
        assertThat(String.join("\n", terminal.everything()))
                .contains("run of 'web tier': 49 of 50 hosts succeeded", "  FAILED web07: step '\u6f22 first'")
                .doesNotContain("at work");
    }

    /** As with Ctrl-C: the engine cancels its runs then. */
    @Test
    void whenTheJvmEndsTheTerminalIsLeftTidy() throws Exception {
        Ended ended = onATerminal("stty cols 100 rows 30;", "exit");
        var terminal = new ConsoleEmulator(100, 30, false);
        terminal.show(ended.terminal());

        assertThat(ended.stderr()).isEmpty();
        assertThat(ended.exitCode()).isEqualTo(7);
        assertThat(terminal.cursorColumn()).isZero();
        assertThat(terminal.wraps()).isTrue();
        assertThat(String.join("\n", terminal.everything()))
                .contains("run of 'web tier' was cancelled: 0 of 50 hosts succeeded", "  CANCELLED 50 hosts: step")
                .doesNotContain("at work");
    }

    @Test
    void withoutColoursOrOnADumbTerminalItIsNotPainted() throws Exception {
        Ended plain = onATerminal("TERM=dumb;");
        assertThat(plain.terminal())
                .startsWith("run of 'web tier' begins: 2 steps on 50 hosts")
                .doesNotContain("\u001b");
        assertThat(plain.stderr()).isEmpty();

        Ended colourless = onATerminal("NO_COLOR=1; export NO_COLOR;");
        var terminal = new ConsoleEmulator(80, 24, false);
        terminal.show(colourless.terminal());
        assertThat(colourless.terminal()).contains("\u001b[");
        assertThat(terminal.styles()).isEmpty();
    }

    @Test
    void standardOutputOfTheseTestsIsNoTerminal() {
        // Nobody runs builds in a pipe only, so both may be.
        assertThat(ConsoleProgress.stdout()).isSameAs(ConsoleProgress.stdout());
        PrintStream before = System.out;
        try {
            System.setOut(new PrintStream(new ByteArrayOutputStream()));
            assertThat(ConsoleProgress.stdout()).isSameAs(ConsoleProgress.stdout());
        } finally {
            System.setOut(before);
        }
    }

    @Test
    void theEnvironmentSaysWhatIsWanted() {
        assertThat(ConsoleTerminal.wantsColours(Map.of())).isTrue();
        assertThat(ConsoleTerminal.wantsColours(Map.of("NO_COLOR", ""))).isTrue();
        assertThat(ConsoleTerminal.wantsColours(Map.of("NO_COLOR", "0"))).isFalse();
        assertThat(ConsoleTerminal.canMove(Map.of("TERM", "xterm-256color"))).isTrue();
        assertThat(ConsoleTerminal.canMove(Map.of("TERM", "dumb"))).isFalse();
        assertThat(ConsoleTerminal.canMove(Map.of())).isFalse();
        assertThat(ConsoleTerminal.sizeOf(Map.of("COLUMNS", "100", "LINES", "30")))
                .isEqualTo(new Size(100, 30));
        assertThat(ConsoleTerminal.sizeOf(Map.of("COLUMNS", "100"))).isEqualTo(new Size(80, 24));
        assertThat(ConsoleTerminal.sizeOf(Map.of("COLUMNS", "0", "LINES", "x"))).isEqualTo(new Size(80, 24));
    }

    @Test
    void aSizeOfNothingIsRefused() {
        var builder =
                ConsoleProgress.builder(new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8));

        assertThatThrownBy(() -> builder.size(0, 24))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a console must have >= 1 columns and rows, was 0 x 24");
    }
}
