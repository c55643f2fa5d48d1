#include "thread/thread.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PARK_NS = 60000, SPINS_BEFORE_PARK = 64, SLACK_NS = 1000 };

_Atomic bool thread_stopping;

static struct {
    pthread_mutex_t lock;
    uint32_t count;
    struct thread_row rows[THREADS_MAX];
    bool placed;
    int core; /* of the engine; -1: not pinned */
    cpu_set_t allowed;
} threads = {.lock = PTHREAD_MUTEX_INITIALIZER, .core = -1};

static __thread bool adopted;

static void read_allowed(void)
{
    if (sched_getaffinity(0, sizeof threads.allowed, &threads.allowed) != 0) {
        CPU_ZERO(&threads.allowed);
        CPU_SET(0, &threads.allowed);
    }
}

void thread_keep_memory(void)
{
    enum { MMAP_THRESHOLD_MOST = 32 << 20, TRIM_NEVER = INT_MAX };

    /* Refused values leave malloc as it was: slower, not wrong. */
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_MOST);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_NEVER);
}

int thread_cores(void)
{
    if (!threads.placed) {
        read_allowed();
    }
    return CPU_COUNT(&threads.allowed);
}

/* One row of /proc/interrupts: "36: count count ... controller hwirq name". Disk rows are those of
 * the block drivers; virtio names do not tell disk from network, and both are in the way. */
static bool is_disk_row(const char *row)
{
    return strstr(row, "virtio") || strstr(row, "nvme") || strstr(row, "ahci") ||
           strstr(row, "scsi") || strstr(row, "mpt") || strstr(row, "megasas");
}

static int read_columns(const char *line, int columns[THREAD_CORES_MAX])
{
    int count = 0;
    const char *at = line;

    while ((at = strstr(at, "CPU")) != NULL && count < THREAD_CORES_MAX) {
        columns[count++] = (int)strtol(at + 3, NULL, 10);
        at += 3;
    }
    return count;
}

static void add_row(const char *line, const int columns[THREAD_CORES_MAX], int count,
                    uint64_t interrupts[THREAD_CORES_MAX])
{
    const char *at = strchr(line, ':');

    for (int column = 0; at && column < count; column++) {
        char *end;
        uint64_t value = strtoull(at + 1, &end, 10);

        if (end == at + 1)
            return;
        if (columns[column] >= 0 && columns[column] < THREAD_CORES_MAX)
            interrupts[columns[column]] += value;
        at = end - 1;
    }
}

static void count_disk_interrupts(uint64_t interrupts[THREAD_CORES_MAX])
{
    static int columns[THREAD_CORES_MAX];
    FILE *file = fopen("/proc/interrupts", "re");
    char *line = NULL;
    size_t size = 0;
    int count = 0;

    if (!file)
        return;
    if (getline(&line, &size, file) > 0)
        count = read_columns(line, columns);
    while (getline(&line, &size, file) > 0)
        if (is_disk_row(line))
            add_row(line, columns, count, interrupts);
    free(line);
    (void)fclose(file);
}

/* A list as the kernel writes it: "0-3,8". */
static bool list_has(const char *list, long core)
{
    char *end;

    for (long first, last; *list != '\0'; list = *end == ',' ? end + 1 : "") {
        first = last = strtol(list, &end, 10);
        if (end == list)
            return false;
        if (*end == '-')
            last = strtol(end + 1, &end, 10);
        if (core >= first && core <= last)
            return true;
    }
    return false;
}

int thread_choose_core(const cpu_set_t *allowed, const char *isolated,
                       const uint64_t interrupts[THREAD_CORES_MAX])
{
    int best = -1;
    bool best_is_alone = false;

    for (int core = 0; core < THREAD_CORES_MAX && core < CPU_SETSIZE; core++) {
        bool alone = list_has(isolated, core);

        if (!CPU_ISSET((size_t)core, allowed) || (best_is_alone && !alone))
            continue;
        if (best >= 0 && alone == best_is_alone && interrupts[core] >= interrupts[best])
            continue;
        best = core;
        best_is_alone = alone;
    }
    return best;
}

static void read_isolated(char list[256])
{
    FILE *file = fopen("/sys/devices/system/cpu/isolated", "re");

    list[0] = '\0';
    if (!file)
        return;
    if (!fgets(list, 256, file)) /* empty: none */
        list[0] = '\0';
    (void)fclose(file);
}

static int quietest_core(void)
{
    static uint64_t interrupts[THREAD_CORES_MAX];
    char isolated[256];

    memset(interrupts, 0, sizeof interrupts);
    count_disk_interrupts(interrupts);
    read_isolated(isolated);
    return thread_choose_core(&threads.allowed, isolated, interrupts);
}

enum status thread_place_engine(int configured, int *core, struct err *err)
{
    read_allowed();
    threads.placed = true;
    threads.core = -1;
    *core = -1;
    if (configured >= 0 &&
        (configured >= CPU_SETSIZE || !CPU_ISSET((size_t)configured, &threads.allowed)))
        return err_format(err, ERR_CONFIG, "engine.core %d is not one of the cores allowed to us",
                          configured);
    if (CPU_COUNT(&threads.allowed) < 2) {
        log_line(LOG_WARN, "thread", "one core only: the engine is not pinned", NULL);
        return OK;
    }
    threads.core = configured >= 0 ? configured : quietest_core();
    *core = threads.core;
    return OK;
}

enum idle thread_idle_policy(enum idle idle)
{
    if (idle != IDLE_AUTO)
        return idle;
    return thread_cores() < 4 ? IDLE_PARK : IDLE_SPIN;
}

const char *idle_name(enum idle idle)
{
    static const char *const names[] = {"auto", "spin", "yield", "park"};

    assert((unsigned)idle < sizeof names / sizeof names[0]);
    return names[idle];
}

static void set_affinity(bool on_engine_core)
{
    cpu_set_t set = threads.allowed;

    if (threads.core < 0)
        return;
    if (on_engine_core) {
        CPU_ZERO(&set);
        CPU_SET((size_t)threads.core, &set);
    } else {
        CPU_CLR((size_t)threads.core, &set);
    }
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0)
        log_line(LOG_WARN, "thread", "cannot place a thread", "errno=%d", errno);
}

static void enter(const char *name, bool on_engine_core, enum idle idle)
{
    struct thread_row row = {.core = on_engine_core ? threads.core : -1, .idle = idle};

    adopted = true;
    (void)snprintf(row.name, sizeof row.name, "%s", name);
    row.tid = (int)syscall(SYS_gettid);
    if (row.tid != getpid()) /* the main thread's name is the program's */
        (void)prctl(PR_SET_NAME, (unsigned long)(uintptr_t)row.name, 0, 0, 0);
    /* The default slack of 50 us would double a park. */
    (void)prctl(PR_SET_TIMERSLACK, SLACK_NS, 0, 0, 0);
    set_affinity(on_engine_core);
    pthread_mutex_lock(&threads.lock);
    if (threads.count < THREADS_MAX)
        threads.rows[threads.count++] = row;
    pthread_mutex_unlock(&threads.lock);
}

struct start {
    char name[THREAD_NAME_MAX];
    bool on_engine_core;
    enum idle idle;
    void *(*body)(void *);
    void *ctx;
};

static void *run(void *argument)
{
    struct start start = *(struct start *)argument;

    free(argument);
    enter(start.name, start.on_engine_core, start.idle);
    return start.body(start.ctx);
}

enum status thread_start(pthread_t *thread, const char *name, bool on_engine_core, enum idle idle,
                         void *(*body)(void *), void *ctx, struct err *err)
{
    struct start *start = malloc(sizeof *start);
    int code;

    if (!start)
        return err_format(err, ERR_INTERNAL, "thread %s: out of memory", name);
    *start =
        (struct start){.on_engine_core = on_engine_core, .idle = idle, .body = body, .ctx = ctx};
    (void)snprintf(start->name, sizeof start->name, "%s", name);
    code = pthread_create(thread, NULL, run, start);
    if (code == 0)
        return OK;
    free(start);
    return err_format(err, ERR_INTERNAL, "thread %s: cannot be started (error %d)", name, code);
}

bool thread_hurry(int nice_value)
{
    return setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), nice_value) == 0;
}

void thread_adopt(const char *name)
{
    if (!adopted)
        enter(name, false, IDLE_PARK);
}

uint32_t thread_rows(struct thread_row rows[THREADS_MAX])
{
    uint32_t count;

    pthread_mutex_lock(&threads.lock);
    count = threads.count;
    memcpy(rows, threads.rows, sizeof threads.rows);
    pthread_mutex_unlock(&threads.lock);
    return count;
}

void thread_idle(enum idle idle, uint32_t *turns)
{
    struct timespec park = {.tv_nsec = PARK_NS};

    (*turns)++;
    if (idle == IDLE_SPIN || *turns < SPINS_BEFORE_PARK)
        __builtin_ia32_pause();
    else if (idle == IDLE_YIELD)
        (void)sched_yield();
    else
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &park, NULL);
}

void thread_sleep_ms(int64_t ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}
