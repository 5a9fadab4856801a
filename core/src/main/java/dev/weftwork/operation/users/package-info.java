/** Operations on user accounts. */
package dev.weftwork.operation.users;
