/** Desired state, and the changes that lead to it; the built-in operations are in the packages below. */
package dev.weftwork.operation;
