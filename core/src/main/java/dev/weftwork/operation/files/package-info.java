/** Operations on files, directories and links. */
package dev.weftwork.operation.files;
