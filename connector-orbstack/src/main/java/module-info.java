/** Carries Weftwork's commands to OrbStack machines. */
@org.jspecify.annotations.NullMarked
module dev.weftwork.connector.orbstack {
    requires transitive dev.weftwork.core;

    exports dev.weftwork.connector.orbstack;
}
