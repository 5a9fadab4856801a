package dev.weftwork.connector.orbstack.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MachineNameTest {

    @ParameterizedTest
    @ValueSource(strings = {"vm1", "a1", "1a", "web-01.example", "Ubuntu", "vmx", "hosts"})
    void isWhatOrbStackTakes(String name) {
        assertThat(new MachineName(name)).hasToString(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "-a", ".a", "a_b", "a b", "a/b", "a@b", "a\n", "ä1", "--all"})
    void isRefusedIfItIsNotAName(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MachineName(name))
                .withMessage(
                        "machine name must be at least two letters, digits, '-' and '.', beginning with a letter or a"
                                + " digit, was '" + name + "'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"default", "vm", "host", "services", "gateway", "k8s", "docker"})
    void isRefusedIfOrbStackKeepsItForItself(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MachineName(name))
                .withMessage("machine name must not be one that OrbStack keeps for itself, was '" + name + "'");
    }
}
