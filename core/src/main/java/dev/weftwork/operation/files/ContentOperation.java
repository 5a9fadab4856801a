package dev.weftwork.operation.files;

import dev.weftwork.command.Upload;
import dev.weftwork.fact.Facts;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.fact.PathInfo;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.PlanFailedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A file has a given content; made by {@link Files#put} and {@link Files#content}.
 *
 * <p>Compared by SHA-256. A new content is written beside the target and moved into place, so that a reader sees the
 * old file or the new one and never half of one. An existing file keeps its owner, group and mode unless others are
 * given.
 *
 * <dl>
 *   <dt>Reads
 *   <dd>{@link Facts#pathWithHash}; where diffs are wanted and the content differs also {@link Facts#content}.
 *   <dt>Changes
 *   <dd>Another content is one change, with owner and mode: written to a temporary file that only its writer can read,
 *       checked by its SHA-256, or its length where no program knows that, and moved into place. A link in its place is
 *       replaced, and what it points to stays. Of a file with the right content, owner and group are one change and the mode another.
 *   <dt>Refuses
 *   <dd>A directory, a device, a socket or a pipe in its place, a parent directory that isn't there, and an owner,
 *       group or mode that can't be given or kept.
 * </dl>
 *
 * <pre>{@code
 * Files.put(Path.of("app.sh")).to("/usr/local/bin/app").mode("755");
 * Files.content(host -> "port=" + host.data("port", Integer.class) + "\n").to("/etc/app.conf").mode("640");
 * }</pre>
 */
public final class ContentOperation extends OwnedPath<ContentOperation> {

    private final Source source;
    private final boolean shown;

    ContentOperation(String path, Attributes attributes, Source source) {
        this(path, attributes, source, true);
    }

    private ContentOperation(String path, Attributes attributes, Source source, boolean shown) {
        super(path, attributes);
        this.source = source;
        this.shown = shown;
    }

    /**
     * Its content is never shown in a diff, neither the old nor the new one: for what holds secrets. Sizes are.
     *
     * <p>Default: shown wherever diffs are wanted.
     */
    public ContentOperation withoutDiff() {
        return new ContentOperation(path(), attributes(), source, false);
    }

    @Override
    ContentOperation with(Attributes other) {
        return new ContentOperation(path(), other, source, shown);
    }

    @Override
    public String summary() {
        return source.summary() + path();
    }

    @Override
    public List<Change> plan(HostFacts facts) {
        PathInfo found = facts.fact(Facts.pathWithHash(path()));
        String host = facts.host().name();
        if (found.kind() == PathInfo.Kind.DIRECTORY || found.kind() == PathInfo.Kind.OTHER) {
            throw new PlanFailedException(
                    host,
                    path() + " is " + found.kind().withArticle()
                            + (found.kind() == PathInfo.Kind.DIRECTORY
                                    ? ", not a file; name the file in it, or remove it with Files.absent first"
                                    : ", not a file; name another path"));
        }
        Upload.Content wanted = source.read(facts);
        if (found.sha256().filter(wanted.sha256()::equals).isPresent()) {
            return attributes().changes(path(), found);
        }
        String summary = switch (found.kind()) {
            case NOTHING ->
                "create " + path() + ", " + wanted.length() + " bytes"
                        + attributes().inBrackets();
            case LINK ->
                "replace link " + path() + " -> "
                        + found.linkTarget().orElse("?") + " by a file of " + wanted.length() + " bytes"
                        + attributes().inBrackets();
            default ->
                "content of " + path() + ", " + found.size().orElse(0) + " -> " + wanted.length() + " bytes"
                        + (attributes().matches(found) ? "" : attributes().inBrackets());
        };
        Change change = new Change(summary, attributes().orElse(found).uploaded(wanted, path(), summary));
        String diff = facts.wantsDiffs() ? diff(facts, found, wanted) : "";
        return List.of(diff.isEmpty() ? change : change.withDiff(diff));
    }

    /** In place of a link comes a new file: what the link points to stays as it is. */
    private String diff(HostFacts facts, PathInfo found, Upload.Content wanted) {
        if (!shown) {
            return UnifiedDiff.hidden(found.size(), wanted.length());
        }
        if (found.size().orElse(0) > UnifiedDiff.MAX_BYTES || wanted.length() > UnifiedDiff.MAX_BYTES) {
            return UnifiedDiff.tooLarge(found.size(), wanted.length());
        }
        byte[] before = found.kind() == PathInfo.Kind.FILE
                ? facts.fact(Facts.content(path())).orElse(null)
                : null;
        try (InputStream in = wanted.input().open()) {
            return UnifiedDiff.of(path(), before, in.readNBytes((int) wanted.length()));
        } catch (IOException e) {
            throw new PlanFailedException(facts.host().name(), "what " + path() + " is to hold can't be read: " + e, e);
        }
    }

    /** Where a content comes from. */
    sealed interface Source {
        /** For people, to be followed by the path. */
        String summary();

        Upload.Content read(HostFacts facts);
    }

    /** From memory; hashed once, not once per host. */
    static final class Bytes implements Source {
        private final Upload.Content wanted;

        Bytes(byte[] content) {
            wanted = Upload.of(content);
        }

        @Override
        public String summary() {
            return "content of ";
        }

        @Override
        public Upload.Content read(HostFacts facts) {
            return wanted;
        }
    }

    record PerHost(Function<HostFacts, String> text) implements Source {
        @Override
        public String summary() {
            return "content of ";
        }

        @Override
        public Upload.Content read(HostFacts facts) {
            return Upload.of(text.apply(facts).getBytes(StandardCharsets.UTF_8));
        }
    }

    /** From a file on this computer; hashed again only when its time or length has changed, not once per host. */
    static final class LocalFile implements Source {

        private record Hashed(FileTime modified, Upload.Content wanted) {}

        private final Path file;
        private final ReentrantLock lock = new ReentrantLock();
        private @Nullable Hashed hashed;

        LocalFile(Path file) {
            if (!java.nio.file.Files.isRegularFile(file) || !java.nio.file.Files.isReadable(file)) {
                throw new IllegalArgumentException("localFile must be a file that can be read, was '" + file + "'"
                        + (file.isAbsolute() ? "" : " in " + Path.of("").toAbsolutePath()));
            }
            this.file = file.toAbsolutePath();
        }

        @Override
        public String summary() {
            return "put " + file.getFileName() + " to ";
        }

        @Override
        public Upload.Content read(HostFacts facts) {
            lock.lock();
            try {
                FileTime modified = java.nio.file.Files.getLastModifiedTime(file);
                long length = java.nio.file.Files.size(file);
                Hashed known = hashed;
                if (known == null || !known.modified.equals(modified) || known.wanted.length() != length) {
                    known = new Hashed(modified, Upload.of(file));
                    hashed = known;
                }
                return known.wanted;
            } catch (IOException e) {
                throw new PlanFailedException(
                        facts.host().name(), "the file to put, " + file + ", can't be read: " + e, e);
            } finally {
                lock.unlock();
            }
        }
    }
}
