/* The orders that a gateway knows: ours that it was given a message about, ours of an earlier start
 * that the venue or the engine named, and those of others that rest in our account.
 *
 * Fixed table; when it is full the oldest of those that have ended gives way. An order of others
 * has an id drawn from the venue's: the top bit and a hash of 63 bits, so that it is the same after
 * a reconnect and after a restart. Gateway's thread; tens of ns. */
#ifndef PITWALL_GATEWAY_BYBIT_KNOWN_H
#define PITWALL_GATEWAY_BYBIT_KNOWN_H

#include "engine.h"

enum { BYBIT_KNOWN_MAX = 8192, BYBIT_KNOWN_BUCKETS = 16384, BYBIT_VENUE_ID_MAX = 40 };
#define BYBIT_FOREIGN_BIT (1ULL << 63)

/* How often it was asked in vain, and when it may be asked again. */
struct bybit_again {
    uint32_t tries;
    int64_t due_ns; /* monotonic */
};
struct bybit_known {
    uint64_t id;   /* 0: free */
    uint32_t next; /* in its bucket, plus one */
    uint16_t instrument, strategy;
    uint8_t side, flags;
    uint8_t ending; /* the report that ends it, once its fills are here; 0: none */
    bool live;      /* it may rest at the venue, or be on its way there */
    bool acked;
    bool is_immediate; /* IOC or FOK: what is left of it expires */
    bool is_asked;     /* a query of it is under way */
    bool lacks_fills;  /* its instrument was stopped, for fills that are not found */
    bool wants_cancel; /* it stands on the list of cancels to send */
    bool was_absent;  /* the engine was told that the venue does not have it, and asks for itself */
    uint8_t absences; /* clean answers to the engine that it is not there */
    uint32_t cancel_tries;
    struct bybit_again again, fills_again; /* of what stands, and of its executions */
    uint32_t seen;                         /* the reconciliation that found it resting */
    uint32_t amend_no;
    int64_t amend_price_ticks, amend_qty_lots; /* asked for and not answered; qty 0: none */
    int64_t price_ticks, qty_lots;             /* as it stands */
    int64_t filled_lots;                       /* of the executions that were heard of */
    int64_t cum_lots;                          /* the venue's own figure */
    int64_t updated_ms;                        /* of the newest row about it */
    int64_t ending_ns;                         /* monotonic, since when it waits for fills */
    int64_t sent_ns;                           /* monotonic, the newest message about it */
    char venue_id[BYBIT_VENUE_ID_MAX];         /* the venue's; empty: not heard yet */
};

struct bybit_known_table {
    uint32_t used; /* rows that were ever taken */
    uint32_t hand; /* where the search for a row that may go begins */
    uint32_t bucket[BYBIT_KNOWN_BUCKETS];
    struct bybit_known row[BYBIT_KNOWN_MAX];
};

/* NULL: not known. */
struct bybit_known *bybit_known_find(struct bybit_known_table *table, uint64_t id);
/* A new row of an id that is not known; NULL when the table is full of live orders. */
struct bybit_known *bybit_known_take(struct bybit_known_table *table, uint64_t id);

/* 63 bits of a text, not 0: ids of executions, and of orders that are not ours. SipHash-2-4 with a
 * key of zeros, so that it is the same in every run. */
uint64_t bybit_hash(const char *text);

/* Which of the newest 16384 to 32768 ids were there before. */
enum { BYBIT_ONCE_KEPT = 16384, BYBIT_ONCE_SLOTS = 4 * BYBIT_ONCE_KEPT };
struct bybit_once {
    uint32_t newest; /* of the two sets; the other is the one before */
    uint32_t count;
    uint64_t slot[2][BYBIT_ONCE_SLOTS];
};
/* True when it was not there; it is afterwards. */
bool bybit_once_add(struct bybit_once *once, uint64_t id);

#endif
