package dev.weftwork.connector.orbstack.cli;

/** Where a machine is in its life. A deleted machine isn't listed any more. */
public enum MachineState {
    CREATING,
    /** Its first start is not finished: it stands in the place of starting and running until then. */
    PROVISIONING,
    STARTING,
    RUNNING,
    STOPPING,
    STOPPED,
    DELETING,
    /** A word that this version of Weftwork doesn't know; {@link Machine#stateText()} has it. */
    UNKNOWN;

    static MachineState of(String text) {
        return switch (text) {
            case "creating" -> CREATING;
            case "provisioning" -> PROVISIONING;
            case "starting" -> STARTING;
            case "running" -> RUNNING;
            case "stopping" -> STOPPING;
            case "stopped" -> STOPPED;
            case "deleting" -> DELETING;
            default -> UNKNOWN;
        };
    }
}
