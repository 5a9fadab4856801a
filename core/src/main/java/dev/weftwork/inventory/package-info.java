/** The machines of a run: hosts, their groups and their data, and how to select among them. */
package dev.weftwork.inventory;
