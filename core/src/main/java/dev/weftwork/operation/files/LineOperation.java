package dev.weftwork.operation.files;

import dev.weftwork.command.Upload;
import dev.weftwork.fact.Facts;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.fact.PathInfo;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.PlanFailedException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file has a line, or hasn't; made by {@link Files#line}. Immutable: every option returns a new operation.
 *
 * <p>The file, of 8 MiB at most, is read, changed and moved into place as a whole; its owner, group and mode stay.
 * Bytes that are not UTF-8 stay as they are. A change that something else makes to the file in that moment is lost. A
 * link is followed for reading, and refused when the line has to be changed: name the file that it points to.
 *
 * <dl>
 *   <dt>Reads
 *   <dd>{@link Facts#content}; if something has to be changed also {@link Facts#path}.
 *   <dt>Changes
 *   <dd>One change: the whole file with the line, or without, is uploaded as by {@link Files#content}. A file that ends
 *       without a newline gets one before a line is appended.
 *   <dt>Refuses
 *   <dd>A file of more than 8 MiB, a directory, and a link, device, socket or pipe that would have to be changed.
 * </dl>
 *
 * <pre>{@code
 * Files.line("/etc/hosts", "10.0.0.7 db");
 * Files.line("/etc/ssh/sshd_config", "PermitRootLogin no").replacing("^#?\\s*PermitRootLogin\\b");
 * }</pre>
 */
public final class LineOperation implements Operation {

    private final String path;
    private final String line;
    private final @Nullable Pattern pattern;
    private final boolean absent;
    private final boolean shown;

    private LineOperation(String path, String line, @Nullable Pattern pattern, boolean absent, boolean shown) {
        this.path = path;
        this.line = line;
        this.pattern = pattern;
        this.absent = absent;
        this.shown = shown;
    }

    static LineOperation present(String path, String line) {
        if (line.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("line must not contain a newline; use one operation for each line");
        }
        RemotePath.requireSendable("line", line);
        return new LineOperation(path, line, null, false, true);
    }

    /**
     * In place of lines in which that regular expression is found: the first becomes the line, further ones go, so that
     * exactly one is left. Without any the line is appended.
     *
     * <p>Default: only lines that are equal to the line are meant.
     *
     * @throws IllegalArgumentException if it isn't a regular expression, or if the line isn't found by it: then a
     *     second run would append it again
     */
    public LineOperation replacing(String regex) {
        Pattern compiled = Pattern.compile(regex);
        if (!compiled.matcher(line).find()) {
            throw new IllegalArgumentException("regex '" + regex + "' must also find the line itself, '" + line + "'");
        }
        return new LineOperation(path, line, compiled, absent, shown);
    }

    /**
     * The contrary: no such line is in the file, and with {@link #replacing} none that the expression finds.
     *
     * <p>Default: the line is wanted.
     */
    public LineOperation absent() {
        return new LineOperation(path, line, pattern, true, shown);
    }

    /**
     * The file's content is never shown in a diff: for one that holds secrets beside the line. Sizes are, and the line
     * itself stands in the summary.
     *
     * <p>Default: shown wherever diffs are wanted.
     */
    public LineOperation withoutDiff() {
        return new LineOperation(path, line, pattern, absent, false);
    }

    @Override
    public String summary() {
        return (absent ? "no line '" : "line '") + line + "' in " + path;
    }

    @Override
    public List<Change> plan(HostFacts facts) {
        Optional<byte[]> found = facts.fact(Facts.content(path));
        byte[] before = found.orElse(new byte[0]);
        Charset charset = charsetOf(before);
        byte[] after = edit(before, charset);
        if (Arrays.equals(before, after)) {
            return List.of();
        }
        PathInfo file = facts.fact(Facts.path(path));
        if (file.kind() != PathInfo.Kind.FILE && file.exists()) {
            throw new PlanFailedException(
                    facts.host().name(),
                    path + " is " + file.kind().withArticle()
                            + file.linkTarget().map(target -> " to " + target).orElse("")
                            + ", not a file; name the file itself");
        }
        String summary = (absent ? "remove line '" : found.isPresent() ? "set line '" : "create with line '") + line
                + "' in " + path;
        Change change =
                new Change(summary, Attributes.UNCHANGED.orElse(file).uploaded(Upload.of(after), path, summary));
        return List.of(facts.wantsDiffs() ? change.withDiff(diff(found, after)) : change);
    }

    private String diff(Optional<byte[]> before, byte[] after) {
        return shown
                ? UnifiedDiff.of(path, before.orElse(null), after)
                : UnifiedDiff.hidden(
                        before.map(bytes -> OptionalLong.of(bytes.length)).orElse(OptionalLong.empty()), after.length);
    }

    private byte[] edit(byte[] before, Charset charset) {
        String text = new String(before, charset);
        // What the line looks like in a text that was decoded in that charset.
        String wanted = new String(line.getBytes(StandardCharsets.UTF_8), charset);
        boolean endsOpen = !text.isEmpty() && !text.endsWith("\n");
        String body = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        var lines = new ArrayList<String>();
        boolean there = false;
        boolean lastIsKept = false;
        for (String each : text.isEmpty() ? new String[0] : body.split("\n", -1)) {
            boolean concerned = each.equals(wanted)
                    || (pattern != null && pattern.matcher(each).find());
            lastIsKept = !concerned || (!absent && (pattern == null || !there));
            if (lastIsKept) {
                lines.add(concerned ? wanted : each);
                there |= concerned;
            }
        }
        if (!absent && !there) {
            lines.add(wanted);
            lastIsKept = false;
        }
        String joined = String.join("\n", lines);
        return (lines.isEmpty() || (endsOpen && lastIsKept) ? joined : joined + "\n").getBytes(charset);
    }

    /** UTF-8 where the bytes are, else one in which every byte is a character, so that nothing gets lost. */
    private static Charset charsetOf(byte[] bytes) {
        return Arrays.equals(new String(bytes, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8), bytes)
                ? StandardCharsets.UTF_8
                : StandardCharsets.ISO_8859_1;
    }

    @Override
    public String toString() {
        return summary();
    }
}
