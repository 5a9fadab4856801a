package dev.weftwork.bench.compare;

/**
 * What is looked at in a run of its own, because looking slows it down.
 *
 * @param exit its exit status in that run
 * @param processes started on this computer by the tool, itself included; not what ran in machines
 * @param memoryKiB of all its processes together at the largest moment that was seen, shared pages counted once, or of the largest one
 */
record Counted(int exit, long processes, long memoryKiB) {}
