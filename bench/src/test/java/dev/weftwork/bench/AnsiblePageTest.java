package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** The playbooks of the page for those who come from Ansible are playbooks. */
class AnsiblePageTest {

    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(yaml|ini)\n(.*?)^```$");
    private static final Pattern FILE = Pattern.compile("# (\\S+\\.yml)\n");
    private static final int LIMIT_MINUTES = 5;

    /** As its own parser has it. Variables and files that are used only when it runs aren't looked for. */
    @Test
    void playbooksAreThoseOfAnsible(@TempDir Path folder) throws Exception {
        Path program = ansiblePlaybook();
        Matcher blocks =
                BLOCK.matcher(Files.readString(Path.of("../docs/ansible.md").toAbsolutePath()));
        var command = new ArrayList<>(List.of(program.toString(), "--syntax-check", "--inventory", "hosts"));
        int playbooks = 0;
        while (blocks.find()) {
            Matcher named = FILE.matcher(blocks.group(2));
            Path file = folder.resolve(
                    blocks.group(1).equals("ini")
                            ? "hosts"
                            : named.lookingAt() ? named.group(1) : "play" + playbooks + ".yml");
            Files.createDirectories(file.getParent());
            Files.writeString(file, blocks.group(2));
            if (file.getFileName().toString().startsWith("play")) {
                command.add(file.getFileName().toString());
                playbooks++;
            }
        }

        var builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile());
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().put("ANSIBLE_HOME", folder.resolve("ansible").toString());
        Process process = builder.start();
        boolean ended = process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES);
        process.destroyForcibly();

        String output = Files.readString(folder.resolve("output"));
        assertThat(ended)
                .as("an end within %d minutes:%n%s", LIMIT_MINUTES, output)
                .isTrue();
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output.lines().filter(line -> line.startsWith("playbook: "))).hasSize(playbooks);
        assertThat(playbooks).isGreaterThan(9);
    }

    private static Path ansiblePlaybook() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .map(directory -> Path.of(directory, "ansible-playbook"))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(AnsiblePageTest::missing);
    }

    private static RuntimeException missing() {
        String what = "ansible-playbook isn't installed: the page's playbooks aren't checked";
        if ("true".equals(System.getenv("CI"))) {
            throw new AssertionError(what + "; CI must have it");
        }
        System.out.println("\n*** NOT TESTED HERE: " + what + " ***\n");
        return new TestAbortedException(what);
    }
}
