/** Listeners that come with Weftwork: what shows a run while it happens, and what records it. All are optional. */
package dev.weftwork.listener;
