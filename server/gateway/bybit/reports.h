/* The venue's rows about orders, executions, positions and balances, as reports to the engine.
 *
 * The same rows come on the private stream and as answers of REST, in any order and more than once:
 *   order      live: VENUE_ACK once, VENUE_AMEND when it stands as an amend under way asked for it;
 *              ended: VENUE_CANCEL, VENUE_EXPIRE (what an IOC or FOK order leaves), VENUE_REJECT
 *   execution  FILL_PART, or FUNDING; once for each execId
 *   position   POSITION (linear), all sides of a hedged one together
 *   wallet     POSITION (spot): what of the base coin is of our lots (counts.h)
 * exec_id is bybit_hash() of the venue's execId. An order ends after its fills: while the venue
 * counts more filled than was heard of, the end is held back and the executions are asked for. A
 * row that is older than one that was taken says nothing: REST may have been overtaken.
 *
 * An order whose client id is not of this engine (not our form, or neither sent in this run nor
 * carried over) is FOREIGN; its fills are those of the manual strategy.
 *
 * A value that is off the grid, missing or not a number refuses its row: counted, logged, and the
 * venue is asked for the whole; BYBIT_BAD_MAX of them within a minute stop the venue: a stream
 * that is not understood cannot be traded on. Gateway's thread. */
#ifndef PITWALL_GATEWAY_BYBIT_REPORTS_H
#define PITWALL_GATEWAY_BYBIT_REPORTS_H

#include "gateway/bybit/counts.h"
#include "gateway/bybit/known.h"
#include "gateway/bybit/symbol.h"

enum { BYBIT_BAD_MAX = 3, BYBIT_HELD_MAX = 256, BYBIT_SIDES = 3 };
#define BYBIT_BAD_WITHIN_NS 60000000000LL

struct bybit;
struct bybit_reports {
    uint32_t bad; /* rows that were refused, and when the newest of them */
    int64_t bad_ns[BYBIT_BAD_MAX];
    int64_t stopped_ns; /* the venue was, for that; 0: never */
    uint32_t held_count;
    uint64_t held[BYBIT_HELD_MAX]; /* orders of which the venue counts more fills than we */
    int64_t newest_execution_ms;
    int64_t side_lots[MAX_INSTRUMENTS][BYBIT_SIDES]; /* by positionIdx, signed */
    int64_t side_seq[MAX_INSTRUMENTS][BYBIT_SIDES];  /* of the row that said so */
    int64_t wallet_ms;                               /* of the newest balance */
};

/* What a row says of an order. */
enum bybit_standing { BYBIT_LIVE, BYBIT_FILLED, BYBIT_CANCELLED, BYBIT_REJECTED };
struct bybit_order_row {
    struct bybit_symbol *symbol; /* NULL: of an instrument or category that is not ours */
    struct bybit_known *known;   /* NULL: of others, and not live */
    enum bybit_standing standing;
    bool is_expiry;       /* of CANCELLED: its time in force ended it */
    enum refusal refusal; /* why it was not taken, where the row says that it was not */
    int64_t price_ticks, qty_lots, cum_lots, updated_ms;
};

/* A data frame of the private stream ({"topic":..,"data":[..]}). False: it was refused. */
bool bybit_private_frame(struct bybit *bybit, const json_t *frame, int64_t received_ns);

/* Single rows. False: refused. */
bool bybit_read_order(struct bybit *bybit, const json_t *json, struct bybit_order_row *row);
void bybit_take_order(struct bybit *bybit, const struct bybit_order_row *row, int64_t received_ns);
/* is_queried: of a query, so it may be one of an earlier run. */
bool bybit_take_execution(struct bybit *bybit, const json_t *json, bool is_queried,
                          int64_t received_ns);
bool bybit_take_position(struct bybit *bybit, const json_t *json, bool is_queried,
                         int64_t received_ns);
/* One that is older than another says nothing. */
bool bybit_take_wallet(struct bybit *bybit, const json_t *json, struct bybit_wallet_read read);
/* The account has no row of it: flat. */
void bybit_take_flat(struct bybit *bybit, struct bybit_symbol *symbol, int64_t received_ns);

/* The row of the id that the engine knows an order or execution by: ours, unless that was taken for
 * dead and the order lives on as one of others. *ours: of our form, known or not; else 0. */
struct bybit_known *bybit_find_order(struct bybit *bybit, const json_t *json, uint64_t *ours);
/* Whether a row of this symbol and side can be about the order; one that cannot be is the venue's
 * mistake, and a fill of that kind is booked where the venue says it happened. */
bool bybit_is_about(const struct bybit_known *known, const struct bybit_symbol *symbol,
                    uint8_t side);
/* Whether a client id is one of this instance. */
bool bybit_parse_link(const struct bybit *bybit, const char *link, uint64_t *id);
/* Ends an order now, whatever is missing of its fills. */
void bybit_end_order(struct bybit *bybit, struct bybit_known *known, int64_t received_ns);
/* A report about an order and nothing else. */
void bybit_say_of(struct bybit *bybit, const struct bybit_known *known, enum report report,
                  uint32_t amend_no, int64_t received_ns);
/* Counts what was refused; `what` is one of a few words, `text` is the venue's. */
void bybit_refuse(struct bybit *bybit, const char *what, const char *text);
/* Asks for fills that do not come, and ends what waits for them. */
void bybit_reports_turn(struct bybit *bybit);

#endif
