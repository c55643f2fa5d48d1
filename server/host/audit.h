/* What the machine does to latency: every knob that matters is read, and a thread on the engine's
 * core measures what is left.
 *
 * server/tables/host.def is the list. Each row names a file, how its text is judged, what is wanted
 * and what to do. A file that is not there is `unknown`, never `fail`: another kernel, a container
 * and a virtual machine lack some. `fail` is for what costs the engine tens of microseconds again
 * and again, or makes its clock wrong; `warn` for what costs the slowest few orders in a thousand;
 * a row that is only reported is `ok` whatever it finds. Nothing here changes anything. */
#ifndef PITWALL_HOST_AUDIT_H
#define PITWALL_HOST_AUDIT_H

#include "engine.h"

#include <jansson.h>
#include <stddef.h>

enum host_verdict { HOST_OK, HOST_WARN, HOST_FAIL, HOST_UNKNOWN, HOST_VERDICTS };
enum { HOST_FOUND_MAX = 128, HOST_ROWS_MAX = 128 };

struct host_row {
    const char *area, *name, *wanted, *hint; /* literals */
    enum host_verdict verdict;
    char found[HOST_FOUND_MAX]; /* printable ASCII; "" where nothing was found */
};

struct host_audit {
    int core; /* the engine's */
    int tid;  /* its thread in this process; 0: there is none */
    size_t rows;
    struct host_row row[HOST_ROWS_MAX];
};

const char *host_verdict_name(enum host_verdict verdict);

/* Appends the rows of host.def, read below `root` ("" is this machine, as this process sees it).
 * Any thread but the engine's; some milliseconds of reading files, no more than the caller's core.
 */
void host_files(struct host_audit *audit, const char *root);

/* Appends what only calls tell: clock synchronised, timer slack, NIC coalescing. Any thread. */
void host_calls(struct host_audit *audit);

/* Appends what a thread measures that spins on the core for a second, and then sleeps, chases
 * pointers and shakes hands there. It takes that core from whoever is on it: never beside an engine
 * that trades. Main thread of a verb, after thread_place_engine(). ERR_INTERNAL: no thread. */
enum status host_measure(struct host_audit *audit, struct err *err);

/* The worst of all rows but the unknown; how many have this verdict. */
enum host_verdict host_worst(const struct host_audit *audit);
size_t host_count(const struct host_audit *audit, enum host_verdict verdict);

/* {"core","verdict","counts":{..},"results":[{"area","name","verdict","found","wanted","hint"}]};
 * found is null where nothing was. The caller's; NULL: out of memory. */
json_t *host_json(const struct host_audit *audit);

#endif
