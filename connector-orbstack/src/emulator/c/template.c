/*
 * The root file systems that machines are made from, laid once out of the programs of this computer. A machine shares
 * the files under /usr with its template by hard links: to change one in place changes it for all, to replace it
 * doesn't. What machines do change (/etc, /var, /root, ...) is copied.
 */
#include "emulator.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *PROGRAMS[] = {
    "bash", "id", "cat", "cp", "mv", "rm", "ls", "mkdir", "rmdir", "chmod", "chown", "chgrp", "stat", "sha256sum",
    "md5sum", "base64", "head", "tail", "dd", "mktemp", "sleep", "env", "date", "touch", "ln", "wc", "cut", "tr",
    "sort", "uniq", "seq", "tee", "yes", "uname", "hostname", "whoami", "groups", "true", "false", "test", "[", "printf",
    "echo", "expr", "pwd", "install", "readlink", "realpath", "basename", "dirname", "kill", "ps", "pgrep", "pkill",
    "grep", "sed", "find", "xargs", "cmp", "diff", "timeout", "setsid", "nohup", "nice", "stty", "sync", "df", "du", "od",
    "getent", "useradd", "usermod", "userdel", "groupadd", "groupmod", "groupdel", "passwd", "chpasswd", "chage",
    "gpasswd", "tar", "gzip", "su", "mount", "umount", NULL,
};
static const char *PATHS[] = {"/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", NULL};
static const char *PAM[] = {"pam_unix.so", "pam_permit.so", "pam_deny.so", "pam_rootok.so", NULL};

static char *program(const char *name) {
    for (int i = 1; PATHS[i] != NULL; i++) {
        char *path = format("%s/%s", PATHS[i], name);
        if (access(path, X_OK) == 0) return realpath(path, NULL);
    }
    return NULL;
}

static void copy_file(int from, int to, mode_t mode) {
    char block[65536];
    ssize_t got;
    while ((got = read(from, block, sizeof block)) > 0) {
        if (write(to, block, (size_t) got) != got) break;
    }
    fchmod(to, mode);
}

static bool copy_to(const char *from, const char *to) {
    struct stat status;
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0 || fstat(source, &status) != 0) return false;
    char *folder = strdup(to);
    *strrchr(folder, '/') = 0;
    make_folders(folder);
    int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    if (target >= 0) {
        copy_file(source, target, status.st_mode & 07777);
        close(target);
    }
    close(source);
    return target >= 0;
}

static void put(const char *root, const char *path, mode_t mode, const char *text) {
    char *file = format("%s%s", root, path);
    write_file(file, text);
    chmod(file, mode);
}

/* The libraries of all these files, in one go: starting ldd is what takes time. */
static void copy_libraries(const char *root, const char *files) {
    FILE *output = popen(format("ldd %s 2>/dev/null", files), "r");
    char line[PATH_MAX];
    while (output != NULL && fgets(line, sizeof line, output) != NULL) {
        char *address = strstr(line, " (0x");
        char *path = strchr(line, '/');
        if (address == NULL || path == NULL || path > address) continue;
        *address = 0;
        copy_to(path, format("%s%s", root, path));
    }
    if (output != NULL) pclose(output);
}

static void lay_accounts(const char *root, bool alpine) {
    put(root, "/etc/passwd", 0644,
        format("root:x:0:0:root:/root:%s\n"
               "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
               "bin:x:2:2:bin:/bin:/usr/sbin/nologin\n"
               "sys:x:3:3:sys:/dev:/usr/sbin/nologin\n"
               "mail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n"
               "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
               "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
               alpine ? "/bin/sh" : "/bin/bash"));
    put(root, "/etc/group", 0644,
        format("root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\nadm:x:4:\ntty:x:5:\nmail:x:8:\n%s"
               "www-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n",
               alpine ? "wheel:x:10:\n" : "sudo:x:27:\nshadow:x:42:\nstaff:x:50:\n"));
    put(root, "/etc/shadow", 0640,
        "root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nbin:*:19000:0:99999:7:::\nsys:*:19000:0:99999:7:::\n"
        "mail:*:19000:0:99999:7:::\nwww-data:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n");
    put(root, "/etc/gshadow", 0640,
        format("root:*::\ndaemon:*::\nbin:*::\nsys:*::\nadm:*::\ntty:*::\nmail:*::\n%swww-data:*::\nusers:*::\nnogroup:*::\n",
               alpine ? "wheel:*::\n" : "sudo:*::\nshadow:*::\nstaff:*::\n"));
    put(root, "/etc/shells", 0644, alpine ? "/bin/sh\n/bin/ash\n" : "/bin/sh\n/bin/bash\n/usr/bin/bash\n/bin/dash\n");
}

/* Where busybox was built without its programs for accounts, as Debian's is. */
static const char ALPINE_ACCOUNTS[] =
    "#!/bin/sh\n"
    "# Stands in for busybox's programs for accounts.\n"
    "fail() { echo \"${0##*/}: $*\" >&2; exit 1; }\n"
    "next_id() { awk -F: -v n=1000 '$3 >= n && $3 < 60000 { n = $3 + 1 } END { print n }' \"$1\"; }\n"
    "in_file() { awk -F: -v name=\"$2\" '$1 == name { found = 1 } END { exit !found }' \"$1\"; }\n"
    "without() { awk -F: -v name=\"$2\" '$1 != name' \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"; }\n"
    "case ${0##*/} in\n"
    "  adduser)\n"
    "    home= shell=/bin/sh uid= group= comment='Linux User,,,' system= make_home=yes no_password=\n"
    "    while getopts h:s:u:G:g:SDH option; do\n"
    "      case $option in\n"
    "        h) home=$OPTARG ;; s) shell=$OPTARG ;; u) uid=$OPTARG ;; G) group=$OPTARG ;; g) comment=$OPTARG ;;\n"
    "        S) system=yes ;; D) no_password=yes ;; H) make_home= ;;\n"
    "        *) exit 1 ;;\n"
    "      esac\n"
    "    done\n"
    "    shift $((OPTIND - 1))\n"
    "    [ \"$#\" -eq 1 ] || fail usage\n"
    "    [ \"$no_password\" = yes ] || fail 'would ask for a password'\n"
    "    in_file /etc/passwd \"$1\" && fail \"user '$1' in use\"\n"
    "    [ -n \"$uid\" ] || uid=$(next_id /etc/passwd)\n"
    "    if [ -z \"$group\" ]; then\n"
    "      if [ \"$system\" = yes ]; then group=nogroup; else\n"
    "        in_file /etc/group \"$1\" && fail \"group '$1' in use\"\n"
    "        echo \"$1:x:$uid:\" >> /etc/group; group=$1\n"
    "      fi\n"
    "    fi\n"
    "    gid=$(awk -F: -v name=\"$group\" '$1 == name { print $3 }' /etc/group)\n"
    "    [ -n \"$gid\" ] || fail \"unknown group $group\"\n"
    "    [ -n \"$home\" ] || home=/home/$1\n"
    "    echo \"$1:x:$uid:$gid:$comment:$home:$shell\" >> /etc/passwd\n"
    "    echo \"$1:!:19000:0:99999:7:::\" >> /etc/shadow\n"
    "    if [ \"$make_home\" = yes ]; then mkdir -p \"$home\" && chown \"$uid:$gid\" \"$home\"; fi ;;\n"
    "  addgroup)\n"
    "    gid= system=\n"
    "    while getopts g:S option; do case $option in g) gid=$OPTARG ;; S) system=yes ;; *) exit 1 ;; esac; done\n"
    "    shift $((OPTIND - 1))\n"
    "    if [ \"$#\" -eq 1 ]; then\n"
    "      in_file /etc/group \"$1\" && fail \"group '$1' in use\"\n"
    "      echo \"$1:x:${gid:-$(next_id /etc/group)}:\" >> /etc/group; exit\n"
    "    fi\n"
    "    [ \"$#\" -eq 2 ] || fail usage\n"
    "    in_file /etc/passwd \"$1\" || fail \"unknown user $1\"\n"
    "    in_file /etc/group \"$2\" || fail \"unknown group $2\"\n"
    "    awk -F: -v OFS=: -v user=\"$1\" -v group=\"$2\" \\\n"
    "      '$1 == group { $4 = $4 == \"\" ? user : $4 \",\" user } { print }' /etc/group > /etc/group.new\n"
    "    mv /etc/group.new /etc/group ;;\n"
    "  deluser)\n"
    "    remove=; if [ \"$1\" = --remove-home ]; then remove=yes; shift; fi\n"
    "    [ \"$#\" -eq 1 ] || fail usage\n"
    "    in_file /etc/passwd \"$1\" || fail \"unknown user $1\"\n"
    "    home=$(awk -F: -v name=\"$1\" '$1 == name { print $6 }' /etc/passwd)\n"
    "    without /etc/passwd \"$1\"; without /etc/shadow \"$1\"\n"
    "    if [ \"$remove\" = yes ]; then rm -rf \"$home\"; fi ;;\n"
    "  delgroup)\n"
    "    in_file /etc/group \"$1\" || fail \"unknown group $1\"\n"
    "    without /etc/group \"$1\" ;;\n"
    "esac\n";

static void lay_busybox(const char *root, bool alpine) {
    char *busybox = program("busybox");
    if (busybox == NULL) return;
    char *target = format("%s/usr/bin/busybox", root);
    copy_to(busybox, target);
    copy_libraries(root, busybox);
    FILE *applets = popen(format("%s --list", busybox), "r");
    char applet[256];
    while (applets != NULL && fgets(applet, sizeof applet, applets) != NULL) {
        trim(applet);
        if (*applet == 0 || strcmp(applet, "busybox") == 0) continue;
        /* A machine like Debian has no such programs for accounts, and its init and ip would only confuse. */
        if (!alpine && (strstr(applet, "adduser") != NULL || strstr(applet, "addgroup") != NULL
                        || strstr(applet, "deluser") != NULL || strstr(applet, "delgroup") != NULL
                        || strcmp(applet, "init") == 0)) continue;
        if (access(format("%s/usr/sbin/%s", root, applet), F_OK) == 0) continue;
        if (symlink("busybox", format("%s/usr/bin/%s", root, applet)) != 0) continue;
    }
    if (applets != NULL) pclose(applets);
    if (!alpine) return;
    static const char *ACCOUNTS[] = {"adduser", "addgroup", "deluser", "delgroup", NULL};
    put(root, "/usr/bin/accounts", 0755, ALPINE_ACCOUNTS);
    for (int i = 0; ACCOUNTS[i] != NULL; i++) {
        if (symlink("accounts", format("%s/usr/bin/%s", root, ACCOUNTS[i])) != 0) continue;
    }
}

static void lay_programs(const char *root) {
    char *files = "";
    for (int i = 0; PROGRAMS[i] != NULL; i++) {
        char *path = program(PROGRAMS[i]);
        if (path == NULL) continue;
        const char *folder = strstr(path, "/sbin/") != NULL ? "/usr/sbin" : "/usr/bin";
        if (copy_to(path, format("%s%s/%s", root, folder, PROGRAMS[i]))) files = format("%s %s", files, path);
    }
    char *sh = program("dash"), *awk = program("mawk");
    if (sh == NULL) sh = program("sh");
    if (awk == NULL) awk = program("awk");
    if (sh != NULL) {
        copy_to(sh, format("%s/usr/bin/dash", root));
        files = format("%s %s", files, sh);
    }
    if (symlink("dash", format("%s/usr/bin/sh", root)) != 0) return;
    if (awk != NULL) {
        copy_to(awk, format("%s/usr/bin/awk", root));
        files = format("%s %s", files, awk);
    }
    for (int i = 0; PAM[i] != NULL; i++) {
        FILE *found = popen(format("ls /usr/lib/*/security/%s /usr/lib*/security/%s 2>/dev/null", PAM[i], PAM[i]), "r");
        char path[PATH_MAX];
        if (found != NULL && fgets(path, sizeof path, found) != NULL) {
            trim(path);
            if (copy_to(path, format("%s%s", root, path))) files = format("%s %s", files, path);
        }
        if (found != NULL) pclose(found);
    }
    copy_libraries(root, files);
}

static void lay(const char *root, bool alpine) {
    static const char *FOLDERS[] = {
        "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/local/bin", "usr/local/sbin", "etc/profile.d",
        "etc/pam.d", "etc/security", "etc/default", "etc/skel", "dev/pts", "dev/shm", "proc", "sys", "run/lock", "home",
        "root", "opt/orbstack-guest/bin", "opt/orbstack-guest/bin-hiprio", "opt/orbstack-guest/data/bin/cmdlinks",
        "opt/orbstack-guest/run", "srv", "mnt/machines", "mnt/mac", "tmp", "var/log", "var/lib", "var/cache", "var/tmp",
        "var/mail", "var/spool", NULL,
    };
    static const char *LINKS[][2] = {
        {"usr/bin", "bin"}, {"usr/sbin", "sbin"}, {"usr/lib", "lib"}, {"usr/lib64", "lib64"}, {"../run", "var/run"},
        {"/", "mnt/linux"}, {"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"},
        {"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"}, {NULL, NULL},
    };
    static const struct { const char *name; unsigned major, minor; } DEVICES[] = {
        {"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
    };
    for (int i = 0; FOLDERS[i] != NULL; i++) make_folders(format("%s/%s", root, FOLDERS[i]));
    for (int i = 0; LINKS[i][0] != NULL; i++) {
        if (symlink(LINKS[i][0], format("%s/%s", root, LINKS[i][1])) != 0) continue;
    }
    chmod(format("%s/tmp", root), 01777);
    chmod(format("%s/var/tmp", root), 01777);
    chmod(format("%s/dev/shm", root), 01777);
    chmod(format("%s/root", root), 0700);
    lay_accounts(root, alpine);
    put(root, "/etc/nsswitch.conf", 0644, "passwd: files\ngroup: files\nshadow: files\ngshadow: files\nhosts: files\n");
    put(root, "/etc/login.defs", 0644,
        "MAIL_DIR /var/mail\nUID_MIN 1000\nUID_MAX 60000\nSYS_UID_MIN 100\nSYS_UID_MAX 999\nGID_MIN 1000\nGID_MAX 60000\n"
        "SYS_GID_MIN 100\nSYS_GID_MAX 999\nUMASK 022\nHOME_MODE 0700\nUSERGROUPS_ENAB yes\nENCRYPT_METHOD SHA512\n"
        "CREATE_HOME no\nENV_PATH PATH=/usr/local/bin:/usr/bin:/bin\n"
        "ENV_SUPATH PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    put(root, "/etc/default/useradd", 0644, "SHELL=/bin/sh\n");
    put(root, "/etc/environment", 0644, "");
    put(root, "/etc/pam.d/other", 0644,
        "auth sufficient pam_rootok.so\nauth required pam_unix.so\naccount required pam_unix.so\n"
        "password required pam_unix.so sha512\nsession optional pam_permit.so\n");
    put(root, "/etc/profile", 0644,
        "if [ \"${EUID:-$(id -u)}\" -eq 0 ]; then\n"
        "  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
        "else\n"
        "  PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games\n"
        "fi\n"
        "export PATH\n"
        "for i in /etc/profile.d/*.sh; do\n"
        "  if [ -r \"$i\" ]; then . \"$i\"; fi\n"
        "done\n"
        "unset i\n");
    put(root, "/etc/profile.d/000-orbstack.sh", 0644,
        "if [ -r /opt/orbstack-guest/profile-noise ]; then cat /opt/orbstack-guest/profile-noise; fi\n");
    put(root, "/etc/profile.d/999-orbstack.sh", 0644,
        "PATH=/opt/orbstack-guest/bin-hiprio:/opt/orbstack-guest/data/bin/cmdlinks:$PATH:/opt/orbstack-guest/bin\n");
    if (geteuid() != 0) return;
    for (size_t i = 0; i < sizeof DEVICES / sizeof *DEVICES; i++) {
        char *path = format("%s/dev/%s", root, DEVICES[i].name);
        if (mknod(path, S_IFCHR | 0666, makedev(DEVICES[i].major, DEVICES[i].minor)) == 0) chmod(path, 0666);
    }
    if (!alpine) lay_programs(root);
    lay_busybox(root, alpine);
}

char *template_for(const char *distro) {
    bool alpine = strcmp(distro, "alpine") == 0;
    char *template = in_store(alpine ? "template-alpine" : "template");
    if (access(template, F_OK) == 0) return template;
    int lock = lock_file(in_store("template.lock"), LOCK_EX);
    if (access(template, F_OK) != 0) {
        char *unfinished = format("%s.unfinished", template);
        mode_t mask = umask(022);
        remove_tree(unfinished);
        make_folders(unfinished);
        lay(unfinished, alpine);
        umask(mask);
        if (rename(unfinished, template) != 0) perror(template);
    }
    unlock(lock);
    return template;
}

/* A file that others share stays shared: in a clone that is what came from the template. */
static void copy_in(int from, int to, bool share) {
    DIR *entries = fdopendir(dup(from));
    struct dirent *entry;
    struct stat status;
    bool root = geteuid() == 0;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        bool shareable = share || entry->d_type == DT_LNK || entry->d_type == DT_CHR;
        if (shareable && entry->d_type != DT_DIR && linkat(from, name, to, name, 0) == 0) continue;
        if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (S_ISDIR(status.st_mode)) {
            mkdirat(to, name, 0700);
            int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            int target = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (source >= 0 && target >= 0) {
                copy_in(source, target, share && strcmp(name, "local") != 0);
                if (root && fchown(target, status.st_uid, status.st_gid) != 0) perror(name);
                fchmod(target, status.st_mode & 07777);
            }
            close(source);
            close(target);
        } else if (S_ISREG(status.st_mode)) {
            int source = openat(from, name, O_RDONLY | O_CLOEXEC);
            int target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
            if (source >= 0 && target >= 0) {
                if (root && fchown(target, status.st_uid, status.st_gid) != 0) perror(name);
                copy_file(source, target, status.st_mode & 07777);
                struct timespec times[2] = {status.st_atim, status.st_mtim};
                futimens(target, times);
            }
            close(source);
            close(target);
        } else if (S_ISLNK(status.st_mode)) {
            char link[PATH_MAX];
            ssize_t length = readlinkat(from, name, link, sizeof link - 1);
            link[length < 0 ? 0 : length] = 0;
            if (symlinkat(link, to, name) != 0) continue;
        } else if (!S_ISSOCK(status.st_mode)) {
            if (mknodat(to, name, status.st_mode, status.st_rdev) != 0) continue;
            fchmodat(to, name, status.st_mode & 07777, 0);
        }
    }
    if (entries != NULL) closedir(entries);
}

void copy_root(const char *from, const char *to) {
    mode_t mask = umask(0);
    make_folders(to);
    chmod(to, 0755);
    int source = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fdopendir(dup(source));
    int target = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        const char *name = entry->d_name;
        struct stat status;
        if (name[0] == '.' || fstatat(source, name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (!S_ISDIR(status.st_mode)) {
            if (linkat(source, name, target, name, 0) == 0) continue;
            char link[PATH_MAX];
            ssize_t length = readlinkat(source, name, link, sizeof link - 1);
            link[length < 0 ? 0 : length] = 0;
            if (symlinkat(link, target, name) != 0) continue;
        } else {
            mkdirat(target, name, status.st_mode & 07777);
            fchmodat(target, name, status.st_mode & 07777, 0);
            if (strcmp(name, "proc") == 0 || strcmp(name, "sys") == 0) continue;
            int inner = openat(source, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            int copy = openat(target, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (inner >= 0 && copy >= 0) copy_in(inner, copy, strcmp(name, "usr") == 0);
            close(inner);
            close(copy);
        }
    }
    if (entries != NULL) closedir(entries);
    close(source);
    close(target);
    umask(mask);
}
