package dev.weftwork.operation.files;

import dev.weftwork.command.Command;
import dev.weftwork.command.StandardInput;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The command that gives a file a new content: written to a temporary name beside the target, checked for its length,
 * given owner and mode, and moved into place at once. Whoever reads the target sees the old content or the new one.
 *
 * <p>Until it is complete only its owner can read the temporary file, and it is gone however the command fails, short
 * of a KILL. An owner or mode that can't be given is a failure: nobody gets another one silently.
 */
final class Replacement {

    private static final String SCRIPT = """
            target=$1 temporary=$2 ownership=$3 mode=$4 length=$5
            mask=$(umask)
            umask 077
            (set -C; : > "$temporary") || exit
            trap 'rm -f "$temporary"' 0
            trap 'exit 129' 1
            trap 'exit 130' 2
            trap 'exit 143' 15
            cat > "$temporary" || exit
            written=$(wc -c < "$temporary") || exit
            if [ "$written" -ne "$length" ]; then
              echo "only $written of $length bytes arrived, $target is unchanged" >&2
              exit 1
            fi
            if [ -n "$ownership" ] && ! chown "$ownership" "$temporary"; then
              echo "$target can't have the owner $ownership, it is unchanged" >&2
              exit 1
            fi
            umask "$mask"
            chmod "${mode:-=rw}" "$temporary" || exit
            # mv would go into a directory, also into one behind a link; any other link it replaces at once.
            if [ -d "$target" ]; then
              if [ ! -h "$target" ]; then echo "$target has become a directory, it is unchanged" >&2; exit 1; fi
              rm -f "$target" || exit
            fi
            mv -f "$temporary" "$target" || exit
            trap - 0
            """;

    private Replacement() {}

    /**
     * @param attributes what the file is to have; what is null is what the machine gives to a new file
     */
    static Command command(String summary, String path, Attributes attributes, StandardInput content, long length) {
        byte[] random = new byte[8];
        ThreadLocalRandom.current().nextBytes(random);
        String temporary =
                RemotePath.parent(path) + "/.weftwork-" + HexFormat.of().formatHex(random);
        return Command.script(
                        SCRIPT,
                        path,
                        temporary,
                        attributes.ownership(),
                        attributes.modeOrNothing(),
                        Long.toString(length))
                .stdin(content)
                .describedAs(summary);
    }
}
