package dev.weftwork.connector.orbstack;

import dev.weftwork.command.Command;
import java.time.Duration;
import java.util.regex.Pattern;

/**
 * Commands that tell what a machine reaches: another machine as {@code NAME.orb.local}, or anything in the network.
 *
 * <p>Values, to be run on the machine as any command. Each needs a POSIX shell and takes whichever of several tools the
 * machine has; without any of them it exits 127 and says which would do. What isn't reached is exit code 1, or whatever
 * {@code ping} or {@code curl} say.
 *
 * <pre>{@code
 * engine.forEachHost(inventory, host -> host.run(Connectivity.tcp("db01.orb.local", 5432)).succeeded());
 * }</pre>
 */
public final class Connectivity {

    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_:][A-Za-z0-9._:%-]*");
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static final String PING = """
            command -v ping >/dev/null 2>&1 || { echo 'needs ping' >&2; exit 127; }
            ping -c "$2" -W 2 "$1"
            """;

    private static final String TCP = """
            tried=
            limited() {
              if command -v timeout >/dev/null 2>&1; then timeout 5 "$@"; else "$@"; fi
            }
            if command -v bash >/dev/null 2>&1; then
              tried=1
              limited bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null && exit 0
            fi
            if command -v nc >/dev/null 2>&1; then
              tried=1
              said=$(nc -z -w 5 "$1" "$2" 2>&1 </dev/null) && exit 0
              case $said in
                *"invalid option"* | *"unrecognized option"*)
                  # Busybox's may have no -z: then it stays connected until it is ended.
                  limited nc -w 3 "$1" "$2" >/dev/null 2>&1 </dev/null
                  case $? in 0 | 124 | 143) exit 0 ;; esac
                  ;;
              esac
            fi
            if command -v python3 >/dev/null 2>&1; then
              tried=1
              python3 -c 'import socket, sys
            socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)' "$1" "$2" 2>/dev/null && exit 0
            fi
            if test -z "$tried"; then echo 'needs bash, nc or python3' >&2; exit 127; fi
            echo "no connection to $1 port $2" >&2
            exit 1
            """;

    private static final String HTTP = """
            if command -v curl >/dev/null 2>&1; then
              curl -sS -o /dev/null -w '%{http_code}\\n' --connect-timeout 5 --max-time 30 "$1"
              exit
            fi
            command -v wget >/dev/null 2>&1 || { echo 'needs curl or wget' >&2; exit 127; }
            # Not -T: busybox's can crash of it.
            limited() {
              if command -v timeout >/dev/null 2>&1; then timeout 30 "$@"; else "$@"; fi
            }
            said=$(limited wget -S -O /dev/null -t 1 "$1" 2>&1)
            code=$(printf '%s\\n' "$said" | sed -n 's/^ *HTTP\\/[0-9.]* \\([0-9][0-9]*\\).*/\\1/p' | tail -n 1)
            if test -n "$code"; then echo "$code"; exit 0; fi
            printf '%s\\n' "$said" >&2
            exit 1
            """;

    private static final String RESOLVE = """
            tried=
            found() {
              if test -n "$1"; then printf '%s\\n' "$1" | sort -u; exit 0; fi
            }
            if command -v getent >/dev/null 2>&1; then
              tried=1
              found "$(getent ahosts "$1" 2>/dev/null | sed 's/[[:space:]].*//')"
              found "$(getent hosts "$1" 2>/dev/null | sed 's/[[:space:]].*//')"
            elif test -r "/etc/hosts"; then
              # The tools below ask the name server only.
              found "$(while read -r address names; do
                for each in ${names%%#*}; do test "$each" != "$1" || echo "$address"; done
              done <"/etc/hosts")"
            fi
            if command -v nslookup >/dev/null 2>&1; then
              tried=1
              found "$(nslookup "$1" 2>/dev/null | sed -n '/^Name:/,$s/^Address[^:]*: *\\([^ ]*\\).*/\\1/p')"
            fi
            if test -z "$tried"; then echo 'needs getent or nslookup' >&2; exit 127; fi
            echo "no address of $1" >&2
            exit 1
            """;

    private static final String RECORDS = """
            if command -v dig >/dev/null 2>&1; then
              said=$(dig +short +time=5 +tries=2 "$1" "$2") || exit
            elif command -v host >/dev/null 2>&1; then
              said=$(host -W 5 -t "$2" "$1") || { printf '%s\\n' "$said" >&2; exit 1; }
            elif command -v nslookup >/dev/null 2>&1; then
              said=$(nslookup -type="$2" "$1") || { printf '%s\\n' "$said" >&2; exit 1; }
            else
              echo 'needs dig, host or nslookup' >&2
              exit 127
            fi
            if test -z "$said"; then echo "no $2 record of $1" >&2; exit 1; fi
            printf '%s\\n' "$said"
            """;

    private Connectivity() {}

    /**
     * Three echo requests; succeeds as {@code ping} does, if any of them is answered. BusyBox lets only root send them:
     * {@code Connectivity.ping(host).as("root")}.
     *
     * @throws IllegalArgumentException if it isn't a host name or an address
     */
    public static Command ping(String host) {
        return ping(host, 3);
    }

    /**
     * As many echo requests.
     *
     * @throws IllegalArgumentException if it isn't a host name or an address, or if the count is not 1 to 20
     */
    public static Command ping(String host, int count) {
        if (count < 1 || count > 20) {
            throw new IllegalArgumentException("count must be 1 to 20, was " + count);
        }
        return command(PING, requireHost(host), String.valueOf(count)).describedAs("ping " + host);
    }

    /**
     * Succeeds if a connection to that port can be opened; sends nothing.
     *
     * @throws IllegalArgumentException if it isn't a host name or an address, or no port
     */
    public static Command tcp(String host, int port) {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port must be 1 to 65535, was " + port);
        }
        return command(TCP, requireHost(host), String.valueOf(port))
                .describedAs("connect to " + host + " port " + port);
    }

    /**
     * Succeeds if a web server answers, whatever it answers, and prints the status of the answer, as {@code 200}.
     *
     * @throws IllegalArgumentException if it doesn't begin with {@code http://} or {@code https://}
     */
    public static Command http(String url) {
        if (!url.startsWith("http://") && !url.startsWith("https://")) {
            throw new IllegalArgumentException("url must begin with http:// or https://, was '" + url + "'");
        }
        return command(HTTP, url).describedAs("request " + url);
    }

    /**
     * Prints the addresses of a name, one a line, as programs on that machine see it: its hosts file counts, too.
     *
     * @throws IllegalArgumentException if it isn't a host name
     */
    public static Command resolve(String name) {
        return command(RESOLVE, requireHost(name)).describedAs("resolve " + name);
    }

    /**
     * Prints what the name server has on a name, in the words of whichever tool there is.
     *
     * @param type such as {@code MX}
     * @throws IllegalArgumentException if it isn't a host name, or the type not capital letters
     */
    public static Command records(String name, String type) {
        if (!type.matches("[A-Z]{1,10}")) {
            throw new IllegalArgumentException("type must be capital letters, such as MX, was '" + type + "'");
        }
        return command(RECORDS, requireHost(name), type).describedAs("look up " + type + " of " + name);
    }

    private static Command command(String script, String... arguments) {
        return Command.script(script, arguments).timeout(LIMIT).inSessionShell();
    }

    private static String requireHost(String host) {
        if (!HOST.matcher(host).matches()) {
            throw new IllegalArgumentException("host must be a name or an address, was '" + host + "'");
        }
        return host;
    }
}
