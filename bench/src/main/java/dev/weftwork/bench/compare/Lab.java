package dev.weftwork.bench.compare;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Where the machines are. Owned by the comparison; one thread at a time. */
interface Lab extends AutoCloseable {

    /** So many machines, as new. */
    void fresh(int machines) throws IOException, InterruptedException;

    /** What every tool's environment says of them. */
    Map<String, String> environment();

    /** Where their root file systems are. */
    List<Path> roots() throws IOException, InterruptedException;

    @Override
    void close() throws IOException;
}
