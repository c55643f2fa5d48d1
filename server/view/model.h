/* What the view remembers, and how events and telemetry change it. Inside view/ only; everything
 * here is used under the view's lock. Fixed memory, about 9 MB. */
#ifndef PITWALL_VIEW_MODEL_H
#define PITWALL_VIEW_MODEL_H

#include "view/orders.h"
#include "view/tallies.h"
#include "view/view.h"

#include <pthread.h>

enum {
    KEPT_FILLS = 4096,
    KEPT_DENIALS = 1024,
    KEPT_KILLS = 64,
    KEPT_COMMANDS = 1024,
    GONE_STRATEGIES = 64, /* of earlier runs, and not configured any more */
    VIEW_TEXT_MAX = 256
};

struct view_fill {
    uint64_t seq, order_id, exec_id; /* seq: of its event */
    int64_t price_ticks, qty_lots, fee_e8, at_ns;
    int64_t venue_ns;              /* by the venue's clock; at_ns where it gave none */
    uint16_t instrument, strategy; /* strategy: from MAX_STRATEGIES on one that is gone */
    uint8_t side, maker;
};

struct view_denial {
    uint64_t order_id;
    struct view_verdict why;
};

struct view_kill {
    uint64_t incident;
    uint16_t scope;
    bool noted, seen, durable;
    bool is_earlier; /* of an earlier run: its counts stay as they were */
    char actor[MAX_NAME], reason[VIEW_TEXT_MAX];
    int64_t at_ns, ns_to_block; /* -1: not known */
    uint64_t last_order_seq;
    uint32_t resting, unsent, sent, confirmed, refused, unknown;
    bool flatten; /* was asked for */
    struct event_flatten flattened;
    uint64_t seen_seq; /* of the engine's event: durable when the journal has come so far */
};

struct view_scope {
    struct limits limits;
    uint64_t generation;
    enum trading_state state;
    uint64_t version, incident;
    int64_t since_ns; /* 0: not known */
    char actor[MAX_NAME], cause[VIEW_TEXT_MAX];
};

struct view_switch {
    struct view_strategy now;
    int64_t since_ns; /* of the newest change; 0: never */
    char actor[MAX_NAME], reason[VIEW_TEXT_MAX];
};

struct view_command {
    uint64_t id;
    char actor[MAX_NAME], reason[VIEW_TEXT_MAX];
};

struct view_answer {
    uint64_t seq;
    struct event_command_done done;
};

struct view {
    struct view_sources from;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    pthread_t thread;
    bool running;
    _Atomic bool stop;
    struct lane_reader reader;
    uint64_t expected_seq; /* of the next event; behind the reader's after an overrun */
    struct view_scope scope[MAX_SCOPES];
    struct view_switch strategy[MAX_STRATEGIES];
    struct position total[MAX_INSTRUMENTS]; /* as last stated; unrealised is not kept here */
    struct position own[MAX_STRATEGIES][MAX_INSTRUMENTS];
    struct telemetry_book books[MAX_INSTRUMENTS]; /* kind 0: none yet */
    struct telemetry_pnl pnl;                     /* kind 0: none yet */
    int64_t telemetry_mono_ns;                    /* when the newest came */
    uint64_t fill_count, denial_count, command_count, answer_count;
    uint64_t
        answered_id; /* the newest command that the engine has answered: it takes them in order */
    struct view_fill fills[KEPT_FILLS];
    uint64_t earlier_fills; /* of fill_count: those before this run, which are listed and no more */
    uint16_t gone_strategies;
    char gone_strategy[GONE_STRATEGIES][MAX_NAME];
    int64_t fills_forgotten_ns[MAX_INSTRUMENTS]; /* newest venue_ns of this run's that are not kept;
                                                  * 0: all are */
    struct gateway_tally tally[MAX_INSTRUMENTS]; /* our own, to stand beside the venue's */
    struct view_denial denials[KEPT_DENIALS];
    struct gate_table tables[MAX_STRATEGIES][MAX_INSTRUMENTS]; /* of the newest verdict of each */
    struct view_command commands[KEPT_COMMANDS];
    struct view_answer answers[KEPT_COMMANDS];
    struct event_trigger trigger; /* the newest, */
    int64_t trigger_ns;           /* and when; 0: none yet */
    _Atomic bool has_kill_url;
    char kill_url[VIEW_TEXT_MAX];
    uint32_t kill_count;
    struct view_kill kills[KEPT_KILLS]; /* the oldest first */
    struct view_counters counters;
    struct histogram taken; /* from sending to fills that took */
    struct view_tallies tallies;
    uint64_t durable_seen; /* and when it last moved or had nothing to do */
    int64_t durable_mono_ns, second_mono_ns;
    _Atomic uint64_t versions[VIEW_TOPICS], changes;
    struct view_orders orders;
    alignas(8) uint8_t payload[LANE_RECORD_MAX];
};

void model_init(struct view *view);
void model_event(struct view *view, const struct lane_record *record, const void *payload);
void model_telemetry(struct view *view, const void *message);
void model_changed(struct view *view, enum view_topic topic);
void model_touched(struct view *view); /* a change that no topic shows; see view_changes */

/* NULL: no receipt of that kill. */
struct view_kill *model_kill(struct view *view, uint64_t incident);
/* May forget another kill, one that holds no scope any more: pointers from before do not hold. */
struct view_kill *model_kill_open(struct view *view, uint64_t incident, uint16_t scope);
/* Nothing is open any more of what rested when it came. */
bool model_kill_is_complete(struct view *view, const struct view_kill *kill);
/* As the engine said it last, or HALTED (and by which kill) when the kill page says so and the
 * engine has not answered. */
enum trading_state model_state(const struct view *view, uint16_t scope);
uint64_t model_incident(const struct view *view, uint16_t scope);
/* Who set the state that is shown, why and when: of the kill when the page shows it. Valid under
 * the lock; NULL, empty and 0 when not known. */
struct model_author {
    const char *actor, *cause;
    int64_t since_ns;
};
struct model_author model_author(struct view *view, uint16_t scope);
/* The strictest of the scope and of what it belongs to. */
enum trading_state model_effective(const struct view *view, uint16_t scope);
/* The engine's clock, which at full speed is virtual. */
int64_t model_now_ns(const struct view *view);
/* The trading day that it is by that clock, and since when of it this run knows. */
struct model_today {
    int64_t now_ns, day_ns, since_ns;
};
struct model_today model_today(const struct view *view);
/* The newest of the fills that came in this run: what counts, times and compares looks at no
 * other. */
static inline uint64_t model_fills_kept(const struct view *view)
{
    uint64_t came = view->fill_count - view->earlier_fills;

    return came < KEPT_FILLS ? came : KEPT_FILLS;
}
/* Older ones of this run are not kept. */
static inline bool model_fills_forgotten(const struct view *view)
{
    return view->fill_count - view->earlier_fills > KEPT_FILLS;
}
/* The newest of all, for the list. */
static inline uint64_t model_fills_listed(const struct view *view)
{
    return view->fill_count < KEPT_FILLS ? view->fill_count : KEPT_FILLS;
}
/* From sending to a fill that took; -1: it made, or its order is forgotten. A resting order is
 * filled when somebody comes; only one that takes says how fast the venue is. */
int64_t model_taken_ns(struct view *view, const struct view_fill *fill);
/* Money telemetry has come, and lately. */
bool model_money_is_fresh(const struct view *view);
/* 1e-8 ticks; 0: there is no fresh mark. */
int64_t model_mark_e8_ticks(const struct view *view, uint16_t instrument);

/* Takes the lock and everything that the engine has said so far. */
void view_enter(struct view *view);
void view_leave(struct view *view);

#endif
