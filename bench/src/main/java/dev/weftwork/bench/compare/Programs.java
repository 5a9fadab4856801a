package dev.weftwork.bench.compare;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Programs of this computer that prepare something. */
final class Programs {

    private Programs() {}

    /**
     * What it prints.
     *
     * @throws IOException if it fails, with what it said
     */
    static String run(List<String> argv) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(argv)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(String.join(" ", argv) + " ended with " + status + ": " + said.strip());
        }
        return said;
    }
}
