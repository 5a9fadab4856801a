/** A typed client of {@code orbctl}, OrbStack's command line: discovery and lifecycle of machines. */
package dev.weftwork.connector.orbstack.cli;
