package dev.weftwork.connector;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Output;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/** Brings one file of a machine to this computer: the contrary of {@link dev.weftwork.command.Upload}. */
final class Download {

    /** Content on standard output, and behind it on standard error its length and its SHA-256 if the machine can tell. */
    private static final String SCRIPT = """
            if [ ! -f "$1" ]; then
              echo "$1 is no regular file, isn't there, or can't be reached by $(id -un)" >&2
              exit 1
            fi
            cat < "$1" || exit
            length=$(wc -c < "$1") || exit
            if command -v sha256sum >/dev/null; then sum=$(sha256sum < "$1")
            elif command -v shasum >/dev/null; then sum=$(shasum -a 256 < "$1")
            elif command -v openssl >/dev/null; then sum=$(openssl dgst -sha256 -r < "$1")
            else sum=unknown
            fi || exit
            echo $length "${sum%% *}" >&2
            """;

    private static final int KEPT_OUTPUT_BYTES = 8 * 1024;

    private Download() {}

    static CommandResult run(Connection connection, String path, Path file, Optional<String> user) throws IOException {
        Path target = file.toAbsolutePath();
        Path temporary = target.resolveSibling(".weftwork-"
                + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()));
        var command = Command.script(SCRIPT, path.startsWith("-") ? "./" + path : path)
                .outputLimit(KEPT_OUTPUT_BYTES)
                .describedAs("download " + path);
        if (user.isPresent()) {
            command = command.as(user.get());
        }
        return fetch(connection, command, target, temporary);
    }

    private static CommandResult fetch(Connection connection, Command command, Path target, Path temporary)
            throws IOException {
        MessageDigest digest = newSha256();
        try {
            CommandResult result;
            // Nobody else reads it before it is complete, and then who could read the file that was there.
            Files.createFile(temporary);
            Optional<Set<PosixFilePermission>> permissions = permissions(Files.exists(target) ? target : temporary);
            if (permissions.isPresent()) {
                Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-------"));
            }
            try (OutputStream out = Files.newOutputStream(temporary)) {
                result = connection.execute(command, (stream, bytes, offset, count) -> {
                    if (stream == OutputConsumer.Stream.STDOUT) {
                        digest.update(bytes, offset, count);
                        try {
                            out.write(bytes, offset, count);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    }
                });
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            if (result.succeeded()) {
                check(result, HexFormat.of().formatHex(digest.digest()));
                if (permissions.isPresent()) {
                    Files.setPosixFilePermissions(temporary, permissions.get());
                }
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            return result;
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static Optional<Set<PosixFilePermission>> permissions(Path file) throws IOException {
        return Files.getFileStore(file.getParent()).supportsFileAttributeView(PosixFileAttributeView.class)
                ? Optional.of(Files.getPosixFilePermissions(file))
                : Optional.empty();
    }

    private static void check(CommandResult result, String sha256) throws IOException {
        String[] told = result.stderrText().strip().replaceFirst("(?s).*\n", "").split(" ", -1);
        boolean same = told.length == 2
                && told[0].equals(Long.toString(result.stdout().length()))
                && (told[1].equals("unknown") || told[1].equals(sha256));
        if (!same) {
            throw new IOException(result.host() + ": `" + result.command() + "` brought "
                    + result.stdout().length() + " bytes with the SHA-256 " + sha256 + ", and the machine says "
                    + Output.printable(String.join(" ", told)) + "; the file was changed meanwhile, try again");
        }
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
