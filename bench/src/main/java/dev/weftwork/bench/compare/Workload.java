package dev.weftwork.bench.compare;

/** What the tools have to do. */
enum Workload {
    /** The four operations of PyInfra's published benchmark; on new machines, then again where nothing is left to do. */
    DEPLOY4("deploy4", 2),
    /** Twenty commands that do nothing. */
    FAN20("fan20", 1);

    final String label;
    final int passes;

    Workload(String label, int passes) {
        this.label = label;
        this.passes = passes;
    }

    @Override
    public String toString() {
        return label;
    }
}
