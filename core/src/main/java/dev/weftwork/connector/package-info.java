/** What carries commands to machines: the interface that every connector implements. */
package dev.weftwork.connector;
