package dev.weftwork.connector.orbstack;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.weftwork.command.Command;
import dev.weftwork.connector.orbstack.emulator.Requirements;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectivityTest {

    private record Ended(int exitCode, String stdout, String stderr) {}

    @TempDir
    private Path tools;

    /** The shells of this computer that machines have, too. */
    static List<List<String>> shells() {
        return Stream.of(List.of("/usr/bin/dash"), List.of("/usr/bin/busybox", "sh"), List.of("/usr/bin/bash"))
                .filter(words -> Files.isExecutable(Path.of(words.getFirst())))
                .toList();
    }

    private static Ended run(List<String> shell, String path, Command command) throws Exception {
        Path stdout = Files.createTempFile("stdout", "");
        Path stderr = Files.createTempFile("stderr", "");
        try {
            var words = Stream.concat(shell.stream(), Stream.of("-c", new String(command.shellText(), UTF_8)))
                    .toList();
            var builder =
                    new ProcessBuilder(words).redirectOutput(stdout.toFile()).redirectError(stderr.toFile());
            builder.environment().put("PATH", path);
            int exitCode = builder.start().waitFor();
            return new Ended(exitCode, Files.readString(stdout), Files.readString(stderr));
        } finally {
            Files.delete(stdout);
            Files.delete(stderr);
        }
    }

    private static Ended run(List<String> shell, Command command) throws Exception {
        return run(shell, System.getenv("PATH"), command);
    }

    /** A path with nothing but these tools; whatever isn't on this computer skips the test, but in CI. */
    private String only(String... names) throws IOException {
        for (String name : names) {
            Path tool = Stream.of("/usr/bin", "/bin", "/usr/sbin", "/sbin")
                    .map(folder -> Path.of(folder, name))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .orElse(null);
            Requirements.require(tool != null, name + " isn't installed: a test that needs it is skipped");
            script(name, "exec " + tool + " \"$@\"");
        }
        return tools.toString();
    }

    /** As {@link #only}, all of them busybox's. */
    private String onlyBusybox(String... names) throws IOException {
        Path busybox = Path.of("/usr/bin/busybox");
        Requirements.require(Files.isExecutable(busybox), "busybox isn't installed: a test that needs it is skipped");
        for (String name : names) {
            script(name, "exec " + busybox + " " + name + " \"$@\"");
        }
        return tools.toString();
    }

    @ParameterizedTest
    @MethodSource("shells")
    void tcpSucceedsIfAPortIsOpen(List<String> shell) throws Exception {
        int closed;
        try (var server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            closed = server.getLocalPort();

            assertThat(run(shell, Connectivity.tcp("127.0.0.1", closed))).isEqualTo(new Ended(0, "", ""));
        }

        assertThat(run(shell, Connectivity.tcp("127.0.0.1", closed)))
                .isEqualTo(new Ended(1, "", "no connection to 127.0.0.1 port " + closed + "\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "python3"})
    void tcpTakesOneToolIfThereIsNoOther(String tool) throws Exception {
        String path = only(tool, "timeout");
        try (var server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Ended ended = run(List.of("/bin/sh"), path, Connectivity.tcp("127.0.0.1", server.getLocalPort()));

            assertThat(ended.exitCode()).isZero();
        }
    }

    @Test
    void tcpTakesBusyboxsNetcat() throws Exception {
        String path = onlyBusybox("nc", "timeout");
        try (var server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Ended ended = run(List.of("/bin/sh"), path, Connectivity.tcp("127.0.0.1", server.getLocalPort()));

            assertThat(ended.exitCode()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("shells")
    void httpPrintsTheStatus(List<String> shell) throws Exception {
        withServer(url ->
                assertThat(run(shell, Connectivity.http(url + "missing"))).isEqualTo(new Ended(0, "404\n", "")));
    }

    @Test
    void httpTakesWgetIfThereIsNoCurl() throws Exception {
        String path = only("wget", "sed", "tail");
        withServer(url -> {
            assertThat(run(List.of("/bin/sh"), path, Connectivity.http(url))).isEqualTo(new Ended(0, "200\n", ""));
            assertThat(run(List.of("/bin/sh"), path, Connectivity.http(url + "missing"))
                            .stdout())
                    .isEqualTo("404\n");
        });
    }

    @Test
    void httpTakesBusyboxsWget() throws Exception {
        String path = onlyBusybox("wget", "sed", "tail");
        withServer(url -> assertThat(run(List.of("/bin/sh"), path, Connectivity.http(url)))
                .isEqualTo(new Ended(0, "200\n", "")));
    }

    @ParameterizedTest
    @MethodSource("shells")
    void httpFailsIfNobodyAnswers(List<String> shell) throws Exception {
        int closed;
        try (var server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            closed = server.getLocalPort();
        }

        Ended ended = run(shell, Connectivity.http("http://127.0.0.1:" + closed + "/"));

        assertThat(ended.exitCode()).isNotZero();
        assertThat(ended.stderr()).isNotEmpty();
    }

    private interface WithServer {
        void run(String url) throws Exception;
    }

    /** One that knows its root, and nothing else. */
    private static void withServer(WithServer code) throws Exception {
        try (var server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Thread.ofPlatform().daemon().start(() -> {
                while (!server.isClosed()) {
                    try (Socket client = server.accept()) {
                        answer(client);
                    } catch (IOException e) {
                        // The test's end, or a client that went away.
                    }
                }
            });
            code.run("http://127.0.0.1:" + server.getLocalPort() + "/");
        }
    }

    private static void answer(Socket client) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(client.getInputStream(), UTF_8));
        String request = String.valueOf(lines.readLine());
        for (String line = lines.readLine(); line != null && !line.isEmpty(); line = lines.readLine()) {}
        String status = request.contains(" / ") ? "200 OK" : "404 Not Found";
        client.getOutputStream()
                .write(("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").getBytes(UTF_8));
    }

    @ParameterizedTest
    @MethodSource("shells")
    void resolvePrintsAddresses(List<String> shell) throws Exception {
        Ended ended = run(shell, Connectivity.resolve("localhost"));

        assertThat(ended.exitCode()).isZero();
        assertThat(ended.stdout().lines()).isNotEmpty().isSubsetOf("127.0.0.1", "::1");
    }

    @ParameterizedTest
    @MethodSource("shells")
    void resolveReadsTheHostsFileItselfIfItMust(List<String> shell) throws Exception {
        Ended ended = run(shell, only("sort"), Connectivity.resolve("localhost"));

        assertThat(ended.stdout().lines()).contains("127.0.0.1");
        assertThat(ended.exitCode()).isZero();
    }

    @Test
    void resolveTakesNslookupThen() throws Exception {
        script(
                "nslookup",
                "printf 'Server:\\t10.0.0.1\\nAddress:\\t10.0.0.1:53\\n\\nName:\\tx.test\\nAddress: 192.0.2.7\\n'");

        Ended ended = run(List.of("/bin/sh"), only("sort", "sed"), Connectivity.resolve("x.test"));

        assertThat(ended).isEqualTo(new Ended(0, "192.0.2.7\n", ""));
    }

    @Test
    void resolveFailsForANameThatNobodyHas() throws Exception {
        Ended ended = run(List.of("/bin/sh"), only("getent", "sed", "sort"), Connectivity.resolve("no.such.invalid"));

        assertThat(ended).isEqualTo(new Ended(1, "", "no address of no.such.invalid\n"));
    }

    @Test
    void withoutAToolTheyAllSayWhatIsNeeded() throws Exception {
        var commands = List.of(
                Connectivity.ping("host"),
                Connectivity.tcp("host", 1),
                Connectivity.http("http://host/"),
                Connectivity.resolve("host"),
                Connectivity.records("host", "MX"));

        for (Command command : commands) {
            Ended ended = run(List.of("/bin/sh"), "/nowhere", command);

            assertThat(ended.exitCode()).isEqualTo(127);
            assertThat(ended.stderr()).startsWith("needs ");
        }
    }

    @Test
    void toolsAreCalledAsExpected() throws Exception {
        script("ping", "echo \"$@\"");
        script("dig", "echo \"$@\"");
        List<String> shell = List.of("/bin/sh");

        assertThat(run(shell, tools.toString(), Connectivity.ping("web01.orb.local"))
                        .stdout())
                .isEqualTo("-c 3 -W 2 web01.orb.local\n");
        assertThat(run(shell, tools.toString(), Connectivity.records("example.com", "MX"))
                        .stdout())
                .isEqualTo("+short +time=5 +tries=2 example.com MX\n");
    }

    @Test
    void noRecordIsAFailure() throws Exception {
        script("dig", ":");

        assertThat(run(List.of("/bin/sh"), tools.toString(), Connectivity.records("example.com", "MX")))
                .isEqualTo(new Ended(1, "", "no MX record of example.com\n"));
    }

    private void script(String name, String text) throws IOException {
        Path file = Files.writeString(tools.resolve(name), "#!/bin/sh\n" + text + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    @Test
    void whatIsNoHostIsRefused() {
        for (String host : Arrays.asList("", "-f", "a b", "a;b", "$(x)")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Connectivity.ping(host))
                    .withMessage("host must be a name or an address, was '" + host + "'");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> Connectivity.ping("host", 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Connectivity.tcp("host", 65_536));
        assertThatIllegalArgumentException().isThrownBy(() -> Connectivity.http("file:///etc/passwd"));
        assertThatIllegalArgumentException().isThrownBy(() -> Connectivity.records("host", "-x"));
    }

    @Test
    void theyShowForPeopleWhatTheyDo() {
        assertThat(Connectivity.tcp("db01.orb.local", 5432)).hasToString("connect to db01.orb.local port 5432");
    }
}
