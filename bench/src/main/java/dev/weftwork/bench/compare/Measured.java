package dev.weftwork.bench.compare;

/**
 * What one whole process took, with all processes it started.
 *
 * @param exit its exit status
 * @param wall seconds from its start to its exit
 * @param cpu seconds of user and system time, of it and of all it started
 * @param ownCpu those of its first process alone
 * @param computerCpu seconds for which the computer's cores were busy meanwhile: what the machines did is in this only
 * @param peakKiB memory of its largest process at its largest
 */
record Measured(int exit, double wall, double cpu, double ownCpu, double computerCpu, long peakKiB) {}
