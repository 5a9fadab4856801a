/*
 * Machines. What changes one is done by a process of its own, the "server's side", so that it is finished even when
 * the caller is killed; one at a time for a machine, by a lock that this process holds. A running machine is its first
 * process: pid 1 of namespaces of its own where root may make them (chroot, /proc and host name are its own), else a
 * plain process in a plain folder. It starts what sessions ask for (sessions connect to the socket `agent` and hand it
 * their streams), tells how that ended, reaps what is left over, and lives until it is told to stop, is killed, or the
 * process named by STORE/owner has ended. With pid 1 the kernel ends all that runs in the machine.
 */
#include "emulator.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const char MARK[] = "ORBSTACK_EMULATOR_MACHINE"; /* in folder mode, in the environment of all that runs */

/* ---- the first process of a machine ---- */

struct spawned {
    int connection;
    pid_t pid; /* 0 until asked for */
};

struct boot {
    const struct machine *machine;
    const char *rootfs;
    int listener;
    int ready;
    int owner; /* opened before the namespaces are made: in there its number means nothing */
    bool namespaces;
};

static char *process_name;
static size_t process_name_space;

void name_process_from(int count, char **words) {
    process_name = words[0];
    process_name_space = (size_t) (words[count - 1] + strlen(words[count - 1]) - words[0]);
}

static void start_environment(const char *root, const struct account *account, char *request, size_t size) {
    clearenv();
    setenv("PATH", "/opt/orbstack-guest/bin-hiprio:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:"
                   "/opt/orbstack-guest/bin:/opt/orbstack-guest/data/bin/cmdlinks", 1);
    for (char *at = request; at < request + size; at += strlen(at) + 1) {
        if (strncmp(at, "env=", 4) == 0) putenv(at + 4);
    }
    char *lines = read_file(format("%s/etc/environment", root));
    for (char *line = lines == NULL ? NULL : strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        line = trim(line);
        char *equals = strchr(line, '=');
        if (*line == '#' || equals == NULL) continue;
        *equals = 0;
        char *value = equals + 1;
        size_t length = strlen(value);
        if (length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value) {
            value[length - 1] = 0;
            value++;
        }
        setenv(line, value, 1);
    }
    setenv("SHELL", account->shell, 1);
    setenv("HOME", format("%s%s", root, account->home), 1);
    setenv("USER", account->name, 1);
    setenv("LOGNAME", account->name, 1);
    setenv("SSH_CONNECTION", "::1 0 ::1 22", 1);
}

static void become(const char *root, const struct account *account) {
    gid_t groups[256];
    size_t count = 0;
    groups[count++] = account->gid;
    char *lines = read_file(format("%s/etc/group", root));
    for (char *rest = NULL, *line = lines == NULL ? NULL : strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *id = strchr(line, ':');
        if (id != NULL) id = strchr(id + 1, ':');
        char *members = id == NULL ? NULL : strchr(id + 1, ':');
        if (members == NULL || count == 256) continue;
        gid_t gid = (gid_t) strtoul(id + 1, NULL, 10);
        for (char *more = NULL, *member = strtok_r(members + 1, ",", &more); member != NULL;
             member = strtok_r(NULL, ",", &more)) {
            if (strcmp(member, account->name) == 0 && gid != account->gid) groups[count++] = gid;
        }
    }
    if (setgroups(count, groups) != 0 || setgid(account->gid) != 0 || setuid(account->uid) != 0) _exit(1);
}

/* In the child: becomes the user and runs the command by the login shell. */
static _Noreturn void start_command(const struct boot *boot, int connection, const int *handed) {
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    const char *root = boot->namespaces ? "" : boot->rootfs;
    const char *user = "root", *cwd = NULL, *command = NULL;
    off_t size = lseek(handed[3], 0, SEEK_END);
    char *request = malloc((size_t) size + 1);
    if (pread(handed[3], request, (size_t) size, 0) != size) _exit(1);
    for (char *at = request; at < request + size; at += strlen(at) + 1) {
        if (strncmp(at, "user=", 5) == 0) user = at + 5;
        if (strncmp(at, "cwd=", 4) == 0) cwd = at + 4;
        if (strncmp(at, "command=", 8) == 0) command = at + 8;
    }
    struct account account;
    if (!account_find(root, user, &account)) {
        struct message refused = {REFUSED, 0, ""};
        snprintf(refused.text, sizeof refused.text, "user not found: %.200s", user);
        if (send(connection, &refused, sizeof refused, MSG_NOSIGNAL) < 0) _exit(1);
        _exit(1);
    }
    for (int i = 0; i < 3; i++) {
        /* So that the user may open /dev/stdin and the like. */
        struct statfs system;
        bool pipe = fstatfs(handed[i], &system) == 0 && system.f_type == PIPEFS_MAGIC;
        if (pipe && boot->namespaces && fchown(handed[i], account.uid, account.gid) != 0) _exit(1);
        dup2(handed[i], i);
    }
    start_environment(root, &account, request, (size_t) size);
    umask(022);
    if (boot->namespaces) {
        become(root, &account);
    } else {
        setenv(MARK, format("%s:%s", store, boot->machine->id), 1);
        setenv("SHELL", "/bin/bash", 1);
        snprintf(account.shell, sizeof account.shell, access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh");
    }
    if (cwd == NULL) cwd = getenv("HOME");
    if (chdir(cwd) != 0 && chdir("/") != 0) _exit(1);
    char *here = getcwd(NULL, 0);
    setenv("PWD", here == NULL ? "/" : here, 1);
    const char *name = strrchr(account.shell, '/');
    char *login = format("-%s", name == NULL ? account.shell : name + 1);
    if (command == NULL) {
        execl(account.shell, login, (char *) NULL);
    } else {
        execl(account.shell, login, "-c", command, (char *) NULL);
    }
    _exit(1);
}

/* Takes what is said on a connection; false if it is over. */
static bool listen_to(const struct boot *boot, struct spawned *spawned, int *stop_grace) {
    struct message message;
    int handed[SPAWN_DESCRIPTORS] = {-1, -1, -1, -1};
    union {
        char space[CMSG_SPACE(sizeof handed)];
        struct cmsghdr align;
    } control;
    struct iovec part = {&message, sizeof message};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space,
                            .msg_controllen = sizeof control.space};
    ssize_t got = recvmsg(spawned->connection, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got != sizeof message) return false;
    struct cmsghdr *control_message = CMSG_FIRSTHDR(&header);
    if (control_message != NULL && control_message->cmsg_type == SCM_RIGHTS
        && control_message->cmsg_len == CMSG_LEN(sizeof handed)) {
        memcpy(handed, CMSG_DATA(control_message), sizeof handed);
    }
    switch (message.kind) {
        case SPAWN:
            if (spawned->pid != 0 || handed[3] < 0) return false;
            spawned->pid = fork();
            if (spawned->pid == 0) start_command(boot, spawned->connection, handed);
            for (int i = 0; i < SPAWN_DESCRIPTORS; i++) close(handed[i]);
            return spawned->pid > 0;
        case SIGNAL:
            if (spawned->pid > 0) kill(spawned->pid, message.value);
            return true;
        case HOSTNAME:
            message.text[sizeof message.text - 1] = 0;
            if (boot->namespaces && sethostname(message.text, strlen(message.text)) != 0) return false;
            return true;
        case STOP:
            *stop_grace = message.value;
            return true;
        default:
            return false;
    }
}

/* Folder mode has no kernel object to find its processes by; they are known by a mark in their environment. */
static void kill_marked(const char *id, int number) {
    char *mark = format("%s=%s:%s", MARK, store, id);
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    while (processes != NULL && (entry = readdir(processes)) != NULL) {
        if (!isdigit((unsigned char) entry->d_name[0])) continue;
        char path[300], block[65536];
        snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = file < 0 ? 0 : read(file, block, sizeof block - 1);
        if (file >= 0) close(file);
        if (size <= 0) continue;
        block[size] = 0;
        for (char *at = block; at < block + size; at += strlen(at) + 1) {
            if (strcmp(at, mark) == 0) kill((pid_t) strtol(entry->d_name, NULL, 10), number);
        }
    }
    if (processes != NULL) closedir(processes);
    free(mark);
}

static void kill_all(const struct boot *boot, int number) {
    if (boot->namespaces) {
        kill(-1, number);
    } else {
        kill_marked(boot->machine->id, number);
    }
}

static _Noreturn void first_process(struct boot *boot) {
    int owner = boot->owner;
    setsid();
    int nowhere = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++) dup2(nowhere, i);
    /* Nothing of the caller may be kept open: those who read from it wait for its end. */
    int kept[] = {boot->listener, boot->ready, owner};
    for (int at = 3, i = 0; i <= 3; i++) {
        int lowest = INT_MAX;
        for (int k = 0; k < 3; k++) {
            if (kept[k] >= at && kept[k] < lowest) lowest = kept[k];
        }
        if (lowest == INT_MAX) {
            syscall(SYS_close_range, at, ~0U, 0);
            break;
        }
        if (lowest > at) syscall(SYS_close_range, at, lowest - 1, 0);
        at = lowest + 1;
    }
    const char *name = get(boot->machine, "name");
    if (process_name_space > 0) {
        memset(process_name, 0, process_name_space);
        snprintf(process_name, process_name_space, "machine %s", name);
    }
    sigset_t blocked;
    sigfillset(&blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    int children = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    if (boot->namespaces) {
        if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
            || mount("proc", format("%s/proc", boot->rootfs), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0
            || sethostname(name, strlen(name)) != 0 || chroot(boot->rootfs) != 0) _exit(1);
    } else {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    }
    if (chdir("/") != 0) _exit(1);
    clearenv();
    if (write(boot->ready, "r", 1) != 1) _exit(1);
    close(boot->ready);

    int count = 0, space = 16, stop_grace = -1;
    int64_t end = 0;
    struct spawned *sessions = malloc((size_t) space * sizeof *sessions);
    struct pollfd *polled = malloc((size_t) (space + 3) * sizeof *polled);
    for (;;) {
        polled[0] = (struct pollfd) {children, POLLIN, 0};
        polled[1] = (struct pollfd) {end == 0 ? boot->listener : -1, POLLIN, 0};
        polled[2] = (struct pollfd) {owner, POLLIN, 0};
        for (int i = 0; i < count; i++) polled[3 + i] = (struct pollfd) {sessions[i].connection, POLLIN, 0};
        int polled_sessions = count;
        if (poll(polled, (nfds_t) (3 + count), end == 0 ? -1 : 20) < 0 && errno != EINTR) _exit(1);
        if (polled[2].revents != 0) break;
        if (polled[0].revents != 0) {
            struct signalfd_siginfo ignored;
            while (read(children, &ignored, sizeof ignored) > 0) {}
        }
        for (int i = polled_sessions - 1; i >= 0; i--) {
            if (polled[3 + i].revents == 0 || listen_to(boot, &sessions[i], &stop_grace)) continue;
            close(sessions[i].connection);
            sessions[i].connection = -1; /* the caller is gone, what it started goes on */
            if (sessions[i].pid == 0) sessions[i] = sessions[--count];
        }
        if (polled[1].revents != 0) {
            int connection;
            while ((connection = accept4(boot->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
                if (count == space) {
                    space *= 2;
                    sessions = realloc(sessions, (size_t) space * sizeof *sessions);
                    polled = realloc(polled, (size_t) (space + 3) * sizeof *polled);
                }
                sessions[count++] = (struct spawned) {connection, 0};
            }
        }
        if (stop_grace >= 0 && end == 0) {
            /* From here on no session learns how its command ended: the machine has gone from under it. */
            end = now_ms() + stop_grace;
            kill_all(boot, SIGTERM);
            kill_all(boot, SIGCONT);
        }
        int status;
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
            for (int i = 0; i < count; i++) {
                if (sessions[i].pid != pid) continue;
                struct message ended = {ENDED, status, ""};
                if (end == 0 && sessions[i].connection >= 0
                    && send(sessions[i].connection, &ended, sizeof ended, MSG_NOSIGNAL) < 0) errno = 0;
                if (sessions[i].connection >= 0) close(sessions[i].connection);
                sessions[i] = sessions[--count];
                break;
            }
        }
        if (end != 0 && ((pid < 0 && errno == ECHILD) || now_ms() >= end)) break;
    }
    kill_all(boot, SIGKILL);
    _exit(0);
}

int machine_connect(const char *id) {
    int folder = open(in_store("machines/%s", id), O_PATH | O_DIRECTORY | O_CLOEXEC);
    int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    /* By way of /proc, because the path of a socket has but 108 bytes. */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/agent", folder);
    int failed = connect(connection, (struct sockaddr *) &address, sizeof address);
    close(folder);
    if (failed == 0) return connection;
    close(connection);
    return -1;
}

static bool tell(const char *id, int kind, int value, const char *text) {
    int connection = machine_connect(id);
    if (connection < 0) return false;
    struct message message = {kind, value, ""};
    snprintf(message.text, sizeof message.text, "%s", text);
    bool sent = send(connection, &message, sizeof message, MSG_NOSIGNAL) == sizeof message;
    close(connection);
    return sent;
}

static bool boot(struct machine *machine) {
    struct boot boot = {.machine = machine, .rootfs = machine_file(machine, "rootfs")};
    int folder = open(in_store("machines/%s", machine->id), O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/agent", folder);
    boot.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(machine_file(machine, "agent"));
    int ready[2];
    if (bind(boot.listener, (struct sockaddr *) &address, sizeof address) != 0 || listen(boot.listener, 4096) != 0
        || pipe2(ready, O_CLOEXEC) != 0) return false;
    close(folder);
    bool dead;
    boot.owner = owner_pidfd(&dead);
    if (dead) return false;
    boot.ready = ready[1];
    boot.namespaces = geteuid() == 0 && knob_number("folder", 0) == 0;
    pid_t pid = -1;
    if (boot.namespaces) {
        pid = (pid_t) syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | SIGCHLD, NULL, NULL, NULL, NULL);
    }
    if (pid < 0) {
        boot.namespaces = false;
        pid = fork();
    }
    if (pid == 0) first_process(&boot);
    close(ready[1]);
    close(boot.listener);
    if (boot.owner >= 0) close(boot.owner);
    char answer;
    bool up = pid > 0 && read(ready[0], &answer, 1) == 1;
    close(ready[0]);
    if (!up) {
        if (pid > 0) waitpid(pid, NULL, 0);
        return false;
    }
    set(machine, "init_pid", "%d", (int) pid);
    char *stat = read_file(format("/proc/%d/stat", (int) pid));
    char *field = stat == NULL ? NULL : strrchr(stat, ')');
    for (int i = 2; i < 22 && field != NULL; i++) field = strchr(field + 1, ' ');
    set(machine, "init_began", "%llu", field == NULL ? 0 : strtoull(field, NULL, 10));
    set(machine, "mode", "%s", boot.namespaces ? "namespaces" : "folder");
    return true;
}

static void halt(struct machine *machine, long grace) {
    if (machine_alive(machine)) {
        pid_t pid = (pid_t) strtol(get(machine, "init_pid"), NULL, 10);
        int process = (int) syscall(SYS_pidfd_open, pid, 0);
        struct pollfd end = {process, POLLIN, 0};
        bool told = grace >= 0 && tell(machine->id, STOP, (int) grace, "");
        if (process >= 0 && (!told || poll(&end, 1, (int) grace + 2000) != 1)) {
            if (machine_alive(machine)) kill(pid, SIGKILL);
            poll(&end, 1, 10000);
        }
        if (process >= 0) close(process);
        waitpid(pid, NULL, WNOHANG);
    }
    if (strcmp(get(machine, "mode"), "folder") == 0) kill_marked(machine->id, SIGKILL);
    unlink(machine_file(machine, "agent"));
    release_addresses(machine);
    set(machine, "init_pid", "%s", "");
    set(machine, "lease", "%s", "");
}

/* ---- the server's side ---- */

/* In a process that nobody waits for but us, and that goes on without us. */
static char *on_server(char *(*work)(void *), void *argument) {
    int answer[2];
    if (pipe2(answer, O_CLOEXEC) != 0) return "pipe failed";
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
        int nowhere = open("/dev/null", O_RDWR);
        for (int i = 0; i < 3; i++) dup2(nowhere, i);
        if (answer[1] != 3) answer[1] = dup3(answer[1], 3, O_CLOEXEC) < 0 ? answer[1] : 3;
        syscall(SYS_close_range, 4, ~0U, 0);
        int working = lock_file(in_store("workers"), LOCK_SH);
        char *error = work(argument);
        if (error != NULL && write(answer[1], error, strlen(error)) < 0) _exit(1);
        unlock(working);
        _exit(0);
    }
    close(answer[1]);
    static char error[4096];
    size_t size = 0;
    ssize_t got;
    while (pid > 0 && size < sizeof error - 1
           && ((got = read(answer[0], error + size, sizeof error - 1 - size)) > 0 || (got < 0 && errno == EINTR))) {
        if (got > 0) size += (size_t) got;
    }
    error[size] = 0;
    close(answer[0]);
    if (pid > 0) waitpid(pid, NULL, 0);
    return size == 0 ? NULL : error;
}

/* Holds the machine's lock; -1 if it's gone by then. */
static int own(struct machine *machine, const char *id) {
    int lock = lock_file(in_store("machines/%s/lock", id), LOCK_EX);
    if (lock >= 0 && machine_load(machine, id)) return lock;
    unlock(lock);
    return -1;
}

static void put_state(struct machine *machine, const char *state) {
    set(machine, "state", "%s", state);
    int lock = lock_file(in_store("lock"), LOCK_EX);
    struct machine now;
    if (machine_load(&now, machine->id)) {
        /* What others may have changed meanwhile. */
        set(machine, "name", "%s", get(&now, "name"));
        set(machine, "default_username", "%s", get(&now, "default_username"));
        machine_save(machine);
    }
    unlock(lock);
}

static char *not_found(const char *name) {
    return strncmp(knob("not-found", ""), "old", 3) == 0 ? format("[-32602] no machine found: '%s'", name)
                                                         : format("[-32098] machine not found: '%s'", name);
}

static char *start_work(void *argument) {
    const char *id = argument;
    struct machine machine;
    int lock = own(&machine, id);
    if (lock < 0) return not_found(id);
    char *error = NULL;
    const char *state = machine_state(&machine), *name = get(&machine, "name");
    if (strcmp(state, "running") == 0) {
        error = NULL;
    } else if (strcmp(state, "stopped") != 0) {
        error = format("[-32098] start '%s': cannot transition from %s to starting", name, state);
    } else {
        put_state(&machine, "starting");
        delay("start-delay", 1);
        if (taken_down()) {
            put_state(&machine, "stopped");
            error = format("[-32098] start '%s': machine manager is stopping", name);
        } else if (boot(&machine)) {
            take_addresses(&machine);
            set(&machine, "running_since", "%lld", (long long) now_ms());
            put_state(&machine, "running");
        } else {
            put_state(&machine, "stopped");
            error = format("[-32098] start '%s': machine crashed on startup", name);
        }
    }
    unlock(lock);
    return error;
}

char *machine_start(const char *id) {
    return on_server(start_work, (void *) id);
}

static char *stop_work(void *argument) {
    const char *id = argument;
    struct machine machine;
    int lock = own(&machine, id);
    if (lock < 0) return not_found(id);
    char *error = NULL;
    const char *state = machine_state(&machine);
    if (strcmp(state, "running") == 0) {
        put_state(&machine, "stopping");
        delay("stop-delay", 1);
        halt(&machine, knob_number("stop-grace", 5000));
        put_state(&machine, "stopped");
    } else if (strcmp(state, "stopped") == 0) {
        if (strcmp(get(&machine, "state"), "stopped") != 0) {
            halt(&machine, -1);
            put_state(&machine, "stopped");
        }
    } else {
        error = format("[-32098] stop '%s': cannot transition from %s to stopping", get(&machine, "name"), state);
    }
    unlock(lock);
    return error;
}

char *machine_stop(const char *id) {
    return on_server(stop_work, (void *) id);
}

static void forget(struct machine *machine) {
    int lock = lock_file(in_store("lock"), LOCK_EX);
    struct machine now;
    if (machine_load(&now, machine->id)) unlink(in_store("names/%s", get(&now, "name")));
    unlink(machine_file(machine, "record"));
    static const char *CHOICES[] = {"default", "recent"};
    for (int i = 0; i < 2; i++) {
        char *id = read_file(in_store("%s", CHOICES[i]));
        if (id != NULL && strcmp(trim(id), machine->id) == 0) unlink(in_store("%s", CHOICES[i]));
    }
    unlock(lock);
    remove_tree(in_store("machines/%s", machine->id));
}

static char *delete_work(void *argument) {
    const char *id = argument;
    struct machine machine;
    int lock = own(&machine, id);
    if (lock < 0) return not_found(id);
    if (strcmp(machine_state(&machine), "running") == 0) {
        put_state(&machine, "stopping");
        delay("stop-delay", 1);
        halt(&machine, knob_number("stop-grace", 5000));
        put_state(&machine, "stopped");
    }
    halt(&machine, -1);
    put_state(&machine, "deleting");
    delay("delete-delay", 1);
    forget(&machine);
    unlock(lock);
    return NULL;
}

char *machine_delete(const char *id) {
    return on_server(delete_work, (void *) id);
}

bool valid_name(const char *name) {
    static const char *RESERVED[] = {"default", "vm", "host", "services", "gateway", "k8s", "docker", NULL};
    for (int i = 0; RESERVED[i] != NULL; i++) {
        if (strcmp(name, RESERVED[i]) == 0) return false;
    }
    if (strlen(name) < 2 || strlen(name) > 200 || strspn(name, "-.") > 0) return false;
    for (; *name != 0; name++) {
        if (!(isascii(*name) && isalnum((unsigned char) *name)) && *name != '-' && *name != '.') return false;
    }
    return true;
}

/* Takes the name and writes the record; false if it's taken. */
static bool reserve(struct machine *machine, const char *name, const char *state) {
    new_id(machine->id);
    make_folders(in_store("machines/%s", machine->id));
    set(machine, "name", "%s", name);
    set(machine, "state", "%s", state);
    machine_save(machine);
    int lock = lock_file(in_store("lock"), LOCK_EX);
    bool taken = symlink(machine->id, in_store("names/%s", name)) != 0;
    unlock(lock);
    if (taken) remove_tree(in_store("machines/%s", machine->id));
    return !taken;
}

static void append_line(const char *rootfs, const char *file, const char *line) {
    append_file(format("%s/etc/%s", rootfs, file), line);
}

static void join_group(const char *rootfs, const char *group, const char *user) {
    char *path = format("%s/etc/group", rootfs), *lines = read_file(path), *joined = "";
    size_t length = strlen(group);
    for (char *rest = NULL, *line = lines == NULL ? NULL : strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        bool it = strncmp(line, group, length) == 0 && line[length] == ':';
        joined = format("%s%s%s%s\n", joined, line, it && line[strlen(line) - 1] != ':' ? "," : "", it ? user : "");
    }
    write_file(path, joined);
}

/* The user as OrbStack makes it: the Mac's uid, bash where there is one, and a home with nothing in it. */
static void add_user(const char *rootfs, const char *user) {
    struct account there;
    if (account_find(rootfs, user, &there)) return;
    long uid = knob_number("host-uid", 501);
    char *shells = read_file(format("%s/etc/shells", rootfs)), *shell = "/bin/sh";
    for (char *line = shells == NULL ? NULL : strtok(shells, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *name = strrchr(line, '/');
        if (name != NULL && strcmp(name, "/bash") == 0) {
            shell = line;
            break;
        }
    }
    append_line(rootfs, "passwd", format("%s:x:%ld:%ld::/home/%s:%s\n", user, uid, uid, user, shell));
    append_line(rootfs, "group", format("%s:x:%ld:\n", user, uid));
    append_line(rootfs, "shadow", format("%s:!:19000:0:99999:7:::\n", user));
    append_line(rootfs, "gshadow", format("%s:!::\n", user));
    join_group(rootfs, "adm", user);
    join_group(rootfs, "sudo", user);
    join_group(rootfs, "wheel", user);
    char *home = format("%s/home/%s", rootfs, user);
    mkdir(home, 0750);
    chmod(home, 0750);
    if (geteuid() == 0 && chown(home, (uid_t) uid, (gid_t) uid) != 0) perror(home);
}

static void name_inside(const struct machine *machine) {
    char *rootfs = machine_file(machine, "rootfs");
    const char *name = get(machine, "name");
    write_file(format("%s/etc/hostname", rootfs), format("%s\n", name));
    write_file(format("%s/etc/hosts", rootfs), format("127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost\n", name));
}

static bool run_user_data(struct machine *machine, const char *text) {
    char *path = machine_file(machine, "rootfs/var/lib/user-data");
    write_file(path, text);
    chmod(path, 0700);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    session_on(machine, "root", "/var/lib/user-data", nowhere, nowhere, nowhere);
    close(nowhere);
    return true;
}

static char *create_work(void *argument) {
    struct creation *creation = argument;
    const char *name = creation->name, *mode = creation->mode;
    char *failure = NULL;
    struct machine machine = {.count = 0};
    if (!valid_name(name)) return format("[-32098] create '%s': invalid machine name '%s'", name, name);
    set(&machine, "distro", "%s", creation->distro);
    set(&machine, "version", "%s", creation->version);
    set(&machine, "arch", "%s", creation->arch);
    set(&machine, "variant", "%s", creation->user_data == NULL ? "default" : "cloud");
    set(&machine, "default_username", "%s", creation->user);
    set(&machine, "isolated", "%s", creation->isolated ? "true" : "false");
    set(&machine, "isolate_network", "%s", creation->isolate_network ? "true" : "false");
    set(&machine, "forward_ssh_agent", "%s", creation->forward_ssh_agent ? "true" : "false");
    set(&machine, "parameters", "%s", creation->parameters);
    if (!reserve(&machine, name, "creating")) {
        return format("[-32098] create '%s': machine already exists: '%s'", name, name);
    }
    int lock = lock_file(machine_file(&machine, "lock"), LOCK_EX);
    char *rootfs = machine_file(&machine, "rootfs");
    if (strcmp(mode, "fetch-timeout") == 0) {
        failure = "make rootfs: fetch index: Get \"https://images.orbstack.dev/streams/v1/images.json\": context deadline "
                  "exceeded";
    } else if (strcmp(mode, "eof") == 0) {
        failure = "make rootfs: download rootfs: stream to file: unexpected EOF";
    } else if (creation->archive != NULL) {
        make_folders(rootfs);
        pid_t tar = fork();
        if (tar == 0) {
            execlp("tar", "tar", "-xpf", creation->archive, "-C", rootfs, (char *) NULL);
            _exit(127);
        }
        int status = -1;
        waitpid(tar, &status, 0);
        if (status != 0) failure = "make rootfs: read archive";
    } else {
        copy_root(template_for(creation->distro), rootfs);
    }
    delay("create-delay", 2);
    if (failure == NULL) {
        name_inside(&machine);
        add_user(rootfs, creation->user);
        put_state(&machine, "provisioning");
        if (taken_down()) {
            failure = "machine manager is stopping";
        } else if (strcmp(mode, "crash") == 0 || !boot(&machine)) {
            failure = "machine crashed on startup";
        }
    }
    delay("create-delay", 2);
    delay("provision-delay", 1);
    if (failure == NULL && strcmp(mode, "no-network") == 0) {
        failure = "setup: machine didn't start in 30s (missing IP address)";
    }
    if (failure == NULL && creation->user_data != NULL && strncmp(creation->user_data, "#!", 2) == 0) {
        put_state(&machine, "provisioning");
        run_user_data(&machine, creation->user_data);
    }
    if (failure == NULL && taken_down()) failure = "machine manager is stopping";
    if (failure != NULL) {
        halt(&machine, -1);
        put_state(&machine, "deleting");
        forget(&machine);
        unlock(lock);
        return format("[-32098] create '%s': %s", name, failure);
    }
    if (strcmp(mode, "stuck") == 0) {
        put_state(&machine, "provisioning");
        unlock(lock);
        return NULL;
    }
    take_addresses(&machine);
    set(&machine, "running_since", "%lld", (long long) now_ms());
    put_state(&machine, "running");
    int first = open(in_store("default"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (first >= 0) {
        close(first);
        write_file(in_store("default"), format("%s\n", machine.id));
    }
    unlock(lock);
    delay("ip-delay", 1);
    return NULL;
}

char *machine_create(struct creation *creation) {
    return on_server(create_work, creation);
}

struct pair {
    const char *id;
    const char *name;
};

static char *clone_work(void *argument) {
    struct pair *pair = argument;
    struct machine machine, copy;
    int lock = own(&machine, pair->id);
    if (lock < 0) return not_found(pair->id);
    if (!valid_name(pair->name)) return format("[-32098] clone '%s': invalid machine name '%s'", get(&machine, "name"), pair->name);
    copy = machine;
    set(&copy, "init_pid", "%s", "");
    set(&copy, "lease", "%s", "");
    if (!reserve(&copy, pair->name, "creating")) {
        return format("[-32098] clone '%s': machine already exists: '%s'", get(&machine, "name"), pair->name);
    }
    copy_root(machine_file(&machine, "rootfs"), machine_file(&copy, "rootfs"));
    name_inside(&copy);
    put_state(&copy, "stopped");
    unlock(lock);
    return NULL;
}

char *machine_clone(const char *id, const char *name) {
    struct pair pair = {id, name};
    return on_server(clone_work, &pair);
}

static char *rename_work(void *argument) {
    struct pair *pair = argument;
    struct machine machine;
    int lock = lock_file(in_store("lock"), LOCK_EX);
    char *error = NULL;
    if (!machine_load(&machine, pair->id)) {
        error = not_found(pair->id);
    } else if (!valid_name(pair->name)) {
        error = format("[-32098] rename '%s': invalid machine name '%s'", get(&machine, "name"), pair->name);
    } else if (symlink(machine.id, in_store("names/%s", pair->name)) != 0) {
        error = format("[-32098] rename '%s': machine already exists: '%s'", get(&machine, "name"), pair->name);
    } else {
        unlink(in_store("names/%s", get(&machine, "name")));
        set(&machine, "name", "%s", pair->name);
        machine_save(&machine);
        name_inside(&machine);
        tell(machine.id, HOSTNAME, 0, pair->name);
    }
    unlock(lock);
    return error;
}

char *machine_rename(const char *id, const char *name) {
    struct pair pair = {id, name};
    return on_server(rename_work, &pair);
}

struct many {
    int count;
    const char *prefix;
    const char *distro;
};

static char *make_work(void *argument) {
    struct many *many = argument;
    int64_t since = now_ms();
    int width = snprintf(NULL, 0, "%d", many->count);
    struct creation creation = {.distro = many->distro, .arch = "arm64", .user = host_user(), .parameters = "",
                                .mode = "ok", .forward_ssh_agent = true};
    creation.version = strcmp(many->distro, "ubuntu") == 0 ? "noble" : "current";
    template_for(many->distro);
    if (many->count == 0) {
        creation.name = many->prefix;
        return create_work(&creation);
    }
    for (int i = 1; i <= many->count; i++) {
        creation.name = format("%s%0*d", many->prefix, width < 3 ? 3 : width, i);
        char *error = create_work(&creation);
        if (error != NULL) return error;
    }
    append_file(in_store("made"), format("%d machines in %lld ms\n", many->count, (long long) (now_ms() - since)));
    return NULL;
}

char *machines_make(int count, const char *prefix, const char *distro) {
    struct many many = {count, prefix, distro};
    return on_server(make_work, &many);
}

void take_down(void) {
    append_file(in_store("downs"), "x");
    /* Who is at work sees that and leaves off; who isn't done in this time is ended with its machine. */
    int working = -1;
    for (int tries = 0; tries < 1000 && working < 0; tries++) {
        working = lock_file(in_store("workers"), LOCK_EX | LOCK_NB);
        if (working < 0) nanosleep(&(struct timespec) {0, 10000000}, NULL);
    }
    int count;
    struct machine *all = machines_all(&count);
    for (int i = 0; i < count; i++) {
        if (machine_alive(&all[i])) kill((pid_t) strtol(get(&all[i], "init_pid"), NULL, 10), SIGKILL);
    }
    for (int i = 0; i < count; i++) {
        halt(&all[i], -1);
        put_state(&all[i], "stopped");
    }
    unlock(working);
}
