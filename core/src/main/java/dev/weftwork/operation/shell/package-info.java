/** Running commands of your own as operations. */
package dev.weftwork.operation.shell;
