package dev.weftwork.connector.orbstack;

import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.fails;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.id;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.list;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.prints;
import static dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl.record;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.connector.orbstack.cli.OrbCtlException;
import dev.weftwork.connector.orbstack.cli.ScriptedOrbCtl;
import dev.weftwork.inventory.Group;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OrbStackInventoryTest {

    private final ScriptedOrbCtl scripted = new ScriptedOrbCtl();

    @AfterEach
    void close() {
        scripted.close();
    }

    private void machines(String... records) {
        scripted.on("list -f json", prints(list(records)));
    }

    // Trap 15: `list` has all of it, there is no `info` for each.
    @Test
    void hasEveryMachineByASingleCall() throws InterruptedException {
        machines(record(1, "web01", "running"), record(2, "db01", "debian", "bookworm", "amd64", "stopped"));

        Inventory inventory = OrbStack.inventory(scripted.client());

        assertThat(inventory).extracting(Host::name).containsExactly("web01", "db01");
        assertThat(scripted.lines()).containsExactly("list -f json");
    }

    // Trap 6: the default user is what OrbStack says.
    @Test
    void hostsHaveDataAndGroupsTheMostSpecificFirst() throws InterruptedException {
        machines(record(1, "web01", "running"), record(2, "db01", "debian", "bookworm", "amd64", "stopped"));

        Inventory inventory = OrbStack.inventory(scripted.client());

        assertThat(inventory.host("web01").groups())
                .containsExactly("orbstack_ubuntu", "orbstack_arm64", "orbstack_running", "orbstack");
        assertThat(inventory.host("db01").groups())
                .containsExactly("orbstack_debian", "orbstack_amd64", "orbstack_stopped", "orbstack");
        assertThat(inventory.host("db01").data())
                .isEqualTo(Map.of(
                        OrbStack.ID, id(2),
                        OrbStack.DISTRO, "debian",
                        OrbStack.VERSION, "bookworm",
                        OrbStack.ARCH, "amd64",
                        OrbStack.DEFAULT_USER, "me",
                        OrbStack.ISOLATED, false,
                        OrbStack.STATE, "stopped"));
    }

    @Test
    void whatOrbStackDoesNotTellIsNotThere() throws InterruptedException {
        machines("{\"id\":\"" + id(1) + "\",\"name\":\"web01\",\"state\":\"hibernating\",\"image\":{}}");

        Host host = OrbStack.inventory(scripted.client()).host("web01");

        assertThat(host.groups()).containsExactly("orbstack");
        assertThat(host.data()).containsEntry(OrbStack.STATE, "hibernating").doesNotContainKey(OrbStack.DEFAULT_USER);
    }

    @Test
    void machinesThatAreNotThereYetOrAnyMoreAndBuiltInOnesAreLeftOut() throws InterruptedException {
        machines(
                record(1, "web01", "creating"),
                record(2, "web02", "deleting"),
                record(3, "web03", "provisioning"),
                record(4, "docker", "running").replace("\"builtin\":false", "\"builtin\":true"));

        Inventory inventory = OrbStack.inventory(scripted.client());

        assertThat(inventory).extracting(Host::name).containsExactly("web03");
        assertThat(inventory.host("web03").groups()).contains("orbstack_provisioning");
    }

    @Test
    void canBeOfRunningMachinesOnly() throws InterruptedException {
        machines(record(1, "web01", "running"), record(2, "web02", "stopped"), record(3, "web03", "starting"));

        assertThat(OrbStack.runningInventory(scripted.client()))
                .extracting(Host::name)
                .containsExactly("web01");
        assertThat(scripted.calls()).hasSize(1);
    }

    @Test
    void hostsTakeTheDataOfGroupsInAnInventoryOfOnesOwn() throws InterruptedException {
        machines(record(1, "web01", "running"));

        Inventory inventory = Inventory.builder()
                .hosts(OrbStack.hosts(scripted.client()))
                .group(Group.named("orbstack").with("port", 1))
                .group(Group.named("orbstack_ubuntu").with("port", 2))
                .build();

        assertThat(inventory.host("web01").data("port", Integer.class)).isEqualTo(2);
    }

    @Test
    void withoutMachinesThereIsNone() throws InterruptedException {
        machines();

        assertThatIllegalStateException()
                .isThrownBy(() -> OrbStack.inventory(scripted.client()))
                .withMessageStartingWith("OrbStack has no machines; `orbctl create");
        assertThat(OrbStack.hosts(scripted.client())).isEmpty();
    }

    @Test
    void failsIfOrbStackDoes() {
        scripted.on("list", fails(1, "[-32098] no daemon"));

        assertThatThrownBy(() -> OrbStack.inventory(scripted.client()))
                .isInstanceOf(OrbCtlException.class)
                .hasMessageContaining("[-32098] no daemon");
    }
}
