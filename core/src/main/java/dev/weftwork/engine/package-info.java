/** Runs deploys: one virtual thread per host, in a structured scope, each host's commands one at a time. */
package dev.weftwork.engine;
