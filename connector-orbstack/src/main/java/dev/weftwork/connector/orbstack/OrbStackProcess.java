package dev.weftwork.connector.orbstack;

import dev.weftwork.connector.orbstack.cli.OrbCtl;
import dev.weftwork.connector.orbstack.cli.OrbCtlException;
import dev.weftwork.connector.orbstack.cli.OrbStackStatus;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** OrbStack itself, which has to run before its gateway can be reached; started once if it doesn't, for all who wait. */
final class OrbStackProcess {

    private static final Logger LOG = LoggerFactory.getLogger(OrbStackProcess.class);
    private static final long LOOK_AGAIN_MILLIS = 200;

    private final Optional<OrbCtl> orbctl;
    private final CountDownLatch closed;
    private final ReentrantLock asking = new ReentrantLock();
    private volatile String whyNot = "";

    /**
     * Looks at nothing yet.
     *
     * @param orbctl to ask and to start it with; empty if there is none
     * @param closed open as long as the connector is
     */
    OrbStackProcess(Optional<OrbCtl> orbctl, CountDownLatch closed) {
        this.orbctl = orbctl;
        this.closed = closed;
    }

    Optional<OrbCtl> orbctl() {
        return orbctl;
    }

    /** Whether it runs, or does after it has been started; {@link #whyNotUp} says why not. One caller asks, others wait. */
    boolean isUpNow(long deadline) throws InterruptedException {
        if (orbctl.isEmpty()) {
            whyNot =
                    "OrbStack doesn't run, or has no gateway there, and without orbctl it can't be started: start OrbStack";
            return false;
        }
        if (!asking.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            whyNot = "whether OrbStack runs couldn't be found out in time; its daemon may hang: try `orbctl status`";
            return false;
        }
        try {
            OrbCtl ctl = orbctl.get();
            OrbStackStatus status = ctl.status();
            if (status == OrbStackStatus.STOPPED) {
                LOG.info("OrbStack isn't running; starting it by {}", ctl.program());
                ctl.startOrbStack();
            }
            while (status != OrbStackStatus.RUNNING) {
                if (System.nanoTime() - deadline >= 0 || closed.await(LOOK_AGAIN_MILLIS, TimeUnit.MILLISECONDS)) {
                    whyNot = "OrbStack was started, but doesn't run yet; it is " + status;
                    return false;
                }
                status = ctl.status();
            }
            whyNot = "OrbStack runs, but has no gateway there";
            return true;
        } catch (OrbCtlException e) {
            whyNot = "OrbStack can't be started: " + e.getMessage();
            return false;
        } finally {
            asking.unlock();
        }
    }

    /** What to tell the user whose connection was refused, and what to do. */
    String whyNotUp() {
        return whyNot;
    }
}
