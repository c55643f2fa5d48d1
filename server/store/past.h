/* The newest orders and fills of earlier runs, for the lists that a start begins with.
 *
 * From audit.db and not from the journal, although that is the truth: the engine's lane holds the
 * market data too, so that the fills of a morning may lie gigabytes back, under numbers of
 * instruments and strategies that each run gives anew. Here they are found by an index, by name,
 * and a start has brought the rows up to the end of the journal before anybody asks. */
#ifndef PITWALL_STORE_PAST_H
#define PITWALL_STORE_PAST_H

#include "store/store.h"

struct past_order {
    uint64_t id, seq;
    int64_t price_ticks, qty_lots, filled_lots, average_e8_ticks;
    int64_t sent_ns, acked_ns; /* acked 0: never, or not known */
    uint16_t instrument;
    uint8_t side, type, tif, flags, state, reason;
    const char *strategy, *actor; /* names; the strategy need not be configured; actor or NULL */
};

struct past_fill {
    uint64_t seq, order_id, exec_id; /* seq: of its event */
    int64_t price_ticks, qty_lots, fee_e8, at_ns;
    uint16_t instrument;
    uint8_t side, maker;
    const char *strategy;
};

/* What is told to whom; texts are valid within the call. False: no more of that kind. */
struct past_reader {
    const struct config *config;
    uint64_t before_seq; /* of the engine's lane: what this run says begins there */
    int64_t until_ns;    /* monotonic: then it is enough */
    uint32_t most;       /* rows of each kind */
    bool (*take_order)(void *ctx, const struct past_order *order);
    bool (*take_fill)(void *ctx, const struct past_fill *fill);
    void *ctx;
    uint32_t skipped; /* out: rows of what is not configured any more, or not as it was */
    bool is_cut;      /* out: the time was over, there are more */
};

/* Tells both, each newest first, in the order of the journal's records; so whatever ends it, the
 * newest have been told. Rows whose records the journal has lost, and given their numbers to others
 * since, are passed over. Main thread, before store_start; about 2 us a row.
 * ERR_STORAGE: SQLite refused; what was told holds. */
enum status past_read(struct store *store, struct past_reader *reader, struct err *err);

/* Whether the venue has said it, so that it has known the order since. */
bool past_is_venue_report(uint8_t report);

#endif
