package dev.weftwork.bench.compare;

/**
 * What is looked at in a run of its own, because looking slows it down.
 *
 * @param processes started on this computer by the tool, itself included; not what ran in machines
 * @param memoryKiB of all its processes together at the largest moment that was seen, shared pages counted once
 */
record Counted(long processes, long memoryKiB) {}
