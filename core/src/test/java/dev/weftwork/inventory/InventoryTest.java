package dev.weftwork.inventory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InventoryTest {

    private final Inventory inventory = Inventory.builder()
            .group(Group.named("web").with("port", 80).with("tier", "front"))
            .group(Group.named("eu").with("port", 8080).with("region", "eu-1"))
            .host(Host.named("web01").inGroups("web", "eu"))
            .host(Host.named("web02").inGroups("web").with("port", 81))
            .host(Host.named("db01").inGroups("eu"))
            .host(Host.named("a.b-c_d"))
            .build();

    @Test
    void keepsHostsInTheOrderGiven() {
        assertThat(inventory.hosts()).extracting(Host::name).containsExactly("web01", "web02", "db01", "a.b-c_d");
        assertThat(inventory).hasSize(4);
        assertThat(inventory.groups()).containsExactly("web", "eu");
    }

    @Nested
    class Data {
        @Test
        void ofAHostWinsOverThatOfItsGroups() {
            assertThat(inventory.host("web02").data("port", Integer.class)).isEqualTo(81);
            assertThat(inventory.host("web02").data("tier", String.class)).isEqualTo("front");
        }

        @Test
        void ofTheGroupNamedFirstWinsOverThatOfLaterOnes() {
            assertThat(inventory.host("web01").data("port", Integer.class)).isEqualTo(80);
            assertThat(inventory.host("web01").data("region", String.class)).isEqualTo("eu-1");
        }

        @Test
        void thatIsMissingOrOfAnotherTypeIsNamed() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> inventory.host("web01").data("prot", Integer.class))
                    .withMessage("web01: no data 'prot'; this host has [port, region, tier]");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> inventory.host("a.b-c_d").data("port", Integer.class))
                    .withMessage("a.b-c_d: no data 'port'; this host has none");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> inventory.host("web01").data("port", String.class))
                    .withMessage("web01: data 'port' is a Integer, not a String");
            assertThat(inventory.host("web01").findData("prot", Integer.class)).isEmpty();
            assertThat(inventory.host("web01").findData("port", Integer.class)).contains(80);
            assertThat(inventory.host("web01").data("port", int.class)).isEqualTo(80);
        }

        @Test
        void mustNotBeNull() {
            Map<String, Object> data = new HashMap<>();
            data.put("port", null);

            assertThatThrownBy(() -> new Host("web01", Set.of(), data))
                    .hasMessage("data 'port' of host web01 is null; leave it out instead");
        }
    }

    @Nested
    class Selection {
        @Test
        void byGlobs() {
            assertThat(inventory.named("web*")).extracting(Host::name).containsExactly("web01", "web02");
            assertThat(inventory.named("??01", "web02")).extracting(Host::name).containsExactly("web02", "db01");
            assertThat(inventory.named("*01", "web*")).extracting(Host::name).containsExactly("web01", "web02", "db01");
            assertThat(inventory.named("a.b-c_d")).hasSize(1);
        }

        @Test
        void byGroupAndCondition() {
            assertThat(inventory.inGroup("eu")).extracting(Host::name).containsExactly("web01", "db01");
            assertThat(inventory.where(host -> host.data().isEmpty())).hasSize(1);
        }

        @Test
        void thatMatchesNothingFails() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> inventory.named("web*", "wbe*"))
                    .withMessage("no host of the inventory matches 'wbe*'; it has web01, web02, db01, a.b-c_d");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> inventory.named("axb-c_d"))
                    .withMessageContaining("'axb-c_d'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> inventory.named())
                    .withMessage("a selection by name must have at least one glob");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> inventory.inGroup("wbe"))
                    .withMessage("no host of the inventory matches group 'wbe'; its groups are [web, eu]");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> inventory.where(host -> false))
                    .withMessage("no host of the inventory matches the condition");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> inventory.host("web03"))
                    .withMessage("no host 'web03' in the inventory; it has web01, web02, db01, a.b-c_d");
        }
    }

    @Nested
    class BadInput {
        @Test
        void anEmptyInventory() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Inventory.of(List.of()))
                    .withMessage("an inventory must have at least one host");
        }

        @Test
        void namesThatOccurTwiceAreAllNamed() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Inventory.ofNames("a", "b", "c", "b", "a", "a"))
                    .withMessage("host names in an inventory must be unique, more than once: b, a");
        }

        @Test
        void namesThatAreInvalidAreAllNamed() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Inventory.ofNames("a", "-b", "../c"))
                    .withMessage("host names must be letters, digits, '.', '_' and '-', beginning with a letter or a"
                            + " digit, at most 253 characters, not so: '-b', '../c'");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", " ", "..", ".a", "-a", "a/b", "a b", "ä", "a\n", "a\0", "a@b"})
        void aName(String name) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Host.named(name))
                    .withMessageStartingWith("host name must be letters")
                    .withMessageEndingWith("was '" + name + "'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Host.named("web01").inGroups(name))
                    .withMessageStartingWith("group name of host web01 must be letters");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Group.named(name))
                    .withMessageStartingWith("group name must be letters");
        }

        @Test
        void aNameTooLong() {
            assertThat(Host.named("a".repeat(253)).name()).hasSize(253);
            assertThatIllegalArgumentException().isThrownBy(() -> Host.named("a".repeat(254)));
        }

        @Test
        void aGroupAddedTwice() {
            var builder = Inventory.builder().group(Group.named("web"));

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> builder.group(Group.named("web")))
                    .withMessage("group 'web' was already added to the inventory");
        }
    }
}
