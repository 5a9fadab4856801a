/** The way into machines by SSH, behind an interface that doesn't show the library it uses; not exported. */
package dev.weftwork.connector.orbstack.ssh;
