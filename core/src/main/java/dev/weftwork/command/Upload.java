package dev.weftwork.command;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A file of a machine that gets a new content as a whole or not at all: written to a temporary name beside it, checked for
 * its length and, where the machine has a program for that, its SHA-256, given owner and mode, and moved into place at once.
 * Whoever reads the file sees the old content or the new one.
 *
 * <p>Until it is complete only its owner can read the temporary file, and it is gone however the command fails, is ended or
 * finds the disk full, short of a KILL. An owner or mode that can't be given is a failure: nobody gets another one silently.
 *
 * <p>An immutable value. It becomes a {@link Command}, whose result says how it went; the content is streamed.
 *
 * <pre>{@code
 * Connection connection = ...;
 * connection.execute(Upload.of(Path.of("app.jar")).to("/srv/app/app.jar").mode("0644").command()).orThrow();
 * }</pre>
 */
public final class Upload {

    /** Up to here the bytes of a file travel with its command, which saves programs on the machine. */
    private static final int KEPT_BYTES = 4 * 1024;

    private static final String SCRIPT = """
            target=$1 temporary=$2 ownership=$3 mode=$4 length=$5 wanted=$6
            (umask 077; set -C; : > "$temporary") || exit
            trap 'rm -f "$temporary"' 0
            trap 'exit 129' 1
            trap 'exit 130' 2
            trap 'exit 143' 15
            cat > "$temporary" || exit
            if command -v sha256sum >/dev/null; then sum=$(sha256sum < "$temporary")
            elif command -v shasum >/dev/null; then sum=$(shasum -a 256 < "$temporary")
            elif command -v openssl >/dev/null; then sum=$(openssl dgst -sha256 -r < "$temporary")
            else sum=none
            fi || exit
            if [ "${sum%% *}" != "$wanted" ]; then
              written=$(wc -c < "$temporary") || exit
              if [ "$written" -ne "$length" ]; then
                echo "only $written of $length bytes arrived, $target is unchanged" >&2
                exit 1
              fi
              if [ "$sum" != none ]; then
                echo "what arrived has the SHA-256 ${sum%% *} instead of $wanted, $target is unchanged" >&2
                exit 1
              fi
            fi
            if [ -n "$ownership" ] && ! chown "$ownership" "$temporary"; then
              echo "$target can't have the owner $ownership, it is unchanged" >&2
              exit 1
            fi
            chmod "${mode:-=rw}" "$temporary" || exit
            # mv would go into a directory, also into one behind a link; any other link it replaces at once.
            if [ -d "$target" ]; then
              if [ ! -h "$target" ]; then echo "$target has become a directory, it is unchanged" >&2; exit 1; fi
              rm -f "$target" || exit
            fi
            mv -f "$temporary" "$target" || exit
            trap - 0
            """;

    private final Content content;
    private final String path;
    private final String ownership;
    private final String mode;

    private Upload(Content content, String path, String ownership, String mode) {
        this.content = content;
        this.path = path;
        this.ownership = ownership;
        this.mode = mode;
    }

    /**
     * What is uploaded, which still needs a place.
     *
     * @param input gives the bytes
     * @param length how many
     * @param sha256 their SHA-256 in lower-case hexadecimal
     */
    public record Content(StandardInput input, long length, String sha256) {
        /** Checks that the numbers can be those of a content. */
        public Content {
            if (length < 0) {
                throw new IllegalArgumentException("length must be >= 0, was " + length);
            }
            if (input instanceof StandardInput.Bytes bytes && bytes.length().orElseThrow() != length) {
                throw new IllegalArgumentException("length must be that of the input, " + bytes + ", was " + length);
            }
            if (!sha256.matches("[0-9a-f]{64}")) {
                throw new IllegalArgumentException("sha256 must be 64 lower-case hexadecimal digits, was " + sha256);
            }
        }

        /**
         * At that path of the machine, absolute or relative to where its connection starts, taken as it is. An existing
         * file is replaced.
         *
         * @throws IllegalArgumentException if the path is empty or ends with a slash
         */
        public Upload to(String path) {
            if (path.isEmpty() || path.endsWith("/")) {
                throw new IllegalArgumentException("path must name a file, was '" + path + "'");
            }
            return new Upload(this, path.startsWith("-") ? "./" + path : path, "", "");
        }
    }

    /** These bytes. */
    public static Content of(byte[] bytes) {
        return new Content(
                new StandardInput.Bytes(bytes), bytes.length, hex(newSha256().digest(bytes)));
    }

    /**
     * What that file of this computer holds now. A small one is kept; one beyond 4 KiB is read for its SHA-256, and again when
     * the command runs.
     *
     * @throws IOException if it can't be read
     */
    public static Content of(Path file) throws IOException {
        if (Files.size(file) <= KEPT_BYTES) {
            byte[] content = Files.readAllBytes(file);
            if (content.length <= KEPT_BYTES) {
                return of(content);
            }
        }
        MessageDigest digest = newSha256();
        byte[] buffer = new byte[64 * 1024];
        long length = 0;
        try (InputStream in = Files.newInputStream(file)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                digest.update(buffer, 0, count);
                length += count;
            }
        }
        return new Content(new StandardInput.LocalFile(file), length, hex(digest.digest()));
    }

    /** Given to that user and group, as {@code chown} takes them: {@code app}, {@code :www}, {@code 1000:1000}. */
    public Upload ownership(String userAndGroup) {
        return new Upload(content, path, userAndGroup, mode);
    }

    /** With these permission bits, octal; without any, what the machine gives to a new file. */
    public Upload mode(String octal) {
        if (!octal.matches("[0-7]{3,5}")) {
            throw new IllegalArgumentException("mode must be octal digits such as 0640, was '" + octal + "'");
        }
        return new Upload(content, path, ownership, octal);
    }

    /** The command that does it. */
    public Command command() {
        byte[] random = new byte[8];
        ThreadLocalRandom.current().nextBytes(random);
        String temporary = path.substring(0, path.lastIndexOf('/') + 1) + ".weftwork-"
                + HexFormat.of().formatHex(random);
        return Command.script(SCRIPT, path, temporary, ownership, mode, Long.toString(content.length), content.sha256)
                .inSessionShell()
                .successCodes(0)
                .stdin(content.input)
                .describedAs("upload " + content.length + " bytes to " + path);
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    private static String hex(byte[] digest) {
        return HexFormat.of().formatHex(digest);
    }
}
