package dev.weftwork.operation.files;

import dev.weftwork.fact.HostFacts;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * Operations on what is at a path of a machine.
 *
 * <p>A relative path starts where the connection starts, usually the user's home. A path is taken as it is: no {@code
 * ~}, no {@code *}, no variables; quotes, spaces, newlines and a leading {@code -} are parts of a name like any other.
 * Parent directories are not made by themselves, except by {@link #directory}.
 *
 * <p>Owner and group are names, or numbers; a mode is octal, such as {@code "640"}. What isn't said stays as it is, and
 * is what the machine gives by itself to something new.
 *
 * <pre>{@code
 * Deploy.named("app")
 *     .step(Files.directory("/etc/app").owner("root").group("app").mode("750"))
 *     .step(Files.put(Path.of("app.sh")).to("/usr/local/bin/app").mode("755"))
 *     .step(Files.content(host -> "port=" + host.data("port", Integer.class)).to("/etc/app/app.conf"))
 *     .step(Files.line("/etc/hosts", "10.0.0.7 db"))
 *     .step(Files.link("/srv/current").to("/srv/releases/42"))
 *     .step(Files.absent("/etc/app/old.conf"));
 * }</pre>
 */
public final class Files {

    private Files() {}

    /**
     * A directory is there, with its parents. Owner, group and mode are those of the last directory of the path.
     *
     * @throws IllegalArgumentException if the path is empty, begins with {@code ~} or holds a NUL character
     */
    public static DirectoryOperation directory(String path) {
        return new DirectoryOperation(RemotePath.require(path), Attributes.UNCHANGED);
    }

    /**
     * A file is there, whatever it holds; made empty if it is missing.
     *
     * @throws IllegalArgumentException if the path is empty, begins with {@code ~}, ends with a slash or holds a NUL
     *     character
     */
    public static FileOperation file(String path) {
        return new FileOperation(RemotePath.requireFile(path), Attributes.UNCHANGED);
    }

    /**
     * A file has the content of a file on this computer.
     *
     * @throws IllegalArgumentException if that isn't a file that can be read
     */
    public static Content put(Path localFile) {
        return new Content(new ContentOperation.LocalFile(localFile));
    }

    /** A file has this content, as UTF-8. */
    public static Content content(String text) {
        return content(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A file has this content. */
    public static Content content(byte[] bytes) {
        return new Content(new ContentOperation.Bytes(bytes.clone()));
    }

    /**
     * A file has a content made for each host, as UTF-8. The function is called whenever the operation is planned, on
     * the thread of the host; what it throws fails that host's step.
     */
    public static Content content(Function<HostFacts, String> text) {
        return new Content(new ContentOperation.PerHost(text));
    }

    /**
     * A file has that line; appended if it is missing, and the file made if there is none.
     *
     * @throws IllegalArgumentException if the line holds a newline or a NUL character; if the path is empty, begins
     *     with {@code ~}, ends with a slash or holds a NUL character
     */
    public static LineOperation line(String path, String line) {
        return LineOperation.present(RemotePath.requireFile(path), line);
    }

    /**
     * At {@code path} is a symbolic link.
     *
     * @throws IllegalArgumentException if the path is empty, begins with {@code ~}, ends with a slash or holds a NUL
     *     character
     */
    public static Link link(String path) {
        return new Link(RemotePath.requireFile(path));
    }

    /**
     * Nothing is at that path. A directory goes with everything in it, a link without what it points to.
     *
     * @throws IllegalArgumentException if the path is empty, begins with {@code ~} or holds a NUL character; if it
     *     is the root or the starting directory, or leads out of that by {@code ..}; by an absolute path everything but
     *     the root can be deleted
     */
    public static AbsentOperation absent(String path) {
        return new AbsentOperation(RemotePath.requireRemovable(path));
    }

    /** A content that still needs a place. */
    public static final class Content {
        private final ContentOperation.Source source;

        Content(ContentOperation.Source source) {
            this.source = source;
        }

        /**
         * The file that gets the content.
         *
         * @throws IllegalArgumentException if the path is empty, begins with {@code ~}, ends with a slash or holds
         *     a NUL character
         */
        public ContentOperation to(String path) {
            return new ContentOperation(RemotePath.requireFile(path), Attributes.UNCHANGED, source);
        }
    }

    /** A link that still needs a target. */
    public static final class Link {
        private final String path;

        Link(String path) {
            this.path = path;
        }

        /**
         * What the link points to, written into it as it is: a relative target starts at the link's directory, and it
         * need not exist.
         *
         * @throws IllegalArgumentException if the target is empty or holds a NUL character
         */
        public LinkOperation to(String target) {
            if (target.isEmpty()) {
                throw new IllegalArgumentException("link target must not be empty");
            }
            RemotePath.requireSendable("link target", target);
            return new LinkOperation(path, target);
        }
    }
}
