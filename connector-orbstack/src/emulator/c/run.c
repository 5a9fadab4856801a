/*
 * `run` and the sessions of the SSH gateway: what goes to the machine (words, user, folder, environment), and the relay
 * between the caller's streams and those of the command. The relay ends as soon as the direct child has ended: what is
 * in the pipes by then is still copied, what a background child may write later is not waited for.
 */
#include "emulator.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { LONGEST_COMMAND = 131071, BLOCK = 65536, HOLD_MS = 20 };

/* ---- the request ---- */

static void add_part(int request, const char *key, const char *value) {
    if (value == NULL) return;
    char *part = format("%s=%s", key, value);
    if (write(request, part, strlen(part) + 1) < 0) exit(1);
    free(part);
}

static int request_file(const struct machine *machine, const struct request *request) {
    int file = memfd_create("request", MFD_CLOEXEC);
    bool default_user = request->user == NULL;
    add_part(file, "user", default_user ? get(machine, "default_username") : request->user);
    add_part(file, "cwd", request->cwd);
    add_part(file, "command", request->command);
    for (char **variable = request->environment; variable != NULL && *variable != NULL; variable++) {
        add_part(file, "env", *variable);
    }
    return file;
}

/* What profile scripts print: a file that /etc/profile of the machine shows. */
static void put_noise(const struct machine *machine) {
    char *wanted = knob("profile-noise", NULL), *path = machine_file(machine, "rootfs/opt/orbstack-guest/profile-noise");
    if (wanted == NULL) {
        unlink(path);
    } else {
        char *there = read_file(path);
        if (there == NULL || strcmp(there, wanted) != 0) write_file(path, wanted);
    }
}

static bool hand_over(int connection, int in, int out, int err, int request) {
    int handed[SPAWN_DESCRIPTORS] = {in, out, err, request};
    union {
        char space[CMSG_SPACE(sizeof handed)];
        struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof control);
    struct message message = {SPAWN, 0, ""};
    struct iovec part = {&message, sizeof message};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space,
                            .msg_controllen = sizeof control.space};
    struct cmsghdr *descriptors = CMSG_FIRSTHDR(&header);
    descriptors->cmsg_level = SOL_SOCKET;
    descriptors->cmsg_type = SCM_RIGHTS;
    descriptors->cmsg_len = CMSG_LEN(sizeof handed);
    memcpy(CMSG_DATA(descriptors), handed, sizeof handed);
    return sendmsg(connection, &header, MSG_NOSIGNAL) == sizeof message;
}

/* Any session starts a stopped machine. A connection, or -1 and why. */
static int enter(struct machine *machine, char **why) {
    for (int tries = 0; tries < 50; tries++) {
        const char *state = machine_state(machine);
        bool usable = strcmp(state, "running") == 0 || (strcmp(state, "provisioning") == 0 && machine_alive(machine));
        int connection = usable ? machine_connect(machine->id) : -1;
        if (connection >= 0) return connection;
        *why = machine_start(machine->id);
        if (!machine_load(machine, machine->id)) {
            *why = format("machine not found: %s", get(machine, "name"));
            return -1;
        }
        /* One that is being made can't be started yet. */
        bool being_made = *why != NULL && strstr(*why, "cannot transition") != NULL;
        if (*why != NULL && !being_made) return -1;
        if (being_made) {
            if (strcmp(get(machine, "state"), "deleting") == 0) return -1;
            sleep_ms(20);
        }
    }
    return -1;
}

int session_on(struct machine *machine, const char *user, const char *command, int in, int out, int err) {
    struct request request = {.user = user, .command = command};
    char *why = NULL;
    int connection = enter(machine, &why);
    int file = request_file(machine, &request);
    if (connection < 0 || !hand_over(connection, in, out, err, file)) return 1;
    close(file);
    struct message message;
    ssize_t got;
    while ((got = recv(connection, &message, sizeof message, 0)) == sizeof message && message.kind != ENDED) {}
    close(connection);
    if (got != sizeof message || !WIFEXITED(message.value)) return 255;
    return WEXITSTATUS(message.value);
}

/* ---- the relay ---- */

struct stream {
    int from, to; /* -1 when closed */
    char block[BLOCK];
    size_t begin, end;
    size_t hold; /* so many bytes at the end are held back for HOLD_MS, to be dropped if the command ends */
    int64_t read_at;
    ssize_t left; /* what is still to be read after the end of the command; -1 before */
};

/* A pipe's end opened anew can be written without waiting, whatever others who share ours expect of it. */
static int without_waiting(int descriptor) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return -1;
    if (S_ISFIFO(status.st_mode)) {
        int own = open(format("/proc/self/fd/%d", descriptor), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (own >= 0) return own;
    }
    return descriptor;
}

static size_t sendable(const struct stream *stream) {
    size_t held = stream->end - stream->begin;
    if (stream->hold == 0 || now_ms() - stream->read_at >= HOLD_MS) return held;
    return held > stream->hold ? held - stream->hold : 0;
}

static void close_from(struct stream *stream) {
    if (stream->from >= 0) close(stream->from);
    stream->from = -1;
}

/* Room to read more? Held back bytes don't keep others from coming. */
static size_t room(struct stream *stream) {
    if (stream->begin > 0 && (stream->begin == stream->end || stream->hold > 0)) {
        memmove(stream->block, stream->block + stream->begin, stream->end - stream->begin);
        stream->end -= stream->begin;
        stream->begin = 0;
    }
    if (stream->hold == 0 && stream->end > 0) return 0;
    return BLOCK - stream->end;
}

static void fill(struct stream *stream) {
    size_t space = room(stream);
    if (stream->left >= 0 && (size_t) stream->left < space) space = (size_t) stream->left;
    if (space == 0 || stream->from < 0) return;
    ssize_t got = read(stream->from, stream->block + stream->end, space);
    if (got > 0) {
        stream->end += (size_t) got;
        stream->read_at = now_ms();
        if (stream->left >= 0) stream->left -= got;
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_from(stream);
    }
}

/* False if nobody reads there any more. */
static bool drain(struct stream *stream, bool caller_shares_it) {
    size_t size = sendable(stream);
    if (size == 0) return true;
    if (caller_shares_it && size > PIPE_BUF) size = PIPE_BUF; /* so much fits where poll says there's room */
    ssize_t put = write(stream->to, stream->block + stream->begin, size);
    if (put > 0) stream->begin += (size_t) put;
    if (put < 0 && errno == EPIPE) {
        /* It is ours to tell, not a signal that somebody sent us. */
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        sigtimedwait(&pipe, NULL, &(struct timespec) {0, 0});
    }
    return put >= 0 || errno == EAGAIN || errno == EINTR;
}

static void tell_signal(int connection, int number) {
    struct message message = {SIGNAL, number, ""};
    if (send(connection, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
}

static void end_of_command(struct stream *stream) {
    int available = 0;
    if (stream->from >= 0 && ioctl(stream->from, FIONREAD, &available) != 0) available = 0;
    stream->left = available;
}

/* Returns the wait status, or -1 if the machine went away. */
static int relay(int connection, int signals, struct stream streams[3], char **why) {
    bool shared[3] = {false, false, false};
    int status = -1;
    bool ended = false;
    for (int i = 1; i < 3; i++) {
        int own = without_waiting(streams[i].to);
        shared[i] = own == streams[i].to;
        streams[i].to = own;
    }
    struct stat input;
    /* A terminal or a file says at once that it can be read; so does /dev/null. */
    if (fstat(0, &input) != 0) close_from(&streams[0]);
    for (;;) {
        bool holding = false;
        if (ended) {
            bool done = true;
            for (int i = 1; i < 3; i++) {
                fill(&streams[i]);
                if (streams[i].left > 0 && streams[i].from >= 0) done = false;
                if (streams[i].to >= 0 && streams[i].end - streams[i].begin > streams[i].hold) done = false;
            }
            if (done) return status;
        }
        struct pollfd polled[8];
        for (int i = 0; i < 3; i++) {
            struct stream *stream = &streams[i];
            size_t ready = stream->to < 0 ? 0 : sendable(stream);
            bool more = stream->from >= 0 && stream->left != 0 && room(stream) > 0 && !(ended && i == 0);
            if (ended && stream->hold > 0) {
                size_t all = stream->end - stream->begin;
                ready = all > stream->hold ? all - stream->hold : 0;
            }
            polled[2 * i] = (struct pollfd) {more ? stream->from : -1, POLLIN, 0};
            /* The guest's end of stdin is watched also while there's nothing for it: it may be closed. */
            bool watch = ready > 0 || (i == 0 && stream->to >= 0);
            polled[2 * i + 1] = (struct pollfd) {watch ? stream->to : -1, ready > 0 ? POLLOUT : 0, 0};
            if (stream->end - stream->begin > ready) holding = true;
        }
        polled[6] = (struct pollfd) {signals, POLLIN, 0};
        polled[7] = (struct pollfd) {ended ? -1 : connection, POLLIN, 0};
        if (poll(polled, 8, holding && !ended ? 5 : -1) < 0 && errno != EINTR) return -1;
        if (polled[6].revents != 0) {
            struct signalfd_siginfo signal;
            if (read(signals, &signal, sizeof signal) == sizeof signal) tell_signal(connection, (int) signal.ssi_signo);
        }
        for (int i = 0; i < 3; i++) {
            struct stream *stream = &streams[i];
            if (polled[2 * i + 1].revents != 0) {
                bool gone = i == 0 && (polled[1].revents & POLLERR) != 0;
                if (gone || !drain(stream, shared[i])) {
                    if (i > 0) tell_signal(connection, SIGPIPE);
                    if (i == 0) close(stream->to);
                    stream->to = -1;
                    close_from(stream);
                    stream->begin = stream->end = 0;
                }
            }
            if (polled[2 * i].revents != 0) fill(stream);
        }
        /* The end of stdin is passed on when all before it is. */
        if (streams[0].from < 0 && streams[0].to >= 0 && streams[0].begin == streams[0].end) {
            close(streams[0].to);
            streams[0].to = -1;
        }
        if (polled[7].revents != 0) {
            struct message message;
            ssize_t got = recv(connection, &message, sizeof message, MSG_DONTWAIT);
            if (got < 0 && errno == EAGAIN) continue;
            if (got == sizeof message && message.kind == REFUSED) {
                *why = strdup(message.text);
                continue;
            }
            if (got == sizeof message && message.kind == ENDED) status = message.value;
            ended = true;
            end_of_command(&streams[1]);
            end_of_command(&streams[2]);
        }
    }
}

static int forwarded_signals(void) {
    static const int FORWARDED[] = {SIGABRT, SIGALRM, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGPIPE, SIGQUIT, SIGSEGV, SIGTERM,
                                    SIGUSR1, SIGUSR2};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof FORWARDED / sizeof *FORWARDED; i++) sigaddset(&set, FORWARDED[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int fail_silently(const char *why) {
    if (why != NULL && strncmp(knob("silent", "1"), "0", 1) == 0) fprintf(stderr, "%s\n", why);
    return 1;
}

static int end_with(const struct request *request, const char *what, int number, int exit_status) {
    if (request->status_file != NULL) write_file(request->status_file, format("%s %d\n", what, number));
    return exit_status;
}

int session(struct machine *machine, const struct request *request) {
    char *why = NULL;
    const char *recent = read_file(in_store("recent"));
    if (recent == NULL || strcmp(recent, machine->id) != 0) write_file(in_store("recent"), machine->id);
    if (request->command != NULL && strlen(request->command) > LONGEST_COMMAND) {
        return end_with(request, "exit", 1, fail_silently("argument list too long"));
    }
    int connection = enter(machine, &why);
    if (connection < 0) return end_with(request, "exit", 1, fail_silently(why));
    put_noise(machine);
    int in[2], out[2], err[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return 1;
    int signals = -1;
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    if (request->forwards_signals) {
        signals = forwarded_signals();
    } else {
        sigprocmask(SIG_BLOCK, &pipe_only, NULL);
    }
    int file = request_file(machine, request);
    if (!hand_over(connection, in[0], out[1], err[1], file)) return end_with(request, "signal", SIGKILL, 255);
    close(file);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    static struct stream streams[3];
    streams[0] = (struct stream) {.from = 0, .to = in[1], .left = -1};
    streams[1] = (struct stream) {.from = out[0], .to = 1, .left = -1};
    streams[2] = (struct stream) {.from = err[0], .to = 2, .left = -1};
    if (request->drop_tail != NULL) {
        streams[1].hold = strtoul(request->drop_tail, NULL, 10);
        if (streams[1].hold > BLOCK / 2) streams[1].hold = BLOCK / 2;
    }
    int status = relay(connection, signals, streams, &why);
    if (why != NULL) fail_silently(why);
    if (status >= 0 && WIFEXITED(status)) return end_with(request, "exit", WEXITSTATUS(status), WEXITSTATUS(status));
    return end_with(request, "signal", status >= 0 ? WTERMSIG(status) : SIGKILL, 255);
}

/* ---- run ---- */

static const char RUN_USAGE[] =
    "Usage:\n"
    "  orb run [flags] -- [COMMAND] [ARGS]...\n"
    "\n"
    "Flags:\n"
    "  -m, --machine string   Use a specific machine\n"
    "  -u, --user string      Run as a specific user\n"
    "  -w, --workdir string   Set the working directory\n"
    "  -s, --shell            Use the login shell instead of running command directly\n"
    "  -p, --path             Translate absolute macOS paths to Linux paths\n"
    "  -h, --help             help for orb\n";

static char *quoted(const char *word) {
    static const char BARE[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
    if (*word == 0) return "''";
    if (word[strspn(word, BARE)] == 0) return (char *) word;
    char *result = malloc(5 * strlen(word) + 3), *end = result;
    *end++ = '\'';
    for (; *word != 0; word++) {
        if (*word == '\'') {
            end = stpcpy(end, "'\"'\"'");
        } else {
            *end++ = *word;
        }
    }
    *end++ = '\'';
    *end = 0;
    return result;
}

static char *joined(int count, char **words, bool quote) {
    size_t size = 1;
    for (int i = 0; i < count; i++) size += 5 * strlen(words[i]) + 3;
    char *line = malloc(size), *end = line;
    *end = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0) *end++ = ' ';
        end = stpcpy(end, quote ? quoted(words[i]) : words[i]);
    }
    return line;
}

static char *guest_path(const char *path) {
    static const char *SAME[] = {"/Users/", "/Volumes/", "/Applications/", "/Library/", NULL};
    for (int i = 0; SAME[i] != NULL; i++) {
        if (strncmp(path, SAME[i], strlen(SAME[i])) == 0) return (char *) path;
    }
    return strcmp(path, "/") == 0 ? "/mnt/mac" : format("/mnt/mac%s", path);
}

static char *guest_word(char *word) {
    if (*word == '/') return guest_path(word);
    char *equals = strchr(word, '=');
    if (equals == NULL || equals[1] != '/') return word;
    return format("%.*s=%s", (int) (equals - word), word, guest_path(equals + 1));
}

static char *replaced(const char *text, const char *what, const char *with) {
    char *result = "";
    const char *found;
    while ((found = strstr(text, what)) != NULL) {
        result = format("%s%.*s%s", result, (int) (found - text), text, with);
        text = found + strlen(what);
    }
    return format("%s%s", result, text);
}

static bool passes(const char *name) {
    static const char *NAMES[] = {
        "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TERM_SESSION_ID", "COMMAND_MODE", "LC_TERMINAL",
        "LC_TERMINAL_VERSION", "COLORTERM", "TERMINAL", "LaunchInstanceID", "__CFBundleIdentifier",
        "__CF_USER_TEXT_ENCODING", "DISPLAY", NULL,
    };
    if (strncmp(name, "ITERM_", 6) == 0) return true;
    for (int i = 0; NAMES[i] != NULL; i++) {
        if (strcmp(name, NAMES[i]) == 0) return true;
    }
    const char *listed = getenv("ORBENV");
    if (listed == NULL) listed = getenv("WSLENV");
    if (listed == NULL) return false;
    char *names = strdup(listed);
    for (char *listed_name = strtok(names, ":"); listed_name != NULL; listed_name = strtok(NULL, ":")) {
        listed_name[strcspn(listed_name, "/")] = 0; /* flags, as WSL has them, are ignored */
        if (strcmp(listed_name, name) == 0) return true;
    }
    return false;
}

static char **passed_environment(void) {
    static const char *PROXIES[] = {"http_proxy", "https_proxy", "all_proxy", "no_proxy",
                                    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", NULL};
    int count = 0;
    while (environ[count] != NULL) count++;
    char **passed = calloc((size_t) count + 1, sizeof *passed);
    int size = 0;
    for (int i = 0; i < count; i++) {
        char *equals = strchr(environ[i], '=');
        if (equals == NULL) continue;
        char *name = strndup(environ[i], (size_t) (equals - environ[i]));
        bool proxy = false;
        for (int k = 0; PROXIES[k] != NULL; k++) proxy = proxy || strcmp(name, PROXIES[k]) == 0;
        if (passes(name)) {
            passed[size++] = environ[i];
        } else if (proxy) {
            bool exceptions = strcasecmp(name, "no_proxy") == 0;
            char *value = equals + 1;
            if (!exceptions) {
                value = replaced(replaced(value, "localhost", "host.orb.internal"), "127.0.0.1", "host.orb.internal");
            }
            passed[size++] = format("%s=%s", name, value);
        }
    }
    return passed;
}

static char *flag_value(int count, char **words, int *at, char *glued) {
    if (glued != NULL) return glued;
    if (*at + 1 >= count) usage_error(RUN_USAGE, "flag needs an argument: %s", words[*at]);
    return words[++*at];
}

int run(int count, char **words) {
    const char *name = NULL, *user = NULL, *folder = NULL;
    bool shell = false, paths = false;
    int at = 0;
    for (; at < count && words[at][0] == '-'; at++) {
        char *word = words[at];
        char *flag = strdup(word + (word[1] == '-' ? 2 : 1));
        char *glued = strchr(flag, '=');
        if (glued != NULL) *glued++ = 0;
        if (strcmp(flag, "m") == 0 || strcmp(flag, "machine") == 0) {
            name = flag_value(count, words, &at, glued);
        } else if (strcmp(flag, "u") == 0 || strcmp(flag, "user") == 0) {
            user = flag_value(count, words, &at, glued);
        } else if (strcmp(flag, "w") == 0 || strcmp(flag, "workdir") == 0) {
            folder = flag_value(count, words, &at, glued);
        } else if (strcmp(flag, "s") == 0 || strcmp(flag, "shell") == 0) {
            shell = true;
        } else if (strcmp(flag, "p") == 0 || strcmp(flag, "path") == 0) {
            paths = true;
        } else if (strcmp(flag, "h") == 0 || strcmp(flag, "help") == 0) {
            fputs(RUN_USAGE, stdout);
            return 0;
        } else if (glued == NULL) {
            usage_error(RUN_USAGE, "unknown flag %s", word);
        }
    }
    struct machine machine;
    if (name != NULL && !machine_by_name(&machine, name)) return fail_silently(format("machine not found: %s", name));
    if (name == NULL && !machine_default(&machine)) {
        fputs("You don't have any Linux machines yet.\n"
              "\n"
              "To run a container:\n"
              "    docker run -it ubuntu\n"
              "\n"
              "To create a Linux machine:\n"
              "    orb create ubuntu\n", stderr);
        return 1;
    }
    char *here = getcwd(NULL, 0);
    struct request request = {.user = user, .forwards_signals = true, .drop_tail = knob("drop-tail", NULL)};
    bool isolated = strcmp(get(&machine, "isolated"), "true") == 0;
    request.cwd = folder != NULL ? folder : here == NULL || isolated ? "/" : guest_path(here);
    for (int i = at; paths && i < count; i++) words[i] = guest_word(words[i]);
    if (at < count) request.command = joined(count - at, words + at, !shell);
    request.environment = passed_environment();
    return session(&machine, &request);
}

/* ---- the gateway's ---- */

/* The rules by which a login of the gateway becomes a machine and a user. */
static bool resolve_login(const char *login, struct machine *machine, const char **user) {
    const char *at = strchr(login, '@');
    if (at != NULL && strchr(at + 1, '@') != NULL) return false;
    if (at != NULL) {
        *user = strndup(login, (size_t) (at - login));
        if (!machine_by_name(machine, at + 1)) return false;
    } else if (strcmp(login, "docker") == 0) {
        return false;
    } else if (machine_by_name(machine, login)) {
        *user = host_user();
    } else {
        *user = login;
        if (!machine_default(machine)) return false;
    }
    if (strcmp(*user, "default") == 0 || strcmp(*user, "[default]") == 0) *user = strdup(get(machine, "default_username"));
    return true;
}

int gateway_session(int count, char **words) {
    const char *login = NULL;
    struct request request = {.drop_tail = knob("drop-tail", NULL)};
    request.environment = calloc((size_t) count + 1, sizeof(char *));
    int variables = 0;
    for (int i = 0; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--login") == 0) login = words[i + 1];
        if (strcmp(words[i], "--env") == 0) request.environment[variables++] = words[i + 1];
        if (strcmp(words[i], "--status-file") == 0) request.status_file = words[i + 1];
        if (strcmp(words[i], "--command") == 0 && *words[i + 1] != 0) request.command = words[i + 1];
    }
    struct machine machine;
    if (login == NULL || !resolve_login(login, &machine, &request.user)) {
        return end_with(&request, "exit", 1, fail_silently(format("machine not found: %s", login == NULL ? "" : login)));
    }
    return session(&machine, &request);
}

int gateway_resolve(int count, char **words) {
    struct machine machine;
    struct account account;
    const char *user;
    char *why = NULL;
    if (count != 2 || strcmp(words[0], "--login") != 0 || !resolve_login(words[1], &machine, &user)) return 1;
    int connection = enter(&machine, &why);
    if (connection < 0) return 1;
    close(connection);
    char *rootfs = machine_file(&machine, "rootfs");
    if (!account_find(rootfs, user, &account)) return 1;
    printf("%s\t%s\t%u\t%u\t%s\t%s\n", machine.id, account.name, (unsigned) account.uid, (unsigned) account.gid,
           account.home, rootfs);
    return 0;
}
