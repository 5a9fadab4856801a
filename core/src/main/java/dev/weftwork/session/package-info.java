/**
 * Runs framed commands in shells over byte streams, for connectors. The only package besides the engine that starts
 * threads: those that read and write the pipes of processes.
 */
package dev.weftwork.session;
