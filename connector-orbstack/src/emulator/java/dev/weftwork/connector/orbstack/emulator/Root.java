package dev.weftwork.connector.orbstack.emulator;

import org.opentest4j.TestAbortedException;

/** Whether tests may make machines with users and process spaces of their own, which takes root. */
public final class Root {

    private Root() {}

    public static boolean here() {
        return "root".equals(System.getProperty("user.name"));
    }

    /** For tests that can't do without; elsewhere than in CI they are skipped, saying so. */
    public static void require() {
        if (!here()) {
            String what = "not root: emulated machines are plain folders, a test that needs real ones is skipped";
            if ("true".equals(System.getenv("CI"))) {
                throw new AssertionError(what + "; CI must be root");
            }
            System.out.println("\n*** NOT TESTED HERE: " + what + " ***\n");
            throw new TestAbortedException(what);
        }
    }
}
