/** Embedded machines: hosts that are folders on this computer. */
package dev.weftwork.connector.local;
