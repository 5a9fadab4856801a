package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessTransportTest {

    /** As JDK 21 and JDK 25 say it on Linux. */
    @Test
    void ofLimitsThatManyHostsMeetItSaysWhichToRaise() {
        assertThat(ProcessTransport.whyNotStarted("Cannot run program \"sh\": error=24, Too many open files"))
                .isEqualTo(
                        "Cannot run program \"sh\": error=24, Too many open files; has this program too many files open?"
                                + " Raise `ulimit -n`");
        assertThat(
                        ProcessTransport.whyNotStarted(
                                "Cannot run program \"sh\": Failed to exec spawn helper: pid: 71, exit"
                                        + " code: 127, error: 0 (none) \n Possible reasons:\n  - Spawn helper ran into JDK version mismatch"))
                .isEqualTo(
                        "Cannot run program \"sh\": Failed to exec spawn helper: exit code: 127, error: 0 (none); has this"
                                + " program too many files open? Raise `ulimit -n`");
        assertThat(ProcessTransport.whyNotStarted(
                        "Cannot run program \"sh\": error=11, Resource temporarily unavailable"))
                .contains("Raise `ulimit -u`");
        assertThat(ProcessTransport.whyNotStarted("java.lang.OutOfMemoryError: unable to create native thread: possibly"
                        + " out of memory or process/resource limits reached"))
                .contains("Raise `ulimit -u`");
        assertThat(ProcessTransport.whyNotStarted("Cannot run program \"sh\": error=2, No such file or directory"))
                .isEqualTo("Cannot run program \"sh\": error=2, No such file or directory");
    }
}
