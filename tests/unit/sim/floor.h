/* A floor to trade on: a simulated venue with two instruments, everything that it says and passes
 * on kept in the order in which it came. One thread, no file, time by hand. A tick and a lot of an
 * instrument are worth 1; a maker pays 0.1 %, a taker 0.2 %. */
#ifndef PITWALL_TESTS_UNIT_SIM_FLOOR_H
#define PITWALL_TESTS_UNIT_SIM_FLOOR_H

#include "engine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { FLOOR_MAX = 16384, FLOOR_LEVELS_MAX = 8 };

#define EPOCH 5ULL
#define ID(counter) (EPOCH << 32 | (counter))

struct floor_update { /* what the engine was given */
    uint8_t kind;
    uint16_t instrument, bid_count, ask_count;
    int64_t received_ns, prev_update_id, update_id;
    struct level first_bid, first_ask;
};

struct floor_line {
    enum sim_status status;
    int64_t code, at_ns;
    bool in;
    struct order_message message;
    struct execution execution;
};

struct floor {
    struct sim *sim;
    struct instrument rows[2];
    struct execution heard[FLOOR_MAX];
    uint32_t heard_count;
    struct floor_update updates[FLOOR_MAX];
    uint32_t update_count;
    struct floor_line lines[FLOOR_MAX];
    uint32_t line_count;
    bool deaf;
    int64_t now_ns;
    int64_t update_ids[2];
};

extern struct floor venue_floor;

/* With what a plain config has, then: ledger kept, epoch EPOCH, two instruments. A snapshot 99/5,
 * 101/5 of both at time 0 (open_floor_with: none). */
void open_floor(void);
void open_floor_with(struct sim_config config);
void open_floor_with_data(struct sim_config config); /* data by way of the venue */
void close_floor(void);
/* On the first message of its kind. */
struct fault_rule on_first(enum fault_kind kind, enum fault_verb verb);
/* With the snapshot, and the data by way of the venue. */
void open_floor_with_fault(struct fault_rule rule);

/* Each lets what is due happen; `at_ns` becomes the time. */
void tell_book(enum market_kind kind, uint16_t instrument, struct level bid, struct level ask);
void tell_snapshot(int64_t bid, int64_t bid_lots, int64_t ask, int64_t ask_lots);
void tell_delta(int64_t bid, int64_t bid_lots, int64_t ask, int64_t ask_lots); /* price 0: none */
void tell_trade(bool buyer_is_maker, int64_t lots, int64_t price);
void ask_new(uint64_t counter, enum side side, int64_t lots, int64_t price);
void ask_message(struct order_message message); /* order_id, kind and what it needs */
void ask_cancel(uint64_t counter);
void ask_amend(uint64_t counter, int64_t lots, int64_t price);
void ask_query(uint64_t counter);
void pass_to(int64_t at_ns);
void pass_all(void); /* as far as anything is due */

/* What was heard: reports of an order, "ack fill cancelled", oldest first. */
const char *heard_about(uint64_t counter);
const struct execution *heard_last(void);
int64_t heard_filled(uint64_t counter); /* distinct exec ids */
void forget_heard(void);
/* The n-th ledger line (from 0) of a kind; NULL: there is none. */
const struct floor_line *line_of(enum fault_kind kind, uint32_t n);

#endif
