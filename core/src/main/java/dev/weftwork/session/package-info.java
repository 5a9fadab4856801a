/**
 * Long-lived shells in which commands run one after the other, over any three byte streams to a machine. For those who write
 * connectors: they implement {@link dev.weftwork.session.ShellTransport}, and {@link dev.weftwork.session.ShellConnection}
 * makes a connection of it. The only package besides the engine that starts threads: those that read and write the pipes of
 * processes.
 */
package dev.weftwork.session;
