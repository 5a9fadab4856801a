package dev.weftwork.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A machine whose user has the numbers of whoever runs this. */
class MachineStateTest {

    @TempDir
    Path root;

    private Path log;
    private Path file;
    private String wanted;

    @BeforeEach
    void provision() throws Exception {
        Files.createDirectories(root.resolve("etc"));
        Path home = Files.createDirectories(root.resolve("home/weftwork"));
        log = Files.createFile(Files.createDirectories(root.resolve("var/log")).resolve("weftwork.log"));
        file = Files.writeString(home.resolve("test_file.txt"), "content\n");
        Files.setPosixFilePermissions(log, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        Object uid = Files.getAttribute(file, "unix:uid");
        Object gid = Files.getAttribute(file, "unix:gid");
        Files.writeString(
                root.resolve("etc/passwd"),
                "weftwork:x:" + uid + ":" + gid + "::/home/weftwork:/bin/bash\nother:x:77777:77777::/:/bin/sh\n");
        Files.writeString(root.resolve("etc/group"), "weftwork:x:" + gid + ":\n");
        wanted = MachineState.wanted(file);
    }

    @Test
    void isWhatEveryToolMustLeave() throws Exception {
        assertThat(MachineState.of(root)).isEqualTo(wanted);
    }

    @Test
    void tellsEveryDifference() throws Exception {
        Files.setPosixFilePermissions(log, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(MachineState.of(root)).isNotEqualTo(wanted).contains("weftwork.log file weftwork:weftwork 644");
        Files.delete(log);
        assertThat(MachineState.of(root)).contains("/var/log/weftwork.log isn't there");
        Files.writeString(file, "another\n");
        assertThat(MachineState.of(root)).contains("'another\n'");
        Files.writeString(root.resolve("etc/passwd"), "");
        assertThat(MachineState.of(root)).startsWith("no user\n");
    }
}
