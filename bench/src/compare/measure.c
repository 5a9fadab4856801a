/*
 * Runs a program and says what it took: measure OUT [count] -- PROGRAM ARGUMENT...
 *
 * OUT gets one line of JSON. The figures are of the program and of all processes that it started, also of those that left
 * it, as an SSH client's master connection does: they become children of this program, are ended when the program has
 * ended, and are waited for. Seconds of wall clock end with the program itself.
 *
 * With `count` the processes that are started are counted by tracing them, which slows everything down: the times of
 * such a run mean nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t program;
static long started = 1;

static void fail(const char *what) {
    fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* Asked to end: the program goes first, then the rest as always. */
static void end_program(int signal) {
    (void) signal;
    if (program > 0) kill(program, SIGKILL);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static double cpu(const struct rusage *usage) {
    return (double) (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec)
        + (double) (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

/* User and system time of a process that has ended and isn't waited for yet, without its children's. */
static double own_cpu(pid_t pid) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int) pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, line, sizeof line - 1);
    if (file >= 0) close(file);
    if (length <= 0) return -1;
    line[length] = 0;
    char *fields = strrchr(line, ')');
    unsigned long user, system;
    if (fields == NULL
        || sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2) {
        return -1;
    }
    return (double) (user + system) / (double) sysconf(_SC_CLK_TCK);
}

static long field(pid_t pid, const char *name) {
    char path[64], line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int) pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) value = atol(line + strlen(name));
    }
    if (file != NULL) fclose(file);
    return value;
}

/* Ends what the program left behind; all of it has become our child, or will. */
static void end_the_rest(void) {
    while (true) {
        DIR *processes = opendir("/proc");
        struct dirent *entry;
        while (processes != NULL && (entry = readdir(processes)) != NULL) {
            pid_t pid = (pid_t) atol(entry->d_name);
            if (pid > 0 && field(pid, "PPid:") == getpid()) kill(pid, SIGKILL);
        }
        if (processes != NULL) closedir(processes);
        if (waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD) return;
    }
}

static void wait_for_program(int *status, double *own) {
    siginfo_t info;
    while (true) {
        if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0) {
            if (errno == EINTR) continue;
            fail("waitid");
        }
        if (info.si_pid == program) *own = own_cpu(program);
        if (waitpid(info.si_pid, status, 0) == program) return;
    }
}

static void trace_program(int *status) {
    const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, program, 0, options) != 0) fail("ptrace");
    kill(program, SIGCONT);
    while (true) {
        int how;
        pid_t pid = waitpid(-1, &how, __WALL);
        if (pid < 0) fail("waitpid");
        if (WIFEXITED(how) || WIFSIGNALED(how)) {
            if (pid == program) {
                *status = how;
                return;
            }
            continue;
        }
        int signal = WSTOPSIG(how), event = how >> 16;
        switch (event) {
        case PTRACE_EVENT_FORK:
        case PTRACE_EVENT_VFORK:
            started++;
            ptrace(PTRACE_CONT, pid, 0, 0);
            break;
        case PTRACE_EVENT_CLONE: {
            unsigned long other = 0;
            ptrace(PTRACE_GETEVENTMSG, pid, 0, &other);
            /* A thread has its process's number there. */
            if (field((pid_t) other, "Tgid:") == (long) other) started++;
            ptrace(PTRACE_CONT, pid, 0, 0);
            break;
        }
        case PTRACE_EVENT_STOP:
            if (signal == SIGTRAP) ptrace(PTRACE_CONT, pid, 0, 0);
            else ptrace(PTRACE_LISTEN, pid, 0, 0);
            break;
        default:
            ptrace(PTRACE_CONT, pid, 0, signal);
        }
    }
}

int main(int count, char **words) {
    bool counting = count > 2 && strcmp(words[2], "count") == 0;
    int first = counting ? 4 : 3;
    if (count <= first || strcmp(words[first - 1], "--") != 0) {
        fprintf(stderr, "usage: measure OUT [count] -- PROGRAM ARGUMENT...\n");
        return 125;
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail("prctl");
    /* Asked by a person too, or because who measures is no more. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGTERM, end_program);
    signal(SIGINT, end_program);
    signal(SIGHUP, end_program);
    double begin = seconds();
    program = fork();
    if (program < 0) fail("fork");
    if (program == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        if (counting) raise(SIGSTOP);
        execvp(words[first], words + first);
        fprintf(stderr, "measure: %s: %s\n", words[first], strerror(errno));
        _exit(127);
    }
    int status = 0;
    double own = -1;
    if (counting) {
        waitpid(program, &status, WUNTRACED);
        trace_program(&status);
    } else {
        wait_for_program(&status, &own);
    }
    double wall = seconds() - begin;
    end_the_rest();
    struct rusage all;
    getrusage(RUSAGE_CHILDREN, &all);
    int exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    FILE *out = fopen(words[1], "we");
    if (out == NULL) fail(words[1]);
    fprintf(out, "{\"exit\":%d,\"wall\":%.4f,\"cpu\":%.4f,\"ownCpu\":%.2f,\"peakKiB\":%ld,\"processes\":%ld}\n",
        exit_status, wall, cpu(&all), own, all.ru_maxrss, counting ? started : -1);
    return fclose(out) == 0 ? 0 : 125;
}
