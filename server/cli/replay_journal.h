/* `pitwall replay --data DIR`: a recorded run again, see replay_journal.c. Main thread. */
#ifndef PITWALL_CLI_REPLAY_JOURNAL_H
#define PITWALL_CLI_REPLAY_JOURNAL_H

#include "config/config.h"

#include <jansson.h>

struct replay_journal_options {
    const char *dir;
    uint64_t until_seq; /* 0: open */
    int64_t until_ns;   /* 0: open */
    uint64_t explain;   /* order id; 0: none */
    const char *what_if;
    bool inputs_only, any_build, json;
};

/* Prints the answer; returns the exit code. */
int replay_journal(const struct replay_journal_options *options);

/* replay_explain.c: what the engine saw, before the step (NULL: it has not run yet: prints the
 * input and what was there before) and after it, with the verdict on the order. */
struct replay_order {
    uint64_t id, seq;
    uint16_t strategy, instrument;
    uint8_t side, flags;
    int64_t price_ticks, qty_lots;
    bool passed;
    struct verdict verdict;
};
/* False: the record is about no order's birth. */
bool replay_order_of(const struct lane_record *record, const void *payload,
                     struct replay_order *order);
json_t *replay_explain_before(struct rerun *replay, const struct input_names *names,
                              const struct replay_order *order);
json_t *replay_explain_after(struct rerun *replay, const struct input_names *names,
                             const struct limits *limits, const struct replay_order *order);

#endif
