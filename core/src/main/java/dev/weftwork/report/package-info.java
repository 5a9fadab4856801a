/** What became of a run: of every step on every host. */
package dev.weftwork.report;
