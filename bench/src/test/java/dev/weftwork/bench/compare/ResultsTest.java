package dev.weftwork.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.bench.compare.Results.Cell;
import dev.weftwork.bench.compare.Results.Computer;
import dev.weftwork.bench.compare.Results.ToolNote;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/** What becomes of figures: files, tables, pictures. */
class ResultsTest {

    private static final Computer COMPUTER = new Computer("2026-01-02", "a processor", 2, 8, "Linux", "Java 25", "abc");

    private static Cell cell(String tool, int pass, int hosts, double... seconds) {
        List<Measured> runs = Arrays.stream(seconds)
                .mapToObj(wall -> new Measured(0, wall, wall * 2, wall / 2, wall * 2, 1024))
                .toList();
        return new Cell("orbctl", "deploy4", pass, tool, hosts, false, runs, null, null);
    }

    private static Cell failed(String tool, int hosts, String problem) {
        return new Cell("orbctl", "deploy4", 1, tool, hosts, false, List.of(), null, problem);
    }

    private static Cell quoted(String tool, int hosts, double wall) {
        Cell cell = cell(tool, 1, hosts, wall);
        return new Cell(cell.way(), cell.workload(), 1, tool, hosts, true, cell.runs(), new Counted(0, 500, 0), null);
    }

    private static Results results(Cell... cells) {
        return new Results(
                COMPUTER,
                List.of(new ToolNote("weftwork", true, "Weftwork"), new ToolNote("fabric", false, "fab is missing")),
                List.of(cells));
    }

    @Test
    void whatCountsIsTheMedian() {
        assertThat(cell("a", 1, 1, 5, 1, 3).median(Measured::wall)).isEqualTo(3);
        assertThat(cell("a", 1, 1, 4, 2).median(Measured::wall)).isEqualTo(3);
    }

    @Test
    void aFileHoldsAllOfThem(@TempDir Path folder) throws Exception {
        Results results = results(
                cell("weftwork", 1, 5, 1.5, 2).with(new Counted(0, 7, 2048)),
                failed("xargs", 5, "exit 1: no"),
                quoted("pyinfra", 5, 9));
        Path file = folder.resolve("results.json");

        results.write(file);

        assertThat(Results.read(file)).isEqualTo(results);
    }

    @Test
    void ofSeveralResultsTheFirstThatHasACellCounts() {
        Cell first = cell("weftwork", 1, 5, 1);
        Cell more = cell("weftwork", 2, 5, 3);

        Results both = results(first).and(results(cell("weftwork", 1, 5, 2), more));

        assertThat(both.cells()).containsExactly(first, more);
        assertThat(both.tools()).hasSize(2);
    }

    @Test
    void aTableHasARowForEachToolAndRatiosToOurs() {
        String table = table(
                cell("weftwork", 1, 5, 1, 1, 1).with(new Counted(0, 7, 2048)),
                cell("weftwork", 1, 25, 2, 2, 2),
                cell("xargs", 1, 5, 3, 3, 3),
                cell("xargs", 1, 25, 20));

        assertThat(table)
                .contains("### deploy4, first pass, over orbctl\n")
                .contains(
                        "| seconds | 5 hosts | 25 hosts | CPU s at 25 (of that its own) | processes at 5 | memory at 5 |")
                .contains("| weftwork | 1.00 | 2.00 | 4.0 (1.0) | 7 | 2 MiB |")
                .contains("| xargs | 3.00 (3.0x) | 20.0\u2020 (10.0x) | 40.0 (10.0) | | |")
                .doesNotContain("second pass");
    }

    @Test
    void whatIsMissingFailedOrQuotedIsCalledSo() {
        String table = table(
                cell("weftwork", 1, 5, 1),
                failed("xargs", 5, "exit 1: no"),
                quoted("pyinfra", 5, 9),
                quoted("pyinfra", 9, 1));

        assertThat(table)
                .contains("| xargs | exit 1: no |")
                .contains("| *pyinfra, quoted* | 9.00 | ")
                .contains("- `fabric`: **not measured**: fab is missing")
                .doesNotContain("9 hosts");
    }

    private static String table(Cell... cells) {
        return new Table(results(cells)).markdown();
    }

    @Test
    void aChartHasALineForEachTool() throws Exception {
        Document svg = svg(
                cell("weftwork", 1, 5, 1),
                cell("weftwork", 1, 25, 2),
                cell("xargs", 1, 5, 3),
                cell("xargs", 1, 25, 20),
                failed("fabric", 5, "exit 1"),
                quoted("pyinfra", 5, 9));

        assertThat(svg.getElementsByTagName("polyline").getLength()).isEqualTo(3);
        assertThat(svg.getElementsByTagName("circle").getLength()).isEqualTo(5);
        assertThat(svg.getDocumentElement().getTextContent())
                .contains("deploy4, first pass, over orbctl", "weftwork", "xargs", "pyinfra (quoted)")
                .doesNotContain("fabric", "NaN", "Infinity");
    }

    @Test
    void whatIsOnlyQuotedHasNoPanel() throws Exception {
        Document svg = svg(cell("weftwork", 2, 1, 1), quoted("pyinfra", 5, 9));

        assertThat(svg.getDocumentElement().getTextContent())
                .contains("second pass")
                .doesNotContain("first pass");
    }

    private static Document svg(Cell... cells) throws Exception {
        String text = new Chart(results(cells)).svg();
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(text)));
    }
}
