package dev.weftwork.connector.orbstack.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MachineSpecTest {

    private static MachineSpec.Builder builder() {
        return MachineSpec.builder("web01", "ubuntu");
    }

    @Test
    void takesAnImageApart() {
        MachineSpec spec = MachineSpec.of("web01", "ubuntu:22.04");

        assertThat(spec.distro()).isEqualTo("ubuntu");
        assertThat(spec.version()).contains("22.04");
        assertThat(spec).hasToString("web01 (ubuntu:22.04)");
        assertThat(MachineSpec.of("web01", "alpine").version()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":", "ubuntu:", "-a", "Ubuntu", "ubuntu:22.04:x", "ubuntu: 1", "ubuntu:-1"})
    void refusesWhatIsNoImage(String image) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MachineSpec.of("web01", image))
                .withMessage("image must be a distro in small letters, or DISTRO:VERSION, was '" + image + "'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-u", "a@b", "a b", ".a"})
    void refusesWhatIsNoUser(String user) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().user(user))
                .withMessageStartingWith("user must be");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "4", "0G", "-4G", "4GB", "4.5G"})
    void refusesWhatIsNoSize(String size) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().memory(size))
                .withMessage("memory must be a number with K, M, G or T behind it, such as 4G, was '" + size + "'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().disk(size))
                .withMessageStartingWith("disk must be");
    }

    @Test
    void refusesTheRest() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().cpus(0))
                .withMessage("cpus must be >= 1, was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().userData(" "))
                .withMessage("userData must not be blank");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().mount(new Mount("relative", Optional.empty())))
                .withMessage("mount source must be an absolute path without ':', was 'relative'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().mount(Mount.of("/a", "/b:c")))
                .withMessage("mount destination must be an absolute path without ':', was '/b:c'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MachineId("-a"))
                .withMessage(
                        "machine id must be letters, digits and '-', beginning with a letter or a digit, was '-a'");
    }
}
