/** What is true on a machine: facts, how they are read, and those that are built in. */
package dev.weftwork.fact;
