/* For LD_PRELOAD: the files below $STUCK_FOLDER are on a device of their own, as on a network mount.

   While the file $STUCK_SWITCH says "reads", reads of them do not return; while it says "all", no
   call does that touches them. They go on once it says anything else. Linux with glibc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DEVICE makedev(0, 4094)
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum { ALL, READS };

static int is_below(const char *path) {
    const char *folder = getenv("STUCK_FOLDER");
    size_t length = folder ? strlen(folder) : 0;
    return length && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static int fd_is_below(int fd) {
    char name[64], path[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, name, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int path_is_below(int folder, const char *path, int follow) {
    char name[64], whole[8192];
    if (follow) {
        /* A link may lead there: its target counts, though one step only. */
        long length = syscall(SYS_readlinkat, folder, path, whole, sizeof whole - 1);
        if (length > 0) {
            whole[length] = 0;
            if (is_below(whole)) return 1;
        }
    }
    if (path[0] == '/') return is_below(path);
    if (folder == AT_FDCWD) return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", folder);
    long length = syscall(SYS_readlinkat, AT_FDCWD, name, whole, 4096);
    if (length < 0) return 0;
    snprintf(whole + length, sizeof whole - length, "/%s", path);
    return is_below(whole);
}

static void wait_while_stuck(int kind) {
    for (;;) {
        char says[8] = "";
        int fd = syscall(SYS_openat, AT_FDCWD, getenv("STUCK_SWITCH"), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return;
        long length = syscall(SYS_read, fd, says, sizeof says - 1);
        syscall(SYS_close, fd);
        if (length < 0) return;
        if (!(!strncmp(says, "all", 3) || (kind == READS && !strncmp(says, "reads", 5)))) return;
        usleep(20000);
    }
}

#define OPEN(name)                                                                              \
    int name(const char *path, int flags, ...) {                                                \
        va_list rest;                                                                           \
        va_start(rest, flags);                                                                  \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;                       \
        va_end(rest);                                                                           \
        if (!strcmp(path, "/proc/self/mountinfo") && getenv("STUCK_MOUNTS"))                    \
            path = getenv("STUCK_MOUNTS");                                                      \
        else if (path_is_below(AT_FDCWD, path, !(flags & O_NOFOLLOW)))           \
            wait_while_stuck(ALL);                                                              \
        return syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);                  \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                            \
    int name(int folder, const char *path, int flags, ...) {                                    \
        va_list rest;                                                                           \
        va_start(rest, flags);                                                                  \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;                       \
        va_end(rest);                                                                           \
        if (path_is_below(folder, path, !(flags & O_NOFOLLOW))) wait_while_stuck(ALL);                                 \
        return syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode);                    \
    }
OPENAT(openat)
OPENAT(openat64)

static int looked_up(int result, int below, struct stat *status) {
    if (below && !result) status->st_dev = DEVICE;
    return result;
}

#define STAT(name, flags)                                                                       \
    int name(const char *path, struct stat *status) {                                           \
        int below = path_is_below(AT_FDCWD, path, !flags);                                      \
        if (below) wait_while_stuck(ALL);                                                       \
        return looked_up(syscall(SYS_newfstatat, AT_FDCWD, path, status, flags), below, status);\
    }
STAT(stat, 0)
STAT(lstat, AT_SYMLINK_NOFOLLOW)

int fstat(int fd, struct stat *status) {
    int below = fd_is_below(fd);
    if (below) wait_while_stuck(ALL);
    return looked_up(syscall(SYS_newfstatat, fd, "", status, AT_EMPTY_PATH), below, status);
}

int fstatat(int folder, const char *path, struct stat *status, int flags) {
    int below = path_is_below(folder, path, !(flags & AT_SYMLINK_NOFOLLOW));
    if (below) wait_while_stuck(ALL);
    return looked_up(syscall(SYS_newfstatat, folder, path, status, flags), below, status);
}

/* The same by the names that programs built for older or larger systems call them by. */
int stat64(const char *path, struct stat64 *status) { return stat(path, (struct stat *)status); }
int lstat64(const char *path, struct stat64 *status) { return lstat(path, (struct stat *)status); }
int fstat64(int fd, struct stat64 *status) { return fstat(fd, (struct stat *)status); }
int fstatat64(int folder, const char *path, struct stat64 *status, int flags) {
    return fstatat(folder, path, (struct stat *)status, flags);
}
int __xstat(int v, const char *path, struct stat *status) { return stat(path, status); }
int __lxstat(int v, const char *path, struct stat *status) { return lstat(path, status); }
int __fxstat(int v, int fd, struct stat *status) { return fstat(fd, status); }
int __fxstatat(int v, int folder, const char *path, struct stat *status, int flags) {
    return fstatat(folder, path, status, flags);
}
int __xstat64(int v, const char *path, struct stat64 *status) { return stat64(path, status); }
int __lxstat64(int v, const char *path, struct stat64 *status) { return lstat64(path, status); }
int __fxstat64(int v, int fd, struct stat64 *status) { return fstat64(fd, status); }
int __fxstatat64(int v, int folder, const char *path, struct stat64 *status, int flags) {
    return fstatat64(folder, path, status, flags);
}

ssize_t readlink(const char *path, char *target, size_t size) {
    if (is_below(path)) wait_while_stuck(ALL);
    return syscall(SYS_readlinkat, AT_FDCWD, path, target, size);
}

static ssize_t read_at(int fd, void *bytes, size_t size, off_t offset) {
    if (fd_is_below(fd)) wait_while_stuck(READS);
    return syscall(SYS_pread64, fd, bytes, size, offset);
}
ssize_t pread(int fd, void *bytes, size_t size, off_t offset) {
    return read_at(fd, bytes, size, offset);
}
ssize_t pread64(int fd, void *bytes, size_t size, off64_t offset) {
    return read_at(fd, bytes, size, offset);
}

/* NFS and FUSE do not know RWF_NOWAIT. */
static ssize_t cannot_tell(void) {
    errno = EOPNOTSUPP;
    return -1;
}
ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags) {
    if (fd_is_below(fd)) return cannot_tell();
    return REAL(preadv2)(fd, parts, count, offset, flags);
}
ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags) {
    if (fd_is_below(fd)) return cannot_tell();
    return REAL(preadv64v2)(fd, parts, count, offset, flags);
}

/* They send the close to whoever answers for the file, and wait for it. */
int close(int fd) {
    if (fd_is_below(fd)) wait_while_stuck(ALL);
    return syscall(SYS_close, fd);
}
