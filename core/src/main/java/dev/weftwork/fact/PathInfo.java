package dev.weftwork.fact;

import dev.weftwork.command.Command;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is at a path of a machine. A link is described as itself, never as what it points to.
 *
 * @param kind what it is; if nothing, all else is empty
 * @param mode permission bits as four octal digits, such as {@code 0644}
 * @param owner name of the owner, or its number where the machine has no name for it
 * @param group name of the group, or its number where the machine has no name for it
 * @param uid number of the owner
 * @param gid number of the group
 * @param size in bytes; of a file only
 * @param sha256 of a file's content in lower-case hex, if it was asked for
 * @param linkTarget where a link points, as written in it
 */
public record PathInfo(
        Kind kind,
        String mode,
        String owner,
        String group,
        String uid,
        String gid,
        OptionalLong size,
        Optional<String> sha256,
        Optional<String> linkTarget) {

    /** What can be at a path. */
    public enum Kind {
        NOTHING,
        FILE,
        DIRECTORY,
        LINK,
        /** A device, socket or pipe. */
        OTHER;

        /** For messages: {@code a file}, {@code a directory}. */
        public String withArticle() {
            return switch (this) {
                case NOTHING -> "nothing";
                case FILE -> "a file";
                case DIRECTORY -> "a directory";
                case LINK -> "a link";
                case OTHER -> "a device, socket or pipe";
            };
        }
    }

    /** One round trip for everything. GNU and BusyBox have {@code stat -c}, BSD and macOS {@code stat -f}. */
    private static final String SCRIPT = """
            LC_ALL=C; export LC_ALL
            if [ -h "$1" ]; then kind=link
            elif [ -f "$1" ]; then kind=file
            elif [ -d "$1" ]; then kind=directory
            elif [ -e "$1" ]; then kind=other
            else echo nothing; exit 0
            fi
            echo "$kind"
            stat -c '%a
            %s
            %U
            %G
            %u
            %g' "$1" 2>/dev/null || stat -f '%Mp%Lp%n%z%n%Su%n%Sg%n%u%n%g' "$1" || exit
            hash=
            if [ "$2" = yes ] && [ "$kind" = file ]; then
              if command -v sha256sum >/dev/null 2>&1; then hash=$(sha256sum < "$1") || exit
              elif command -v shasum >/dev/null 2>&1; then hash=$(shasum -a 256 < "$1") || exit
              elif command -v openssl >/dev/null 2>&1; then hash=$(openssl dgst -sha256 -r < "$1") || exit
              else echo 'neither sha256sum nor shasum nor openssl is on this machine; install one' >&2; exit 1
              fi
            fi
            echo "${hash%% *}"
            if [ "$kind" = link ]; then readlink "$1"; else echo; fi
            """;

    private static final PathInfo NOTHING =
            new PathInfo(Kind.NOTHING, "", "", "", "", "", OptionalLong.empty(), Optional.empty(), Optional.empty());

    public boolean exists() {
        return kind != Kind.NOTHING;
    }

    static PathInfo parse(String text) {
        String[] parts = text.split("\n", 9);
        if (parts[0].equals("nothing")) {
            return NOTHING;
        }
        if (parts.length < 9) {
            throw new IllegalArgumentException("expected nine lines, got " + parts.length + ": " + text.strip());
        }
        Kind kind = Kind.valueOf(parts[0].toUpperCase(java.util.Locale.ROOT));
        String mode = fourDigits(parts[1]);
        return new PathInfo(
                kind,
                mode,
                nameOr(parts[3], parts[5]),
                nameOr(parts[4], parts[6]),
                parts[5],
                parts[6],
                kind == Kind.FILE ? OptionalLong.of(Long.parseLong(parts[2])) : OptionalLong.empty(),
                parts[7].isEmpty() ? Optional.empty() : Optional.of(parts[7]),
                kind == Kind.LINK ? Optional.of(withoutLastNewline(parts[8])) : Optional.empty());
    }

    /** Shells print no more digits than the mode has. */
    static String fourDigits(String octal) {
        return Integer.toOctalString(010000 | Integer.parseInt(octal, 8)).substring(1);
    }

    private static String nameOr(String name, String number) {
        return name.isEmpty() || name.equals("UNKNOWN") ? number : name;
    }

    private static String withoutLastNewline(String text) {
        return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }

    static Fact<PathInfo> fact(String path, boolean withHash) {
        String name = "path " + path;
        return new BuiltInFact<>(
                name,
                withHash ? "hash and " + name : name,
                () -> Command.script(SCRIPT, path, withHash ? "yes" : "no").describedAs("look at " + path),
                result -> parse(result.stdoutText()));
    }
}
