package dev.weftwork.bench;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * The Java samples of one page, and the files that they find when they run.
 *
 * <p>A comment directly before a block says what is special about it:
 *
 * <pre>
 * &lt;!-- compiled only: it needs a Mac --&gt;
 * &lt;!-- throws: RunFailedException --&gt;
 * &lt;!-- file: hosts.csv --&gt;           before a block that isn't Java: a file of that name, for all samples of the page
 * </pre>
 *
 * @param name such as {@code docs/facts.md}
 * @param samples in their order
 * @param files name to content
 */
record SamplePage(String name, List<Sample> samples, Map<String, String> files) {

    /** A whole program, a test class, types that other samples use, or statements. */
    enum Sort {
        PROGRAM,
        TEST,
        TYPES,
        STATEMENTS
    }

    /**
     * One block.
     *
     * @param number from 1, on its page
     * @param line of the page, from 1, of its first line
     * @param types the names of those that it declares
     * @param remark what the comment before it says, or nothing
     */
    record Sample(String page, int number, int line, String text, Sort sort, List<String> types, String remark) {

        private static final Pattern PLACE = Pattern.compile("[\\s\"'=:(]/[a-zA-Z]");
        private static final Pattern PRIVILEGE =
                Pattern.compile("\\.as\\(\"|\\bUsers\\.|systemctl|\\blogger\\b|\\bcurl\\b");
        private static final Pattern THIS_COMPUTER = Pattern.compile("[\\s\"'=:(]/(etc|srv|var|usr|home|root|opt)\\b");
        private static final Pattern DEPLOY = Pattern.compile("(?m)^Deploy (\\w+) = ");
        private static final Pattern RUN = Pattern.compile("\\b(run|plan|verify|start)\\(");
        private static final Pattern PRINTS = Pattern.compile("// prints (.*)$", Pattern.MULTILINE);

        Optional<String> compiledOnly() {
            return remarkOf("compiled only");
        }

        Optional<String> wantedException() {
            return remarkOf("throws");
        }

        private Optional<String> remarkOf(String word) {
            return remark.startsWith(word + ":")
                    ? Optional.of(remark.substring(word.length() + 1).strip())
                    : Optional.empty();
        }

        boolean isRun() {
            return sort != Sort.TYPES && compiledOnly().isEmpty();
        }

        boolean isOfOrbStack() {
            return text.contains("OrbStack") || text.contains("OrbCtl") || text.contains("orbctl");
        }

        /** On a machine of its own it would be harmless, and find what it calls; a folder is none. */
        boolean isInMemory() {
            String code = withoutComments();
            return PLACE.matcher(code).find()
                    || PRIVILEGE.matcher(code).find()
                    || !runsOfDeploys().isEmpty();
        }

        boolean touchesThisComputer() {
            return text.contains("LocalConnector")
                    && THIS_COMPUTER.matcher(withoutComments()).find();
        }

        private String withoutComments() {
            return text.replaceAll("(?m)//.*$", "");
        }

        /** What it says that it prints, a line each; {@code ...} stands for anything. */
        List<String> prints() {
            return PRINTS.matcher(text)
                    .results()
                    .map(found -> found.group(1).strip())
                    .toList();
        }

        /** What runs the deploys that it only builds. */
        String runsOfDeploys() {
            boolean runsItself =
                    RUN.matcher(text.replaceAll("(Shell|host)\\.run\\(", "")).find();
            return runsItself || wantedException().isPresent()
                    ? ""
                    : DEPLOY.matcher(text)
                            .results()
                            .map(found -> "engine.run(inventory, " + found.group(1) + ").throwIfFailed();")
                            .collect(Collectors.joining("\n"));
        }

        String mainClass() {
            return sort == Sort.STATEMENTS ? "Sample" + number : types.get(types.size() - 1);
        }

        @Override
        public String toString() {
            return page + ", sample " + number + " (line " + line + ")";
        }
    }

    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w*)[^\n]*\n(.*?)^```$");
    private static final Pattern REMARK = Pattern.compile("(?s).*<!--\\s*([^>]*?)\\s*-->\\s*$");
    private static final Pattern IMPORT = Pattern.compile("(?m)^import (static )?([\\w.]+?)\\.(\\w+|\\*);[ ]*$");
    private static final Set<String> OPTIONS = Set.of("compiled only:", "throws:", "file:");

    private static final List<String> IMPORTS = List.of(
            "dev.weftwork.bench.SampleSetting",
            "dev.weftwork.command.*",
            "dev.weftwork.connector.*",
            "dev.weftwork.connector.local.LocalConnector",
            "dev.weftwork.connector.orbstack.*",
            "dev.weftwork.connector.orbstack.cli.*",
            "dev.weftwork.connector.orbstack.fleet.*",
            "dev.weftwork.deploy.*",
            "dev.weftwork.engine.*",
            "dev.weftwork.event.*",
            "dev.weftwork.fact.*",
            "dev.weftwork.inventory.*",
            "dev.weftwork.listener.*",
            "dev.weftwork.operation.*",
            "dev.weftwork.operation.files.Files",
            "dev.weftwork.operation.shell.Shell",
            "dev.weftwork.operation.users.Users",
            "dev.weftwork.report.*",
            "dev.weftwork.session.*",
            "dev.weftwork.testing.*",
            "java.io.*",
            "java.nio.charset.StandardCharsets",
            "java.nio.file.Path",
            "java.time.Duration",
            "java.util.*",
            "java.util.function.*",
            "java.util.stream.*");

    /**
     * Reads a page.
     *
     * @throws IllegalArgumentException if a sample can't be found out, or a comment before one says nothing known
     */
    static SamplePage read(Path file, String name) throws IOException {
        String text = Files.readString(file);
        var samples = new ArrayList<Sample>();
        var files = new LinkedHashMap<String, String>();
        Matcher block = BLOCK.matcher(text);
        while (block.find()) {
            Matcher comment = REMARK.matcher(text.substring(0, block.start()));
            String remark = comment.matches() ? comment.group(1) : "";
            String content = block.group(2);
            if (remark.startsWith("file:")) {
                files.put(remark.substring("file:".length()).strip(), content);
            } else if (block.group(1).equals("java")) {
                int line = 1
                        + (int) text.substring(0, block.start(2))
                                .chars()
                                .filter(c -> c == '\n')
                                .count();
                samples.add(sample(name, samples.size() + 1, line, content, remark));
            }
        }
        long fences =
                text.lines().filter(each -> each.strip().startsWith("```java")).count();
        long found = samples.size()
                + files.keySet().stream().filter(each -> each.endsWith(".java")).count();
        if (fences != found) {
            throw new IllegalArgumentException(name + " begins " + fences + " blocks of Java, and " + found
                    + " of them were found: a block begins and ends at the margin");
        }
        return new SamplePage(name, List.copyOf(samples), files);
    }

    private static Sample sample(String page, int number, int line, String text, String remark) {
        String where = page + ", sample " + number + " (line " + line + ")";
        if (!remark.isEmpty() && OPTIONS.stream().noneMatch(remark::startsWith)) {
            throw new IllegalArgumentException(
                    where + ": the comment before it must begin with one of " + OPTIONS + ", was '" + remark + "'");
        }
        if (remark.matches("[a-z ]+:\\s*")) {
            throw new IllegalArgumentException(where + ": '" + remark + "' must say what or why");
        }
        List<String> types = types(text);
        Sort sort;
        if (types.isEmpty()) {
            sort = Sort.STATEMENTS;
        } else if (text.contains("static void main(")) {
            sort = Sort.PROGRAM;
        } else if (text.contains("@Test") || text.contains("extends ConnectionContract")) {
            sort = Sort.TEST;
        } else {
            sort = Sort.TYPES;
        }
        return new Sample(page, number, line, text, sort, types, remark);
    }

    /** The names of the types that a text consists of; none if there is anything else in it. */
    private static List<String> types(String text) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        var messages = new DiagnosticCollector<JavaFileObject>();
        var source = new Source("Probe", "class Probe {" + IMPORT.matcher(text).replaceAll("") + "\n}");
        var task = (JavacTask) compiler.getTask(null, null, messages, List.of("-proc:none"), null, List.of(source));
        try {
            var probe =
                    (ClassTree) task.parse().iterator().next().getTypeDecls().get(0);
            boolean broken =
                    messages.getDiagnostics().stream().anyMatch(each -> each.getKind() == Diagnostic.Kind.ERROR);
            List<? extends Tree> members = probe.getMembers();
            boolean onlyTypes = members.stream().allMatch(ClassTree.class::isInstance);
            return broken || !onlyTypes
                    ? List.of()
                    : members.stream()
                            .map(member -> ((ClassTree) member).getSimpleName().toString())
                            .toList();
        } catch (IOException e) {
            throw new IllegalStateException("it is read from memory", e);
        }
    }

    /** A source whose lines have the numbers that they have on the page, and that may hold any class. */
    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String name, String text) {
            super(URI.create("page:///" + name.replace(' ', '_') + Kind.SOURCE.extension), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return !simpleName.endsWith("-info");
        }
    }

    /** All imports on one line: a block's own, and of the usual ones those that don't contradict them. */
    static String imports(String text) {
        var own = new ArrayList<String>();
        var names = new ArrayList<String>();
        IMPORT.matcher(text).results().forEach(found -> {
            own.add(found.group());
            names.add(found.group(3));
        });
        return IMPORTS.stream()
                        .filter(each ->
                                each.endsWith("*") || !names.contains(each.substring(each.lastIndexOf('.') + 1)))
                        .map(each -> "import " + each + ";")
                        .collect(Collectors.joining(" "))
                + " "
                + String.join(" ", own);
    }

    private static Source source(Sample sample) {
        String body = IMPORT.matcher(sample.text).replaceAll("");
        String before = imports(sample.text);
        String after = "";
        if (sample.sort == Sort.STATEMENTS) {
            before += " final class " + sample.mainClass()
                    + " extends SampleSetting { @Override protected void sample() throws Exception {";
            after = sample.runsOfDeploys() + "}}";
        }
        return new Source(
                sample.page.replace('/', '.') + "." + sample.number,
                before + "\n".repeat(sample.line - 1) + body + "\n" + after);
    }

    /** Compiles all samples of the page into that folder. */
    void compile(Path folder) throws IOException {
        compile(folder, samples.stream().map(SamplePage::source).toList());
    }

    /** Compiles one class that was put together elsewhere. */
    static void compile(Path folder, String name, String source) throws IOException {
        compile(folder, List.of(new Source(name, source)));
    }

    @Override
    public String toString() {
        return name;
    }

    private static void compile(Path folder, List<Source> sources) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        var messages = new StringWriter();
        try (var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            List<String> options = List.of(
                    "-d",
                    folder.toString(),
                    "-classpath",
                    System.getProperty("java.class.path"),
                    "-proc:none",
                    "-Xlint:deprecation,removal,unchecked,rawtypes",
                    "-Werror");
            if (!compiler.getTask(messages, files, null, options, null, sources).call()) {
                throw new AssertionError("samples that don't compile; line numbers are those of the page\n" + messages);
            }
        }
    }
}
