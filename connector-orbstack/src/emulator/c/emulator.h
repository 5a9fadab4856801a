/*
 * What the parts of the OrbStack emulator know of each other; orbctl.c says what the whole is.
 *
 *   orbctl.c    main, the subcommands and what they print
 *   run.c       `run`: its own parser, quoting, environment, the relay of streams and signals; the gateway's logins
 *   machine.c   machines: made, started, stopped, deleted, cloned; the first process of each
 *   template.c  the root file systems that machines are made from
 *   store.c     the store's files: records, knobs, locks, the log of calls
 *
 * Memory isn't given back, except in the first process of a machine: every other process is short-lived.
 */
#ifndef EMULATOR_H
#define EMULATOR_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- store.c ---- */

extern char store[]; /* absolute, without a slash at its end */

void store_open(void);
char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
/* A path in the store. */
char *in_store(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
/* The content, or NULL. Text ends at the first NUL. */
char *read_file(const char *path);
/* Replaces the file at once, or leaves it as it was. */
bool write_file(const char *path, const char *text);
bool append_file(const char *path, const char *text);
/* Without blanks and line ends at its ends; in place. */
char *trim(char *text);
void make_folders(const char *path);
bool remove_tree(const char *path);

char *knob(const char *name, const char *otherwise);
long knob_number(const char *name, long otherwise);
/* The mode in which the next `create` of this machine goes; a mode for so many calls is counted down. */
char *create_mode(const char *name);

void log_call(int count, char **words);

int lock_file(const char *path, int how);
void unlock(int lock);

int64_t now_ms(void);
void sleep_ms(long ms);
/* Waits this part of the time that the knob says at the moment: to take the knob away ends it. */
void delay(const char *name, int parts);
/* Never returns while the emulator is in use: ends when it is taken down or its owner dies. */
_Noreturn void hang(void);
/* True if `--emulator-down` was called since this program started, or the owner is dead. */
bool taken_down(void);
/* A pidfd of the process whose end is the end of all machines, or -1; *dead is set if it's gone already. */
int owner_pidfd(bool *dead);

char *config_get(const char *key);
void config_set(const char *key, const char *value);
/* Sorted `key: value` lines. */
char *config_show(void);
const char *host_user(void);

struct machine {
    char id[32];
    int count;
    struct {
        char *key;
        char *value;
    } pairs[64];
};

const char *get(const struct machine *machine, const char *key);
void set(struct machine *machine, const char *key, const char *pattern, ...) __attribute__((format(printf, 3, 4)));
bool machine_load(struct machine *machine, const char *id);
void machine_save(const struct machine *machine);
/* Changes one line of its record; false if it is gone. */
bool machine_put(const char *id, const char *key, const char *value);
bool machine_by_name(struct machine *machine, const char *name);
bool machine_find(struct machine *machine, const char *name_or_id);
/* All, sorted by name. */
struct machine *machines_all(int *count);
bool machine_default(struct machine *machine);
char *machine_file(const struct machine *machine, const char *name);
/* Whether its first process is alive. */
bool machine_alive(const struct machine *machine);
/* The state that is shown: that of the record, but stopped if its processes are gone. */
const char *machine_state(const struct machine *machine);
void new_id(char *id);
/* Takes an address that no running machine has, not the one it had before; gives it back. */
void take_addresses(struct machine *machine);
void release_addresses(const struct machine *machine);

struct account {
    char name[256];
    uid_t uid;
    gid_t gid;
    char home[4096];
    char shell[4096];
};

/* Of the passwd file under this root; not of this computer. */
bool account_find(const char *root, const char *name, struct account *account);

/* ---- template.c ---- */

/* Where the root file system for machines of this distro is; made if it isn't there yet. */
char *template_for(const char *distro);
/* Fills `to` from `from`: what is shared stays shared, what may be changed is copied. */
void copy_root(const char *from, const char *to);

/* ---- machine.c ---- */

struct creation {
    const char *name;
    const char *distro;
    const char *version;
    const char *arch;
    const char *user;
    const char *user_data; /* its content, or NULL */
    const char *parameters; /* as given, for the record */
    const char *archive; /* of import, or NULL */
    const char *mode; /* of the knob create-mode */
    bool isolated;
    bool isolate_network;
    bool forward_ssh_agent;
};

/* Each returns NULL or what went wrong. They go on if this process is killed. */
char *machine_create(struct creation *creation);
char *machine_start(const char *id);
char *machine_stop(const char *id);
char *machine_delete(const char *id);
char *machine_clone(const char *id, const char *name);
char *machine_rename(const char *id, const char *name);
/* PREFIX001 and so on; with 0 one that is called as the prefix says. */
char *machines_make(int count, const char *prefix, const char *distro);
void take_down(void);
bool valid_name(const char *name);

/* What is said on the socket of a machine's first process; SEQPACKET, so messages keep their bounds. */
enum { SPAWN, SIGNAL, STOP, HOSTNAME, ENDED, REFUSED };
struct message {
    int kind;
    int value; /* signal, grace in ms, wait status */
    char text[512];
};
#define SPAWN_DESCRIPTORS 4 /* stdin, stdout, stderr, and a memory file with the request */

int machine_connect(const char *id);
/* So that ps doesn't show the command line of the call that happened to start it. */
void name_process_from(int count, char **words);

/* ---- run.c ---- */

struct request {
    const char *user; /* NULL: the machine's default user */
    const char *cwd; /* NULL: home */
    const char *command; /* NULL: a login shell */
    char **environment; /* NAME=VALUE, ends with NULL */
    bool forwards_signals;
    const char *status_file;
    const char *drop_tail;
};

/* Returns the exit status of the caller: that of the command, 255 or 1. */
int session(struct machine *machine, const struct request *request);
int run(int count, char **words);
int gateway_session(int count, char **words);
int gateway_resolve(int count, char **words);
/* Runs a command with these streams, without any of run's rules; for push, pull and user data. */
int session_on(struct machine *machine, const char *user, const char *command, int in, int out, int err);

/* ---- orbctl.c ---- */

_Noreturn void usage_error(const char *usage, const char *pattern, ...) __attribute__((format(printf, 2, 3)));

#endif
