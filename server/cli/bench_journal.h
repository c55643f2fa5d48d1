/* A journal with its persister, in a folder of its own that goes away with it. The lane's memory
 * lies on a tmpfs where there is one, as in production. Main thread. */
#ifndef PITWALL_CLI_BENCH_JOURNAL_H
#define PITWALL_CLI_BENCH_JOURNAL_H

#include "journal/journal.h"

struct bench_journal {
    char dir[64];
    struct config config; /* only of the journal */
    struct journal *journal;
};

/* `folder` is zeroed. `hot_bytes` of lane. ERR_*: why not; close it also then. */
enum status bench_journal_open(struct bench_journal *folder, int64_t hot_bytes, struct err *err);
void bench_journal_close(struct bench_journal *folder);

#endif
