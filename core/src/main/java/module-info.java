/**
 * Weftwork: provisions many machines at once, on virtual threads.
 *
 * <p>Read the packages in the order in which data flows: {@link dev.weftwork.inventory}, {@link dev.weftwork.command},
 * {@link dev.weftwork.connector}, {@link dev.weftwork.session} (for those who write connectors), {@link dev.weftwork.fact}, {@link dev.weftwork.operation},
 * {@link dev.weftwork.report}, {@link dev.weftwork.deploy}, {@link dev.weftwork.event}, {@link dev.weftwork.engine}, {@link dev.weftwork.listener}.
 */
@org.jspecify.annotations.NullMarked
module dev.weftwork.core {
    requires transitive org.jspecify;
    requires transitive jdk.jfr;
    requires org.slf4j;

    exports dev.weftwork.command;
    exports dev.weftwork.connector;
    exports dev.weftwork.connector.local;
    exports dev.weftwork.deploy;
    exports dev.weftwork.engine;
    exports dev.weftwork.event;
    exports dev.weftwork.fact;
    exports dev.weftwork.inventory;
    exports dev.weftwork.listener;
    exports dev.weftwork.operation;
    exports dev.weftwork.operation.files;
    exports dev.weftwork.operation.shell;
    exports dev.weftwork.operation.users;
    exports dev.weftwork.report;
    exports dev.weftwork.session;
}
