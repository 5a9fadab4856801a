package dev.weftwork.fact;

import dev.weftwork.command.Command;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which operating system a machine runs, after its {@code os-release} file; from {@code uname} where there is none.
 *
 * @param id such as {@code debian}, {@code alpine}, {@code fedora}; {@code linux} if the file doesn't say, {@code
 *     darwin} on macOS
 * @param idLike the systems it descends from, nearest first
 * @param versionId such as {@code 12}; empty where versions have no numbers
 * @param prettyName for people
 * @param variables everything the file says
 */
public record OsRelease(
        String id, List<String> idLike, String versionId, String prettyName, Map<String, String> variables) {

    static final Fact<OsRelease> FACT = new BuiltInFact<>(
            "os-release",
            "os-release",
            () -> OsRelease.COMMAND,
            result -> parse(result.stdout().lines()));

    private static final Command COMMAND = Command.script("""
                for file in /etc/os-release /usr/lib/os-release; do
                  if [ -r "$file" ]; then cat "$file"; exit; fi
                done
                system=$(uname -s | tr '[:upper:]' '[:lower:]') || exit
                printf 'ID=%s\\nVERSION_ID=%s\\nPRETTY_NAME="%s"\\n' "$system" "$(uname -r)" "$(uname -sr)"
                """).describedAs("read os-release");

    public OsRelease {
        idLike = List.copyOf(idLike);
        variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
    }

    /** Whether it is that system or descends from it. */
    public boolean isLike(String name) {
        return id.equals(name) || idLike.contains(name);
    }

    static OsRelease parse(List<String> lines) {
        var variables = new LinkedHashMap<String, String>();
        for (String line : lines) {
            String text = line.strip();
            int equals = text.indexOf('=');
            if (equals > 0 && !text.startsWith("#")) {
                variables.put(text.substring(0, equals), unquote(text.substring(equals + 1)));
            }
        }
        String id = variables.getOrDefault("ID", "linux");
        String like = variables.getOrDefault("ID_LIKE", "").strip();
        return new OsRelease(
                id,
                like.isEmpty() ? List.of() : Arrays.asList(like.split("\\s+")),
                variables.getOrDefault("VERSION_ID", ""),
                variables.getOrDefault("PRETTY_NAME", id),
                variables);
    }

    /** Values are shell words: bare, or in single or double quotes, the latter with backslash escapes. */
    private static String unquote(String value) {
        boolean single = value.length() >= 2 && value.startsWith("'") && value.endsWith("'");
        boolean twice = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
        String inner = single || twice ? value.substring(1, value.length() - 1) : value;
        return single ? inner : inner.replaceAll("\\\\(.)", "$1");
    }
}
