package dev.weftwork.session;

import dev.weftwork.command.Command;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/** The shell text that a session's shell is sent when it opens. */
final class SessionScript {

    private static final byte[] TEXT = read("session.sh").getBytes(StandardCharsets.UTF_8);

    private SessionScript() {}

    static byte[] of(String nonce, Login login) {
        byte[] own = ("weft_shared=" + (login.sharedMachine() ? "yes" : "no") + "\nweft_nonce=" + nonce.substring(1)
                        + "\nweft_sh() { exec " + login.quotedShell() + " \"$@\"; }\n")
                .getBytes(StandardCharsets.UTF_8);
        byte[] script = Arrays.copyOf(own, own.length + TEXT.length);
        System.arraycopy(TEXT, 0, script, own.length, TEXT.length);
        return script;
    }

    static String quoted(List<String> words) {
        var quoted = new StringJoiner(" ");
        for (String word : words) {
            quoted.add(Command.quote(word));
        }
        return quoted.toString();
    }

    /** Without comments and indentation: some shells read it byte by byte. */
    static String read(String resource) {
        try (InputStream in = SessionScript.class.getResourceAsStream(resource)) {
            return new String(Objects.requireNonNull(in, resource).readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(String::stripLeading)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .collect(Collectors.joining("\n", "", "\n"));
        } catch (IOException e) {
            throw new UncheckedIOException(resource + " is missing in the jar", e);
        }
    }
}
