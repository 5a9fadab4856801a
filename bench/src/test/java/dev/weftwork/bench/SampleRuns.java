package dev.weftwork.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * Runs compiled samples of one page one after the other, in a JVM of its own whose working directory is theirs: each finds in it
 * the files of the page and nothing else.
 *
 * <p>Arguments: a folder with the files, one for the answers, then for each sample its number, its sort, its class, whether it
 * runs on machines in memory, and the exception that it is to throw or {@code -}. The text of sample N is expected in the second
 * folder as {@code N.text}. The answers are {@code N.out}, what it has printed, and {@code N.failure} where it has failed.
 */
final class SampleRuns {

    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final int WORDS = 5;

    private SampleRuns() {}

    public static void main(String[] args) throws Exception {
        Path files = Path.of(args[0]);
        Path answers = Path.of(args[1]);
        PrintStream stdout = System.out;
        PrintStream stderr = System.err;
        for (int i = 2; i < args.length; i += WORDS) {
            layFiles(files);
            var out = new ByteArrayOutputStream();
            var err = new ByteArrayOutputStream();
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            String failure = failure(answers, List.of(args).subList(i, i + WORDS));
            System.setOut(stdout);
            System.setErr(stderr);
            Files.write(answers.resolve(args[i] + ".out"), out.toByteArray());
            if (failure.isEmpty() && err.size() > 0) {
                failure = "it wrote on standard error: " + err.toString(StandardCharsets.UTF_8);
            }
            if (!failure.isEmpty()) {
                Files.writeString(answers.resolve(args[i] + ".failure"), failure);
            }
        }
        System.exit(0);
    }

    private static void layFiles(Path files) throws IOException {
        Path here = Path.of("").toAbsolutePath();
        List<Path> old;
        try (Stream<Path> all = Files.walk(here)) {
            old = all.filter(each -> !each.equals(here))
                    .sorted(Comparator.reverseOrder())
                    .toList();
        }
        for (Path each : old) {
            Files.delete(each);
        }
        try (Stream<Path> all = Files.list(files)) {
            for (Path each : all.toList()) {
                Files.copy(each, here.resolve(each.getFileName()));
            }
        }
    }

    private static String failure(Path answers, List<String> words) throws Exception {
        String text = Files.readString(answers.resolve(words.get(0) + ".text"));
        String wanted = words.get(4);
        var ended = new AtomicReference<Throwable>();
        Thread thread = Thread.ofVirtual().name("sample-" + words.get(0)).start(() -> {
            try {
                if (words.get(1).equals("TEST")) {
                    test(Class.forName(words.get(2)));
                } else {
                    var constructor = Class.forName(words.get(2)).getDeclaredConstructor();
                    constructor.setAccessible(true);
                    var sample = (SampleSetting) constructor.newInstance();
                    sample.run(text, Boolean.parseBoolean(words.get(3)));
                }
            } catch (Throwable e) {
                ended.set(e);
            }
        });
        if (!thread.join(LIMIT)) {
            return "it hasn't ended after " + LIMIT.toSeconds() + " s; it is at "
                    + Arrays.toString(thread.getStackTrace());
        }
        Throwable thrown = ended.get();
        if (thrown == null) {
            return wanted.equals("-") ? "" : "it was to throw " + wanted + ", and threw nothing";
        }
        if (thrown.getClass().getSimpleName().equals(wanted)) {
            return "";
        }
        var trace = new StringWriter();
        thrown.printStackTrace(new PrintWriter(trace));
        return (wanted.equals("-") ? "" : "it was to throw " + wanted + ", and threw this: ") + trace;
    }

    private static void test(Class<?> tests) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(tests))
                .build();
        var listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        var summary = listener.getSummary();
        if (summary.getTotalFailureCount() > 0) {
            var failures = new StringWriter();
            summary.printFailuresTo(new PrintWriter(failures));
            throw new AssertionError(failures.toString());
        }
        if (summary.getTestsSucceededCount() == 0 || summary.getTestsSkippedCount() > 0) {
            throw new AssertionError(summary.getTestsSucceededCount() + " tests have run, and "
                    + summary.getTestsSkippedCount() + " were skipped");
        }
    }
}
