/** What happens in a run while it happens, for those who want to show or record it. */
package dev.weftwork.event;
