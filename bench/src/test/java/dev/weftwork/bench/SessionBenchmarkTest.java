package dev.weftwork.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weftwork.command.Command;
import dev.weftwork.command.CommandFailedException;
import dev.weftwork.command.CommandResult;
import dev.weftwork.command.Outcome;
import dev.weftwork.command.Output;
import dev.weftwork.connector.Connection;
import dev.weftwork.connector.Connector;
import dev.weftwork.connector.OutputConsumer;
import dev.weftwork.inventory.Host;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** Whether benchmarks notice what is wrong; that they run is what {@link SmokeTest} shows. */
class SessionBenchmarkTest {

    private final SessionBenchmark benchmark = new SessionBenchmark(5);
    private final SessionBenchmark.Hosts hosts = hosts(2);
    private final SessionBenchmark.Connections connections = new SessionBenchmark.Connections();
    private final SessionBenchmark.JvmCpu cpu = new SessionBenchmark.JvmCpu();

    private static SessionBenchmark.Hosts hosts(int count) {
        var hosts = new SessionBenchmark.Hosts();
        hosts.hosts = count;
        return hosts;
    }

    /** Machines that write that on standard output and exit with that code, and remember who was asked for what. */
    private record ScriptedConnector(String output, int exitCode, ConcurrentLinkedQueue<String> asked)
            implements Connector {

        ScriptedConnector(String output, int exitCode) {
            this(output, exitCode, new ConcurrentLinkedQueue<>());
        }

        @Override
        public Connection connect(Host host) {
            return new Connection() {
                @Override
                public CommandResult execute(Command command, OutputConsumer consumer) {
                    asked.add(host + ": " + command);
                    return new CommandResult(
                            host.name(),
                            command,
                            new Outcome.Completed(exitCode),
                            Output.of(output.getBytes(StandardCharsets.UTF_8)),
                            Output.empty(),
                            Duration.ZERO);
                }

                @Override
                public void close() {
                    asked.add(host + " closed");
                }
            };
        }

        @Override
        public void close() {
            asked.add("closed");
        }
    }

    @Test
    void hostsGetEqualSharesOfARound() throws Exception {
        var connector = new ScriptedConnector("hi\n", 0);
        connections.open(hosts, connector);
        cpu.begin();

        benchmark.echo(hosts, connections, cpu);
        connections.close();

        assertThat(connector.asked)
                .containsOnlyOnce("host0 closed", "host1 closed", "closed")
                .filteredOn(line -> line.equals("host0: echo hi"))
                .hasSize(3);
        assertThat(connector.asked)
                .filteredOn(line -> line.equals("host1: echo hi"))
                .hasSize(2);
    }

    @Test
    void aWrongResultFailsTheBenchmark() throws Exception {
        cpu.begin();
        connections.open(hosts, new ScriptedConnector("hi", 0));
        assertThatThrownBy(() -> benchmark.echo(hosts, connections, cpu))
                .hasCauseInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is not 'hi\n'");
        assertThatThrownBy(() -> benchmark.noop(hosts, connections, cpu)).hasMessageContaining("is not ''");

        connections.open(hosts, new ScriptedConnector("hi\n", 1));
        assertThatThrownBy(() -> benchmark.echo(hosts, connections, cpu))
                .hasCauseInstanceOf(CommandFailedException.class)
                .hasMessageContaining("`echo hi` exited 1");
    }

    @Test
    void aRoundWithoutHostsFailsTheBenchmark() throws Exception {
        var none = hosts(0);
        connections.open(none, new ScriptedConnector("hi\n", 0));
        cpu.begin();

        assertThatThrownBy(() -> benchmark.echo(none, connections, cpu))
                .hasMessage("a round is 5 commands, but there were 0");
    }

    @Test
    void aRoundIsSharedOutToTheLastCommand() throws Exception {
        for (int count : List.of(1, 16, 256, 1000)) {
            int sum = 0;
            for (Callable<Integer> host : hosts(count).share(SessionBenchmark.COMMANDS, host -> {})) {
                sum += host.call();
            }
            assertThat(sum).as("%s hosts", count).isEqualTo(SessionBenchmark.COMMANDS);
        }
    }
}
