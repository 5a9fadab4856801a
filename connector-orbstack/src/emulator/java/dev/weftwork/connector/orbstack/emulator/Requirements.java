package dev.weftwork.connector.orbstack.emulator;

import org.opentest4j.TestAbortedException;

/** What some tests can't do without. In CI it must be there; elsewhere they are skipped, saying so. */
public final class Requirements {

    private Requirements() {}

    /** Whether machines may have users and process spaces of their own. */
    public static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    public static void root() {
        require(isRoot(), "not root: emulated machines are plain folders, a test that needs real ones is skipped");
    }

    /**
     * Ends the test here unless that is there.
     *
     * @param what what is missing, and what becomes of the test
     */
    public static void require(boolean there, String what) {
        if (there) {
            return;
        }
        if ("true".equals(System.getenv("CI"))) {
            throw new AssertionError(what + "; CI must have it");
        }
        // On purpose where a person sees it: a skipped test is easily overlooked.
        System.out.println("\n*** NOT TESTED HERE: " + what + " ***\n");
        throw new TestAbortedException(what);
    }
}
