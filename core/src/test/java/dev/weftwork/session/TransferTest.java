package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.StandardInput;
import dev.weftwork.command.Upload;
import dev.weftwork.testing.Shells;
import dev.weftwork.testing.Waiting;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files to a machine and back, in every shell, with real files. */
@ParameterizedClass
@MethodSource("shells")
class TransferTest {

    static Stream<Shells.Shell> shells() {
        return Shells.all();
    }

    private final PipeThreads threads = new PipeThreads();
    private final Shells.Shell shell;
    private final Path here;
    private final Path machine;
    private final ShellConnection connection;

    TransferTest(Shells.Shell shell, @TempDir Path folder) throws Exception {
        this.shell = shell;
        here = Files.createDirectory(folder.resolve("here"));
        machine = Files.createDirectory(folder.resolve("machine"));
        connection = connect(shell.words());
    }

    private ShellConnection connect(List<String> words) throws InterruptedException {
        var transport = new ProcessTransport("web01", words, machine, Map.of("PATH", System.getenv("PATH")), threads);
        return ShellConnection.to("web01", transport, threads)
                .shell(shell.words())
                .open();
    }

    @AfterEach
    void close() {
        connection.close();
        threads.close();
    }

    private static byte[] random(int length) {
        byte[] content = new byte[length];
        new Random(length).nextBytes(content);
        return content;
    }

    private List<String> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1023, 1024, 1025, 65_535, 65_536, 65_537, 4_194_304, 5_000_000})
    void everyLengthArrivesAndComesBack(int length) throws Exception {
        byte[] content = random(length);
        Path source = Files.write(here.resolve("source"), content);

        connection.upload(Upload.of(source).to("from a file")).orThrow();
        connection.upload(Upload.of(content).to("from memory")).orThrow();
        connection.download("from a file", here.resolve("back")).orThrow();

        assertThat(machine.resolve("from a file")).hasBinaryContent(content);
        assertThat(machine.resolve("from memory")).hasBinaryContent(content);
        assertThat(here.resolve("back")).hasBinaryContent(content);
        assertThat(files(machine)).containsExactly("from a file", "from memory");
        assertThat(files(here)).containsExactly("back", "source");
    }

    @ParameterizedTest
    @ValueSource(strings = {"it's", "a b", "-n", "--", "line\nbreak", "$HOME", "*", "\\", "ä", "'\"`", "a\tb"})
    void namesAreTakenAsTheyAre(String name) throws Exception {
        connection.upload(Upload.of(new byte[] {1}).to(name)).orThrow();
        connection.download(name, here.resolve("back")).orThrow();

        assertThat(files(machine)).containsExactly(name);
        assertThat(here.resolve("back")).hasBinaryContent(new byte[] {1});
    }

    @Test
    void onlyItsOwnerCanReadItUntilItIsComplete() throws Exception {
        connection.upload(Upload.of(random(10)).to("f").mode("0600")).orThrow();
        byte[] content = random(400_000);
        var modes = new CompletableFuture<List<String>>();
        var known = Upload.of(content);
        // Looks at the machine when half of it has been sent and the command waits for the rest.
        var input = new StandardInput.Stream(() -> new InputStream() {
            private int at;

            @Override
            public int read() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] buffer, int offset, int count) throws IOException {
                if (at == content.length) {
                    modes.complete(modesOf(machine));
                    return -1;
                }
                int next = Math.min(count, content.length - at);
                System.arraycopy(content, at, buffer, offset, next);
                at += next;
                return next;
            }
        });

        connection
                .upload(new Upload.Content(input, known.length(), known.sha256())
                        .to("f")
                        .mode("0644"))
                .orThrow();

        assertThat(Waiting.await(modes, "a look at the files")).containsOnly("rw-------");
        assertThat(Files.getPosixFilePermissions(machine.resolve("f")))
                .isEqualTo(PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(machine.resolve("f")).hasBinaryContent(content);
    }

    private static List<String> modesOf(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(file -> {
                        try {
                            return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
                        } catch (IOException e) {
                            return e.toString();
                        }
                    })
                    .toList();
        }
    }

    @Test
    void aContentThatIsNotWhatWasPromisedReplacesNothing() throws Exception {
        connection.upload(Upload.of(new byte[] {1}).to("f")).orThrow();
        String another = Upload.of(new byte[] {3}).sha256();

        CommandResult wrong =
                connection.upload(new Upload.Content(new StandardInput.Bytes(new byte[] {2}), 1, another).to("f"));
        CommandResult tooShort = connection.upload(new Upload.Content(
                        new StandardInput.Stream(() -> new ByteArrayInputStream(new byte[] {2})), 2, another)
                .to("f"));

        assertThat(wrong.describe()).contains("exited 1: what arrived has the SHA-256 ", "f is unchanged");
        assertThat(tooShort.describe()).contains("only 1 of 2 bytes arrived, f is unchanged");
        assertThat(machine.resolve("f")).hasBinaryContent(new byte[] {1});
        assertThat(files(machine)).containsExactly("f");
    }

    @Test
    void anOwnerThatCannotBeGivenReplacesNothing() throws Exception {
        connection.upload(Upload.of(new byte[] {1}).to("f")).orThrow();

        CommandResult result =
                connection.upload(Upload.of(new byte[] {2}).to("f").ownership("nobody-has-this-name"));

        assertThat(result.describe()).contains("f can't have the owner nobody-has-this-name, it is unchanged");
        assertThat(machine.resolve("f")).hasBinaryContent(new byte[] {1});
        assertThat(files(machine)).containsExactly("f");
    }

    @Test
    void anInterruptLeavesNothingBehind() throws Exception {
        connection.upload(Upload.of(new byte[] {1}).to("f")).orThrow();
        var half = new CountDownLatch(1);
        var never = new CountDownLatch(1);
        byte[] content = random(100_000);
        var input = new StandardInput.Stream(() -> new InputStream() {
            private boolean sent;

            @Override
            public int read() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] buffer, int offset, int count) throws IOException {
                if (!sent) {
                    sent = true;
                    System.arraycopy(content, 0, buffer, offset, 50_000);
                    return 50_000;
                }
                half.countDown();
                try {
                    never.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                return -1;
            }
        });
        var result = new CompletableFuture<CommandResult>();
        Thread caller = Thread.ofVirtual()
                .start(() -> result.complete(connection.upload(new Upload.Content(
                                input, content.length, Upload.of(content).sha256())
                        .to("f"))));
        Waiting.await(half, "half of the content being sent");

        caller.interrupt();

        assertThat(Waiting.await(result, "the end of the upload").outcome()).isEqualTo(new Outcome.Cancelled(true));
        assertThat(machine.resolve("f")).hasBinaryContent(new byte[] {1});
        assertThat(files(machine)).containsExactly("f");
        never.countDown();
    }

    @Test
    void aFullDiskReplacesNothing() throws Exception {
        Shells.requireRoot();
        Files.createDirectory(machine.resolve("small"));
        String script = "mount -t tmpfs -o size=256k none small && exec \"$@\"";
        var words = new ArrayList<>(List.of("unshare", "-m", "sh", "-c", script, "sh"));
        words.addAll(shell.words());
        try (var full = connect(words)) {
            full.upload(Upload.of(new byte[] {1}).to("small/f")).orThrow();

            CommandResult result = full.upload(Upload.of(random(1_000_000)).to("small/f"));

            assertThat(result.describe()).containsIgnoringCase("no space left on device");
            assertThat(full.execute(Command.script("cd small && ls -A && wc -c <f"))
                            .stdoutText()
                            .replace(" ", ""))
                    .isEqualTo("f\n1\n");
        }
    }

    @Test
    void whatIsNoFileIsNotDownloaded() throws Exception {
        Files.write(here.resolve("old"), new byte[] {1});

        CommandResult missing = connection.download("missing", here.resolve("old"));
        CommandResult folder = connection.download(".", here.resolve("old"));

        assertThat(missing.describe())
                .startsWith(
                        "web01: `download missing` exited 1: missing is no regular file, isn't there, or can't be reached by ");
        assertThat(folder.describe()).startsWith("web01: `download .` exited 1: . is no regular file, ");
        assertThat(here.resolve("old")).hasBinaryContent(new byte[] {1});
        assertThat(files(here)).containsExactly("old");
    }

    @Test
    void aFileThatChangesWhileItIsReadIsNotTakenForWhole() throws Exception {
        Files.write(machine.resolve("f"), random(10));
        // The machine's wc is one that appends to the file before it counts; busybox has its own and asks for no other.
        Path bin = Files.createDirectory(machine.resolve("bin"));
        Path wc = Files.writeString(bin.resolve("wc"), "#!/bin/sh\nprintf x >> f\nexec /usr/bin/wc \"$@\"\n");
        Files.setPosixFilePermissions(wc, PosixFilePermissions.fromString("rwxr-xr-x"));
        var transport = new ProcessTransport(
                "web01", List.of("/bin/sh"), machine, Map.of("PATH", bin + ":" + System.getenv("PATH")), threads);

        try (var changing = ShellConnection.to("web01", transport, threads).open()) {
            assertThatIOException()
                    .isThrownBy(() -> changing.download("f", here.resolve("back")))
                    .withMessageStartingWith("web01: `download f` brought 10 bytes with the SHA-256 ")
                    .withMessageEndingWith("; the file was changed meanwhile, try again");
        }

        assertThat(files(here)).isEmpty();
    }

    @Test
    void aFileThatCannotBeWrittenHereEndsTheDownload() throws Exception {
        Files.write(machine.resolve("f"), random(3_000_000));

        assertThatIOException().isThrownBy(() -> connection.download("f", here.resolve("missing/back")));

        assertThat(connection
                        .execute(Command.of("echo", "next").timeout(Duration.ofSeconds(60)))
                        .stdoutText())
                .isEqualTo("next\n");
    }
}
