package dev.weftwork.connector.orbstack.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.connector.orbstack.cli.Arch;
import dev.weftwork.connector.orbstack.cli.Image;
import dev.weftwork.connector.orbstack.cli.Machine;
import dev.weftwork.connector.orbstack.cli.MachineId;
import dev.weftwork.connector.orbstack.cli.MachineSpec;
import dev.weftwork.connector.orbstack.cli.MachineState;
import dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DifferencesTest {

    private static Machine machine(String distro, String version) {
        return new Machine(
                new MachineId(ScriptedOrbCtl.id(1)),
                "web01",
                new Image(distro, version, "arm64", "default"),
                Optional.of("me"),
                false,
                false,
                MachineState.RUNNING,
                "running");
    }

    // Trap 16: `22.04` is listed as `jammy`.
    @ParameterizedTest
    @CsvSource({
        "ubuntu, jammy",
        "ubuntu:22.04, jammy",
        "ubuntu:jammy, jammy",
        "ubuntu:Jammy, jammy",
        "debian:12, bookworm",
        "debian:stable, bookworm",
        "fedora:rawhide, 45",
        "rocky:9, 9.4",
        "rocky:9.4, 9",
        "alpine:edge, edge",
        "nixos:unstable, ''"
    })
    void versionsThatMayBeTheSameAreNoDifference(String image, String listed) {
        MachineSpec spec = MachineSpec.of("web01", image);

        assertThat(Differences.of(spec, machine(spec.distro(), listed))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"ubuntu:noble, jammy", "alpine:3.20, 3.19", "rocky:9, 8", "rocky:9, 90"})
    void versionsThatAreNotTheSameAreOne(String image, String listed) {
        MachineSpec spec = MachineSpec.of("web01", image);

        assertThat(Differences.of(spec, machine(spec.distro(), listed)))
                .containsExactly(
                        "version is " + listed + ", not " + spec.version().orElseThrow());
    }

    @Test
    void everythingElseIsComparedIfItWasAskedFor() {
        MachineSpec spec = MachineSpec.builder("web01", "debian:12")
                .arch(Arch.AMD64)
                .user("app")
                .isolated()
                .build();

        assertThat(Differences.of(spec, machine("ubuntu", "jammy")))
                .containsExactly(
                        "distro is ubuntu, not debian",
                        "arch is arm64, not amd64",
                        "default user is me, not app",
                        "it is not isolated");
        assertThat(Differences.ofImage(spec, machine("ubuntu", "jammy"))).hasSize(2);
    }
}
