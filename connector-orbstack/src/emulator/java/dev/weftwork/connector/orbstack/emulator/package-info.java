/** OrbStack without a Mac: what its command line and its SSH gateway do, over machines kept in a directory. */
@NullMarked
package dev.weftwork.connector.orbstack.emulator;

import org.jspecify.annotations.NullMarked;
