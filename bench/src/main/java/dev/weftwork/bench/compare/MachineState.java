package dev.weftwork.bench.compare;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What {@code deploy4} leaves on a machine, read from its files, as text that can be compared. */
final class MachineState {

    private MachineState() {}

    /** What every tool must leave. */
    static String wanted(Path copied) throws IOException {
        return String.join(
                "\n",
                "user weftwork home=/home/weftwork shell=/bin/bash group=weftwork",
                "/home/weftwork directory weftwork:weftwork",
                "/var/log/weftwork.log file weftwork:weftwork 777 ''",
                "/home/weftwork/test_file.txt file weftwork:weftwork 644 '" + Files.readString(copied) + "'");
    }

    static String of(Path root) throws IOException {
        List<String> users = Files.readAllLines(root.resolve("etc/passwd"));
        List<String> groups = Files.readAllLines(root.resolve("etc/group"));
        String account = users.stream()
                .filter(line -> line.startsWith("weftwork:"))
                .map(line -> line.split(":", -1))
                .map(fields ->
                        "user weftwork home=" + fields[5] + " shell=" + fields[6] + " group=" + name(groups, fields[3]))
                .findFirst()
                .orElse("no user");
        return String.join(
                "\n",
                account,
                path(root, "/home/weftwork", users, groups),
                path(root, "/var/log/weftwork.log", users, groups),
                path(root, "/home/weftwork/test_file.txt", users, groups));
    }

    private static String path(Path root, String path, List<String> users, List<String> groups) throws IOException {
        Path there = root.resolve(path.substring(1));
        Map<String, Object> attributes;
        try {
            attributes = Files.readAttributes(there, "unix:mode,uid,gid", LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return path + " isn't there";
        }
        String owner = name(users, String.valueOf(attributes.get("uid"))) + ":"
                + name(groups, String.valueOf(attributes.get("gid")));
        if (Files.isDirectory(there, LinkOption.NOFOLLOW_LINKS)) {
            return path + " directory " + owner;
        }
        int mode = Integer.parseInt(String.valueOf(attributes.get("mode"))) & 07777;
        return path + " file " + owner + " " + Integer.toOctalString(mode) + " '"
                + new String(Files.readAllBytes(there), StandardCharsets.UTF_8) + "'";
    }

    /** Of the entry with this number, or the number. */
    private static String name(List<String> entries, String number) {
        return entries.stream()
                .map(line -> line.split(":", -1))
                .filter(fields -> fields.length > 2 && fields[2].equals(number))
                .map(fields -> fields[0])
                .findFirst()
                .orElse(number);
    }
}
