package dev.weftwork.listener;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** The kinds of events of {@link JfrEvents}; users' queries stand on their names and fields. */
final class JfrSpan {

    private JfrSpan() {}

    @Name("dev.weftwork.Run")
    @Label("Run")
    @Description("A run of a deploy, from its beginning to its end")
    @Category("Weftwork")
    @StackTrace(false)
    static final class OfRun extends Event {
        @Label("Deploy")
        @Nullable
        String deploy;

        @Label("Mode")
        @Description("run, plan or verify")
        @Nullable
        String mode;

        @Label("Steps")
        int steps;

        @Label("Hosts")
        int hosts;

        @Label("Hosts That Succeeded")
        long succeeded;

        @Label("Steps That Changed Something")
        long changed;

        @Label("Cancelled")
        boolean cancelled;
    }

    @Name("dev.weftwork.Host")
    @Label("Host")
    @Description("A host in a run, from the beginning of its turn to the closing of its connection")
    @Category("Weftwork")
    @StackTrace(false)
    static final class OfHost extends Event {
        @Label("Deploy")
        @Nullable
        String deploy;

        @Label("Host")
        @Nullable
        String host;

        @Label("Status")
        @Nullable
        String status;

        @Label("Steps That Changed Something")
        long changed;

        @Label("Failure")
        @Nullable
        String failure;
    }

    @Name("dev.weftwork.Step")
    @Label("Step")
    @Description("A step on a host, its attempts and the pauses between them included")
    @Category("Weftwork")
    @StackTrace(false)
    static final class OfStep extends Event {
        @Label("Deploy")
        @Nullable
        String deploy;

        @Label("Host")
        @Nullable
        String host;

        @Label("Step")
        @Nullable
        String step;

        @Label("Status")
        @Nullable
        String status;

        @Label("Attempts")
        int attempts;

        @Label("Changes")
        int changes;

        @Label("Failure")
        @Nullable
        String failure;
    }

    @Name("dev.weftwork.Command")
    @Label("Command")
    @Description("A command of a step on a machine, waiting for a free place at the connector included")
    @Category("Weftwork")
    @StackTrace(false)
    static final class OfCommand extends Event {
        @Label("Deploy")
        @Nullable
        String deploy;

        @Label("Host")
        @Nullable
        String host;

        @Label("Machine")
        @Description("Where it ran, which is another one where the step is delegated")
        @Nullable
        String machine;

        @Label("Step")
        @Nullable
        String step;

        @Label("Command")
        @Nullable
        String command;

        @Label("Outcome")
        @Nullable
        String outcome;

        @Label("Exit Code")
        @Description("-1 if it didn't run to its end")
        int exitCode;

        @Label("Succeeded")
        boolean succeeded;

        @Label("Standard Output")
        @DataAmount
        long stdoutBytes;

        @Label("Standard Error")
        @DataAmount
        long stderrBytes;
    }
}
