package dev.weftwork.connector.orbstack.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A machine to be created. An immutable value, checked as it is built.
 *
 * <pre>{@code
 * MachineSpec web = MachineSpec.builder("web01", "ubuntu:24.04").arch(Arch.ARM64).user("deploy").build();
 * }</pre>
 *
 * <p>Whatever isn't set is OrbStack's choice, and isn't passed to it: those options which only newer versions have
 * ({@code isolated}, {@code isolateNetwork}, mounts, {@code forwardSshAgent}, cpus, memory, disk: 2.1 or 2.2) do no harm
 * until they are used.
 */
public final class MachineSpec {

    private static final Pattern DISTRO = Pattern.compile("[a-z][a-z0-9-]*");
    private static final Pattern VERSION = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
    private static final Pattern SIZE = Pattern.compile("[1-9][0-9]{0,8}[KMGT]");

    private final MachineName name;
    private final String distro;
    private final @Nullable String version;
    private final @Nullable Arch arch;
    private final @Nullable String user;
    private final @Nullable Path userDataFile;
    private final @Nullable String userData;
    private final boolean isolated;
    private final boolean isolateNetwork;
    private final boolean forwardSshAgent;
    private final @Nullable Integer cpus;
    private final @Nullable String memory;
    private final @Nullable String disk;
    private final List<Mount> mounts;

    private MachineSpec(Builder builder) {
        name = builder.name;
        distro = builder.distro;
        version = builder.version;
        arch = builder.arch;
        user = builder.user;
        userDataFile = builder.userDataFile;
        userData = builder.userData;
        isolated = builder.isolated;
        isolateNetwork = builder.isolateNetwork;
        forwardSshAgent = builder.forwardSshAgent;
        cpus = builder.cpus;
        memory = builder.memory;
        disk = builder.disk;
        mounts = List.copyOf(builder.mounts);
    }

    /**
     * A machine with nothing but a name and what it is made from.
     *
     * @param image {@code DISTRO} or {@code DISTRO:VERSION}
     * @throws IllegalArgumentException if the name or the image isn't of that form
     */
    public static MachineSpec of(String name, String image) {
        return builder(name, image).build();
    }

    /**
     * Begins with a name and what the machine is made from.
     *
     * @param image {@code DISTRO} or {@code DISTRO:VERSION}
     * @throws IllegalArgumentException if the name or the image isn't of that form
     */
    public static Builder builder(String name, String image) {
        return new Builder(new MachineName(name), image);
    }

    public MachineName name() {
        return name;
    }

    public String distro() {
        return distro;
    }

    /** The version as it was asked for; OrbStack will list a codename instead. */
    public Optional<String> version() {
        return Optional.ofNullable(version);
    }

    public Optional<Arch> arch() {
        return Optional.ofNullable(arch);
    }

    public Optional<String> user() {
        return Optional.ofNullable(user);
    }

    public boolean isolated() {
        return isolated;
    }

    public boolean isolateNetwork() {
        return isolateNetwork;
    }

    public boolean forwardSshAgent() {
        return forwardSshAgent;
    }

    public OptionalInt cpus() {
        return cpus == null ? OptionalInt.empty() : OptionalInt.of(cpus);
    }

    public Optional<String> memory() {
        return Optional.ofNullable(memory);
    }

    public Optional<String> disk() {
        return Optional.ofNullable(disk);
    }

    public List<Mount> mounts() {
        return mounts;
    }

    Optional<Path> userDataFile() {
        return Optional.ofNullable(userDataFile);
    }

    Optional<String> userData() {
        return Optional.ofNullable(userData);
    }

    /** {@code DISTRO} or {@code DISTRO:VERSION}. */
    public String image() {
        return version == null ? distro : distro + ":" + version;
    }

    @Override
    public String toString() {
        return name + " (" + image() + ")";
    }

    static void requireUser(String user) {
        if (!OrbCtl.isLogin(user)) {
            throw new IllegalArgumentException("user must be letters, digits, '_', '.' and '-', beginning with a letter"
                    + " or '_', and not 'default', was '" + user + "'");
        }
    }

    /** Collects the options of a machine; used by one thread, then thrown away. */
    public static final class Builder {
        private final MachineName name;
        private final String distro;
        private final @Nullable String version;
        private @Nullable Arch arch;
        private @Nullable String user;
        private @Nullable Path userDataFile;
        private @Nullable String userData;
        private boolean isolated;
        private boolean isolateNetwork;
        private boolean forwardSshAgent;
        private @Nullable Integer cpus;
        private @Nullable String memory;
        private @Nullable String disk;
        private final List<Mount> mounts = new ArrayList<>();

        private Builder(MachineName name, String image) {
            this.name = name;
            int colon = image.indexOf(':');
            distro = colon < 0 ? image : image.substring(0, colon);
            version = colon < 0 ? null : image.substring(colon + 1);
            if (!DISTRO.matcher(distro).matches()
                    || (version != null && !VERSION.matcher(version).matches())) {
                throw new IllegalArgumentException(
                        "image must be a distro in small letters, or DISTRO:VERSION, was '" + image + "'");
            }
        }

        /** The Mac's own unless set. */
        public Builder arch(Arch arch) {
            this.arch = arch;
            return this;
        }

        /** The default user, named as the user of the Mac unless set. */
        public Builder user(String user) {
            requireUser(user);
            this.user = user;
            return this;
        }

        /**
         * Text for cloud-init. It reaches OrbStack in a file which only this user can read, and which is deleted then.
         *
         * @throws IllegalArgumentException if it is blank
         */
        public Builder userData(String text) {
            if (text.isBlank()) {
                throw new IllegalArgumentException("userData must not be blank");
            }
            userData = text;
            userDataFile = null;
            return this;
        }

        /** A file for cloud-init, which must be there when the machine is created. */
        public Builder userData(Path file) {
            userDataFile = file.toAbsolutePath();
            userData = null;
            return this;
        }

        /** A machine that sees nothing of the Mac but what {@link #mount} gives it. OrbStack 2.1. */
        public Builder isolated() {
            isolated = true;
            return this;
        }

        /** A machine that doesn't reach other machines. OrbStack 2.1. */
        public Builder isolateNetwork() {
            isolateNetwork = true;
            return this;
        }

        /** An isolated machine that may use the Mac's SSH agent all the same. OrbStack 2.1. */
        public Builder forwardSshAgent() {
            forwardSshAgent = true;
            return this;
        }

        /**
         * How many processors it may use. OrbStack 2.1.
         *
         * @throws IllegalArgumentException if it is below 1
         */
        public Builder cpus(int cpus) {
            if (cpus < 1) {
                throw new IllegalArgumentException("cpus must be >= 1, was " + cpus);
            }
            this.cpus = cpus;
            return this;
        }

        /**
         * How much memory it may use, such as {@code 4G}. OrbStack 2.1.
         *
         * @throws IllegalArgumentException if it isn't a number with K, M, G or T
         */
        public Builder memory(String size) {
            memory = requireSize("memory", size);
            return this;
        }

        /** How large its disk may become, such as {@code 64G}. OrbStack 2.1. */
        public Builder disk(String size) {
            disk = requireSize("disk", size);
            return this;
        }

        /**
         * One more folder of the Mac that it sees. OrbStack 2.1.
         *
         * @throws IllegalArgumentException if one of its paths isn't absolute, or has a {@code :}
         */
        public Builder mount(Mount mount) {
            mounts.add(mount.requireValid());
            return this;
        }

        public MachineSpec build() {
            return new MachineSpec(this);
        }

        private static String requireSize(String what, String size) {
            if (!SIZE.matcher(size).matches()) {
                throw new IllegalArgumentException(
                        what + " must be a number with K, M, G or T behind it, such as 4G, was '" + size + "'");
            }
            return size;
        }
    }
}
