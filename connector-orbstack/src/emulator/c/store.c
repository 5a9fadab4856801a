/*
 * The files of the store. Records change by replacement under STORE/lock, which is held for that moment only; that a
 * name is taken is decided by making the link STORE/names/NAME, which only one can.
 */
#include "emulator.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

char store[PATH_MAX];
static off_t downs; /* how often it had been taken down when this program started */

static _Noreturn void broken(const char *what) {
    fprintf(stderr, "orbctl emulator: %s: %s\n", what, strerror(errno));
    exit(70);
}

char *format(const char *pattern, ...) {
    char *text;
    va_list arguments;
    va_start(arguments, pattern);
    if (vasprintf(&text, pattern, arguments) < 0) broken("out of memory");
    va_end(arguments);
    return text;
}

char *in_store(const char *pattern, ...) {
    char *text;
    va_list arguments;
    va_start(arguments, pattern);
    if (vasprintf(&text, pattern, arguments) < 0) broken("out of memory");
    va_end(arguments);
    return format("%s/%s", store, text);
}

static off_t times_taken_down(void) {
    struct stat status;
    return stat(in_store("downs"), &status) == 0 ? status.st_size : 0;
}

void store_open(void) {
    ssize_t length = readlink("/proc/self/exe", store, PATH_MAX - 1);
    if (length < 0) broken("/proc/self/exe");
    store[length] = 0;
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(store, '/');
        if (slash == NULL || slash == store) {
            errno = ENOENT;
            broken("the program must be in the folder bin of a store");
        }
        *slash = 0;
    }
    make_folders(in_store("machines"));
    make_folders(in_store("names"));
    make_folders(in_store("knobs"));
    make_folders(in_store("addresses"));
    downs = times_taken_down();
}

char *read_file(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return NULL;
    size_t size = 0, space = 4096;
    char *text = malloc(space);
    ssize_t got;
    while ((got = read(file, text + size, space - size - 1)) > 0) {
        size += (size_t) got;
        if (size + 1 == space) text = realloc(text, space *= 2);
    }
    close(file);
    if (got < 0) return NULL;
    text[size] = 0;
    return text;
}

bool write_file(const char *path, const char *text) {
    static int counter;
    char *next = format("%s.%d.%d.new", path, (int) getpid(), counter++);
    int file = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return false;
    size_t length = strlen(text);
    bool written = write(file, text, length) == (ssize_t) length;
    close(file);
    if (written && rename(next, path) == 0) return true;
    unlink(next);
    return false;
}

bool append_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) return false;
    size_t length = strlen(text);
    bool written = write(file, text, length) == (ssize_t) length;
    close(file);
    return written;
}

char *trim(char *text) {
    while (isspace((unsigned char) *text)) text++;
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char) end[-1])) *--end = 0;
    return text;
}

void make_folders(const char *path) {
    if (mkdir(path, 0755) == 0 || errno == EEXIST) return;
    char *parent = strdup(path);
    char *slash = strrchr(parent, '/');
    if (errno != ENOENT || slash == NULL || slash == parent) broken(path);
    *slash = 0;
    make_folders(parent);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) broken(path);
}

/* Stays on one file system and follows no links, so that it never leaves the machine. */
static bool remove_in(int parent, const char *name, dev_t device) {
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT;
    if (status.st_dev != device) return false;
    if (!S_ISDIR(status.st_mode)) return unlinkat(parent, name, 0) == 0;
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return false;
    DIR *entries = fdopendir(folder);
    struct dirent *entry;
    while ((entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (unlinkat(folder, entry->d_name, 0) != 0) remove_in(folder, entry->d_name, device);
    }
    closedir(entries);
    return unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

bool remove_tree(const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0) return errno == ENOENT;
    return remove_in(AT_FDCWD, path, status.st_dev);
}

/* ---- knobs, calls, locks, time ---- */

char *knob(const char *name, const char *otherwise) {
    char *value = read_file(in_store("knobs/%s", name));
    return value == NULL ? (char *) otherwise : value;
}

long knob_number(const char *name, long otherwise) {
    char *value = knob(name, NULL);
    return value == NULL ? otherwise : strtol(value, NULL, 10);
}

char *create_mode(const char *machine) {
    int lock = lock_file(in_store("lock"), LOCK_EX);
    char *path = in_store("knobs/create-mode.%s", machine);
    char *mode = read_file(path);
    if (mode == NULL) mode = read_file(path = in_store("knobs/create-mode"));
    mode = mode == NULL ? "ok" : trim(mode);
    char *colon = strchr(mode, ':');
    if (colon != NULL) {
        *colon = 0;
        long left = strtol(colon + 1, NULL, 10) - 1;
        if (left <= 0) {
            unlink(path);
        } else {
            write_file(path, format("%s:%ld", mode, left));
        }
        if (left < 0) mode = "ok";
    }
    unlock(lock);
    return mode;
}

static char *append_escaped(char *to, const char *text) {
    for (; *text != 0; text++) {
        if (*text == '\t' || *text == '\n' || *text == '\\') {
            *to++ = '\\';
            *to++ = *text == '\t' ? 't' : *text == '\n' ? 'n' : '\\';
        } else {
            *to++ = *text;
        }
    }
    return to;
}

void log_call(int count, char **words) {
    size_t space = 2;
    for (int i = 0; i < count; i++) space += 2 * strlen(words[i]) + 1;
    char *line = malloc(space), *end = line;
    for (int i = 0; i < count; i++) {
        const char *slash = i == 0 ? strrchr(words[0], '/') : NULL;
        if (i > 0) *end++ = '\t';
        end = append_escaped(end, slash == NULL ? words[i] : slash + 1);
    }
    *end++ = '\n';
    *end = 0;
    append_file(in_store("calls"), line);
    free(line);
}

int lock_file(const char *path, int how) {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) return -1;
    while (flock(file, how) != 0) {
        if (errno != EINTR) {
            close(file);
            return -1;
        }
    }
    return file;
}

void unlock(int lock) {
    if (lock >= 0) close(lock);
}

int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap(long ms) {
    struct timespec rest = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {}
}

int owner_pidfd(bool *dead) {
    *dead = false;
    char *text = read_file(in_store("owner"));
    pid_t pid = text == NULL ? 0 : (pid_t) strtol(text, NULL, 10);
    if (pid <= 0) return -1;
    int owner = (int) syscall(SYS_pidfd_open, pid, 0);
    if (owner < 0 && errno == ESRCH) *dead = true;
    return owner;
}

bool taken_down(void) {
    if (times_taken_down() != downs || access(store, F_OK) != 0) return true;
    bool dead;
    int owner = owner_pidfd(&dead);
    if (owner >= 0) {
        struct pollfd end = {owner, POLLIN, 0};
        dead = poll(&end, 1, 0) == 1;
        close(owner);
    }
    return dead;
}

void sleep_ms(long ms) {
    for (; ms > 0 && !taken_down(); ms -= 100) nap(ms < 100 ? ms : 100);
}

void delay(const char *name, int parts) {
    int64_t begun = now_ms();
    for (;;) {
        int64_t left = begun + knob_number(name, 0) / parts - now_ms();
        if (left <= 0 || taken_down()) return;
        nap(left < 10 ? (long) left : 10);
    }
}

_Noreturn void hang(void) {
    while (!taken_down()) nap(100);
    exit(1);
}

/* ---- configuration ---- */

const char *host_user(void) {
    return trim(strdup(knob("host-user", "me")));
}

static const char *CONFIG[] = {
    "app.start_at_login: false", "cpu: 10", "docker.set_context: true", "k8s.enable: false",
    "machines.expose_ports_to_lan: false", "machines.forward_ports: true", "memory_mib: 8192",
    "network.subnet4: 192.168.138.0/23", "setup.use_admin: true", NULL,
};

char *config_get(const char *key) {
    char *lines = read_file(in_store("config"));
    size_t length = strlen(key);
    for (char *line = lines == NULL ? NULL : strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, key, length) == 0 && strncmp(line + length, ": ", 2) == 0) return strdup(line + length + 2);
    }
    for (int i = 0; CONFIG[i] != NULL; i++) {
        if (strncmp(CONFIG[i], key, length) == 0 && strncmp(CONFIG[i] + length, ": ", 2) == 0) {
            return strdup(CONFIG[i] + length + 2);
        }
    }
    return NULL;
}

void config_set(const char *key, const char *value) {
    int lock = lock_file(in_store("lock"), LOCK_EX);
    char *lines = read_file(in_store("config")), *kept = "";
    size_t length = strlen(key);
    for (char *line = lines == NULL ? NULL : strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, key, length) != 0 || strncmp(line + length, ": ", 2) != 0) kept = format("%s%s\n", kept, line);
    }
    write_file(in_store("config"), format("%s%s: %s\n", kept, key, value));
    unlock(lock);
}

static int by_text(const void *left, const void *right) {
    return strcmp(*(char *const *) left, *(char *const *) right);
}

char *config_show(void) {
    char *keys[512];
    int count = 0;
    char *lines = read_file(in_store("config"));
    for (char *line = lines == NULL ? NULL : strtok(lines, "\n"); line != NULL && count < 400; line = strtok(NULL, "\n")) {
        char *colon = strstr(line, ": ");
        if (colon != NULL) keys[count++] = strndup(line, (size_t) (colon - line));
    }
    for (int i = 0; CONFIG[i] != NULL; i++) {
        keys[count++] = strndup(CONFIG[i], (size_t) (strstr(CONFIG[i], ": ") - CONFIG[i]));
    }
    qsort(keys, (size_t) count, sizeof(char *), by_text);
    char *shown = "";
    for (int i = 0; i < count; i++) {
        if (i > 0 && strcmp(keys[i], keys[i - 1]) == 0) continue;
        shown = format("%s%s: %s\n", shown, keys[i], config_get(keys[i]));
    }
    return shown;
}

/* ---- machines ---- */

const char *get(const struct machine *machine, const char *key) {
    for (int i = 0; i < machine->count; i++) {
        if (strcmp(machine->pairs[i].key, key) == 0) return machine->pairs[i].value;
    }
    return "";
}

void set(struct machine *machine, const char *key, const char *pattern, ...) {
    char *value;
    va_list arguments;
    va_start(arguments, pattern);
    if (vasprintf(&value, pattern, arguments) < 0) broken("out of memory");
    va_end(arguments);
    for (int i = 0; i < machine->count; i++) {
        if (strcmp(machine->pairs[i].key, key) == 0) {
            machine->pairs[i].value = value;
            return;
        }
    }
    if (machine->count == 64) broken("record too long");
    machine->pairs[machine->count].key = strdup(key);
    machine->pairs[machine->count++].value = value;
}

char *machine_file(const struct machine *machine, const char *name) {
    return in_store("machines/%s/%s", machine->id, name);
}

bool machine_load(struct machine *machine, const char *id) {
    if (strlen(id) >= sizeof machine->id || strchr(id, '/') != NULL) return false;
    char *text = read_file(in_store("machines/%s/record", id));
    if (text == NULL) return false;
    machine->count = 0;
    strcpy(machine->id, id);
    for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(line, '=');
        if (equals == NULL || machine->count == 64) continue;
        *equals = 0;
        machine->pairs[machine->count].key = line;
        machine->pairs[machine->count++].value = equals + 1;
    }
    return true;
}

void machine_save(const struct machine *machine) {
    char *text = "";
    for (int i = 0; i < machine->count; i++) {
        text = format("%s%s=%s\n", text, machine->pairs[i].key, machine->pairs[i].value);
    }
    write_file(machine_file(machine, "record"), text);
}

bool machine_put(const char *id, const char *key, const char *value) {
    struct machine machine;
    int lock = lock_file(in_store("lock"), LOCK_EX);
    bool there = machine_load(&machine, id);
    if (there) {
        set(&machine, key, "%s", value);
        machine_save(&machine);
    }
    unlock(lock);
    return there;
}

bool machine_by_name(struct machine *machine, const char *name) {
    char id[64];
    if (*name == 0 || strchr(name, '/') != NULL) return false;
    ssize_t length = readlink(in_store("names/%s", name), id, sizeof id - 1);
    if (length <= 0) return false;
    id[length] = 0;
    return machine_load(machine, id);
}

bool machine_find(struct machine *machine, const char *name_or_id) {
    return machine_by_name(machine, name_or_id) || (*name_or_id != 0 && machine_load(machine, name_or_id));
}

static int by_name(const void *left, const void *right) {
    return strcmp(get(left, "name"), get(right, "name"));
}

struct machine *machines_all(int *count) {
    int space = 16;
    struct machine *all = malloc((size_t) space * sizeof *all);
    *count = 0;
    DIR *folder = opendir(in_store("machines"));
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        if (*count == space) all = realloc(all, (size_t) (space *= 2) * sizeof *all);
        if (machine_load(&all[*count], entry->d_name)) ++*count;
    }
    if (folder != NULL) closedir(folder);
    qsort(all, (size_t) *count, sizeof *all, by_name);
    return all;
}

bool machine_default(struct machine *machine) {
    static const char *CHOICES[] = {"default", "recent"};
    for (int i = 0; i < 2; i++) {
        char *id = read_file(in_store("%s", CHOICES[i]));
        if (id != NULL && machine_load(machine, trim(id))) return true;
    }
    int count;
    struct machine *all = machines_all(&count);
    if (count > 0) *machine = all[0];
    return count > 0;
}

bool machine_alive(const struct machine *machine) {
    const char *pid = get(machine, "init_pid");
    if (*pid == 0) return false;
    char *stat = read_file(format("/proc/%s/stat", pid));
    if (stat == NULL) return false;
    /* The 22nd field is when it began; counted from the end of the name, which may hold anything. */
    char *field = strrchr(stat, ')');
    if (field == NULL || field[2] == 'Z' || field[2] == 'X') return false;
    for (int i = 2; i < 22 && field != NULL; i++) field = strchr(field + 1, ' ');
    return field != NULL && strtoull(field, NULL, 10) == strtoull(get(machine, "init_began"), NULL, 10);
}

const char *machine_state(const struct machine *machine) {
    const char *state = get(machine, "state");
    return strcmp(state, "running") == 0 && !machine_alive(machine) ? "stopped" : state;
}

void new_id(char *id) {
    static const char DIGITS[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t time = (uint64_t) now_ms();
    unsigned char random[16];
    if (getrandom(random, sizeof random, 0) != sizeof random) broken("getrandom");
    for (int i = 9; i >= 0; i--, time >>= 5) id[i] = DIGITS[time & 31];
    for (int i = 0; i < 16; i++) id[10 + i] = DIGITS[random[i] & 31];
    id[26] = 0;
}

void take_addresses(struct machine *machine) {
    int lock = lock_file(in_store("lock"), LOCK_EX);
    char *last = read_file(in_store("addresses/last"));
    unsigned number = last == NULL ? 0 : (unsigned) strtoul(last, NULL, 10);
    /* First those of 192.168.139.0/24; where they are all taken, those of the networks behind it. */
    for (unsigned tries = 0; tries < 50000; tries++) {
        number = tries < 253 ? (number % 253) + 1 : tries + 1;
        int lease = open(in_store("addresses/%u", number), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (lease < 0) continue;
        close(lease);
        break;
    }
    write_file(in_store("addresses/last"), format("%u", number));
    unlock(lock);
    unsigned block = (number - 1) / 253, place = (number - 1) % 253 + 2;
    unsigned mark = (unsigned) now_ms() & 0xffff;
    set(machine, "lease", "%u", number);
    set(machine, "ip4", "192.168.%u.%u", 139 + block % 100, place);
    set(machine, "ip6", "fd07:b51a:cc66:0:%x:1bff:fe%02x:%x", 0x1000 + number, block, mark);
}

void release_addresses(const struct machine *machine) {
    const char *lease = get(machine, "lease");
    if (*lease != 0) unlink(in_store("addresses/%s", lease));
}

bool account_find(const char *root, const char *name, struct account *account) {
    char *lines = read_file(format("%s/etc/passwd", root));
    for (char *rest = NULL, *line = lines == NULL ? NULL : strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *fields[7] = {line};
        int count = 1;
        for (char *at = line; *at != 0 && count < 7; at++) {
            if (*at == ':') {
                *at = 0;
                fields[count++] = at + 1;
            }
        }
        if (count < 7 || strcmp(fields[0], name) != 0) continue;
        snprintf(account->name, sizeof account->name, "%s", fields[0]);
        account->uid = (uid_t) strtoul(fields[2], NULL, 10);
        account->gid = (gid_t) strtoul(fields[3], NULL, 10);
        snprintf(account->home, sizeof account->home, "%s", *fields[5] == 0 ? "/" : fields[5]);
        snprintf(account->shell, sizeof account->shell, "%s", *fields[6] == 0 ? "/bin/sh" : fields[6]);
        return true;
    }
    return false;
}
