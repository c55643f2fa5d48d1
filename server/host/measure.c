/* What is left when every knob is turned: measured on the engine's core by a thread that is placed
 * as the engine's is. One thread, one measurement after another. */
#include "host/audit.h"

#include "host/inside.h"
#include "host/tls_cost.h"
#include "thread/clock.h"
#include "thread/thread.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL
#define HICCUP_NS 10000 /* what is counted as one: an interrupt takes a few us, a thread more */
#define WAKE_NS 200000

enum { WAKES = 1000, CLOCK_READS = 200000, CHASES = 500000, ROUNDS = 5 };
enum { CHASE_BYTES = 64 << 20, LINE_BYTES = 64 };

struct measured {
    int core, core_seen; /* asked for; where it ran */
    int64_t hiccup_ns_max, hiccup_ns_sum, hiccups;
    int64_t ticks, interrupts, disk_before,
        disk_after; /* of the core, in that second; -1 unknown */
    int64_t steal_ticks, switches, delay_ns;
    int64_t wake_ns_p50, wake_ns_p99, wake_ns_max;
    double clock_ns, memory_ns;
    struct tls_cost tls;
    bool has_tls, has_memory;
};

/* ---- counters of the kernel ---------------------------------------------------------------- */

struct counters {
    int64_t ticks, interrupts, steal, switches, delay_ns;
};

static int64_t field_number(const char *text, const char *name)
{
    char value[64];

    return field_of(text, name, value, sizeof value) ? strtoll(value, NULL, 10) : -1;
}

/* "cpu1 user nice system idle iowait irq softirq steal ..", in ticks. */
static int64_t steal_of(const char *text, int core)
{
    char name[24];
    const char *at;
    char *end;
    int64_t value = -1;

    (void)snprintf(name, sizeof name, "\ncpu%d ", core);
    at = strstr(text, name);
    if (!at)
        return -1;
    at += strlen(name);
    for (int column = 0; column < 8; column++, at = end) {
        value = strtoll(at, &end, 10);
        if (end == at)
            return -1;
    }
    return value;
}

static void read_counters(struct counters *counters, int core, char *text)
{
    char path[64];
    int tid = (int)syscall(SYS_gettid);

    *counters = (struct counters){-1, -1, -1, -1, -1};
    if (host_read("", "/proc/interrupts", text) >= 0) {
        counters->ticks = interrupts_of(text, "LOC", core);
        counters->interrupts = interrupts_of(text, NULL, core);
    }
    if (host_read("", "/proc/stat", text) >= 0)
        counters->steal = steal_of(text, core);
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/status", tid);
    if (host_read("", path, text) >= 0)
        counters->switches = field_number(text, "nonvoluntary_ctxt_switches");
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", tid);
    if (host_read("", path, text) >= 0) { /* time on the core, time in the queue, turns */
        const char *space = strchr(text, ' ');

        counters->delay_ns = space ? strtoll(space, NULL, 10) : -1;
    }
}

static int64_t grown(int64_t before, int64_t after)
{
    return before < 0 || after < 0 ? -1 : after - before;
}

/* ---- a second of nothing but looking at the clock ------------------------------------------- */

static void measure_hiccups(struct measured *out, char *text)
{
    struct counters before, after;
    int64_t now, last, until;

    read_counters(&before, out->core, text);
    last = clock_mono_ns();
    for (until = last + SECOND_NS; last < until; last = now) {
        now = clock_mono_ns();
        if (now - last < HICCUP_NS)
            continue;
        out->hiccups++;
        out->hiccup_ns_sum += now - last;
        if (now - last > out->hiccup_ns_max)
            out->hiccup_ns_max = now - last;
    }
    out->core_seen = sched_getcpu();
    read_counters(&after, out->core, text);
    out->ticks = grown(before.ticks, after.ticks);
    out->interrupts = grown(before.interrupts, after.interrupts);
    if (out->interrupts >= 0 && out->ticks >= 0)
        out->interrupts -= out->ticks;
    out->steal_ticks = grown(before.steal, after.steal);
    out->switches = grown(before.switches, after.switches);
    out->delay_ns = grown(before.delay_ns, after.delay_ns);
}

/* ---- how late a sleeper wakes ---------------------------------------------------------------- */

static int by_size(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static void measure_wakes(struct measured *out)
{
    static int64_t late_ns[WAKES];

    for (int at = 0; at < WAKES; at++) {
        int64_t due_ns = clock_mono_ns() + WAKE_NS;
        struct timespec due = {.tv_sec = due_ns / SECOND_NS, .tv_nsec = due_ns % SECOND_NS};

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0)
            ;
        late_ns[at] = clock_mono_ns() - due_ns;
    }
    qsort(late_ns, WAKES, sizeof *late_ns, by_size);
    out->wake_ns_p50 = late_ns[WAKES / 2];
    out->wake_ns_p99 = late_ns[WAKES - WAKES / 100];
    out->wake_ns_max = late_ns[WAKES - 1];
}

/* ---- what a look at the clock, and at memory, costs ------------------------------------------ */

/* The best of some rounds: what it costs when nothing comes between. */
static void measure_clock(struct measured *out)
{
    out->clock_ns = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t began = clock_mono_ns(), now = began;

        for (int at = 0; at < CLOCK_READS; at++)
            now = clock_mono_ns();
        if ((double)(now - began) / CLOCK_READS < out->clock_ns)
            out->clock_ns = (double)(now - began) / CLOCK_READS;
    }
}

/* One ring through all lines, in an order that no prefetcher guesses (Sattolo's shuffle). */
static void make_ring(uint32_t *next, uint32_t lines)
{
    uint64_t seed = 88172645463325252ULL;

    for (uint32_t at = 0; at < lines; at++)
        next[(size_t)at * (LINE_BYTES / sizeof *next)] = at;
    for (uint32_t at = lines - 1; at > 0; at--) {
        size_t a = (size_t)at * (LINE_BYTES / sizeof *next), b;
        uint32_t other;

        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        b = (size_t)(seed % at) * (LINE_BYTES / sizeof *next);
        other = next[a];
        next[a] = next[b];
        next[b] = other;
    }
}

static void measure_memory(struct measured *out)
{
    uint32_t *next = malloc(CHASE_BYTES);
    volatile uint32_t end; /* so that the chase is not left out */
    uint32_t at = 0;

    if (!next)
        return;
    make_ring(next, CHASE_BYTES / LINE_BYTES);
    out->memory_ns = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t began = clock_mono_ns();
        double each;

        for (int step = 0; step < CHASES; step++)
            at = next[(size_t)at * (LINE_BYTES / sizeof *next)];
        end = at;
        each = (double)(clock_mono_ns() - began) / CHASES;
        out->memory_ns = each < out->memory_ns ? each : out->memory_ns;
    }
    (void)end;
    out->has_memory = true;
    free(next);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Beyond `fail` it fails, beyond `warn` it warns; unknown below 0. */
static void grade(struct host_row *row, double value, double warn, double fail)
{
    row->verdict = value < 0      ? HOST_UNKNOWN
                   : value > fail ? HOST_FAIL
                   : value > warn ? HOST_WARN
                                  : HOST_OK;
}

static void say(struct host_row *row, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct host_row *row, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(row->found, HOST_FOUND_MAX, format, arguments);
    va_end(arguments);
}

static void add_count(struct host_audit *audit, const char *name, int64_t count, double warn,
                      double fail, const char *wanted, const char *hint)
{
    struct host_row *row = host_add(audit, "measured", name, wanted, hint);

    grade(row, (double)count, warn, fail);
    if (count >= 0)
        say(row, "%" PRId64, count);
}

/* Never: no figure is so high. */
#define NEVER 1e300

static void add_core(struct host_audit *audit, const struct measured *measured)
{
    struct host_row *row = host_add(audit, "measured", "hiccups", "100 us at most (1 ms fails)",
                                    "something else runs on the core: what warns above says what");

    grade(row, (double)measured->hiccup_ns_max / 1e3, 100, 1000);
    say(row, "%.1f us; %" PRId64 " over 10 us; %.2f %%", (double)measured->hiccup_ns_max / 1e3,
        measured->hiccups, (double)measured->hiccup_ns_sum * 100 / SECOND_NS);
    row = host_add(audit, "measured", "placed", "the core it is pinned to",
                   "the cpuset or the affinity of this process leaves the core out");
    row->verdict = measured->core_seen == measured->core ? HOST_OK : HOST_FAIL;
    say(row, "core %d", measured->core_seen);
    add_count(audit, "ticks", measured->ticks, 10, NEVER, "10 a second at most",
              "nohz_full=CORE: the timer's tick goes on (LOC of /proc/interrupts)");
    add_count(audit, "interrupts", measured->interrupts, 100, NEVER, "100 a second at most",
              "see /proc/interrupts: devices, function calls, TLB shootdowns of this core");
    add_count(audit, "switches", measured->switches, 0, NEVER, "none",
              "others were given the core: isolate it");
    row = host_add(audit, "measured", "run_delay", "100 us at most",
                   "the thread waited for its own core: isolate it");
    grade(row, measured->delay_ns < 0 ? -1 : (double)measured->delay_ns / 1e3, 100, NEVER);
    if (measured->delay_ns >= 0)
        say(row, "%.1f us", (double)measured->delay_ns / 1e3);
    row = host_add(audit, "measured", "steal", "none",
                   "the hypervisor gave the core to others: a dedicated host, or a metal size");
    grade(row, (double)measured->steal_ticks, 0, 1);
    if (measured->steal_ticks >= 0)
        say(row, "%" PRId64 " ticks of 100", measured->steal_ticks);
}

static void add_costs(struct host_audit *audit, const struct measured *measured)
{
    struct host_row *row = host_add(audit, "measured", "wake", "p99 200 us at most",
                                    "idle states, the governor, or others on the core");

    grade(row, (double)measured->wake_ns_p99 / 1e3, 200, 5000);
    say(row, "p50 %.1f, p99 %.1f, max %.1f us", (double)measured->wake_ns_p50 / 1e3,
        (double)measured->wake_ns_p99 / 1e3, (double)measured->wake_ns_max / 1e3);
    row = host_add(audit, "measured", "clock", "60 ns at most",
                   "the clock is read by a system call: see clock source");
    grade(row, measured->clock_ns, 60, 300);
    say(row, "%.1f ns a reading", measured->clock_ns);
    row = host_add(audit, "measured", "memory", "250 ns at most",
                   "the memory is on another node, or the host is overbooked");
    grade(row, measured->has_memory ? measured->memory_ns : -1, 250, NEVER);
    if (measured->has_memory)
        say(row, "%.0f ns a line that no cache holds", measured->memory_ns);
    row = host_add(audit, "measured", "tls_handshake", "5 ms at most",
                   "both ends' CPU time: a slow core, or OpenSSL without assembler");
    grade(row, measured->has_tls ? (double)measured->tls.handshake_ns / 1e6 : -1, 5, NEVER);
    if (measured->has_tls)
        say(row, "%.2f ms, both ends, 1.3, P-256", (double)measured->tls.handshake_ns / 1e6);
    row = host_add(audit, "measured", "tls_record", "10 us at most",
                   "the CPU's AES instructions are not used");
    grade(row, measured->has_tls ? (double)measured->tls.record_ns / 1e3 : -1, 10, NEVER);
    if (measured->has_tls)
        say(row, "%.2f us for 1 KiB, sealed and opened", (double)measured->tls.record_ns / 1e3);
}

static void *measure(void *ctx)
{
    struct measured *out = ctx;
    char *text = malloc(HOST_TEXT_MAX);

    if (text)
        measure_hiccups(out, text);
    measure_wakes(out);
    measure_clock(out);
    measure_memory(out);
    out->has_tls = tls_cost(&out->tls);
    free(text);
    return NULL;
}

enum status host_measure(struct host_audit *audit, struct err *err)
{
    struct measured measured = {.core = audit->core,
                                .core_seen = -1,
                                .ticks = -1,
                                .interrupts = -1,
                                .steal_ticks = -1,
                                .switches = -1,
                                .delay_ns = -1};
    pthread_t thread;
    enum status status = thread_start(&thread, "audit", true, IDLE_SPIN, measure, &measured, err);

    if (status != OK)
        return status;
    pthread_join(thread, NULL);
    add_core(audit, &measured);
    add_costs(audit, &measured);
    return OK;
}
