package dev.weftwork.connector.orbstack.fleet;

import dev.weftwork.connector.orbstack.cli.Arch;
import dev.weftwork.connector.orbstack.cli.Machine;
import dev.weftwork.connector.orbstack.cli.MachineSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * In what a machine isn't what was asked for, as far as OrbStack tells: nothing of its processors, memory, disk, mounts or
 * user data.
 *
 * <p>A version is listed as its codename, whatever it was asked for by, so a number and a codename can't be compared; nor
 * can a word that means another version every year.
 */
final class Differences {

    private static final Set<String> MOVING = Set.of(
            "latest",
            "stable",
            "oldstable",
            "testing",
            "unstable",
            "sid",
            "rolling",
            "current",
            "edge",
            "lts",
            "devel");

    private Differences() {}

    static List<String> of(MachineSpec wanted, Machine machine) {
        var differences = new ArrayList<>(ofImage(wanted, machine));
        String listed = machine.image().version();
        if (machine.image().distro().equals(wanted.distro())) {
            wanted.version()
                    .filter(version -> differ(version.toLowerCase(Locale.ROOT), listed.toLowerCase(Locale.ROOT)))
                    .ifPresent(version -> differences.add("version is " + listed + ", not " + version));
        }
        String owner = machine.defaultUser().orElse("");
        wanted.user()
                .filter(user -> !owner.isEmpty() && !owner.equals(user))
                .ifPresent(user -> differences.add("default user is " + owner + ", not " + user));
        if (wanted.isolated() && !machine.isolated()) {
            differences.add("it is not isolated");
        }
        return differences;
    }

    /** Only what is settled from the first moment on, and surely. */
    static List<String> ofImage(MachineSpec wanted, Machine machine) {
        var differences = new ArrayList<String>();
        String distro = machine.image().distro();
        if (!distro.isEmpty() && !distro.equals(wanted.distro())) {
            differences.add("distro is " + distro + ", not " + wanted.distro());
        }
        String arch = machine.image().arch();
        wanted.arch()
                .map(Arch::word)
                .filter(word -> !arch.isEmpty() && !arch.equals(word))
                .ifPresent(word -> differences.add("arch is " + arch + ", not " + word));
        return differences;
    }

    private static boolean differ(String wanted, String listed) {
        if (wanted.isEmpty() || listed.isEmpty() || isNumber(wanted) != isNumber(listed)) {
            return false;
        }
        if (isNumber(wanted)) {
            // 9 may be listed as 9.4, and the other way round.
            return !(listed + ".").startsWith(wanted + ".") && !(wanted + ".").startsWith(listed + ".");
        }
        return !wanted.equals(listed) && !MOVING.contains(wanted) && !MOVING.contains(listed);
    }

    private static boolean isNumber(String version) {
        return Character.isDigit(version.charAt(0));
    }
}
