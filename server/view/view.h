/* The view: the read model that GET, the stream and metrics show.
 *
 * Fed by the engine lane and the telemetry ring, by one thread, `view`, about every ms, and by
 * whoever looks, so that a look never misses what the engine has already said; all under the
 * view's lock (held for the making of one JSON object; nothing that an order waits for takes it).
 * It also answers the control thread's wait for the engine's own event. An overrun is made good
 * from the journal on disk. The lists of orders and fills begin with those of earlier runs, and
 * they alone do (earlier.h). All JSON shapes are DESIGN section 5 "Fixed shapes". Unknown is null.
 * Fixed memory: the newest 4,096 orders (live ones always) and fills, 1,024 denials, 64 kills. */
#ifndef PITWALL_VIEW_VIEW_H
#define PITWALL_VIEW_VIEW_H

#include "gateway/gateway.h"
#include "store/store.h"

struct view;

struct view_sources {
    const struct config *config;
    struct overrides *overrides; /* NULL: the file alone */
    struct journal *journal;
    struct store *store;
    uint16_t gateways; /* 0: none is there */
    struct gateway *gateway[MAX_GATEWAYS];
    uint16_t venue_gateway[MAX_VENUES]; /* which serves a venue */
    struct ring *telemetry;
    struct ring *commands; /* for its depth; NULL: not shown */
    struct kill_page *kill;
    struct histogram *step, *tick_to_order, *order_ack, *fill_latency;
    const _Atomic int64_t
        *engine_beat_ns; /* monotonic, of the engine loop's latest turn; NULL: none */
    const char
        *dir; /* data directory: what an overrun has taken is read from the journal on disk */
    const struct store_saved *saved; /* actors and causes of restored states; read at open only */
    int64_t started_ns;
};

/* NULL: there is none. */
static inline const struct gateway *view_gateway_of(const struct view_sources *from, uint16_t venue)
{
    return from->gateways == 0 ? NULL : from->gateway[from->venue_gateway[venue]];
}

/* Before engine_init(): the events of the start are already for it. */
enum status view_open(struct view **view, const struct view_sources *sources, struct err *err);
enum status view_start(struct view *view, struct err *err);
void view_close(struct view *view);

/* Where the reserved listener answers the kill, shown in the status from then on. Once, by the main
 * thread, when it listens. */
void view_note_kill_url(struct view *view, const char *url);

/* Whether the view can be asked now: false when its lock is not to be had within `patience_ns`,
 * because a thread that holds it does not go on. For the kill, which then does without. */
bool view_answers(struct view *view, int64_t patience_ns);

/* Who did it, told by control before the command leaves, so that states, orders and receipts can
 * name a person. */
void view_note_command(struct view *view, uint64_t command_id, const char *actor,
                       const char *reason);
void view_note_kill(struct view *view, uint64_t incident, uint16_t scope, const char *actor,
                    const char *reason, int64_t at_ns, int64_t ns_to_block, bool durable);
void view_kill_durable(struct view *view, uint64_t incident);
/* An order was denied before the engine heard of it: it could not be said in ticks and lots. */
void view_note_denial(struct view *view, enum denial denial);
/* Whoever killed wants what the scope holds to be sold or bought back as well. */
void view_note_flatten(struct view *view, uint64_t incident);

/* Waits until the engine has answered the command. False at the deadline. */
bool view_wait_command(struct view *view, uint64_t command_id, int64_t timeout_ms,
                       struct event_command_done *done, uint64_t *event_seq);
/* Whether the engine has answered it; an answer that came too long ago is not kept, so *done has
 * command_id 0 when what it said is not known any more. Never waits for an answer. */
bool view_command_is_answered(struct view *view, uint64_t command_id,
                              struct event_command_done *done);

/* What control decides on. */
void view_limits(struct view *view, uint16_t scope, struct limits *limits, uint64_t *generation);
struct view_state {
    enum trading_state state, effective;
    uint64_t version, incident;
};
struct view_state view_state(struct view *view, uint16_t scope);

/* A strategy's switch and parameters as the engine last stated them. */
struct view_strategy {
    bool enabled;
    uint64_t version;
    struct strategy_params params[MAX_INSTRUMENTS];
};
void view_strategy(struct view *view, uint16_t strategy, struct view_strategy *out);
uint16_t view_strategy_count(const struct view *view); /* `manual` included */

/* JSON for handlers and the stream; new references. `cursor` 0: newest. */
json_t *view_status(struct view *view);
json_t *view_health(struct view *view, bool *ready); /* {"ready","reasons"}; reason "engine_silent":
                                                       * the loop does not move, /health/live 503 */
json_t *view_venues(struct view *view);
/* READY and its kin: what a gateway to a real venue says of itself; of a simulated one by the age
 * of its newest update. */
enum gateway_state view_venue_state(const struct view_sources *from, uint16_t venue);
/* Real clock of the newest update of any instrument of the venue; 0: none yet. */
int64_t view_venue_update_ns(const struct view_sources *from, uint16_t venue);
/* The venue's own count of our position, and when it told it (real clock); false: not known. */
bool view_venue_lots(const struct view_sources *from, uint16_t instrument, int64_t *lots,
                     int64_t *told_ns);
json_t *view_instruments(struct view *view);
json_t *view_book(struct view *view, uint16_t instrument, uint32_t depth);
/* The newest public trades, at most `most` of those that are held (tape.h). */
json_t *view_trades(struct view *view, uint16_t instrument, uint32_t most);
json_t *view_positions(struct view *view);
/* What each venue says that we have and did today, beside what we say. */
json_t *view_reconciliation(struct view *view);
/* Our fills of the trading day in an instrument against the venue's own list, one by one. */
enum view_pair {
    VIEW_PAIR_BOTH,
    VIEW_PAIR_DIFFERS,
    VIEW_PAIR_OURS_ONLY,
    VIEW_PAIR_VENUE_ONLY,
    VIEW_PAIR_UNKNOWN,
    VIEW_PAIR_STATES
};
#define VIEW_PAIRS_ANY ((1U << VIEW_PAIR_STATES) - 1)
#define VIEW_PAIRS_APART                                                                           \
    (1U << VIEW_PAIR_DIFFERS | 1U << VIEW_PAIR_OURS_ONLY | 1U << VIEW_PAIR_VENUE_ONLY)
const char *view_pair_name(enum view_pair state); /* "ours_only" */
struct view_pairs {
    uint16_t instrument;
    uint32_t states; /* those that are listed, a bit for each; all are counted */
    uint64_t cursor; /* how many are left, of the oldest; 0: begin with the newest */
    uint32_t limit;
};
/* NULL: out of memory. A ms when thousands are held. */
json_t *view_fill_pairs(struct view *view, const struct view_pairs *asked);
json_t *view_pnl(struct view *view);
struct view_filter {
    int32_t instrument, strategy; /* -1: any */
    int32_t state;                /* enum order_state; -1: any; -2: not finished */
    uint64_t cursor;
    uint32_t limit;
};
json_t *view_orders(struct view *view, const struct view_filter *filter);
json_t *view_order(struct view *view, uint64_t order_id);     /* NULL: unknown */
json_t *view_order_why(struct view *view, uint64_t order_id); /* NULL: unknown */
json_t *view_fills(struct view *view, const struct view_filter *filter);
json_t *view_trading_states(struct view *view);
json_t *view_trading_state(struct view *view, uint16_t scope);
json_t *view_limits_json(struct view *view, uint16_t scope); /* without "pending" */
json_t *view_limits_schema(struct view *view);
/* Without "pending"; with_schema: what each parameter may be. */
json_t *view_strategy_json(struct view *view, uint16_t strategy, bool with_schema);
json_t *view_receipt(struct view *view, uint64_t incident); /* NULL: unknown */
json_t *view_receipts(struct view *view);
/* with_buckets: also every count since the start, {"max_ns","count"}, 8 to each power of two. */
json_t *view_latency(struct view *view, bool with_buckets);

/* Rises whenever something of that topic has changed: the stream sends deltas by it. */
enum view_topic {
    VIEW_STATUS,
    VIEW_POSITIONS,
    VIEW_ORDERS,
    VIEW_FILLS,
    VIEW_PNL,
    VIEW_BOOKS,
    VIEW_KILL,
    VIEW_LIMITS,
    VIEW_STRATEGIES,
    VIEW_LATENCY,
    VIEW_TOPICS
};
uint64_t view_version(struct view *view, enum view_topic topic);
/* Rises whenever anything that the view holds has changed. Any thread, without the lock. */
uint64_t view_changes(struct view *view);

/* Values of one limit's money or ratio as JSON decimal string, integers as they are, unset null. */
json_t *limit_value_json(enum limit_id id, int64_t value);
/* A strategy's parameter, the same way; an instrument by its name. */
json_t *view_parameter_json(const struct config *config, enum parameter_id id, int64_t value);
/* What each limit of a scope measures now, as for an order that adds nothing, in held units.
 * INT64_MAX: not known, or a measure of single orders and moments, of which nothing stays. */
struct view_use {
    int64_t measured[LIMIT_COUNT];
};
/* Of all scopes, by their numbers; `uses` has room for MAX_SCOPES. */
void view_limit_use(struct view *view, struct view_use *uses);
/* A limit's value as people are shown it: one that was set to nothing, which lets no order pass, is
 * the tightest value. */
int64_t view_limit_shown(enum limit_id id, int64_t value);
/* 1e-8. Of a limit that leaves no room all is used, when nothing is there; what is there is
 * USED_MOST_E8 of it, as is whatever is more than that: a number that says "far beyond". */
#define USED_MOST_E8 (1000 * RATIO_ONE_E8)
int64_t view_used_ratio_e8(enum limit_id id, int64_t limit, int64_t measured);
/* How far two counts of a position differ, of the larger, in 1e-8; 0: they agree. At most 2, when
 * they have opposite signs. */
/* What a scope uses of a limit that it sets, per cent with two places, rounded up: "84.38". Null:
 * the scope does not set it, or its use is not known, which that of single orders never is. */
json_t *view_used_percent(enum limit_id id, int64_t limit, int64_t measured);
/* That of every limit of a scope, by name. */
json_t *view_used_json(struct view *view, uint16_t scope, const struct view_use *use);
int64_t view_drift_ratio_e8(int64_t ours, int64_t venues);

/* Messages a second that may leave by a gateway: the tightest of what its venue takes and of the
 * limits in force; 0: there is no bound. Takes the lock. */
int64_t view_message_budget(struct view *view, uint16_t gateway);
/* Who has killed a scope: "trigger/daily_loss", or "operator" for anybody else. False: no kill
 * holds it. Takes the lock. */
bool view_killer(struct view *view, uint16_t scope, char by[MAX_NAME]);
/* From sending to each fill that took, since the start. The counts are the view's; any thread may
 * read them as they stand. */
struct histogram *view_taken(struct view *view);
/* Which orders those of the last minute were, newest first; returns how many, at most `most`. Takes
 * the lock. */
struct view_taking {
    uint64_t order_id;
    int64_t taken_ns, at_ns; /* at_ns: of the fill, by the engine's clock */
};
uint32_t view_takings(struct view *view, struct view_taking *out, uint32_t most);
/* Real clock of the newest count of a position or balance that the venue has told; 0: none. */
int64_t view_account_update_ns(const struct view_sources *from, uint16_t venue);

enum view_message { VIEW_MESSAGE_NEW, VIEW_MESSAGE_AMEND, VIEW_MESSAGE_CANCEL, VIEW_MESSAGES };
const char *view_message_name(enum view_message message); /* "amend" */

/* Numbers for metrics that no JSON shape holds; one locked copy. */
struct view_counters {
    uint64_t orders_sent[MAX_VENUES], orders_rejected[MAX_VENUES], fills[MAX_VENUES];
    uint64_t denied[DENIAL_COUNT];
    uint64_t triggers[TRIGGER_COUNT];
    uint64_t refused[MAX_VENUES][VIEW_MESSAGES]; /* by the venue, by what was asked for */
    uint64_t gaps, anomalies, overruns, open_orders, unknown_orders;
};
void view_counters(struct view *view, struct view_counters *counters);

/* What alerts look at and no JSON shape holds; one locked copy. Real clock but where it says so. */
struct view_watch {
    bool is_virtual; /* the engine's clock is: no age means anything */
    bool has_ended;  /* the market has: nothing new will come */
    struct view_counters counters;
    struct {
        uint32_t unknown;
        int64_t oldest_unknown_ns; /* since when; 0: there is none */
    } venue[MAX_VENUES];
    struct {
        int64_t lots;
        int64_t filled_ns; /* of the newest fill within a minute; 0: none */
        enum book_status book;
        int64_t book_ns; /* of its newest update; 0: none yet */
    } instrument[MAX_INSTRUMENTS];
    uint64_t taken;            /* fills of the last minute that took, not made, */
    int64_t taken_p99_ns;      /* and from sending to them */
    int64_t durable_mono_ns;   /* when the disk copy last moved or had nothing to do */
    int64_t telemetry_mono_ns; /* when the engine last said its figures; 0: not yet */
};
void view_watch(struct view *view, struct view_watch *watch);

#endif
