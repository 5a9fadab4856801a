package dev.weftwork.connector.orbstack.emulator;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.util.AbstractMap.SimpleImmutableEntry;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.sshd.common.file.FileSystemFactory;
import org.apache.sshd.common.file.root.RootedFileSystem;
import org.apache.sshd.common.file.root.RootedFileSystemProvider;
import org.apache.sshd.common.session.SessionContext;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.sftp.server.DirectoryHandle;
import org.apache.sshd.sftp.server.FileHandle;
import org.apache.sshd.sftp.server.SftpFileSystemAccessor;
import org.apache.sshd.sftp.server.SftpSubsystem;
import org.apache.sshd.sftp.server.SftpSubsystemConfigurator;
import org.apache.sshd.sftp.server.SftpSubsystemProxy;
import org.jspecify.annotations.Nullable;

/**
 * SFTP in a machine, as the user of the login, from that user's home; an unknown login is exit status 1 here too.
 *
 * <p>The files are those of the machine's root directory, reached by this process: absolute links are followed within
 * that directory, new files are given to the user, and what the user may do is worked out from the permission bits of
 * the file or, for its name, of its directory. Supplementary groups and the way down to a directory aren't looked at.
 */
final class GuestFiles extends SftpSubsystem {
    private static final int LINKS = 40;
    private static final int READ = 4;
    private static final int WRITE = 2;

    private final Path store;
    private final String login;
    private @Nullable User user;

    GuestFiles(ChannelSession channel, SftpSubsystemConfigurator configurator, Path store) {
        super(channel, configurator);
        this.store = store;
        this.login = channel.getSession().getUsername();
    }

    /** Who a login is, as the command line's emulator tells it. */
    record User(int uid, int gid, String home, Path root) {
        static Optional<User> of(Path store, String login) throws IOException, InterruptedException {
            Process asked = new ProcessBuilder(
                            store.resolve("bin/orbctl").toString(), "--emulator-resolve", "--login", login)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            asked.getOutputStream().close();
            String answer = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            String[] fields = answer.strip().split("\t", -1);
            if (asked.waitFor() != 0 || fields.length != 6) {
                return Optional.empty();
            }
            return Optional.of(
                    new User(Integer.parseInt(fields[2]), Integer.parseInt(fields[3]), fields[4], Path.of(fields[5])));
        }
    }

    /** Nothing yet: which files there are is known once the login is resolved, on the subsystem's own thread. */
    @Override
    public void setFileSystemFactory(FileSystemFactory factory, SessionContext session) {}

    @Override
    public void run() {
        ExitCallback exit = callback;
        try {
            Optional<User> resolved = User.of(store, login);
            if (resolved.isEmpty()) {
                exit.onExit(1);
                return;
            }
            user = resolved.get();
            setFileSystem(
                    new RootedFileSystemProvider().newFileSystem(resolved.get().root(), Map.of()));
            defaultDir = fileSystem.getPath(resolved.get().home());
        } catch (IOException e) {
            exit.onExit(1);
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            exit.onExit(1);
            return;
        }
        super.run();
    }

    // What follows a link at the end of its path, as the others don't:

    private String followed(String path) throws IOException {
        return real(resolveFile(path), true).toString();
    }

    @Override
    protected Map<String, Object> doStat(int id, String path, int flags) throws IOException {
        return super.doStat(id, followed(path), flags);
    }

    @Override
    protected void doSetStat(
            int id, String path, int command, String extension, Map<String, ?> attributes, Boolean follow)
            throws IOException {
        boolean stays = Boolean.FALSE.equals(follow);
        super.doSetStat(id, stays ? path : followed(path), command, extension, attributes, follow);
    }

    @Override
    protected String doOpen(int id, String path, int flags, int access, Map<String, Object> attributes)
            throws IOException {
        return super.doOpen(id, followed(path), flags, access, attributes);
    }

    @Override
    protected String doOpenDir(int id, String path, Path directory, LinkOption... options) throws IOException {
        return super.doOpenDir(id, path, real(directory, true), options);
    }

    @Override
    protected SimpleImmutableEntry<Path, Boolean> validateRealPath(
            int id, String path, Path file, LinkOption... options) throws IOException {
        return super.validateRealPath(id, path, real(file, true), options);
    }

    private User user() {
        User known = user;
        if (known == null) {
            throw new IllegalStateException(login + " isn't resolved yet");
        }
        return known;
    }

    /** The real path of a name within the machine; the last link is followed on demand, and needn't lead anywhere. */
    private static Path real(Path path, boolean followLast) throws IOException {
        FileSystem files = path.getFileSystem();
        Path done = files.getPath("/");
        Deque<Path> left = new ArrayDeque<>();
        path.toAbsolutePath().forEach(left::add);
        int links = 0;
        while (!left.isEmpty()) {
            String name = left.pop().toString();
            if (name.equals("..")) {
                done = done.getParent() == null ? done : done.getParent();
            } else if (!name.isEmpty() && !name.equals(".")) {
                Path next = done.resolve(name);
                if (!Files.isSymbolicLink(next) || (left.isEmpty() && !followLast)) {
                    done = next;
                    continue;
                }
                if (++links > LINKS) {
                    throw new FileSystemLoopException(path.toString());
                }
                Path target = Files.readSymbolicLink(outside(next));
                if (target.isAbsolute()) {
                    done = files.getPath("/");
                }
                Path[] names = new Path[target.getNameCount()];
                Arrays.setAll(names, target::getName);
                for (int i = names.length - 1; i >= 0; i--) {
                    left.push(names[i]);
                }
            }
        }
        return done;
    }

    /** The same file for this process. Links are read and made there: the library would translate what they say. */
    private static Path outside(Path path) {
        Path root = ((RootedFileSystem) path.getFileSystem()).getRoot();
        return root.resolve(path.getRoot().relativize(path).toString());
    }

    /** The library's way to the files, with the user's rights and within the machine's root. */
    static final class Access implements SftpFileSystemAccessor {
        private static final boolean ROOT = isRoot();

        private static boolean isRoot() {
            try {
                return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
            } catch (IOException | UnsupportedOperationException e) {
                return false;
            }
        }

        private static User user(SftpSubsystemProxy subsystem) {
            return ((GuestFiles) subsystem).user();
        }

        private static void check(SftpSubsystemProxy subsystem, Path path, int right) throws IOException {
            User user = user(subsystem);
            if (user.uid() == 0) {
                return;
            }
            int mode = (int) Files.getAttribute(path, "unix:mode");
            int shift = Files.getAttribute(path, "unix:uid").equals(user.uid())
                    ? 6
                    : Files.getAttribute(path, "unix:gid").equals(user.gid()) ? 3 : 0;
            if (((mode >> shift) & right) == 0) {
                throw new AccessDeniedException(path.toString());
            }
        }

        private static void checkName(SftpSubsystemProxy subsystem, Path path) throws IOException {
            Path parent = path.toAbsolutePath().getParent();
            check(subsystem, parent == null ? path.toAbsolutePath() : parent, WRITE);
        }

        private static void checkOwner(SftpSubsystemProxy subsystem, Path path) throws IOException {
            int uid = user(subsystem).uid();
            if (uid != 0
                    && !Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                            .equals(uid)) {
                throw new AccessDeniedException(path.toString());
            }
        }

        private static void give(SftpSubsystemProxy subsystem, Path path) throws IOException {
            if (ROOT) {
                User user = user(subsystem);
                Files.setAttribute(path, "unix:gid", user.gid(), LinkOption.NOFOLLOW_LINKS);
                Files.setAttribute(path, "unix:uid", user.uid(), LinkOption.NOFOLLOW_LINKS);
            }
        }

        @Override
        public Path resolveLocalFilePath(SftpSubsystemProxy subsystem, Path directory, String name) throws IOException {
            return real(SftpFileSystemAccessor.super.resolveLocalFilePath(subsystem, directory, name), false);
        }

        @Override
        public SeekableByteChannel openFile(
                SftpSubsystemProxy subsystem,
                FileHandle handle,
                Path file,
                String name,
                Set<? extends OpenOption> options,
                FileAttribute<?>... attributes)
                throws IOException {
            boolean found = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
            if (found) {
                if (options.contains(StandardOpenOption.READ)) {
                    check(subsystem, file, READ);
                }
                if (options.contains(StandardOpenOption.WRITE) || options.contains(StandardOpenOption.APPEND)) {
                    check(subsystem, file, WRITE);
                }
            } else if (options.contains(StandardOpenOption.CREATE) || options.contains(StandardOpenOption.CREATE_NEW)) {
                checkName(subsystem, file);
            }
            SeekableByteChannel opened =
                    SftpFileSystemAccessor.super.openFile(subsystem, handle, file, name, options, attributes);
            if (!found) {
                give(subsystem, file);
            }
            return opened;
        }

        @Override
        public DirectoryStream<Path> openDirectory(
                SftpSubsystemProxy subsystem,
                DirectoryHandle handle,
                Path directory,
                String name,
                LinkOption... options)
                throws IOException {
            check(subsystem, directory, READ);
            return SftpFileSystemAccessor.super.openDirectory(subsystem, handle, directory, name, options);
        }

        @Override
        public void setFileAttribute(
                SftpSubsystemProxy subsystem,
                Path path,
                String view,
                String attribute,
                @Nullable Object value,
                LinkOption... options)
                throws IOException {
            checkOwner(subsystem, path);
            SftpFileSystemAccessor.super.setFileAttribute(subsystem, path, view, attribute, value, options);
        }

        @Override
        public void setFilePermissions(
                SftpSubsystemProxy subsystem, Path path, Set<PosixFilePermission> permissions, LinkOption... options)
                throws IOException {
            checkOwner(subsystem, path);
            SftpFileSystemAccessor.super.setFilePermissions(subsystem, path, permissions, options);
        }

        @Override
        public void createDirectory(SftpSubsystemProxy subsystem, Path path) throws IOException {
            checkName(subsystem, path);
            SftpFileSystemAccessor.super.createDirectory(subsystem, path);
            give(subsystem, path);
        }

        @Override
        public void createLink(SftpSubsystemProxy subsystem, Path link, Path existing, boolean symbolic)
                throws IOException {
            checkName(subsystem, link);
            if (symbolic) {
                Files.createSymbolicLink(outside(link), Path.of(existing.toString()));
                give(subsystem, link);
            } else {
                SftpFileSystemAccessor.super.createLink(subsystem, link, existing, false);
            }
        }

        @Override
        public String resolveLinkTarget(SftpSubsystemProxy subsystem, Path link) throws IOException {
            return Files.readSymbolicLink(outside(link)).toString();
        }

        @Override
        public void renameFile(SftpSubsystemProxy subsystem, Path oldPath, Path newPath, Collection<CopyOption> options)
                throws IOException {
            checkName(subsystem, oldPath);
            checkName(subsystem, newPath);
            SftpFileSystemAccessor.super.renameFile(subsystem, oldPath, newPath, options);
        }

        @Override
        public void removeFile(SftpSubsystemProxy subsystem, Path path, boolean isDirectory) throws IOException {
            checkName(subsystem, path);
            SftpFileSystemAccessor.super.removeFile(subsystem, path, isDirectory);
        }
    }
}
