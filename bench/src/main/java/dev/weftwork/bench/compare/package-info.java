/**
 * The whole-run comparison: the same work on the same machines by Weftwork and by what people would use instead, each measured
 * as a whole process from its start to its exit.
 *
 * <p>{@code bench/compare} starts it. The tools are the folders in {@code bench/src/compare/rivals}.
 */
@NullMarked
package dev.weftwork.bench.compare;

import org.jspecify.annotations.NullMarked;
