/** Carries Weftwork's commands to OrbStack machines. */
package dev.weftwork.connector.orbstack;
