/* A market of orders (L3): one exchange per instrument, on which everybody trades, we too, and what
 * has happened there since the market data last told of it.
 *
 * Whoever trades has an account; L3_OURS is ours. Ids are the senders': ours are our order ids, and
 * who else trades sets L3_OTHERS_BIT. Pure; one thread; sized once. */
#ifndef PITWALL_SIM_L3_H
#define PITWALL_SIM_L3_H

#include "domain/bounds.h"
#include "sim/exchange.h"

enum {
    L3_OURS = 0,
    L3_ACCOUNTS = 64,
    L3_ORDERS = 1 << 14,  /* that rest in one instrument */
    L3_TRADES_MAX = 512,  /* between two tellings; beyond, one is told with the lots of the rest */
    L3_CHANGES_MAX = 512, /* levels a side between two tellings; beyond, tell the whole book */
    L3_MARKET_BAND_TICKS = 1000,
};
#define L3_OTHERS_BIT (1ULL << 62)

struct l3_trade {
    struct level level;
    uint8_t taker_side;
};

/* Trades in a row at one price and side are one: as aggregated trades are told. */
struct l3_news {
    uint32_t trade_count;
    struct l3_trade trades[L3_TRADES_MAX];
    uint32_t change_count[2];
    uint32_t changed_ticks[2][L3_CHANGES_MAX]; /* each once; what is there now is the news */
    bool overrun;                              /* there were more */
};

/* An order of ours has traded, or (cancelled) was ended by a policy. Called from within l3_new()
 * and l3_amend() of anybody; must not call the exchange. */
typedef void (*l3_ours_fn)(void *ctx, uint16_t instrument, uint64_t order_id,
                           const struct exchange_event *event);

struct l3;

size_t l3_size(uint16_t instruments);
/* On a boundary of CACHE_LINES_APART. */
void l3_init(struct l3 *l3, uint16_t instruments);
/* Nothing rests and nothing is to be told; who listens stays. */
void l3_clear(struct l3 *l3);
void l3_listen(struct l3 *l3, l3_ours_fn ours, void *ctx);

struct exchange_result l3_new(struct l3 *l3, uint16_t instrument,
                              const struct exchange_order *order);
struct exchange_result l3_cancel(struct l3 *l3, uint16_t instrument, uint16_t account, uint64_t id);
struct exchange_result l3_amend(struct l3 *l3, uint16_t instrument, uint16_t account, uint64_t id,
                                uint32_t price_ticks, uint32_t lots);
/* Whether a limit order would trade at once. */
bool l3_would_take(const struct l3 *l3, uint16_t instrument, enum side side, int64_t price_ticks);

const struct exchange *l3_exchange(const struct l3 *l3, uint16_t instrument);
const struct l3_news *l3_news(const struct l3 *l3, uint16_t instrument);
/* The news is out. */
void l3_told(struct l3 *l3, uint16_t instrument);

#endif
