package dev.weftwork.bench.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * One time that a tool does a workload.
 *
 * @param number 1 on new machines, 2 where nothing is left to do
 */
record Pass(Way way, Workload workload, int number) {

    static List<Pass> all() {
        var all = new ArrayList<Pass>();
        for (Way way : Way.values()) {
            for (Workload workload : Workload.values()) {
                for (int number = 1; number <= workload.passes; number++) {
                    all.add(new Pass(way, workload, number));
                }
            }
        }
        return all;
    }

    boolean has(Results.Cell cell) {
        return cell.way().equals(way.label) && cell.workload().equals(workload.label) && cell.pass() == number;
    }

    String title() {
        String which = workload.passes == 1 ? "" : number == 1 ? ", first pass" : ", second pass";
        return workload + which + ", over " + way;
    }
}
