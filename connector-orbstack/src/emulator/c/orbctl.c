/*
 * An emulator of OrbStack's command-line programs `orbctl` and `orb` for Linux, for tests and for trying things out on
 * a computer that isn't a Mac. Its machines run real commands: each has a root file system of its own, entered by
 * chroot in namespaces of its own; for an ordinary user it is a plain folder.
 *
 * There is no daemon. All state is in a store, the folder above the program's own (STORE/bin/orbctl):
 *
 *   bin/orbctl, bin/orb        this program; the name it is called by decides what it does
 *   machines/ID/record         key=value: name, state, distro, version, arch, variant, default_username, isolated, ip4,
 *                              ip6, init_pid and init_began (its first process), mode (namespaces or folder), ...
 *   machines/ID/rootfs         its root file system
 *   machines/ID/agent, lock    the socket of its first process; held by who changes the machine
 *   names/NAME                 link that says the ID
 *   default, recent            the ID of the default machine, and of the one used last
 *   config                     `key: value` lines, as far as they differ from what they are at first
 *   up                         Running, Stopped or Starting: OrbStack itself; not there is Running
 *   owner                      if there: the pid of a process whose end is the end of all machines
 *   knobs/NAME                 what to do otherwise than usual; README.md has the list
 *   calls                      a line for each call, words separated by tabs (\t, \n, \\ for those within words)
 *   template, template-alpine  what machines are made from; may be a link to a shared one on the same file system
 *   addresses, lock, workers, downs, made    inner matters
 *
 * Calls of its own: --emulator-template [DISTRO], --emulator-machine NAME [DISTRO], --emulator-machines COUNT PREFIX
 * [DISTRO], --emulator-down, and for an emulated SSH gateway --emulator-session and --emulator-resolve. They aren't
 * logged.
 */
#include "emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- errors ---- */

_Noreturn void usage_error(const char *usage, const char *pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    fputs("Error: ", stderr);
    vfprintf(stderr, pattern, arguments);
    fprintf(stderr, "\n%s\n", usage);
    va_end(arguments);
    exit((int) knob_number("usage-exit", 1));
}

static _Noreturn void fail(const char *error) {
    fprintf(stderr, "%s\n", error);
    exit(1);
}

static _Noreturn void not_found(const char *name) {
    if (strncmp(knob("not-found", ""), "old", 3) == 0) fail(format("[-32602] no machine found: '%s'", name));
    fail(format("[-32098] machine not found: '%s'", name));
}

static void find(struct machine *machine, const char *name) {
    if (!machine_find(machine, name)) not_found(name);
}

static int ended(const char *error) {
    if (error != NULL) fail(error);
    return 0;
}

/* ---- flags, as cobra reads them ---- */

struct flag {
    const char *name;
    char letter; /* 0: none */
    const char **value; /* of a flag with a value, the last given; NULL for a switch */
    bool *on;
};

static int positional(const char *usage, const struct flag *flags, int count, char **words) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
        char *word = words[i];
        if (word[0] != '-' || word[1] == 0) {
            words[kept++] = word;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            while (++i < count) words[kept++] = words[i];
            break;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            puts(usage);
            exit(0);
        }
        if (word[1] == '-') {
            size_t length = strcspn(word + 2, "=");
            const struct flag *flag = flags;
            while (flag->name != NULL && (strlen(flag->name) != length || strncmp(flag->name, word + 2, length) != 0)) flag++;
            if (flag->name == NULL) usage_error(usage, "unknown flag: %.*s", (int) length + 2, word);
            if (flag->value == NULL) {
                *flag->on = strcmp(word + 2 + length, "=false") != 0;
            } else if (word[2 + length] == '=') {
                *flag->value = word + 3 + length;
            } else if (++i < count) {
                *flag->value = words[i];
            } else {
                usage_error(usage, "flag needs an argument: --%s", flag->name);
            }
            if (flag->value != NULL && flag->on != NULL) *flag->on = true;
            continue;
        }
        for (char *letter = word + 1; *letter != 0; letter++) {
            const struct flag *flag = flags;
            while (flag->name != NULL && flag->letter != *letter) flag++;
            if (flag->name == NULL) usage_error(usage, "unknown shorthand flag: '%c' in %s", *letter, word);
            if (flag->value == NULL) {
                *flag->on = true;
                continue;
            }
            if (letter[1] != 0) {
                *flag->value = letter + (letter[1] == '=' ? 2 : 1);
            } else if (++i < count) {
                *flag->value = words[i];
            } else {
                usage_error(usage, "flag needs an argument: '%c' in %s", *letter, word);
            }
            break;
        }
    }
    return kept;
}

static void exactly(const char *usage, int wanted, int count) {
    if (count != wanted) usage_error(usage, "accepts %d arg(s), received %d", wanted, count);
}

#define USAGE(text) "Usage:\n  orbctl " text "\n"
static const struct flag NO_FLAGS[] = {{NULL, 0, NULL, NULL}};

/* ---- OrbStack itself ---- */

static char *up(void) {
    char *state = read_file(in_store("up"));
    return state == NULL ? "Running" : trim(state);
}

static void ensure_up(void) {
    if (strcmp(up(), "Running") == 0) return;
    write_file(in_store("up"), "Starting\n");
    delay("up-delay", 1);
    write_file(in_store("up"), "Running\n");
}

static void unless_up(void) {
    if (strcmp(up(), "Running") == 0) return;
    fputs("OrbStack is not running\n", stderr);
    exit(0);
}

static void stop_all(void) {
    int count;
    struct machine *all = machines_all(&count);
    pid_t *stopping = calloc((size_t) count + 1, sizeof *stopping);
    for (int i = 0; i < count; i++) {
        if (strcmp(machine_state(&all[i]), "running") != 0) continue;
        stopping[i] = fork();
        if (stopping[i] == 0) _exit(machine_stop(all[i].id) == NULL ? 0 : 1);
    }
    for (int i = 0; i < count; i++) {
        if (stopping[i] > 0) waitpid(stopping[i], NULL, 0);
    }
}

static int status_command(int count, char **words) {
    exactly(USAGE("status"), 0, positional(USAGE("status"), NO_FLAGS, count, words));
    char *state = up();
    puts(state);
    return strcmp(state, "Running") == 0 ? 0 : strcmp(state, "Stopped") == 0 ? 1 : 2;
}

static int version_command(int count, char **words) {
    exactly(USAGE("version"), 0, positional(USAGE("version"), NO_FLAGS, count, words));
    char *version = trim(strdup(knob("version", "2.2.3")));
    int major = 0, minor = 0, patch = 0;
    sscanf(version, "%d.%d.%d", &major, &minor, &patch);
    printf("Version: %s (%d)\n", version, major * 1000000 + minor * 10000 + patch * 100);
    printf("Commit: 5e8d3c1f0b7a49c2d6e1f8a3b5c7d9e0f1a2b3c4 (v%s)\n", version);
    return 0;
}

/* ---- what machines look like ---- */

static char *json(const char *text) {
    char *result = malloc(6 * strlen(text) + 3), *end = result;
    *end++ = '"';
    for (; *text != 0; text++) {
        unsigned char c = (unsigned char) *text;
        if (c == '"' || c == '\\') {
            *end++ = '\\';
            *end++ = (char) c;
        } else if (c < 32) {
            end += sprintf(end, "\\u%04x", c);
        } else {
            *end++ = (char) c;
        }
    }
    *end++ = '"';
    *end = 0;
    return result;
}

static const char *or_false(const char *value) {
    return *value == 0 ? "false" : value;
}

/* The record, each line after the first indented by so many blanks. */
static char *record_json(const struct machine *machine, int indent) {
    char *config = format("\"isolated\": %s,", or_false(get(machine, "isolated")));
    const char *user = json(get(machine, "default_username"));
    if (strncmp(knob("json-old", "0"), "1", 1) == 0) {
        config = format("%s\n    \"default_username\": %s", config, user);
    } else {
        config = format("%s\n    \"forward_ssh_agent\": %s,\n    \"isolate_network\": %s,\n    \"default_username\": %s,\n"
                        "    \"http_port\": 0,\n    \"https_port\": 0",
                        config, or_false(get(machine, "forward_ssh_agent")), or_false(get(machine, "isolate_network")), user);
        if (*get(machine, "memory_mib") != 0) config = format("%s,\n    \"memory_limit_mib\": %s", config, get(machine, "memory_mib"));
        if (*get(machine, "mounts") != 0) config = format("%s,\n    \"mounts\": %s", config, get(machine, "mounts"));
    }
    char *text = format("{\n  \"id\": %s,\n  \"name\": %s,\n  \"image\": {\n    \"distro\": %s,\n    \"version\": %s,\n"
                        "    \"arch\": %s,\n    \"variant\": %s\n  },\n  \"config\": {\n    %s\n  },\n"
                        "  \"builtin\": false,\n  \"state\": %s\n}",
                        json(machine->id), json(get(machine, "name")), json(get(machine, "distro")),
                        json(get(machine, "version")), json(get(machine, "arch")), json(get(machine, "variant")), config,
                        json(machine_state(machine)));
    char *indented = malloc(strlen(text) * 2 + 64), *end = indented;
    for (; *text != 0; text++) {
        *end++ = *text;
        if (*text == '\n') end += sprintf(end, "%*s", indent, "");
    }
    *end = 0;
    return indented;
}

static bool running(const struct machine *machine) {
    return strcmp(machine_state(machine), "running") == 0;
}

/* Addresses come some time after the machine, and go with it. */
static bool has_addresses(const struct machine *machine) {
    return running(machine)
        && now_ms() >= strtoll(get(machine, "running_since"), NULL, 10) + knob_number("ip-delay", 0);
}

static const long DISK_SIZE = 997879808;

static int list_command(int count, char **words) {
    static const char usage[] = USAGE("list [flags]");
    const char *shape = "text";
    bool quiet = false, only_running = false;
    struct flag flags[] = {{"format", 'f', &shape, NULL}, {"quiet", 'q', NULL, &quiet},
                           {"running", 'r', NULL, &only_running}, {NULL, 0, NULL, NULL}};
    exactly(usage, 0, positional(usage, flags, count, words));
    if (strcmp(shape, "text") != 0 && strcmp(shape, "json") != 0) usage_error(usage, "invalid format: %s", shape);
    ensure_up();
    int found, shown = 0;
    struct machine *all = machines_all(&found);
    for (int i = 0; i < found; i++) {
        if (!only_running || running(&all[i])) all[shown++] = all[i];
    }
    if (strcmp(shape, "json") == 0 && !quiet) {
        for (int i = 0; i < shown; i++) printf("%s  %s", i == 0 ? "[\n" : ",\n", record_json(&all[i], 2));
        puts(shown == 0 ? "[]" : "\n]");
        return 0;
    }
    static const char *HEADS[] = {"NAME", "STATE", "DISTRO", "VERSION", "ARCH", "SIZE", "IP"};
    bool heads = isatty(1) && !quiet;
    const char *(*rows)[7] = calloc((size_t) shown + 1, sizeof *rows);
    size_t widths[7] = {0};
    for (int i = 0; i < shown; i++) {
        bool addresses = has_addresses(&all[i]);
        const char *row[] = {get(&all[i], "name"), machine_state(&all[i]), get(&all[i], "distro"), get(&all[i], "version"),
                             get(&all[i], "arch"), addresses ? "951.7 MB" : "", addresses ? get(&all[i], "ip4") : ""};
        memcpy(rows[i], row, sizeof row);
    }
    for (int k = 0; k < 7; k++) {
        widths[k] = heads ? strlen(HEADS[k]) : 0;
        for (int i = 0; i < shown; i++) {
            if (strlen(rows[i][k]) > widths[k]) widths[k] = strlen(rows[i][k]);
        }
    }
    for (int line = 0; heads && line < 2; line++) {
        for (int k = 0; k < 7; k++) {
            char *cell = strdup(HEADS[k]);
            if (line == 1) memset(cell, '-', strlen(cell));
            printf("%-*s%s", k < 6 ? (int) widths[k] : 0, cell, k < 6 ? "  " : "\n");
        }
    }
    for (int i = 0; i < shown; i++) {
        if (quiet) {
            puts(rows[i][0]);
            continue;
        }
        for (int k = 0; k < 7; k++) {
            printf("%-*s%s", k < 6 ? (int) widths[k] : 0, rows[i][k], k < 6 ? "  " : "\n");
        }
    }
    return 0;
}

static int info_command(int count, char **words) {
    static const char usage[] = USAGE("info MACHINE [flags]");
    const char *shape = "text";
    struct flag flags[] = {{"format", 'f', &shape, NULL}, {NULL, 0, NULL, NULL}};
    exactly(usage, 1, positional(usage, flags, count, words));
    if (strcmp(shape, "text") != 0 && strcmp(shape, "json") != 0) usage_error(usage, "invalid format: %s", shape);
    ensure_up();
    bool null = strncmp(knob("ip-null", "0"), "1", 1) == 0;
    static const char DOCKER[] = "01GQQVF6C60000000000DOCKER";
    struct machine machine = {.count = 0};
    bool builtin = strcmp(words[0], "docker") == 0 || strcmp(words[0], DOCKER) == 0;
    if (builtin) {
        strcpy(machine.id, DOCKER);
        static const char *VALUES[][2] = {{"name", "docker"}, {"distro", "docker"}, {"version", "latest"},
                                          {"arch", "arm64"}, {"variant", "default"}, {"state", "stopped"}};
        for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) set(&machine, VALUES[i][0], "%s", VALUES[i][1]);
    } else {
        find(&machine, words[0]);
    }
    bool size = running(&machine), addresses = has_addresses(&machine);
    if (strcmp(shape, "json") == 0) {
        char *record = record_json(&machine, 2);
        if (builtin) memcpy(strstr(record, "\"builtin\": false"), "\"builtin\": true ", 16);
        printf("{\n  \"record\": %s", record);
        if (size) printf(",\n  \"disk_size\": %ld", DISK_SIZE);
        if (!size && null) printf(",\n  \"disk_size\": null");
        if (addresses) printf(",\n  \"ip4\": %s,\n  \"ip6\": %s", json(get(&machine, "ip4")), json(get(&machine, "ip6")));
        if (!addresses && null) printf(",\n  \"ip4\": null,\n  \"ip6\": null");
        puts("\n}");
        return 0;
    }
    printf("ID: %s\nName: %s\nState: %s\n\nDistro: %s\nVersion: %s\nArchitecture: %s\n", machine.id,
           get(&machine, "name"), machine_state(&machine), get(&machine, "distro"), get(&machine, "version"),
           get(&machine, "arch"));
    if (size) puts("\nDisk usage: 951.7 MB");
    if (addresses) printf("\nIPv4: %s\nIPv6: %s\n", get(&machine, "ip4"), get(&machine, "ip6"));
    return 0;
}

/* ---- making machines ---- */

/* What is typed after the colon, and what is listed then; the first of a distro is what is taken without a colon. */
static const char *VERSIONS[][3] = {
    {"ubuntu", "24.04", "noble"}, {"ubuntu", "22.04", "jammy"}, {"ubuntu", "20.04", "focal"},
    {"ubuntu", "25.04", "plucky"}, {"ubuntu", "25.10", "questing"}, {"ubuntu", "26.04", "resolute"},
    {"debian", "13", "trixie"}, {"debian", "12", "bookworm"}, {"debian", "11", "bullseye"},
    {"alpine", "3.22", "3.22"}, {"alma", "10", "10"}, {"arch", "current", "current"}, {"centos", "10-Stream", "10-Stream"},
    {"devuan", "5", "daedalus"}, {"fedora", "43", "43"}, {"gentoo", "current", "current"}, {"kali", "current", "current"},
    {"nixos", "25.11", "25.11"}, {"openeuler", "25.03", "25.03"}, {"opensuse", "tumbleweed", "tumbleweed"},
    {"oracle", "10", "10"}, {"rocky", "10", "10"}, {"void", "current", "current"}, {NULL, NULL, NULL},
};

static const char *version_of(const char *usage, const char *distro, const char *typed) {
    const char *first = NULL;
    for (int i = 0; VERSIONS[i][0] != NULL; i++) {
        if (strcmp(VERSIONS[i][0], distro) != 0) continue;
        if (first == NULL) first = VERSIONS[i][2];
        if (typed != NULL && strcmp(VERSIONS[i][1], typed) == 0) return VERSIONS[i][2];
    }
    if (first == NULL) usage_error(usage, "invalid distro: %s", distro);
    return typed == NULL || strcmp(typed, "latest") == 0 ? first : typed;
}

/* SRC[:DEST] becomes an element of the array in the record. */
static char *mount_json(const char *mounts, const char *mount) {
    const char *colon = strchr(mount, ':');
    char *source = colon == NULL ? strdup(mount) : strndup(mount, (size_t) (colon - mount));
    return format("%s%s{\"source\": %s, \"destination\": %s}", mounts, *mounts == 0 ? "" : ", ", json(source),
                  json(colon == NULL ? mount : colon + 1));
}

static long mebibytes(const char *size) {
    char *unit;
    long number = strtol(size, &unit, 10);
    return *unit == 'G' || *unit == 'g' ? number * 1024 : *unit == 'K' || *unit == 'k' ? number / 1024 : number;
}

static int create_command(int count, char **words) {
    static const char usage[] = USAGE("create [flags] DISTRO[:VERSION] [MACHINE_NAME]");
    const char *arch = knob("host-arch", "arm64"), *user = NULL, *data = NULL, *mount = NULL, *ignored = NULL;
    const char *memory = NULL, *cpus = NULL, *disk = NULL;
    bool password = false;
    struct creation creation = {.parameters = "", .forward_ssh_agent = true};
    /* --mount may be given again and again; each is taken out before the next is looked at. */
    char *mounts = "";
    for (int i = 0; i < count; i++) {
        if (strcmp(words[i], "--mount") == 0 && i + 1 < count) mounts = mount_json(mounts, words[i + 1]);
        if (strncmp(words[i], "--mount=", 8) == 0) mounts = mount_json(mounts, words[i] + 8);
        char *word = strdup(words[i]);
        for (char *at = word; *at != 0; at++) *at = *at == '\n' ? ' ' : *at;
        creation.parameters = format("%s%s%s", creation.parameters, i == 0 ? "" : " ", word);
    }
    struct flag flags[] = {
        {"arch", 'a', &arch, NULL}, {"user", 'u', &user, NULL}, {"set-password", 'p', NULL, &password},
        {"user-data", 'c', &data, NULL}, {"isolated", 0, NULL, &creation.isolated},
        {"isolate-network", 0, NULL, &creation.isolate_network}, {"mount", 0, &mount, NULL},
        {"forward-ssh-agent", 0, NULL, &creation.forward_ssh_agent}, {"cpus", 0, &cpus, NULL},
        {"memory", 0, &memory, NULL}, {"disk", 0, &disk, NULL}, {"name", 0, &ignored, NULL}, {NULL, 0, NULL, NULL},
    };
    count = positional(usage, flags, count, words);
    if (count < 1 || count > 2) usage_error(usage, "accepts between 1 and 2 arg(s), received %d", count);
    char *distro = words[0], *version = strchr(distro, ':');
    if (version != NULL) *version++ = 0;
    creation.distro = distro;
    creation.version = version_of(usage, distro, version);
    creation.name = count == 2 ? words[1] : distro;
    if (strcmp(arch, "x86_64") == 0) arch = "amd64";
    if (strcmp(arch, "aarch64") == 0) arch = "arm64";
    if (strcmp(arch, "arm64") != 0 && strcmp(arch, "amd64") != 0) usage_error(usage, "invalid architecture: %s", arch);
    creation.arch = arch;
    creation.user = user == NULL ? host_user() : user;
    if (password && !isatty(0)) fail("open terminal: not a terminal");
    if (data != NULL) {
        creation.user_data = read_file(data);
        if (creation.user_data == NULL) fail(format("open %s: %s", data, "no such file or directory"));
        static const char *WITHOUT[] = {"arch", "gentoo", "kali", "nixos", "void", "devuan", "alpine", NULL};
        for (int i = 0; WITHOUT[i] != NULL; i++) {
            if (strcmp(WITHOUT[i], distro) == 0) {
                fail(format("[-32098] create '%s': cloud-init not supported for '%s'", creation.name, distro));
            }
        }
    }
    ensure_up();
    creation.mode = create_mode(creation.name);
    char *error = machine_create(&creation);
    if (error != NULL) fail(error);
    struct machine machine;
    if (machine_by_name(&machine, creation.name)) {
        if (memory != NULL) machine_put(machine.id, "memory_mib", format("%ld", mebibytes(memory)));
        if (cpus != NULL) machine_put(machine.id, "cpus", cpus);
        if (disk != NULL) machine_put(machine.id, "disk", disk);
        if (*mounts != 0) machine_put(machine.id, "mounts", format("[%s]", mounts));
    }
    if (strcmp(creation.mode, "hang") == 0 || strcmp(creation.mode, "stuck") == 0) hang();
    return 0;
}

static int import_command(int count, char **words) {
    static const char usage[] = USAGE("import [flags] FILE");
    const char *name = NULL;
    struct flag flags[] = {{"name", 'n', &name, NULL}, {NULL, 0, NULL, NULL}};
    exactly(usage, 1, positional(usage, flags, count, words));
    if (access(words[0], R_OK) != 0) fail(format("open %s: no such file or directory", words[0]));
    ensure_up();
    char *archive = realpath(words[0], NULL), *base = strrchr(archive, '/') + 1;
    struct creation creation = {.distro = "ubuntu", .version = "noble", .arch = "arm64", .user = host_user(),
                                .parameters = "import", .mode = "ok", .forward_ssh_agent = true, .archive = archive};
    creation.name = name != NULL ? name : strndup(base, strcspn(base, "."));
    return ended(machine_create(&creation));
}

static int export_command(int count, char **words) {
    static const char usage[] = USAGE("export MACHINE FILE");
    exactly(usage, 2, positional(usage, NO_FLAGS, count, words));
    ensure_up();
    struct machine machine;
    find(&machine, words[0]);
    pid_t tar = fork();
    if (tar == 0) {
        /* Compressed as the name of the file says. */
        execlp("tar", "tar", "-C", machine_file(&machine, "rootfs"), "-caf", words[1], ".", (char *) NULL);
        _exit(127);
    }
    int status = -1;
    waitpid(tar, &status, 0);
    return status == 0 ? 0 : 1;
}

static int clone_command(int count, char **words) {
    static const char usage[] = USAGE("clone OLD_NAME NEW_NAME");
    exactly(usage, 2, positional(usage, NO_FLAGS, count, words));
    ensure_up();
    struct machine machine;
    find(&machine, words[0]);
    return ended(machine_clone(machine.id, words[1]));
}

static int rename_command(int count, char **words) {
    static const char usage[] = USAGE("rename OLD_NAME NEW_NAME");
    exactly(usage, 2, positional(usage, NO_FLAGS, count, words));
    ensure_up();
    struct machine machine;
    find(&machine, words[0]);
    return ended(machine_rename(machine.id, words[1]));
}

/* ---- starting, stopping, deleting ---- */

/* The machines that are meant; all names are looked up before anything is done. */
static struct machine *chosen(int *count, char **words, bool all) {
    if (all) return machines_all(count);
    struct machine *machines = calloc((size_t) *count + 1, sizeof *machines);
    for (int i = 0; i < *count; i++) find(&machines[i], words[i]);
    return machines;
}

static int start_command(int count, char **words) {
    static const char usage[] = USAGE("start [flags] [ID/NAME]...");
    bool all = false;
    struct flag flags[] = {{"all", 'a', NULL, &all}, {NULL, 0, NULL, NULL}};
    count = positional(usage, flags, count, words);
    if (count == 0 && !all) {
        if (strcmp(up(), "Running") == 0) fputs("OrbStack is already running.\n", stderr);
        ensure_up();
        return 0;
    }
    ensure_up();
    struct machine *machines = chosen(&count, words, all);
    for (int i = 0; i < count; i++) {
        char *error = machine_start(machines[i].id);
        if (error != NULL) fail(error);
    }
    return 0;
}

static int stop_command(int count, char **words) {
    static const char usage[] = USAGE("stop [flags] [ID/NAME]...");
    bool all = false, force = false;
    struct flag flags[] = {{"all", 'a', NULL, &all}, {"force", 'f', NULL, &force}, {NULL, 0, NULL, NULL}};
    count = positional(usage, flags, count, words);
    unless_up();
    if (count == 0 && !all) {
        stop_all();
        write_file(in_store("up"), "Stopped\n");
        return 0;
    }
    struct machine *machines = chosen(&count, words, all);
    for (int i = 0; i < count; i++) {
        char *error = machine_stop(machines[i].id);
        if (error != NULL) fail(error);
    }
    return 0;
}

static int restart_command(int count, char **words) {
    static const char usage[] = USAGE("restart [flags] ID/NAME...");
    bool all = false;
    struct flag flags[] = {{"all", 'a', NULL, &all}, {NULL, 0, NULL, NULL}};
    count = positional(usage, flags, count, words);
    if (count == 0 && !all) usage_error(usage, "no machines specified");
    unless_up();
    if (count == 1 && strcmp(words[0], "docker") == 0) return 0;
    struct machine *machines = chosen(&count, words, all);
    for (int i = 0; i < count; i++) {
        char *error = machine_stop(machines[i].id);
        if (error == NULL) error = machine_start(machines[i].id);
        if (error != NULL) fail(error);
    }
    return 0;
}

static int delete_command(int count, char **words) {
    static const char usage[] = USAGE("delete [flags] ID/NAME...");
    bool all = false, force = false;
    struct flag flags[] = {{"all", 'a', NULL, &all}, {"force", 'f', NULL, &force}, {NULL, 0, NULL, NULL}};
    count = positional(usage, flags, count, words);
    if (count == 0 && !all) usage_error(usage, "no machines specified");
    ensure_up();
    struct machine *machines = chosen(&count, words, all);
    if (isatty(0) && !force) {
        fputs("This will permanently delete all data in the following machines:\n", stderr);
        for (int i = 0; i < count; i++) fprintf(stderr, "  %s\n", get(&machines[i], "name"));
        fputs("Are you sure (y/N)? ", stderr);
        char answer[16] = "";
        if (fgets(answer, sizeof answer, stdin) == NULL
            || (strcasecmp(trim(answer), "y") != 0 && strcasecmp(trim(answer), "yes") != 0)) fail("Aborted");
    }
    for (int i = 0; i < count; i++) {
        char *error = machine_delete(machines[i].id);
        if (error != NULL) fail(error);
    }
    return 0;
}

static int default_command(int count, char **words) {
    static const char usage[] = USAGE("default [ID/NAME]");
    count = positional(usage, NO_FLAGS, count, words);
    if (count > 1) usage_error(usage, "accepts at most 1 arg(s), received %d", count);
    ensure_up();
    struct machine machine;
    if (count == 1 && strcmp(words[0], "none") == 0) {
        unlink(in_store("default"));
    } else if (count == 1) {
        find(&machine, words[0]);
        write_file(in_store("default"), format("%s\n", machine.id));
    } else {
        char *id = read_file(in_store("default"));
        if (id != NULL && machine_load(&machine, trim(id))) {
            puts(get(&machine, "name"));
        } else {
            fputs("No default machine set. The most recently used machine is taken.\n", stderr);
        }
    }
    return 0;
}

/* ---- configuration ---- */

/* machine.NAME.KEY is of that machine; what it is called there. */
static const char *machine_key(const char *key, struct machine *machine) {
    static const char *KEYS[][2] = {{".username", "default_username"}, {".cpu", "cpus"}, {".disk_bytes", "disk"},
                                    {".memory_mib", "memory_mib"}};
    if (strncmp(key, "machine.", 8) != 0) return NULL;
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        size_t length = strlen(key), tail = strlen(KEYS[i][0]);
        if (length <= 8 + tail || strcmp(key + length - tail, KEYS[i][0]) != 0) continue;
        if (machine_find(machine, strndup(key + 8, length - 8 - tail))) return KEYS[i][1];
    }
    return NULL;
}

static int config_command(int count, char **words) {
    static const char usage[] = USAGE("config [show | get KEY | set KEY VALUE | reset]");
    count = positional(usage, NO_FLAGS, count, words);
    ensure_up();
    const char *what = count == 0 ? "show" : words[0];
    struct machine machine;
    char *shown = config_show();
    int machines;
    struct machine *all = machines_all(&machines);
    for (int i = 0; i < machines; i++) {
        shown = format("%smachine.%s.username: %s\n", shown, get(&all[i], "name"), get(&all[i], "default_username"));
    }
    if (strcmp(what, "show") == 0) {
        /* machine.* sorts between k8s.* and machines.*, so the lines are put in order once more. */
        char *lines[2048];
        int size = 0;
        for (char *line = strtok(shown, "\n"); line != NULL && size < 2048; line = strtok(NULL, "\n")) {
            int at = size++;
            for (; at > 0 && strcmp(lines[at - 1], line) > 0; at--) lines[at] = lines[at - 1];
            lines[at] = line;
        }
        for (int i = 0; i < size; i++) puts(lines[i]);
        return 0;
    }
    if (strcmp(what, "get") == 0) {
        exactly(usage, 2, count);
        const char *key = machine_key(words[1], &machine);
        const char *value = key != NULL ? get(&machine, key) : config_get(words[1]);
        if (value == NULL) fail(format("unknown key: %s", words[1]));
        if (strncmp(knob("config-get", "bare"), "list", 4) == 0) {
            fputs(shown, stdout);
        } else {
            puts(value);
        }
        return 0;
    }
    if (strcmp(what, "set") == 0) {
        exactly(usage, 3, count);
        const char *key = machine_key(words[1], &machine);
        if (key != NULL) {
            machine_put(machine.id, key, words[2]);
        } else if (config_get(words[1]) == NULL) {
            fail(format("unknown key: %s", words[1]));
        } else {
            config_set(words[1], words[2]);
        }
        return 0;
    }
    if (strcmp(what, "reset") == 0) {
        unlink(in_store("config"));
        return 0;
    }
    usage_error(usage, "unknown command \"%s\" for \"orbctl config\"", what);
}

/* ---- files ---- */

static char *shell_quoted(const char *text) {
    char *result = "'";
    for (; *text != 0; text++) result = *text == '\'' ? format("%s'\\''", result) : format("%s%c", result, *text);
    return format("%s'", result);
}

/*
 * Both are `cp` as the default user in OrbStack, through its view of the Mac. There is no such view here, so the bytes
 * go through pipes; what cp says of the machine's side is cp's own, what it says of the Mac's side is said by us.
 */
static int push_command(int count, char **words) {
    static const char usage[] = USAGE("push [flags] SOURCE... [DEST]");
    const char *name = NULL;
    struct flag flags[] = {{"machine", 'm', &name, NULL}, {NULL, 0, NULL, NULL}};
    count = positional(usage, flags, count, words);
    if (count < 1) usage_error(usage, "requires at least 1 arg(s), only received 0");
    ensure_up();
    struct machine machine;
    if (name == NULL ? !machine_default(&machine) : !machine_by_name(&machine, name)) not_found(name == NULL ? "" : name);
    const char *dest = count > 1 ? words[--count] : ".";
    char *home = getenv("HOME");
    if (home != NULL && strncmp(dest, home, strlen(home)) == 0 && *home != 0
        && (dest[strlen(home)] == '/' || dest[strlen(home)] == 0)) {
        dest = format("./%s", dest + strlen(home));
    }
    int exit_status = 0;
    for (int i = 0; i < count; i++) {
        char *path = realpath(words[i], NULL);
        struct stat status;
        if (path == NULL || stat(path, &status) != 0) {
            char *shown = words[i][0] == '/' ? words[i] : format("%s/%s", getcwd(NULL, 0), words[i]);
            fprintf(stderr, "cp: cannot stat '/mnt/mac%s': No such file or directory\n", shown);
            exit_status = 1;
            continue;
        }
        char *base = strrchr(words[i], '/') == NULL || strrchr(words[i], '/')[1] == 0 ? strrchr(path, '/') + 1
                                                                                      : strrchr(words[i], '/') + 1;
        char *inner;
        int in;
        pid_t tar = -1;
        if (S_ISDIR(status.st_mode)) {
            int pipes[2];
            if (pipe2(pipes, O_CLOEXEC) != 0) return 1;
            tar = fork();
            if (tar == 0) {
                dup2(pipes[1], 1);
                execlp("tar", "tar", "-C", path, "-cf", "-", ".", (char *) NULL);
                _exit(127);
            }
            close(pipes[1]);
            in = pipes[0];
            inner = format("d=%s; if [ -d \"$d\" ]; then d=$d/%s; fi; mkdir -p \"$d\" && tar -C \"$d\" -xf -",
                           shell_quoted(dest), shell_quoted(base));
        } else {
            in = open(path, O_RDONLY | O_CLOEXEC);
            int pipes[2];
            if (pipe2(pipes, O_CLOEXEC) != 0) return 1;
            tar = fork();
            if (tar == 0) {
                dup2(in, 0);
                dup2(pipes[1], 1);
                execlp("cat", "cat", (char *) NULL);
                _exit(127);
            }
            close(in);
            close(pipes[1]);
            in = pipes[0];
            inner = format("d=%s; if [ -d \"$d\" ]; then d=$d/%s; fi; cp /dev/stdin \"$d\" && chmod %o \"$d\"",
                           shell_quoted(dest), shell_quoted(base), (unsigned) status.st_mode & 0777);
        }
        int ended_with = session_on(&machine, NULL, inner, in, 1, 2);
        close(in);
        waitpid(tar, NULL, 0);
        if (ended_with != 0) exit_status = ended_with;
    }
    return exit_status;
}

static int pull_command(int count, char **words) {
    static const char usage[] = USAGE("pull [flags] SOURCE... [DEST]");
    const char *name = NULL;
    struct flag flags[] = {{"machine", 'm', &name, NULL}, {NULL, 0, NULL, NULL}};
    count = positional(usage, flags, count, words);
    if (count < 1) usage_error(usage, "requires at least 1 arg(s), only received 0");
    ensure_up();
    struct machine machine;
    if (name == NULL ? !machine_default(&machine) : !machine_by_name(&machine, name)) not_found(name == NULL ? "" : name);
    const char *dest = count > 1 ? words[--count] : ".";
    int exit_status = 0;
    for (int i = 0; i < count; i++) {
        char *base = strrchr(words[i], '/') == NULL ? words[i] : strrchr(words[i], '/') + 1;
        struct stat status;
        bool into = stat(dest, &status) == 0 && S_ISDIR(status.st_mode);
        char *folder = strdup(dest), *slash = strrchr(folder, '/');
        const char *named = base;
        if (!into) {
            named = slash == NULL ? dest : slash + 1;
            if (slash == NULL) {
                folder = ".";
            } else {
                *slash = 0;
                if (*folder == 0) folder = "/";
            }
        }
        int pipes[2];
        if (pipe2(pipes, O_CLOEXEC) != 0) return 1;
        pid_t tar = fork();
        if (tar == 0) {
            dup2(pipes[0], 0);
            dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2); /* it would complain of what the other side has said */
            execlp("tar", "tar", "-C", folder, "--no-same-owner", "--transform",
                   format("s,^\\(\\./\\)*%s,%s,", base, named), "-xf", "-", (char *) NULL);
            _exit(127);
        }
        close(pipes[0]);
        char *source = shell_quoted(words[i]);
        char *inner = format("if [ ! -e %s ]; then echo \"cp: cannot stat \"\\''%s'\\'\": No such file or directory\" >&2; "
                             "exit 1; fi; cd \"$(dirname %s)\" && tar -cf - %s",
                             source, words[i], source, shell_quoted(base));
        int nowhere = open("/dev/null", O_RDONLY | O_CLOEXEC);
        int ended_with = session_on(&machine, NULL, inner, nowhere, pipes[1], 2);
        close(pipes[1]);
        int unpacked = -1;
        waitpid(tar, &unpacked, 0);
        if (ended_with != 0) exit_status = ended_with;
        if (ended_with == 0 && unpacked != 0) {
            fprintf(stderr, "cp: cannot create regular file '%s/%s'\n", folder, named);
            exit_status = 1;
        }
    }
    return exit_status;
}

/* ---- the rest ---- */

static int logs_command(int count, char **words) {
    static const char usage[] = USAGE("logs ID/NAME [flags]");
    bool all = false;
    struct flag flags[] = {{"all", 'a', NULL, &all}, {NULL, 0, NULL, NULL}};
    exactly(usage, 1, positional(usage, flags, count, words));
    ensure_up();
    struct machine machine;
    find(&machine, words[0]);
    printf("Welcome to %s %s!\n[  OK  ] Reached target multi-user.target\n", get(&machine, "distro"), get(&machine, "version"));
    return 0;
}

static int ssh_command(int count, char **words) {
    positional(USAGE("ssh"), NO_FLAGS, count, words);
    puts("SSH to OrbStack machines:\n\n"
         "    ssh orb                    default machine\n"
         "    ssh MACHINE@orb            a machine\n"
         "    ssh USER@MACHINE@orb       a machine, as a user\n\n"
         "Other programs:\n\n"
         "    Host: localhost\n    Port: 32222\n    User: default (or MACHINE, or USER@MACHINE)\n"
         "    Private key: ~/.orbstack/ssh/id_ed25519");
    return 0;
}

static int update_command(int count, char **words) {
    bool check = false;
    struct flag flags[] = {{"check", 'c', NULL, &check}, {NULL, 0, NULL, NULL}};
    exactly(USAGE("update [flags]"), 0, positional(USAGE("update [flags]"), flags, count, words));
    return strncmp(knob("outdated", "0"), "1", 1) == 0 ? 3 : 0;
}

static int quiet_command(int count, char **words) {
    (void) count;
    (void) words;
    return 0;
}

static int help_command(int count, char **words);

static const struct command {
    const char *name; /* the first is the one that knobs know */
    const char *aliases[2];
    int (*call)(int count, char **words);
} COMMANDS[] = {
    {"create", {"add", "new"}, create_command}, {"list", {NULL, NULL}, list_command}, {"info", {"i", NULL}, info_command},
    {"default", {NULL, NULL}, default_command}, {"start", {NULL, NULL}, start_command},
    {"stop", {"shutdown", NULL}, stop_command}, {"restart", {NULL, NULL}, restart_command},
    {"delete", {NULL, NULL}, delete_command}, {"clone", {NULL, NULL}, clone_command},
    {"rename", {NULL, NULL}, rename_command}, {"export", {NULL, NULL}, export_command},
    {"import", {NULL, NULL}, import_command}, {"run", {"exec", "shell"}, run}, {"push", {NULL, NULL}, push_command},
    {"pull", {NULL, NULL}, pull_command}, {"logs", {"log", "console"}, logs_command}, {"ssh", {NULL, NULL}, ssh_command},
    {"config", {NULL, NULL}, config_command}, {"status", {NULL, NULL}, status_command},
    {"update", {NULL, NULL}, update_command}, {"version", {NULL, NULL}, version_command},
    {"doctor", {NULL, NULL}, quiet_command}, {"top", {NULL, NULL}, quiet_command}, {"report", {NULL, NULL}, quiet_command},
    {"usb", {NULL, NULL}, quiet_command}, {"serial", {NULL, NULL}, quiet_command}, {"docker", {NULL, NULL}, quiet_command},
    {"debug", {NULL, NULL}, quiet_command}, {"k8s", {NULL, NULL}, quiet_command}, {"reset", {NULL, NULL}, quiet_command},
    {"login", {NULL, NULL}, quiet_command}, {"logout", {NULL, NULL}, quiet_command},
    {"completion", {NULL, NULL}, quiet_command}, {"help", {NULL, NULL}, help_command}, {NULL, {NULL, NULL}, NULL},
};

static int help_command(int count, char **words) {
    (void) count;
    (void) words;
    puts("The easiest way to use OrbStack machines, emulated.\n\nUsage:\n  orbctl [command]\n\nCommands:");
    for (const struct command *command = COMMANDS; command->name != NULL; command++) printf("  %s\n", command->name);
    return 0;
}

static const struct command *command_named(const char *word) {
    for (const struct command *command = COMMANDS; command->name != NULL; command++) {
        if (strcmp(command->name, word) == 0) return command;
        for (int i = 0; i < 2 && command->aliases[i] != NULL; i++) {
            if (strcmp(command->aliases[i], word) == 0) return command;
        }
    }
    return NULL;
}

static int call(const struct command *command, int count, char **words) {
    char *hanging = strdup(knob("hang", ""));
    for (char *name = strtok(hanging, " ,\n"); name != NULL; name = strtok(NULL, " ,\n")) {
        if (strcmp(name, "all") == 0 || strcmp(name, command->name) == 0) hang();
    }
    if (command->call == run) ensure_up();
    return command->call(count, words);
}

static int own_call(int count, char **words) {
    const char *what = words[0] + strlen("--emulator-");
    if (strcmp(what, "template") == 0) {
        puts(template_for(count > 1 ? words[1] : "ubuntu"));
        return 0;
    }
    if (strcmp(what, "machines") == 0 && count >= 3) {
        return ended(machines_make((int) strtol(words[1], NULL, 10), words[2], count > 3 ? words[3] : "ubuntu"));
    }
    if (strcmp(what, "machine") == 0 && count >= 2) {
        return ended(machines_make(0, words[1], count > 2 ? words[2] : "ubuntu"));
    }
    if (strcmp(what, "down") == 0) {
        take_down();
        return 0;
    }
    if (strcmp(what, "session") == 0) return gateway_session(count - 1, words + 1);
    if (strcmp(what, "resolve") == 0) return gateway_resolve(count - 1, words + 1);
    fprintf(stderr, "orbctl emulator: unknown call %s\n", words[0]);
    return 70;
}

int main(int count, char **words) {
    name_process_from(count, words);
    store_open();
    char *name = strrchr(words[0], '/');
    name = name == NULL ? words[0] : name + 1;
    if (count > 1 && strncmp(words[1], "--emulator-", 11) == 0) return own_call(count - 1, words + 1);
    log_call(count, words);
    const struct command *command = count > 1 ? command_named(words[1]) : NULL;
    if (strcmp(name, "orbctl") == 0) {
        if (count == 1 || strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0) return help_command(0, NULL);
        if (command == NULL) {
            usage_error("Run 'orbctl --help' for usage.", "unknown %s for \"orbctl\"",
                        words[1][0] == '-' ? format("flag: %s", words[1]) : format("command \"%s\"", words[1]));
        }
        return call(command, count - 2, words + 2);
    }
    if (strcmp(name, "orb") == 0) {
        if (command != NULL) return call(command, count - 2, words + 2);
        return call(command_named("run"), count - 1, words + 1);
    }
    /* By any other name it is that program in the default machine. Its words aren't looked at for flags of ours. */
    words[0] = name;
    return call(command_named("run"), count, words);
}
