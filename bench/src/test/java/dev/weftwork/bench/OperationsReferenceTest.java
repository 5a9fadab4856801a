package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The reference of operations is what the sources say. */
class OperationsReferenceTest {

    private static final String COMMAND = "mvn -q -pl core,connector-orbstack,bench test -Dtest=OperationsReferenceTest"
            + " -Dsurefire.failIfNoSpecifiedTests=false -Dweftwork.reference.write=true";

    @Test
    void thePageIsMadeFromTheSources() throws Exception {
        Path top = Path.of("..").toAbsolutePath().normalize();
        Path page = top.resolve("docs/operations-reference.md");

        String made = OperationsReference.generate(top.resolve("core/src/main/java"), COMMAND);

        if (Boolean.getBoolean("weftwork.reference.write")) {
            Files.writeString(page, made);
        }
        assertThat(page)
                .as("the page as the sources have it; `%s` writes it", COMMAND)
                .hasContent(made);
    }
}
