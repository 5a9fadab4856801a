/** The demo. Benchmarks live here too. */
@NullMarked
package dev.weftwork.bench;

import org.jspecify.annotations.NullMarked;
