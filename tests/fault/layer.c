/* The fault layer, loaded in front of libc (LD_PRELOAD): the n-th call of a kind fails. Told by the
 * environment:
 *
 *   FAULT_CALL    write fsync ftruncate open fallocate unlink malloc
 *                 (write: write, pwrite; fsync: fsync, fdatasync; malloc: malloc, calloc, realloc
 *                 called by the program itself) any_malloc (also by its libraries)
 *   FAULT_NTH     the first that fails, from 1
 *   FAULT_TIMES   so many fail from there on; 0: all
 *   FAULT_ERRNO   the number they fail with; 0: a write that does only half (and those after it
 *                 none, ENOSPC)
 *   FAULT_UNDER   only files whose path begins so; not for malloc
 *   FAULT_WHILE   nothing fails unless this file is there: a test makes and removes it
 *   FAULT_ALSO    another kind of call, of which the first two fail
 *   FAULT_COUNT   a file into which the number of calls seen is written at the end
 *
 * For tests alone. No allocation of its own. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    const char *call, *also, *under, *count, *while_there;
    long nth, times;
    int code;
} plan;
static uintptr_t program_from, program_to; /* its code */
static _Atomic long seen, seen_also;
static _Atomic bool is_ready;

static long number(const char *name)
{
    const char *text = getenv(name);

    return text ? strtol(text, NULL, 10) : 0;
}

/* The first that is told is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    (void)ctx;
    for (int at = 0; at < info->dlpi_phnum; at++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[at];

        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
            program_from = info->dlpi_addr + part->p_vaddr;
            program_to = program_from + part->p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    dl_iterate_phdr(find_program, NULL);
    plan.call = getenv("FAULT_CALL");
    plan.also = getenv("FAULT_ALSO");
    plan.while_there = getenv("FAULT_WHILE");
    plan.under = getenv("FAULT_UNDER");
    plan.count = getenv("FAULT_COUNT");
    plan.nth = number("FAULT_NTH");
    plan.times = number("FAULT_TIMES");
    plan.code = (int)number("FAULT_ERRNO");
    atomic_store(&is_ready, plan.call != NULL);
}

__attribute__((destructor)) static void end(void)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%ld\n", atomic_load(&seen));
    long fd;

    if (!plan.count || !atomic_load(&is_ready))
        return;
    fd = syscall(SYS_openat, AT_FDCWD, plan.count, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)syscall(SYS_write, fd, text, length);
    (void)syscall(SYS_close, fd);
}

static bool is_ours(const char *call)
{
    return atomic_load(&is_ready) && strcmp(call, plan.call) == 0;
}

static bool is_also(const char *call)
{
    return atomic_load(&is_ready) && plan.also && strcmp(call, plan.also) == 0;
}

static bool is_hit_also(void)
{
    return atomic_fetch_add(&seen_also, 1) < 2;
}

static bool is_under(const char *path)
{
    return !plan.under || strncmp(path, plan.under, strlen(plan.under)) == 0;
}

/* Counts a call of ours; true when it is one that fails. */
static bool is_hit(void)
{
    long at = atomic_fetch_add(&seen, 1) + 1;

    if (plan.while_there && syscall(SYS_access, plan.while_there, F_OK) != 0)
        return false;
    return plan.nth > 0 && at >= plan.nth && (plan.times == 0 || at < plan.nth + plan.times);
}

static bool path_fails(const char *call, const char *path)
{
    if (!is_under(path))
        return false;
    return (is_ours(call) && is_hit()) || (is_also(call) && is_hit_also());
}

static bool fd_fails(const char *call, int fd)
{
    char link[32];
    char path[PATH_MAX];
    ssize_t length;

    if (!is_ours(call) && !is_also(call))
        return false;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return false;
    path[length] = '\0';
    return is_under(path) && (is_ours(call) ? is_hit() : is_hit_also());
}

#define FAIL return (errno = plan.code ? plan.code : ENOSPC, -1)

ssize_t write(int fd, const void *bytes, size_t length)
{
    if (fd_fails("write", fd)) {
        if (plan.code != 0 || atomic_load(&seen) != plan.nth || length < 2)
            FAIL;
        length /= 2;
    }
    return syscall(SYS_write, fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    if (fd_fails("write", fd)) {
        if (plan.code != 0 || atomic_load(&seen) != plan.nth || length < 2)
            FAIL;
        length /= 2;
    }
    return syscall(SYS_pwrite64, fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at)
{
    return pwrite(fd, bytes, length, at);
}

int fsync(int fd)
{
    if (fd_fails("fsync", fd))
        FAIL;
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    if (fd_fails("fsync", fd))
        FAIL;
    return (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t length)
{
    if (fd_fails("ftruncate", fd))
        FAIL;
    return (int)syscall(SYS_ftruncate, fd, length);
}

int ftruncate64(int fd, off_t length)
{
    return ftruncate(fd, length);
}

int unlink(const char *path)
{
    if (path_fails("unlink", path))
        FAIL;
    return (int)syscall(SYS_unlink, path);
}

static int open_by(int folder, const char *path, int flags, mode_t mode)
{
    if (path_fails("open", path))
        FAIL;
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* The mode is there only for flags that need one; reading it in any case does no harm here. */
#define OPEN_LIKE(name)                                                                            \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list values;                                                                            \
        mode_t mode;                                                                               \
                                                                                                   \
        va_start(values, flags);                                                                   \
        mode = va_arg(values, mode_t);                                                             \
        va_end(values);                                                                            \
        return open_by(AT_FDCWD, path, flags, mode);                                               \
    }
OPEN_LIKE(open)
OPEN_LIKE(open64)

/* These tell by their value, not by errno. */
int posix_fallocate(int fd, off_t at, off_t length)
{
    if (fd_fails("fallocate", fd))
        return plan.code ? plan.code : ENOSPC;
    return syscall(SYS_fallocate, fd, 0, at, length) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off_t at, off_t length)
{
    return posix_fallocate(fd, at, length);
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static bool memory_fails(const void *caller)
{
    bool by_program = (uintptr_t)caller >= program_from && (uintptr_t)caller < program_to;

    if (!(is_ours("any_malloc") || (by_program && is_ours("malloc"))) || !is_hit())
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}
