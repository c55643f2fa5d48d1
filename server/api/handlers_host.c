/* The host that this runs on: what latency-audit finds in files. */
#include "api/exchange.h"

#include "host/audit.h"
#include "thread/thread.h"

#include <stdlib.h>
#include <string.h>

static void find_engine(struct host_audit *audit)
{
    struct thread_row rows[THREADS_MAX];
    uint32_t count = thread_rows(rows);

    for (uint32_t at = 0; at < count; at++)
        if (strcmp(rows[at].name, "engine") == 0) {
            audit->core = rows[at].core < 0 ? 0 : rows[at].core; /* not pinned: one as any other */
            audit->tid = rows[at].tid;
        }
}

/* Files only: what measures would take the engine's core. On a worker, which reads some 100 small
 * files. */
enum status handle_latency_audit_get(struct request *request, struct reply *reply)
{
    struct host_audit *audit = calloc(1, sizeof *audit);

    (void)request;
    if (!audit)
        return err_set(&reply->err, ERR_INTERNAL, "out of memory");
    find_engine(audit);
    host_files(audit, "");
    host_calls(audit);
    reply->json = host_json(audit);
    free(audit);
    return OK;
}
