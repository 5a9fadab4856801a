/** What to do, in which order: a deploy and its steps. */
package dev.weftwork.deploy;
