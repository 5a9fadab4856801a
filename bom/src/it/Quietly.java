import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;

/**
 * Runs a consumer's program on the JDK that runs this one, and fails unless it says that it is done and nothing else.
 *
 * <pre>
 * java Quietly.java run OPTION... MAIN
 * java Quietly.java link IMAGE MODULE-PATH MODULES OPTION... MAIN     first makes an image of those modules with jlink
 * </pre>
 */
class Quietly {

    /** JSch's descriptor names packages which its jar has for this release of Java and newer ones only; an older jlink refuses that. */
    private static final int JSCH_CAN_BE_LINKED = 23;

    public static void main(String[] args) throws IOException, InterruptedException {
        List<String> options = List.of(args).subList(1, args.length);
        Path runtime = Path.of(System.getProperty("java.home"));
        if (args[0].equals("link")) {
            Path image = Path.of(options.get(0));
            // This much everywhere.
            link(image, options.get(1), "dev.weftwork.core");
            if (Runtime.version().feature() < JSCH_CAN_BE_LINKED) {
                System.out.println("NOT TESTED HERE: JSch can't be linked by JDK " + Runtime.version().feature());
                return;
            }
            runtime = link(image, options.get(1), options.get(2));
            options = options.subList(3, options.size());
        }
        run(runtime, options);
    }

    private static Path link(Path image, String modulePath, String modules) throws IOException {
        remove(image);
        int status = ToolProvider.findFirst("jlink")
                .orElseThrow()
                .run(System.out, System.err, "--module-path", modulePath, "--add-modules", modules, "--output", image.toString());
        check(status == 0, "jlink exited " + status);
        return image;
    }

    private static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> files;
        try (var found = Files.walk(folder)) {
            files = new ArrayList<>(found.toList());
        }
        for (Path file : files.reversed()) {
            Files.delete(file);
        }
    }

    private static void run(Path runtime, List<String> options) throws IOException, InterruptedException {
        Path stdout = Path.of("target", "stdout");
        Path stderr = Path.of("target", "stderr");
        var command = new ArrayList<>(List.of(runtime.resolve("bin").resolve("java").toString()));
        command.addAll(options);

        int status = new ProcessBuilder(command)
                .redirectInput(Redirect.from(Path.of("pom.xml").toFile()))
                .redirectOutput(stdout.toFile())
                .redirectError(stderr.toFile())
                .start()
                .waitFor();

        String told = Files.readString(stdout);
        String complaints = Files.readString(stderr);
        check(
                status == 0 && told.equals("done\n") && complaints.isEmpty(),
                "%s%nexited %d%non stdout: %s%non stderr: %s".formatted(String.join(" ", command), status, told, complaints));
    }

    private static void check(boolean right, String otherwise) {
        if (!right) {
            throw new AssertionError(otherwise);
        }
    }
}
