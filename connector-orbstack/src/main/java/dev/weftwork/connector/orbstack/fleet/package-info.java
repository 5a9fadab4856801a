/** Makes fleets of OrbStack machines exist. */
package dev.weftwork.connector.orbstack.fleet;
