package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.orbstack.cli.Machine;
import dev.weftwork.connector.orbstack.cli.MachineSpec;
import dev.weftwork.connector.orbstack.cli.MachineState;
import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.fleet.Fleet;
import dev.weftwork.connector.orbstack.fleet.FleetReport;
import dev.weftwork.inventory.Host;
import dev.weftwork.inventory.Inventory;
import java.util.List;
import java.util.Locale;

/**
 * The machines of this Mac's OrbStack as hosts.
 *
 * <p>Each host has the name of its machine and is in the groups {@code orbstack_DISTRO}, {@code orbstack_arm64} or
 * {@code orbstack_amd64}, one for its state, such as {@code orbstack_running} or {@code orbstack_stopped}, and
 * {@code orbstack}, in this order, so that data of its distro wins over data of all. What OrbStack tells of it is its data,
 * under the keys below. Not there are OrbStack's own machines, Docker's above all, and those that are just being created
 * or deleted.
 *
 * <p>All is as it was when OrbStack was asked, by a single call, which starts OrbStack if it is down. Addresses aren't
 * part of it: they change with every start, {@code NAME.orb.local} doesn't.
 *
 * <pre>{@code
 * Inventory ubuntus = OrbStack.inventory().inGroup("orbstack_ubuntu");
 *
 * Inventory withData = Inventory.builder()
 *     .hosts(OrbStack.hosts(orbctl))
 *     .group(Group.named("orbstack_ubuntu").with("packages", List.of("nginx")))
 *     .build();
 * }</pre>
 */
public final class OrbStack {

    /** Data: what the machine stays for OrbStack even if it is renamed. A String. */
    public static final String ID = "orbstack.id";

    /** Data: such as {@code ubuntu}. A String. */
    public static final String DISTRO = "orbstack.distro";

    /** Data: the codename as a rule, such as {@code jammy} for what was created as {@code 22.04}. A String. */
    public static final String VERSION = "orbstack.version";

    /** Data: {@code arm64} or {@code amd64}. A String. */
    public static final String ARCH = "orbstack.arch";

    /** Data: whom commands run as unless they name another user; missing if OrbStack doesn't tell. A String. */
    public static final String DEFAULT_USER = "orbstack.defaultUser";

    /** Data: whether the machine sees nothing of the Mac. A Boolean. */
    public static final String ISOLATED = "orbstack.isolated";

    /** Data: such as {@code running}, in OrbStack's own words. A String. */
    public static final String STATE = "orbstack.state";

    private OrbStack() {}

    /**
     * All machines.
     *
     * @throws IllegalStateException if there are none
     * @throws dev.weftwork.connector.orbstack.cli.OrbCtlException if OrbStack isn't installed or doesn't answer
     */
    public static Inventory inventory() throws InterruptedException {
        return inventory(OrbCtl.onPath());
    }

    /** As {@link #inventory()}, asked by that client. */
    public static Inventory inventory(OrbCtl orbctl) throws InterruptedException {
        return inventory(hosts(orbctl), "machines");
    }

    /**
     * The machines that run.
     *
     * @throws IllegalStateException if there are none
     * @throws dev.weftwork.connector.orbstack.cli.OrbCtlException if OrbStack isn't installed or doesn't answer
     */
    public static Inventory runningInventory() throws InterruptedException {
        return runningInventory(OrbCtl.onPath());
    }

    /** As {@link #runningInventory()}, asked by that client. */
    public static Inventory runningInventory(OrbCtl orbctl) throws InterruptedException {
        return inventory(hosts(orbctl.list().stream().filter(Machine::isRunning).toList()), "machines that run");
    }

    /** The hosts of {@link #inventory(OrbCtl)}, to be put into an inventory with others and with data; maybe none. */
    public static List<Host> hosts(OrbCtl orbctl) throws InterruptedException {
        return hosts(orbctl.list());
    }

    /**
     * Makes these machines exist and waits until they are ready to be worked on: as {@link #ensure(OrbCtl, Fleet)} with the
     * defaults of {@link Fleet}.
     */
    public static FleetReport ensure(List<MachineSpec> machines) throws InterruptedException {
        return ensure(OrbCtl.onPath(), Fleet.of(machines));
    }

    /**
     * Makes a fleet exist: machines that are missing are created, those that are stopped started, and all waited for until
     * they have an address and answer. A machine that is there but isn't what was asked for is reported to be different,
     * never changed or deleted.
     *
     * <p>Creating is tried again only after what is known to pass: no address in time, trouble with the download, or
     * OrbStack restarting. An attempt without an answer may have worked all the same; then the machine is taken if it
     * wasn't there when this began, and is what was asked for.
     *
     * <p>Blocks until each machine is ready or has failed, from seconds to many minutes. One that fails keeps no other one
     * from being ensured. Nothing goes on after it has returned; an interrupt ends all of it, but machines whose creation
     * is under way may still come into being.
     *
     * <pre>{@code
     * OrbStack.ensure(List.of(MachineSpec.of("web01", "ubuntu:24.04"), MachineSpec.of("web02", "ubuntu:24.04"))).orThrow();
     * }</pre>
     *
     * @throws dev.weftwork.connector.orbstack.cli.OrbCtlException if the machines can't even be listed
     */
    public static FleetReport ensure(OrbCtl orbctl, Fleet fleet) throws InterruptedException {
        return fleet.ensure(orbctl);
    }

    private static Inventory inventory(List<Host> hosts, String what) {
        if (hosts.isEmpty()) {
            throw new IllegalStateException(
                    "OrbStack has no " + what + "; `orbctl create ubuntu web01` makes one, or OrbStack.ensure(...)");
        }
        return Inventory.of(hosts);
    }

    private static List<Host> hosts(List<Machine> machines) {
        return machines.stream()
                .filter(machine -> !machine.builtin()
                        && machine.state() != MachineState.CREATING
                        && machine.state() != MachineState.DELETING)
                .map(OrbStack::host)
                .toList();
    }

    private static Host host(Machine machine) {
        Host host = Host.named(machine.name());
        if (!machine.image().distro().isEmpty()) {
            host = host.inGroups("orbstack_" + machine.image().distro());
        }
        if (!machine.image().arch().isEmpty()) {
            host = host.inGroups("orbstack_" + machine.image().arch());
        }
        if (machine.state() != MachineState.UNKNOWN) {
            host = host.inGroups("orbstack_" + machine.state().name().toLowerCase(Locale.ROOT));
        }
        host = host.inGroups("orbstack")
                .with(ID, machine.id().value())
                .with(DISTRO, machine.image().distro())
                .with(VERSION, machine.image().version())
                .with(ARCH, machine.image().arch())
                .with(ISOLATED, machine.isolated())
                .with(STATE, machine.stateText());
        return machine.defaultUser().isPresent()
                ? host.with(DEFAULT_USER, machine.defaultUser().get())
                : host;
    }
}
