package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.connector.local.LocalConnector;
import dev.weftwork.engine.Engine;
import dev.weftwork.fact.Fact;
import dev.weftwork.fact.Facts;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.files.Files;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.operation.users.Users;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The reference of operations is what the sources say, and what it says of facts is so. */
class OperationsReferenceTest {

    private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
    private static final Path PAGE = TOP.resolve("docs/operations-reference.md");
    private static final String COMMAND = "mvn -q -pl core,connector-orbstack,bench test -Dtest=OperationsReferenceTest"
            + " -Dsurefire.failIfNoSpecifiedTests=false -Dweftwork.reference.write=true";

    @Test
    void thePageIsMadeFromTheSources() throws IOException {
        String made = OperationsReference.generate(TOP.resolve("core/src/main/java"), COMMAND);

        if (Boolean.getBoolean("weftwork.reference.write")) {
            java.nio.file.Files.writeString(PAGE, made);
        }
        assertThat(PAGE)
                .as("the page as the sources have it; `%s` writes it", COMMAND)
                .hasContent(made);
    }

    /** A machine with a file of another content, on which each has all its reasons to ask. */
    @ParameterizedTest
    @CsvSource({
        "Files.directory",
        "Files.file",
        "'Files.put, Files.content'",
        "Files.line",
        "Files.link",
        "Files.absent",
        "Users.user",
        "Shell.run"
    })
    void factsAreThoseThatThePageNames(String heading, @TempDir Path machines) throws Exception {
        Map<String, List<Operation>> operations = Map.of(
                "Files.directory", List.of(Files.directory("is-not-there")),
                "Files.file", List.of(Files.file("file")),
                "Files.put, Files.content", List.of(Files.content("other").to("file")),
                "Files.line", List.of(Files.line("file", "other")),
                "Files.link", List.of(Files.link("is-not-there").to("file")),
                "Files.absent", List.of(Files.absent("file")),
                "Users.user",
                        List.of(
                                Users.user("is-not-there"),
                                Users.user("is-not-there").groups("staff")),
                "Shell.run", List.of(Shell.run("true").creates("is-not-there")));
        java.nio.file.Files.createDirectories(machines.resolve("web01"));
        java.nio.file.Files.writeString(machines.resolve("web01/file"), "content\n");
        List<Operation> asking = Objects.requireNonNull(operations.get(heading));
        Set<String> asked = new TreeSet<>();

        try (var engine = Engine.of(LocalConnector.in(machines))) {
            engine.forEachHost(Inventory.ofNames("web01"), host -> {
                        asking.forEach(operation -> operation.plan(noting(host, asked)));
                        return true;
                    })
                    .throwIfFailed();
        }

        assertThat(asked).isEqualTo(named(heading));
    }

    private static Set<String> named(String heading) throws IOException {
        String page = java.nio.file.Files.readString(PAGE);
        String section = page.substring(page.indexOf("\n### " + heading + "\n"));
        String row = section.lines()
                .filter(line -> line.startsWith("| reads | "))
                .findFirst()
                .orElseThrow();
        return Pattern.compile("Facts\\.(\\w+)")
                .matcher(row)
                .results()
                .map((MatchResult found) -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static HostFacts noting(HostFacts host, Set<String> asked) {
        return new HostFacts() {
            @Override
            public Host host() {
                return host.host();
            }

            @Override
            public <T> T fact(Fact<T> fact) {
                asked.add(nameOf(fact));
                return host.fact(fact);
            }

            @Override
            public boolean wantsDiffs() {
                return true;
            }
        };
    }

    private static String nameOf(Fact<?> fact) {
        for (String subject : Set.of("file", "is-not-there")) {
            Map<Fact<?>, String> known = Map.of(
                    Facts.path(subject), "path",
                    Facts.pathWithHash(subject), "pathWithHash",
                    Facts.content(subject), "content",
                    Facts.passwdEntry(subject), "passwdEntry",
                    Facts.user(subject), "user");
            String name = known.get(fact);
            if (name != null) {
                return name;
            }
        }
        return fact.name();
    }
}
