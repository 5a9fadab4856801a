package dev.weftwork.listener;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.weftwork.command.Command;
import dev.weftwork.command.Secret;
import dev.weftwork.deploy.Deploy;
import dev.weftwork.engine.Engine;
import dev.weftwork.engine.RunOptions;
import dev.weftwork.fact.HostFacts;
import dev.weftwork.operation.Change;
import dev.weftwork.operation.Operation;
import dev.weftwork.operation.shell.Shell;
import dev.weftwork.testing.InMemoryConnector;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

class RunLogTest {

    /** Takes what is logged, with the MDC of that moment. */
    private static final class Memory extends AppenderBase<ILoggingEvent> {
        private final ConcurrentLinkedQueue<ILoggingEvent> events = new ConcurrentLinkedQueue<>();

        @Override
        protected void append(ILoggingEvent event) {
            event.prepareForDeferredProcessing();
            events.add(event);
        }

        private List<String> messages(Level least) {
            return events.stream()
                    .filter(event -> event.getLevel().isGreaterOrEqual(least))
                    .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                    .toList();
        }
    }

    private final Logger logger = ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger("test.runs");
    private final Memory memory = new Memory();

    @BeforeEach
    void listen() {
        memory.start();
        logger.setLevel(Level.TRACE);
        logger.setAdditive(false);
        logger.addAppender(memory);
    }

    @AfterEach
    void leave() {
        logger.detachAppender(memory);
    }

    @Test
    void saysOnInfoWhatChangedAndOnWarnWhatFailed() {
        SampleRuns.run(RunLog.to("test.runs"), 1);

        assertThat(memory.messages(Level.INFO)).hasSize(6);
        assertThat(memory.messages(Level.INFO))
                .satisfiesExactly(
                        line -> assertThat(line).isEqualTo("INFO run of 'web tier' begins: 3 steps on 1 hosts"),
                        line -> assertThat(line).matches("INFO web01: step 'one': CHANGED in \\d+ ms: run true"),
                        line -> assertThat(line).startsWith("INFO web01: step 'secret': CHANGED in "),
                        line -> assertThat(line)
                                .matches("(?s)WARN attempt 1 failed, the next one in \\d+ ms: web01: step 'fails': .*"),
                        line -> assertThat(line).startsWith("WARN FAILED web01: step 'fails': `fails` exited 3"),
                        line -> assertThat(line)
                                .startsWith("WARN run of 'web tier' ended after ")
                                .endsWith("0 of 1 hosts succeeded, 2 steps changed something"));
    }

    @Test
    void showsWhereEachLineComesFromInTheMdc() {
        SampleRuns.run(RunLog.to("test.runs"), 3);

        for (ILoggingEvent event : memory.events) {
            Map<String, String> mdc = event.getMDCPropertyMap();
            String message = event.getFormattedMessage();
            if (message.startsWith("run of ")) {
                assertThat(mdc).isEmpty();
            } else {
                assertThat(message).contains(mdc.get(RunLog.HOST) + ": ");
            }
            // A host that failed says so when it has left its step.
            if (message.contains(": step '") && !message.startsWith("FAILED ")) {
                assertThat(message).contains(": step '" + mdc.get(RunLog.STEP) + "'");
            }
        }
    }

    @Test
    void codeOfAStepLogsWithHostAndStep() {
        Deploy deploy = Deploy.named("d").code("greet", host -> {
            logger.info("hello");
            return 1;
        });
        try (Engine engine = Engine.of(InMemoryConnector.succeeding())) {
            engine.run(SampleRuns.hosts(2), deploy, RunOptions.standard().listener(RunLog.to("test.runs")));
        }

        assertThat(memory.events)
                .filteredOn(event -> event.getMessage().equals("hello"))
                .extracting(ILoggingEvent::getMDCPropertyMap)
                .containsExactlyInAnyOrder(
                        Map.of(RunLog.HOST, "web01", RunLog.STEP, "greet"),
                        Map.of(RunLog.HOST, "web02", RunLog.STEP, "greet"));
    }

    /** Hosts whose turn never came are told of on the thread of the caller, whose MDC isn't ours. */
    @Test
    void leavesTheMdcOfTheCallerAsItWas() {
        MDC.put(RunLog.HOST, "the caller's");
        MDC.put(RunLog.STEP, "the caller's too");
        MDC.put("other", "too");
        Thread.currentThread().interrupt();
        try {
            SampleRuns.run(RunLog.to("test.runs"), 3);

            assertThat(Thread.interrupted()).isTrue();
            assertThat(memory.messages(Level.WARN))
                    .filteredOn(line -> line.startsWith("WARN CANCELLED "))
                    .hasSize(3);
            assertThat(memory.events)
                    .filteredOn(event -> event.getFormattedMessage().startsWith("CANCELLED "))
                    .allSatisfy(event -> assertThat(event.getMDCPropertyMap())
                            .containsEntry(
                                    RunLog.HOST, event.getFormattedMessage().split("[ :]", -1)[1])
                            .doesNotContainKey(RunLog.STEP));
            assertThat(MDC.getCopyOfContextMap())
                    .isEqualTo(Map.of(RunLog.HOST, "the caller's", RunLog.STEP, "the caller's too", "other", "too"));
        } finally {
            Thread.interrupted();
            MDC.clear();
        }
    }

    /** There the caller is a host in a step, and the host that never begins may have its name. */
    @Test
    void aRunWithinAStepLeavesTheMdcOfItsHostAsItWas() {
        RunLog listener = RunLog.to("test.runs");
        Deploy inner = Deploy.named("inner").step("one", Shell.run("true"));
        try (Engine engine = Engine.of(InMemoryConnector.succeeding())) {
            Deploy outer = Deploy.named("outer").code("greet", host -> {
                Thread.currentThread().interrupt();
                engine.run(SampleRuns.hosts(2), inner, RunOptions.standard().listener(listener));
                logger.info("hello, interrupted: " + Thread.interrupted());
                return 1;
            });
            engine.run(SampleRuns.hosts(1), outer, RunOptions.standard().listener(listener));
        }

        assertThat(memory.events)
                .filteredOn(event -> event.getMessage().equals("hello, interrupted: true"))
                .extracting(ILoggingEvent::getMDCPropertyMap)
                .containsExactly(Map.of(RunLog.HOST, "web01", RunLog.STEP, "greet"));
    }

    @Test
    void summariesOfChangesHaveStarsForSecrets() {
        Command command = Command.of("set-password").secretArg(Secret.of(SampleRuns.SECRET));
        Operation operation = new Operation() {
            @Override
            public String summary() {
                return "password";
            }

            @Override
            public List<Change> plan(HostFacts facts) {
                return List.of(new Change("password of app is " + SampleRuns.SECRET, command));
            }
        };
        Deploy deploy = Deploy.named("d").step(operation);
        RunOptions options = RunOptions.standard().listener(RunLog.to("test.runs"));
        try (Engine engine = Engine.of(InMemoryConnector.succeeding())) {
            engine.run(SampleRuns.hosts(1), deploy, options);
            engine.plan(SampleRuns.hosts(1), deploy, options);
        }

        assertThat(memory.messages(Level.TRACE))
                .noneMatch(line -> line.contains(SampleRuns.SECRET))
                .filteredOn(line -> line.endsWith("password of app is ******"))
                .hasSize(2);
    }

    @Test
    void neitherSecretsNorForgedLinesGetIn() {
        SampleRuns.run(RunLog.to("test.runs"), 2);

        assertThat(memory.messages(Level.TRACE))
                .isNotEmpty()
                .noneMatch(line -> line.contains(SampleRuns.SECRET))
                .noneMatch(line -> line.contains("\u001b"))
                .noneMatch(line -> line.contains("\nWARN"))
                .anyMatch(line -> line.contains("\n    WARN forged line"));
    }

    @Test
    void aPlanIsLoggedAsSuch() {
        try (Engine engine = Engine.of(InMemoryConnector.succeeding())) {
            engine.plan(
                    SampleRuns.hosts(1),
                    Deploy.named("d").step("one", Shell.run("true").creates("done")),
                    RunOptions.standard().listener(RunLog.to("test.runs")));
        }

        assertThat(memory.messages(Level.INFO)).first().isEqualTo("INFO plan of 'd' begins: 1 steps on 1 hosts");
    }
}
