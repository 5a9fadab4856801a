package dev.weftwork.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tools that are compared. */
class ToolTest {

    static List<Tool> tools() throws Exception {
        return Tool.all(Path.of("src/compare/rivals"));
    }

    @Test
    void areThoseOfTheFolder() throws Exception {
        assertThat(tools().stream().map(Tool::name))
                .containsExactly(
                        "ansible",
                        "ansible-mitogen",
                        "fabric",
                        "floor",
                        "pyinfra",
                        "weftwork",
                        "weftwork-aot",
                        "xargs");
    }

    /** Whether it is there or not: one line that says which, or what is missing. */
    @ParameterizedTest
    @MethodSource("tools")
    void eachSaysWhichItIs(Tool tool) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();

        Tool.Version version = tool.version(Map.of("COMPARE_JAVA", java));

        assertThat(version.text()).hasSizeGreaterThan(10);
        if (!version.there()) {
            assertThat(version.text()).contains("missing");
        }
    }
}
