/** Carries Weftwork's commands to OrbStack machines. */
@org.jspecify.annotations.NullMarked
module dev.weftwork.connector.orbstack {
    requires transitive dev.weftwork.core;
    requires org.json;
    requires com.jcraft.jsch;
    requires org.slf4j;

    exports dev.weftwork.connector.orbstack;
    exports dev.weftwork.connector.orbstack.cli;
    exports dev.weftwork.connector.orbstack.fleet;
}
