/** A user's program that names its modules. */
module example.consumer {
    requires dev.weftwork.core;
    requires dev.weftwork.connector.orbstack;
}
