package dev.weftwork.operation.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.fact.Fact;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Operation;
import dev.weftwork.report.HostResult;
import dev.weftwork.report.RunReport;
import dev.weftwork.report.StepResult;
import dev.weftwork.report.StepStatus;
import dev.weftwork.testing.Shells;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** With every shell, and with busybox also with its userland. */
@ParameterizedClass
@MethodSource("shells")
class FilesTest {

    static Stream<Shells.Shell> shells() {
        return Shells.all();
    }

    private final Shells.Shell shell;
    private final Path folder;
    private final Path home;

    FilesTest(Shells.Shell shell, @TempDir Path folder) {
        this.shell = shell;
        this.folder = folder;
        home = folder.resolve("machines/web01");
    }

    private LocalConnector connector() {
        List<String> words = shell.words();
        var builder = LocalConnector.builder(folder.resolve("machines"))
                .shell(words.get(0), words.subList(1, words.size()).toArray(String[]::new));
        if (shell.name().equals("busybox")) {
            builder.env("PATH", Shells.busyboxUserland().toString());
        }
        return builder.build();
    }

    private RunReport run(Operation... operations) {
        Deploy deploy = Deploy.named("d");
        for (int i = 0; i < operations.length; i++) {
            deploy = deploy.step("step" + i, operations[i]);
        }
        try (var engine = Engine.of(connector())) {
            return engine.run(Inventory.of(Host.named("web01").with("port", 8080)), deploy);
        }
    }

    /** Runs it, checks that a second run changes nothing, and gives what the first run said that it changed. */
    private List<String> converge(Operation operation) {
        RunReport first = run(operation);
        assertThat(first.describe()).isEqualTo("run of 'd': 1 of 1 hosts succeeded");
        StepResult step = first.host("web01").step("step0");
        assertThat(step.status()).isIn(StepStatus.CHANGED, StepStatus.UNCHANGED);

        RunReport second = run(operation);
        assertThat(second.describe()).isEqualTo("run of 'd': 1 of 1 hosts succeeded");
        assertThat(second.host("web01").step("step0").status())
                .as("second pass")
                .isEqualTo(StepStatus.UNCHANGED);
        return step.changes().stream().map(change -> change.change().summary()).toList();
    }

    private String failure(Operation operation) {
        HostResult host = run(operation).host("web01");
        assertThat(host.step("step0").status()).isEqualTo(StepStatus.FAILED);
        return host.failure().orElseThrow().message();
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(java.nio.file.Files.getPosixFilePermissions(path));
    }

    private Path given(String path, String content) throws IOException {
        Path file = home.resolve(path);
        java.nio.file.Files.createDirectories(file.getParent());
        return java.nio.file.Files.writeString(file, content);
    }

    private void noTemporaryFileIsLeft() throws IOException {
        try (Stream<Path> files = java.nio.file.Files.walk(home)) {
            assertThat(files.map(Path::toString).filter(name -> name.contains(".weftwork-")))
                    .isEmpty();
        }
    }

    @Nested
    class Directory {
        @Test
        void isMadeWithItsParents() throws IOException {
            assertThat(converge(Files.directory("a/b c/d").mode("750")))
                    .containsExactly("create directory a/b c/d (mode 0750)");
            assertThat(mode(home.resolve("a/b c/d"))).isEqualTo("rwxr-x---");
        }

        @Test
        void getsAnotherMode() throws IOException {
            java.nio.file.Files.createDirectories(home.resolve("d"));
            converge(Files.directory("d").mode("700"));

            assertThat(converge(Files.directory("d").mode("1777"))).containsExactly("mode of d 0700 -> 1777");
            assertThat(converge(Files.directory("d"))).isEmpty();
        }

        /** GNU chmod leaves setgid on a directory unless told with five digits. */
        @Test
        void losesSetgidWhenItsModeHasNone() throws Exception {
            java.nio.file.Files.createDirectories(home.resolve("d"));
            converge(Files.directory("d").mode("2755"));

            assertThat(converge(Files.directory("d/sub").mode("750"))).hasSize(1);
            assertThat(converge(Files.directory("d").mode("755"))).containsExactly("mode of d 2755 -> 0755");
        }

        @Test
        void isNotMadeOfSomethingElse() throws IOException {
            given("f", "");
            converge(Files.link("l").to("f"));

            assertThat(failure(Files.directory("f")))
                    .isEqualTo("web01: step 'step0': f is a file, not a directory; remove it with Files.absent first");
            assertThat(failure(Files.directory("l")))
                    .isEqualTo(
                            "web01: step 'step0': l is a link to f, not a directory; name the directory it points to,"
                                    + " or remove the link with Files.absent first");
        }

        @Test
        void whatIsFoundMovesNoCursor() throws IOException {
            Path link = given("f", "").resolveSibling("l");
            java.nio.file.Files.createSymbolicLink(link, Path.of("\033[2Jgone"));

            assertThat(failure(Files.directory("l"))).contains("l is a link to \ufffd[2Jgone, not a directory");
            assertThat(converge(Files.link("l").to("f"))).containsExactly("link l -> \ufffd[2Jgone now -> f");
        }

        @Test
        void thatCannotBeMadeSaysWhy() throws IOException {
            given("f", "");

            assertThat(failure(Files.directory("f/d")))
                    .startsWith("web01: step 'step0': `create directory f/d` exited 1: mkdir: ");
        }
    }

    @Nested
    class FileItself {
        @Test
        void isMadeEmptyAndKeepsWhatItHolds() throws IOException {
            assertThat(converge(Files.file("f").mode("600"))).containsExactly("create empty file f (mode 0600)");
            given("f", "content");

            assertThat(converge(Files.file("f").mode("0640"))).containsExactly("mode of f 0600 -> 0640");
            assertThat(home.resolve("f")).hasContent("content");
        }

        @Test
        void isNotMadeOfSomethingElse() throws IOException {
            java.nio.file.Files.createDirectories(home.resolve("d"));

            assertThat(failure(Files.file("d")))
                    .isEqualTo("web01: step 'step0': d is a directory, not a file; remove it with Files.absent first");
        }

        @Test
        void belongsToWhomItSays() throws IOException {
            String user = System.getProperty("user.name");
            String uid = String.valueOf(java.nio.file.Files.getAttribute(folder, "unix:uid"));

            assertThat(converge(Files.file("f").owner(user))).hasSize(1);
            assertThat(converge(Files.file("f").owner(uid))).isEmpty();
            assertThat(failure(Files.file("f").owner("no-such-user")))
                    .contains("`chown no-such-user f` exited 1: chown: ", "no-such-user");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"it's", "a\nb", "-rf", "a b", "$HOME", "*", "\"", "ä日本", "back\\slash", " ", "...", "%s"})
        void mayHaveAnyName(String name) throws IOException {
            converge(Files.content("x").to(name).mode("640"));
            converge(Files.line(name, "y"));
            converge(Files.link("link-" + name).to(name));

            assertThat(home.resolve(name)).hasContent("x\ny");
            assertThat(home.resolve("link-" + name)).hasContent("x\ny");
            converge(Files.absent(name));
            assertThat(home.resolve(name)).doesNotExist();
        }
    }

    @Nested
    class ContentOfAFile {
        @Test
        void isMadeForEachHost() throws IOException {
            assertThat(converge(Files.content(host -> "port=" + host.host().data("port", Integer.class))
                            .to("app.conf")
                            .mode("640")))
                    .containsExactly("create app.conf, 9 bytes (mode 0640)");
            assertThat(home.resolve("app.conf")).hasContent("port=8080");
            assertThat(mode(home.resolve("app.conf"))).isEqualTo("rw-r-----");
            noTemporaryFileIsLeft();
        }

        @Test
        void changesAndKeepsTheMode() throws IOException {
            converge(Files.content("old").to("f").mode("604"));

            assertThat(converge(Files.content("newer").to("f"))).containsExactly("content of f, 3 -> 5 bytes");
            assertThat(home.resolve("f")).hasContent("newer");
            assertThat(mode(home.resolve("f"))).isEqualTo("rw----r--");
        }

        @Test
        void thatIsRightStillGetsItsMode() throws IOException {
            converge(Files.content("x").to("f").mode("600"));

            assertThat(converge(Files.content("x").to("f").mode("644"))).containsExactly("mode of f 0600 -> 0644");
        }

        @Test
        void ofANewFileHasTheModeTheMachineGives() throws IOException {
            converge(Files.content("x").to("f"));
            converge(Files.file("g"));

            assertThat(mode(home.resolve("f"))).isEqualTo(mode(home.resolve("g")));
        }

        @Test
        void isPutFromALocalFileByteForByte() throws IOException {
            byte[] bytes = new byte[1_000_000];
            new Random(3).nextBytes(bytes);
            Path local = java.nio.file.Files.write(folder.resolve("local.bin"), bytes);

            assertThat(converge(Files.put(local).to("remote.bin").mode("755")))
                    .containsExactly("create remote.bin, 1000000 bytes (mode 0755)");
            assertThat(home.resolve("remote.bin")).hasBinaryContent(bytes);

            java.nio.file.Files.write(local, new byte[0]);
            assertThat(converge(Files.put(local).to("remote.bin")))
                    .containsExactly("content of remote.bin, 1000000 -> 0 bytes");
            assertThat(home.resolve("remote.bin")).isEmptyFile();
        }

        @Test
        void keepsAForeignOwnerAndSetuid() throws IOException {
            Shells.requireRoot();
            Path file = given("f", "old");
            java.nio.file.Files.setAttribute(file, "unix:uid", 1);
            java.nio.file.Files.setAttribute(file, "unix:mode", 0104755);

            assertThat(converge(Files.content("new").to("f"))).hasSize(1);
            converge(Files.line("f", "line"));
            assertThat(java.nio.file.Files.getAttribute(file, "unix:uid")).isEqualTo(1);

            assertThat(converge(Files.file("f").owner("0"))).hasSize(1);
            assertThat(java.nio.file.Files.getAttribute(file, "unix:uid")).isEqualTo(0);
            assertThat(converge(Files.file("f").mode("4755")))
                    .as("setuid is still there")
                    .isEmpty();
        }

        @Test
        void replacesALinkToADirectoryAndDoesNotGoInto() throws IOException {
            given("d/kept", "x");
            converge(Files.link("l").to("d"));

            converge(Files.content("x").to("l"));

            assertThat(home.resolve("l")).isRegularFile();
            assertThat(home.resolve("d")).isDirectoryContaining("glob:**/kept");
            noTemporaryFileIsLeft();
        }

        @Test
        void ofAReadOnlyFileChanges() throws IOException {
            converge(Files.content("old").to("f").mode("444"));

            converge(Files.content("new").to("f"));

            assertThat(home.resolve("f")).hasContent("new");
            assertThat(mode(home.resolve("f"))).isEqualTo("r--r--r--");
        }

        @Test
        void keepsSetuidWhenItsOwnerStays() throws IOException {
            converge(Files.content("old").to("f").mode("4755"));

            converge(Files.content("new").to("f"));

            assertThat(converge(Files.file("f").mode("4755"))).isEmpty();
        }

        @Test
        void replacesALinkAndNotWhatItPointsTo() throws IOException {
            given("target", "kept");
            converge(Files.link("l").to("target"));

            assertThat(converge(Files.content("x").to("l")))
                    .containsExactly("replace link l -> target by a file of 1 bytes");
            assertThat(home.resolve("l")).isRegularFile();
            assertThat(home.resolve("target")).hasContent("kept");
        }

        @Test
        void doesNotGoWhereADirectoryIs() throws IOException {
            java.nio.file.Files.createDirectories(home.resolve("d"));

            assertThat(failure(Files.content("x").to("d")))
                    .isEqualTo(
                            "web01: step 'step0': d is a directory, not a file; name the file in it, or remove it with"
                                    + " Files.absent first");
        }

        @Test
        void leavesTheOldFileAndNoTemporaryOneWhenItFails() throws IOException {
            given("f", "old");

            assertThat(failure(Files.content("new").to("f").owner("no-such-user")))
                    .contains("no-such-user");
            assertThat(home.resolve("f")).hasContent("old");
            noTemporaryFileIsLeft();
        }

        @Test
        void inAMissingDirectorySaysSo() throws IOException {
            assertThat(failure(Files.content("x").to("no/such/f"))).contains("exited", "no/such");
        }

        @Test
        void ofALocalFileThatVanishedNamesHostAndFile() throws IOException {
            Path local = java.nio.file.Files.writeString(folder.resolve("local"), "x");
            Operation put = Files.put(local).to("f");
            java.nio.file.Files.delete(local);

            assertThat(failure(put))
                    .isEqualTo("web01: step 'step0': the file to put, " + local
                            + ", can't be read: java.nio.file.NoSuchFileException: " + local);
        }
    }

    @Nested
    class Line {
        private String text() throws IOException {
            return java.nio.file.Files.readString(home.resolve("f"));
        }

        @Test
        void isAppendedOnceAndMakesTheFile() throws IOException {
            assertThat(converge(Files.line("f", "a"))).containsExactly("create with line 'a' in f");
            assertThat(converge(Files.line("f", "b $x"))).containsExactly("set line 'b $x' in f");
            assertThat(text()).isEqualTo("a\nb $x\n");
        }

        @Test
        void closesAnOpenLastLineFirst() throws IOException {
            given("f", "a\nopen");

            converge(Files.line("f", "b"));

            assertThat(text()).isEqualTo("a\nopen\nb\n");
        }

        @Test
        void isFoundAlsoAsAnOpenLastLine() throws IOException {
            given("f", "a\nb");

            assertThat(converge(Files.line("f", "b"))).isEmpty();
            assertThat(text()).isEqualTo("a\nb");
        }

        @Test
        void takesThePlaceOfLinesThatAPatternFinds() throws IOException {
            given("f", "x\n#Port 22\ny\nPort 2222\nz\n");

            converge(Files.line("f", "Port 2200").replacing("^#?Port\\b"));

            assertThat(text()).isEqualTo("x\nPort 2200\ny\nz\n");
        }

        @Test
        void isRemovedWhereverItIs() throws IOException {
            given("f", "a\nb\na\n");

            assertThat(converge(Files.line("f", "a").absent())).containsExactly("remove line 'a' in f");
            assertThat(text()).isEqualTo("b\n");
            assertThat(converge(Files.line("missing", "a").absent())).isEmpty();
            assertThat(home.resolve("missing")).doesNotExist();
        }

        @Test
        void thatGoesLeavesTheLineBeforeWhole() throws IOException {
            given("f", "a\nb");

            converge(Files.line("f", "b").absent());

            assertThat(text()).isEqualTo("a\n");
        }

        @Test
        void ofAFileThatIsNotTextLeavesAllOtherBytesAlone() throws IOException {
            java.nio.file.Files.createDirectories(home);
            java.nio.file.Files.write(home.resolve("f"), new byte[] {(byte) 0xff, 0, '\n', '\r', '\n'});

            converge(Files.line("f", "ä"));

            assertThat(home.resolve("f"))
                    .hasBinaryContent(new byte[] {(byte) 0xff, 0, '\n', '\r', '\n', (byte) 0xc3, (byte) 0xa4, '\n'});
        }

        @Test
        void keepsTheFilesMode() throws IOException {
            converge(Files.content("a\n").to("f").mode("600"));
            converge(Files.line("f", "b"));

            assertThat(mode(home.resolve("f"))).isEqualTo("rw-------");
        }

        @Test
        void isNotChangedThroughALink() throws IOException {
            given("f", "a\n");
            converge(Files.link("l").to("f"));

            assertThat(converge(Files.line("l", "a"))).isEmpty();
            assertThat(failure(Files.line("l", "b")))
                    .isEqualTo("web01: step 'step0': l is a link to f, not a file; name the file itself");
            assertThat(text()).isEqualTo("a\n");
        }

        @Test
        void inAFileTooLargeSaysSo() throws IOException {
            given("f", "x".repeat(8 * 1024 * 1024 + 1));

            assertThat(failure(Files.line("f", "b")))
                    .contains("more than the 8388608 that can be edited; replace it as a whole");
        }
    }

    @Nested
    class Diff {
        @Test
        void ofAContentIsThatOfTheOldAndTheNewOne() throws Exception {
            given("f", "a\nb\n");

            assertThat(diffs(Files.content("a\nc\n").to("f").mode("600")))
                    .containsExactly("--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
            assertThat(read).containsExactly("path f", "content of f");
            assertThat(home.resolve("f")).hasContent("a\nb");
        }

        @Test
        void ofANewFileNeedsNothingRead() throws Exception {
            Path local = java.nio.file.Files.writeString(folder.resolve("local"), "x\n");

            assertThat(diffs(Files.put(local).to("f"))).containsExactly("--- /dev/null\n+++ f\n@@ -0,0 +1 @@\n+x\n");
            assertThat(read).containsExactly("path f");
        }

        @Test
        void ofALinkReplacedIsThatOfANewFile() throws Exception {
            given("target", "old\n");
            converge(Files.link("l").to("target"));

            assertThat(diffs(Files.content("x\n").to("l")))
                    .containsExactly("--- /dev/null\n+++ l\n@@ -0,0 +1 @@\n+x\n");
            assertThat(read).containsExactly("path l");
        }

        @Test
        void isOfContentsOnly() throws Exception {
            given("f", "x\n");

            assertThat(diffs(Files.content("x\n").to("f").mode("751")))
                    .hasSize(1)
                    .containsOnly("");
            assertThat(diffs(Files.content("").to("empty"))).containsExactly("");
            assertThat(diffs(Files.file("new"))).containsExactly("");
            assertThat(read).containsExactly("path f", "path empty", "path new");
        }

        @Test
        void isThereOnlyWhereItIsWanted() throws Exception {
            given("f", "a\n");
            wantsDiffs = false;

            assertThat(diffs(Files.content("b\n").to("f"))).containsExactly("");
            assertThat(diffs(Files.line("g", "b"))).containsExactly("");
            assertThat(read).containsExactly("path f", "content of g", "path g");
        }

        @Test
        void ofALargeFileSaysItsSizeAndDoesNotReadIt() throws Exception {
            given("large", "x".repeat(9 * 1024 * 1024));
            given("small", "x");

            assertThat(diffs(Files.content("b\n").to("large")))
                    .containsExactly("content too large for a diff, 9437184 -> 2 bytes\n");
            assertThat(diffs(Files.content("y".repeat(1024 * 1024 + 1)).to("small")))
                    .containsExactly("content too large for a diff, 1 -> 1048577 bytes\n");
            assertThat(diffs(Files.content("y".repeat(1024 * 1024 + 1)).to("new")))
                    .containsExactly("content too large for a diff, 1048577 bytes\n");
            assertThat(read).containsExactly("path large", "path small", "path new");
        }

        @Test
        void ofTheLargestFileIsWhole() throws Exception {
            String line = "x".repeat(1023) + "\n";
            given("f", line.repeat(1023) + "y".repeat(1024));

            assertThat(diffs(Files.content(line.repeat(1024)).to("f")))
                    .singleElement(STRING)
                    .endsWith("x\n-" + "y".repeat(1024) + "\n\\ No newline at end of file\n+" + line);
        }

        @Test
        void ofASecretSaysSizesWhateverIsSetLater() throws Exception {
            given("f", "secret");

            assertThat(diffs(Files.content("other").to("f").withoutDiff().mode("600")))
                    .containsExactly("content not shown, 6 -> 5 bytes\n");
            assertThat(diffs(Files.content("other").to("new").mode("600").withoutDiff()))
                    .containsExactly("content not shown, 5 bytes\n");
            assertThat(read).containsExactly("path f", "path new");
            assertThat(diffs(Files.line("f", "x=1").withoutDiff().replacing("^x=")))
                    .containsExactly("content not shown, 6 -> 11 bytes\n");
            assertThat(diffs(Files.line("f", "secret")
                            .replacing("^s")
                            .withoutDiff()
                            .absent()))
                    .containsExactly("content not shown, 6 -> 0 bytes\n");
            assertThat(diffs(Files.line("new", "x").withoutDiff())).containsExactly("content not shown, 2 bytes\n");
        }

        @Test
        void ofALine() throws Exception {
            given("f", "a\r\nb");

            assertThat(diffs(Files.line("f", "c")))
                    .containsExactly(
                            "--- f\n+++ f\n@@ -1,2 +1,3 @@\n a\\r\n-b\n\\ No newline at end of file\n+b\n+c\n");
            assertThat(diffs(Files.line("f", "b").absent()))
                    .containsExactly("--- f\n+++ f\n@@ -1,2 +1 @@\n a\\r\n-b\n\\ No newline at end of file\n");
            assertThat(diffs(Files.line("new", "c"))).containsExactly("--- /dev/null\n+++ new\n@@ -0,0 +1 @@\n+c\n");
        }

        @Test
        void ofALineInALargeFileSaysSizes() throws Exception {
            given("f", "x\n".repeat(600_000));

            assertThat(diffs(Files.line("f", "y")))
                    .containsExactly("content too large for a diff, 1200000 -> 1200002 bytes\n");
        }

        @Test
        void ofBytesThatAreNoTextSaysSizes() throws Exception {
            given("f", "a\n");

            assertThat(diffs(Files.content(new byte[] {1, 0}).to("f")))
                    .containsExactly("binary content differs, 2 -> 2 bytes\n");
        }

        private final List<String> read = new ArrayList<>();
        private boolean wantsDiffs = true;

        /** Plans it without making a change; one text for each change, empty without a diff. */
        private List<String> diffs(Operation operation) throws InterruptedException {
            Host host = Host.named("web01");
            try (var connector = connector();
                    var connection = connector.connect(host)) {
                var facts = new HostFacts() {
                    @Override
                    public Host host() {
                        return host;
                    }

                    @Override
                    public <T> T fact(Fact<T> fact) {
                        read.add(fact.name());
                        return fact.parse(connection.execute(fact.command()).orThrow());
                    }

                    @Override
                    public boolean wantsDiffs() {
                        return wantsDiffs;
                    }
                };
                return operation.plan(facts).stream()
                        .map(change -> change.diff().orElse(""))
                        .toList();
            }
        }
    }

    @Nested
    class Link {
        @Test
        void isMadeAndChanged() throws IOException {
            given("releases/1/x", "one");
            given("releases/2/x", "two");

            assertThat(converge(Files.link("current").to("releases/1")))
                    .containsExactly("create link current -> releases/1");
            assertThat(converge(Files.link("current").to("releases/2")))
                    .containsExactly("link current -> releases/1 now -> releases/2");
            assertThat(home.resolve("current/x")).hasContent("two");
            assertThat(home.resolve("releases/1")).isDirectoryNotContaining("glob:**/2");
        }

        @Test
        void mayPointToAnything() throws IOException {
            for (String target : List.of("/no/such", "-n", "a\nb", "a\n", "it's")) {
                converge(Files.link("l").to(target));
                assertThat(java.nio.file.Files.readSymbolicLink(home.resolve("l")))
                        .hasToString(target);
            }
        }

        @Test
        void isNotMadeOfSomethingElse() throws IOException {
            given("f", "");

            assertThat(failure(Files.link("f").to("x")))
                    .isEqualTo("web01: step 'step0': f is a file, not a link; remove it with Files.absent first");
        }
    }

    @Nested
    class Absent {
        @Test
        void deletesWhateverIsThere() throws IOException {
            given("d/e/f", "x");
            given("kept/x", "x");
            given("f", "x");
            converge(Files.link("l").to("kept"));
            assertThat(converge(Files.absent("d"))).containsExactly("delete directory d with everything in it");
            assertThat(converge(Files.absent("f"))).containsExactly("delete f");
            assertThat(converge(Files.absent("l/"))).containsExactly("delete link l");
            assertThat(converge(Files.absent("never"))).isEmpty();
            assertThat(home.resolve("kept/x")).exists();
            var left = new ArrayList<String>();
            try (Stream<Path> files = java.nio.file.Files.list(home)) {
                files.map(file -> file.getFileName().toString()).forEach(left::add);
            }
            assertThat(left).containsExactlyInAnyOrder("kept");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "/",
                    "//",
                    ".",
                    "./",
                    "..",
                    "../",
                    "a/..",
                    "a/../..",
                    "../x",
                    "a/../../x",
                    "a/.",
                    "/..",
                    "./.",
                    "/a/.."
                })
        void refusesToDeleteEverything(String path) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.absent(path))
                    .withMessageStartingWith(
                            "path must not be the root or the starting directory, nor lead out of it by '..'")
                    .withMessageEndingWith("was '" + path + "'");
        }
    }

    @Nested
    class BadInput {
        @Test
        void failsAtOnce() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.file(""))
                    .withMessage("path must not be empty");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.file("a\0b"))
                    .withMessage("path must not contain a NUL character");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.directory("~/app"))
                    .withMessage("path must not begin with '~', which only shells expand; leave it out: a relative path"
                            + " starts at the user's home, was '~/app'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.content("x").to("dir/"))
                    .withMessage("path must name a file and not end with '/', was 'dir/'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.line("f", "\ud800"))
                    .withMessage("line has half of a surrogate pair, which has no bytes to send");
            for (String mode : List.of("", "64", "8", "08", "u=rw", "12345", "0o640", "648")) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> Files.file("f").mode(mode))
                        .withMessage("mode must be three or four octal digits such as 640, was '" + mode + "'");
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.file("f").owner("a:b"))
                    .withMessage(
                            "owner must be a number, or letters, digits, '_', '.', '@' and '-', beginning with a letter, a digit or '_', was 'a:b'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.file("f").group("-R"))
                    .withMessage(
                            "group must be a number, or letters, digits, '_', '.', '@' and '-', beginning with a letter, a digit or '_', was '-R'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.line("f", "a\nb"))
                    .withMessage("line must not contain a newline; use one operation for each line");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.line("f", "Port 22").replacing("^Prot"))
                    .withMessage("regex '^Prot' must also find the line itself, 'Port 22'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.link("l").to(""))
                    .withMessage("link target must not be empty");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.put(folder))
                    .withMessage("localFile must be a file that can be read, was '" + folder + "'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Files.put(Path.of("no-such-file")))
                    .withMessageStartingWith("localFile must be a file that can be read, was 'no-such-file' in /");
        }

        @Test
        void summariesSayWhatIsWanted() {
            assertThat(Files.directory("d/").summary()).isEqualTo("directory d");
            assertThat(Files.file("-f").summary()).isEqualTo("file ./-f");
            assertThat(Files.content("x".getBytes(StandardCharsets.UTF_8)).to("f"))
                    .hasToString("content of f");
            assertThat(Files.line("f", "x").absent()).hasToString("no line 'x' in f");
            assertThat(Files.link("l").to("t")).hasToString("link l -> t");
            assertThat(Files.absent("f")).hasToString("nothing at f");
        }
    }
}
