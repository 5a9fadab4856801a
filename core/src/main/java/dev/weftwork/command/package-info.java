/** Commands for a machine's shell, and what can become of them. */
package dev.weftwork.command;
