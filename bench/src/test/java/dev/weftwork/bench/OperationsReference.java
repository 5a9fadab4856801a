package dev.weftwork.bench;

import com.sun.source.doctree.DocCommentTree;
import com.sun.source.doctree.DocTree;
import com.sun.source.doctree.EndElementTree;
import com.sun.source.doctree.EntityTree;
import com.sun.source.doctree.LinkTree;
import com.sun.source.doctree.LiteralTree;
import com.sun.source.doctree.StartElementTree;
import com.sun.source.doctree.TextTree;
import com.sun.source.doctree.ThrowsTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.ExecutableType;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.Elements;
import javax.lang.model.util.Types;
import javax.tools.ToolProvider;

/**
 * The page of all built-in operations, made from the documentation comments of their sources.
 *
 * <p>What it goes by: the public static methods of {@code Files}, {@code Users} and {@code Shell} lead to operations, some of
 * them by way of a {@code to(...)}; a public method of an operation that returns this operation's own type is an option. A
 * comment of an operation has a list of what it reads, changes and refuses, and a sample; one of an option has a paragraph
 * that begins with {@code Default:}. Where such a part is missing there is no page, but an error that says where.
 */
final class OperationsReference {

    private static final String ROOT = "dev.weftwork.operation.";

    /** Packages and the types in them where operations begin. */
    private static final Map<String, String> ENTRIES = entries();

    private static final List<String> PARTS = List.of("Reads", "Changes", "Refuses");

    /** What the head of the page says of all. */
    private static final String EVERY_OPTION = "Immutable: every option returns a new operation.";

    private final DocTrees trees;
    private final Elements elements;
    private final Types types;
    private final StringBuilder page = new StringBuilder();

    private OperationsReference(JavacTask task) {
        trees = DocTrees.instance(task);
        elements = task.getElements();
        types = task.getTypes();
    }

    private static Map<String, String> entries() {
        var entries = new LinkedHashMap<String, String>();
        entries.put("files", "Files");
        entries.put("users", "Users");
        entries.put("shell", "Shell");
        return entries;
    }

    /**
     * The page.
     *
     * @param sources the folder of core's main sources
     * @param command what makes the page again, for its head
     */
    static String generate(Path sources, String command) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(sources.resolve(ROOT.replace('.', '/')))) {
            files = all.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        }
        var compiler = ToolProvider.getSystemJavaCompiler();
        try (var manager = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            var task = (JavacTask) compiler.getTask(
                    null,
                    manager,
                    null,
                    List.of("-proc:none", "-Xlint:none", "-classpath", System.getProperty("java.class.path")),
                    null,
                    manager.getJavaFileObjectsFromPaths(files));
            task.parse();
            task.analyze();
            return new OperationsReference(task).write(command);
        }
    }

    private String write(String command) {
        page.append("""
            # Reference of operations

            Every built-in operation with all its options. [Operations](operations.md) says what they have in common, and how to write one.

            *This page is made from the comments in the sources; change it there, and make it again with*

                %s

            What is *refused at once* is so where the operation is made, by an `IllegalArgumentException` that names the rule. What it *refuses* is
            found on the machine, and fails the step. *Reads* names the facts that it asks for, of `dev.weftwork.fact`. An option returns a new
            operation, and leaves the one that it was called on as it is.
            """.formatted(command));
        ENTRIES.forEach((name, entry) -> {
            TypeElement type = elements.getTypeElement(ROOT + name + "." + entry);
            page.append("\n## ").append(entry).append("\n\n");
            var said = new ArrayList<String>(new Comment(type).paragraphs);
            said.set(0, "Package `" + ROOT + name + "`. " + said.getFirst());
            page.append(lines(said));
            operations(type);
        });
        return page.toString();
    }

    /** The way to an operation: a method, and the {@code to} behind it if there is one. */
    private record Way(ExecutableElement method, List<ExecutableElement> then, TypeElement operation) {
        List<ExecutableElement> all() {
            return Stream.concat(Stream.of(method), then.stream()).toList();
        }
    }

    private void operations(TypeElement entry) {
        var byOperation = new LinkedHashMap<String, List<Way>>();
        for (ExecutableElement method : methods(entry)) {
            if (!method.getModifiers().contains(Modifier.STATIC)) {
                continue;
            }
            TypeElement made = type(method.getReturnType());
            Way way = isOperation(made) ? new Way(method, List.of(), made) : by(method, made);
            byOperation
                    .computeIfAbsent(way.operation.getQualifiedName().toString(), each -> new ArrayList<>())
                    .add(way);
        }
        byOperation.values().forEach(ways -> operation(entry, ways));
    }

    private Way by(ExecutableElement method, TypeElement between) {
        List<ExecutableElement> to = methods(between);
        if (to.size() != 1) {
            throw new IllegalStateException(between + " must have one public method, has " + to);
        }
        return new Way(method, to, type(to.getFirst().getReturnType()));
    }

    private void operation(TypeElement entry, List<Way> ways) {
        TypeElement operation = ways.getFirst().operation;
        Set<String> names = ways.stream()
                .map(way -> entry.getSimpleName() + "." + way.method.getSimpleName())
                .collect(Collectors.toCollection(LinkedHashSet::new));
        page.append("\n### ").append(String.join(", ", names)).append("\n\n");
        page.append("| | wants | refused at once |\n|---|---|---|\n");
        for (Way way : ways) {
            row(
                    "`" + entry.getSimpleName() + "."
                            + way.all().stream()
                                    .map(OperationsReference::signature)
                                    .collect(Collectors.joining("."))
                            + "`",
                    wants(way),
                    way.all().stream()
                            .flatMap(method -> new Comment(method).rules.stream())
                            .distinct()
                            .collect(Collectors.joining("; ")));
        }
        var comment = new Comment(operation);
        // The first sentence says once more what the table says.
        List<String> further = comment.paragraphs.stream()
                .map(paragraph -> paragraph
                        .replace(comment.first, "")
                        .replace(EVERY_OPTION, "")
                        .strip())
                .filter(paragraph -> !paragraph.isEmpty())
                .toList();
        if (!further.isEmpty()) {
            page.append('\n').append(lines(further));
        }
        page.append("\n| | |\n|---|---|\n");
        for (String part : PARTS) {
            String said = comment.parts.getOrDefault(part, "");
            row(part.toLowerCase(java.util.Locale.ROOT), required(said, operation, "a part " + part));
        }
        options(operation);
        String sample = required(comment.sample, operation, "a sample");
        page.append('\n');
        if (sample.contains("Files.put(")) {
            page.append("<!-- compiled only: it needs a file of this computer -->\n");
        }
        page.append("```java\n").append(sample).append("```\n");
    }

    private String wants(Way way) {
        var wants = new StringBuilder(String.join(" ", new Comment(way.method).paragraphs));
        for (ExecutableElement method : way.then) {
            wants.append(" `").append(method.getSimpleName()).append("`: ");
            wants.append(String.join(" ", new Comment(method).paragraphs));
        }
        return wants.toString();
    }

    /** Paragraphs of the page have lines. */
    private static String lines(List<String> paragraphs) {
        return paragraphs.stream()
                .map(paragraph ->
                        paragraph.replaceAll("(.{1,138})(?: |$)", "$1\n").strip() + "\n")
                .collect(Collectors.joining("\n"));
    }

    private void options(TypeElement operation) {
        List<ExecutableElement> options = optionsOf(operation);
        if (options.isEmpty()) {
            return;
        }
        page.append("\n| option | | default | refused at once |\n|---|---|---|---|\n");
        for (ExecutableElement option : options) {
            var comment = new Comment(option);
            row(
                    "`." + signature(option) + "`",
                    comment.paragraphs.stream()
                            .filter(paragraph -> !paragraph.startsWith("Default: "))
                            .collect(Collectors.joining(" ")),
                    required(
                            comment.paragraphs.stream()
                                    .filter(paragraph -> paragraph.startsWith("Default: "))
                                    .map(paragraph -> paragraph.substring("Default: ".length()))
                                    .findFirst()
                                    .orElse(""),
                            option,
                            "a paragraph that begins with Default:"),
                    String.join("; ", comment.rules));
        }
    }

    /** Those that all operations of a kind have, then its own, in the order of the sources. */
    private List<ExecutableElement> optionsOf(TypeElement operation) {
        var options = new ArrayList<ExecutableElement>();
        var self = (DeclaredType) operation.asType();
        for (TypeMirror type = self; !type.toString().equals("java.lang.Object"); ) {
            TypeElement element = type(type);
            options.addAll(
                    0,
                    methods(element).stream()
                            .filter(method -> !method.getModifiers().contains(Modifier.STATIC))
                            .filter(method -> types.isSameType(
                                    ((ExecutableType) types.asMemberOf(self, method)).getReturnType(), self))
                            .toList());
            type = element.getSuperclass();
        }
        return options;
    }

    private static List<ExecutableElement> methods(TypeElement type) {
        return type.getEnclosedElements().stream()
                .filter(member -> member.getKind() == ElementKind.METHOD)
                .filter(member -> member.getModifiers().contains(Modifier.PUBLIC))
                .map(ExecutableElement.class::cast)
                .toList();
    }

    private boolean isOperation(TypeElement type) {
        TypeElement operation = elements.getTypeElement(ROOT + "Operation");
        return types.isAssignable(type.asType(), operation.asType());
    }

    private static TypeElement type(TypeMirror type) {
        return (TypeElement) ((DeclaredType) type).asElement();
    }

    private static String signature(ExecutableElement method) {
        var parameters = new ArrayList<String>();
        List<? extends VariableElement> all = method.getParameters();
        for (int i = 0; i < all.size(); i++) {
            String type = all.get(i).asType().toString().replaceAll("[a-z]+\\.", "");
            boolean open = method.isVarArgs() && i == all.size() - 1;
            parameters.add((open ? type.replaceFirst("\\[]$", "...") : type) + " "
                    + all.get(i).getSimpleName());
        }
        return method.getSimpleName() + "("
                + String.join(", ", parameters).replace(",", ", ").replace(",  ", ", ") + ")";
    }

    private static String required(String part, Element where, String what) {
        if (part.isBlank()) {
            throw new IllegalStateException(
                    "the comment of " + where.getEnclosingElement() + "." + where + " must have " + what);
        }
        return part;
    }

    private void row(String... cells) {
        page.append("| ")
                .append(Stream.of(cells)
                        .map(cell -> cell.replace("|", "\\|").replaceFirst("(?<!\\.)\\.$", ""))
                        .collect(Collectors.joining(" | ")))
                .append(" |\n");
    }

    /** A documentation comment as Markdown. */
    private final class Comment {
        final List<String> paragraphs = new ArrayList<>();
        final List<String> rules = new ArrayList<>();
        /** Of a definition list: what stands under each word. */
        final Map<String, String> parts = new TreeMap<>();

        final String first;
        String sample = "";

        Comment(Element element) {
            DocCommentTree comment = trees.getDocCommentTree(element);
            if (comment == null) {
                throw new IllegalStateException(element + " must have a comment");
            }
            first = text(comment.getFirstSentence());
            body(comment.getFullBody());
            for (DocTree tag : comment.getBlockTags()) {
                if (tag instanceof ThrowsTree thrown
                        && thrown.getExceptionName().getSignature().equals("IllegalArgumentException")) {
                    rules.add(text(thrown.getDescription()));
                }
            }
        }

        private void body(List<? extends DocTree> body) {
            var piece = new ArrayList<DocTree>();
            String term = "";
            for (DocTree each : body) {
                String start = each instanceof StartElementTree element
                        ? element.getName().toString()
                        : "";
                String end = each instanceof EndElementTree element
                        ? element.getName().toString()
                        : "";
                if (start.isEmpty() && end.isEmpty()) {
                    piece.add(each);
                    continue;
                }
                String said = text(piece);
                if (end.equals("pre")) {
                    sample = code(piece);
                } else if (start.equals("dd")) {
                    term = said;
                } else if (!term.isEmpty()) {
                    parts.put(term, said);
                    term = "";
                } else if (!said.isEmpty()) {
                    paragraphs.add(said);
                }
                piece.clear();
            }
            if (!text(piece).isEmpty()) {
                paragraphs.add(text(piece));
            }
        }

        private String code(List<DocTree> pieces) {
            return pieces.stream()
                    .map(LiteralTree.class::cast)
                    .map(piece -> piece.getBody().getBody().stripIndent().strip() + "\n")
                    .collect(Collectors.joining());
        }

        private String text(List<? extends DocTree> pieces) {
            var text = new StringBuilder();
            pieces.forEach(piece -> text.append(text(piece)));
            return text.toString().strip();
        }

        private String text(DocTree piece) {
            if (piece instanceof TextTree plain) {
                return plain.getBody().replaceAll("\\s+", " ");
            }
            if (piece instanceof LiteralTree literal) {
                String body =
                        literal.getBody().getBody().replaceAll("\\s+", " ").strip();
                return literal.getKind() == DocTree.Kind.CODE ? "`" + body + "`" : body;
            }
            if (piece instanceof LinkTree link) {
                return link.getLabel().isEmpty()
                        ? "`"
                                + link.getReference()
                                        .getSignature()
                                        .replace('#', '.')
                                        .replaceFirst("^\\.", "") + "`"
                        : text(link.getLabel());
            }
            if (piece instanceof EntityTree entity) {
                return switch (entity.getName().toString()) {
                    case "lt" -> "<";
                    case "gt" -> ">";
                    case "amp" -> "&";
                    default -> throw new IllegalStateException("can't write the entity " + piece);
                };
            }
            throw new IllegalStateException("can't write " + piece.getKind() + ": " + piece);
        }
    }
}
