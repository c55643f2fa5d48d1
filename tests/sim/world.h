/* The seeded simulator: engine, gateways, venue, operators, disk and market in one thread and
 * virtual time, and an oracle that knows what each of them did.
 *
 * A run is a seed and a number of steps. Each step draws one operation of ops.def by weights that
 * the seed chose (a seed may leave whole kinds of operations out), with random numbers of its own,
 * so that a step does the same whether or not the steps before it are left out: a failing run is
 * shrunk by leaving steps out while it still fails. After each step every invariant is checked.
 *
 *   rig.c         an engine with its lane, rings and page; the hook on each append
 *   world.c       a run: reset, steps, crash and restart
 *   ops.c         the table of operations, and how they are drawn
 *   market.c      books that walk, jump, cross, go stale
 *   gateway.c     takes orders off a ring as a gateway does: stamp, look at the kill page, send
 *   venue.c       the venue and its ledger: takes, fills, loses, repeats, reorders
 *   operators.c   kills, resumes, limits, orders by hand, nonsense
 *   disk.c        the persister, what is durable, what a restart finds
 *   oracle.c      what the engine has said and what it has been told, kept apart from it
 *   invariants.c  I1 to I13
 *   fold.c        what the events come to (carry.h), against the engine's state after each step
 *   replay.c      each life again, by the program's own replay
 *   story.c       shrinking, and the words for it
 *   main.c        seeds from the command line
 *
 * The oracle never asks the engine: it is built from the inputs, the records of the event lane and
 * the venue's ledger. Only where an invariant is about the engine's own state (I3's position, I12's
 * pools, the state hash of I8 and I13) is that state read. */
#ifndef PITWALL_TESTS_SIM_WORLD_H
#define PITWALL_TESTS_SIM_WORLD_H

#include "carry_state.h"
#include "engine_state.h"
#include "rerun.h"

#include <setjmp.h>

enum {
    SIM_VENUES = 2,
    SIM_STRATEGIES = 3, /* manual, and two of any kind */
    SIM_INSTRUMENTS = 3,
    SIM_GATEWAYS = 2,
    SIM_SCOPES = 1 + SIM_VENUES + SIM_STRATEGIES + SIM_INSTRUMENTS,
    SIM_CURRENCIES = 2,
    SIM_STEPS_MAX = 20000,
    SIM_PLACED_MAX = 8192, /* orders sent in one run */
    SIM_ORDER_SLOTS = 4 * SIM_PLACED_MAX,
    SIM_EXECS_MAX = 16384,
    SIM_QUEUE_MAX = 4096,
    SIM_RECORDS_MAX = 1 << 17, /* of one life */
    SIM_FACTS_MAX = 8192,
    SIM_MESSAGES_MAX = 1 << 15,
    SIM_KILLS_MAX = 256,
    SIM_PROPOSALS_MAX = 8,
    SIM_AWAITING_MAX = 64,
    SIM_BOOK_LEVELS = 4,      /* a side */
    SIM_LANE_SMALL = 2 << 20, /* soon full: inputs, then new orders stop */
    SIM_LANE_LARGE = 16 << 20,
    SIM_JOURNAL_BYTES = 64 << 20,
};

#define SIM_NONE UINT32_MAX
#define SIM_START_NS 1723161600000000000LL
#define SIM_DAY_NS 86400000000000LL
#define SIM_NO_VALUE (INT64_MAX / 8)
/* The venue refuses what was sent longer ago than this. */
#define SIM_VENUE_WINDOW_NS 1000000000LL

/* ---- one engine ------------------------------------------------------------------------- */

struct rig {
    void *memory;
    struct engine *engine;
    struct engine_io io;
    struct lane_shared shared;
    struct lane lane;
    uint8_t *lane_bytes;
    struct ring orders[SIM_GATEWAYS], telemetry;
    uint8_t *order_bytes[SIM_GATEWAYS], *telemetry_bytes;
    struct kill_page page;
};

void rig_make(struct rig *rig);
/* A new life: fresh rings and page, an empty lane behind `last_seq`. Does not start the engine. */
void rig_reset(struct rig *rig, uint64_t ring_bytes, uint64_t lane_bytes, uint64_t last_seq);
/* Hash of what the engine holds and people can see: orders, positions, states, limits. */
uint64_t engine_hash(const struct engine *engine);

/* ---- the oracle ------------------------------------------------------------------------- */

enum whereabouts { ON_RING, IN_FLIGHT, LOST_ON_THE_WAY, RESTING, GONE };

/* An order that the engine has said to have sent. */
struct placed {
    uint64_t id, seq;
    uint32_t life;
    uint32_t open_at, resting_at; /* places in the world's lists; SIM_NONE: not in it */
    uint16_t instrument, strategy, venue;
    struct order_scopes scopes;
    uint8_t side, tif, flags, where;
    uint8_t news;     /* how often it reached the venue as a new order */
    uint8_t state;    /* as the engine has said */
    uint8_t ended_by; /* the venue's report; 0: filled, or never there */
    int64_t sent_ns;
    int64_t asked_price_ticks, asked_qty_lots; /* when it was sent */
    int64_t price_ticks, qty_lots;             /* as the engine has been told */
    int64_t amend_price_ticks, amend_qty_lots; /* asked for and not answered; qty 0: none */
    uint32_t amend_no;
    int64_t amend_ns;
    int64_t venue_price_ticks, venue_qty_lots; /* as it stands at the venue */
    int64_t told_lots;   /* distinct fills of which the engine has been told */
    int64_t filled_lots; /* by the venue's ledger */
    uint32_t cancels_said, cancels_left, amends_left;
};

/* One execution in the venue's ledger. */
struct exec {
    struct execution report;
    uint32_t order;
    uint32_t told_life; /* the newest life that was told of it; 0: none */
    uint64_t said_seq;  /* the record that says so; 0: none */
};

/* What was traded, as the engine has been told, in one instrument by one strategy or by all. */
struct traded {
    int64_t lots;
    int64_t value_e8; /* bought minus sold, settlement currency */
    int64_t fee_e8;   /* funding included */
    int64_t fills;
};

struct oracle_book {
    enum book_status status;
    bool fed; /* ever applied */
    uint32_t bid_count, ask_count;
    struct level bids[SIM_BOOK_LEVELS], asks[SIM_BOOK_LEVELS];
    int64_t update_id, received_ns;
    int64_t mark_e8_ticks, mark_ns; /* 0: none yet */
    int64_t price_ticks;            /* where the walk is */
};

struct oracle_scope {
    struct limits limits;
    uint64_t limits_generation;
    enum trading_state state;
    uint64_t version, incident;
    uint64_t kill_word;        /* generation of its newest kill that was thrown */
    uint64_t kill_word_before; /* of the one before, when it was thrown while... */
    uint64_t struck_seq;       /* ...this record was being appended */
    uint64_t killed_at_seq;    /* records after this one say no new order; 0: not killed */
    uint64_t acked_word;       /* generation of its newest kill that was answered; 0: none */
    int64_t day_open_e8;       /* INT64_MIN: not known */
    int64_t orders_today, executions;
};

struct oracle_exposure {
    int64_t gross_e8, net_e8;
};

struct message_said {
    int64_t at_ns;
    struct order_scopes scopes;
};

struct oracle_strategy {
    uint64_t version;
    bool enabled;
    struct strategy_params params[MAX_INSTRUMENTS]; /* of what the disk said only */
};

struct kill_wait {
    uint64_t doorbell, word;
    uint16_t scope;
    bool answered;
};

/* ---- venue and gateway ------------------------------------------------------------------ */

struct inbound {
    struct order_message message;
    int64_t held_until_ns; /* on a slow line: others overtake it */
};

struct outbound {
    struct execution report;
    uint32_t exec; /* of a fill: its place in the ledger */
    bool internal; /* our gateway's own word: no line can lose it */
};

enum gateway_at { GATEWAY_IDLE, GATEWAY_LOOKING, GATEWAY_SENDING };

struct gateway_model {
    enum gateway_at at;
    uint32_t budget;
    bool blocked;
    struct order_message message;
    uint64_t walked; /* position of the order ring up to which messages were seen published */
};

/* ---- operators and disk ----------------------------------------------------------------- */

struct proposal {
    bool used;
    uint8_t kind; /* COMMAND_SET_LIMITS or COMMAND_SET_STATE */
    struct command command;
    uint64_t kill_word; /* of the scope when it was proposed */
};

/* What a restart is built from: the latest word on each scope. */
struct fact {
    uint64_t seq;
    uint16_t kind;
    union {
        struct event_limits_applied limits;
        struct event_state_changed state;
        struct event_strategy strategy;
        struct event_parameters parameters;
    };
};

struct disk {
    struct lane_reader reader;
    uint64_t durable_seq;
    uint64_t chain; /* at durable_seq */
    uint32_t fact_count;
    uint64_t epoch; /* the file that is rewritten at each start */
};

/* A control action whose success has been answered: a restart must still know it. */
struct answered {
    uint64_t limits_generation[SIM_SCOPES], state_version[SIM_SCOPES];
    uint64_t strategy_version[SIM_STRATEGIES];
};

/* Commands done but not yet durable: the answer waits. */
struct awaiting {
    uint64_t seq;
    uint8_t kind;
    uint16_t scope;
    uint64_t number; /* limits generation or state version */
};

/* ---- the world -------------------------------------------------------------------------- */

enum op {
#define OP(name, ...) OP_##name,
#include "sim/ops.def"
#undef OP
    OP_COUNT
};

struct violation {
    char invariant[12];
    char text[480];
    uint32_t step;
};

/* How a run is to be done. */
struct run {
    uint64_t seed;
    uint32_t steps;
    const uint8_t *skip; /* by step: 1 leaves it out; NULL: none */
    bool telling;        /* print each step in words */
};

/* How much has happened in all runs: a simulation in which nothing does proves nothing. */
struct sim_tally {
    uint64_t events[EVENT_COUNT], denials[DENIAL_COUNT], reports[REPORT_COUNT];
    uint64_t restarts, kills_answered, resumed, refused, replayed_records, gaps;
};

struct world {
    /* Made once. */
    struct sim_tally tally;
    struct rig live;
    uint8_t *journal;      /* all records of this life, for the replay */
    struct carry *fold;    /* of what the live engine has said */
    struct carry *on_disk; /* of what of it is on the disk */
    jmp_buf crash, violated;
    struct violation violation;

    /* Zero at the start of a run. */
    struct run run;
    struct engine_config file, config; /* as the file says; and of this life */
    uint64_t random;
    uint32_t step;
    int64_t now_ns;
    uint32_t life;
    bool stopped;

    /* What the seed chose. */
    uint32_t weights[OP_COUNT], weight_sum;
    uint64_t ring_bytes, lane_bytes;
    bool busy;

    /* The hook on each append. */
    uint32_t kill_in_appends, crash_in_appends; /* 0: not armed */
    uint16_t kill_scope;
    bool kill_at_order; /* only orders of strategies count: a step may have several */
    uint64_t call_bytes;
    uint64_t first_seq, last_seq; /* records of this life */
    uint64_t journal_bytes;

    /* The oracle. */
    struct oracle_scope scopes[SIM_SCOPES];
    struct oracle_book books[SIM_INSTRUMENTS];
    struct traded total[SIM_INSTRUMENTS], own[SIM_STRATEGIES][SIM_INSTRUMENTS];
    uint64_t newest_generation;
    int64_t day_start_ns;
    int64_t peak_e8; /* of equity, after each call */
    struct oracle_strategy strategies[SIM_STRATEGIES];
    bool in_command; /* what is sent now was asked for by a person */
    /* What the disk said at the start of this life. */
    struct oracle_scope recovered[SIM_SCOPES];
    struct oracle_strategy recovered_strategies[SIM_STRATEGIES];
    struct event_command_done done; /* the latest answer */
    uint64_t base_before; /* version that a change has to name, as it was when the command came */
    bool answered_now;    /* the command under way has been answered */
    bool struck_now;      /* the page was set while a call was under way */
    const struct proposal *approving;
    uint64_t newest_id; /* drawn by the engine, for an order or a denial */
    uint64_t newest_order_seq;
    uint32_t placed_count, open_count, resting_count;
    uint32_t message_count, kill_count, exec_count;
    uint64_t fills_said, execs_told;     /* of this life */
    struct exec *telling;                /* what the engine is being told of */
    uint64_t ids_said;                   /* of those drawn: sent, denied, or counted among others */
    uint64_t orders_left, lots_left;     /* as the gateways count them */
    int64_t venue_base[SIM_INSTRUMENTS]; /* what the venue counts that this life cannot know */
    int64_t venue_lots[SIM_INSTRUMENTS]; /* the venue's own count */
    uint64_t foreign_count;
    uint64_t pnl_due, pnl_seen, telemetry_walked;
    int64_t slow_timer_ns;

    /* The others. */
    struct gateway_model gateways[SIM_GATEWAYS];
    uint32_t inbound_count, outbound_count;
    uint64_t exec_ids[SIM_VENUES];
    struct proposal proposals[SIM_PROPOSALS_MAX];
    struct disk disk;
    struct answered answered;
    uint32_t awaiting_count;
    struct awaiting awaiting[SIM_AWAITING_MAX];
    uint64_t commands;

    /* Large, and empty while their counts are 0. */
    uint64_t chain[SIM_RECORDS_MAX]; /* over the live engine's records, by seq - first_seq */
    uint32_t slots[SIM_ORDER_SLOTS]; /* id -> placed */
    struct placed placed[SIM_PLACED_MAX];
    uint32_t open[SIM_PLACED_MAX];    /* not over, as far as the engine was told */
    uint32_t resting[SIM_PLACED_MAX]; /* at the venue */
    struct exec execs[SIM_EXECS_MAX];
    struct inbound inbound[SIM_QUEUE_MAX];
    struct outbound outbound[SIM_QUEUE_MAX];
    struct kill_wait kills[SIM_KILLS_MAX];
    struct message_said messages[SIM_MESSAGES_MAX];
    struct fact facts[SIM_FACTS_MAX];
};

/* world.c */
struct world *world_make(void);
/* Runs it; false when an invariant was violated, which is then in world->violation. */
bool world_run(struct world *world, const struct run *run);
/* Ends the run. */
_Noreturn void violate(struct world *world, const char *invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Random numbers of this step. */
uint64_t draw(struct world *world);
uint64_t chain_next(uint64_t chain, uint16_t kind, int64_t at_ns, uint64_t cause,
                    const void *payload, uint32_t length);
int64_t draw_from(struct world *world, int64_t least, int64_t most);
bool chance(struct world *world, uint32_t of_1000);
void time_passes(struct world *world, int64_t by_ns);
void world_crash(struct world *world, bool power_lost);

/* The engine's inputs. False: the engine takes no input now. */
bool feed_market(struct world *world, const struct market_update *update);
bool feed_execution(struct world *world, const struct execution *execution);
bool feed_command(struct world *world, struct command *command); /* draws its id */
bool feed_timer(struct world *world);
bool feed_overrun(struct world *world); /* the newest market step took too long */
void feed_kill_answer(struct world *world);
void feed_kill(struct world *world, uint16_t scope); /* a person sets the page */

/* replay.c */
/* A record of the live engine, for the replay of its life. */
void journal_keep(struct world *world, const struct lane_record *record, const void *payload);
void replay_life(struct world *world, bool to_the_end);

/* oracle.c */
void oracle_new_life(struct world *world);
/* A record of the live engine. */
void oracle_hear(struct world *world, uint64_t seq, uint16_t kind, const void *payload,
                 uint32_t length);
/* The page is set, while or after record `seq` is appended. */
void oracle_killed(struct world *world, uint16_t scope, uint64_t seq);
/* Before the engine is told. */
void oracle_tell(struct world *world, const struct outbound *report);
struct placed *oracle_order(struct world *world, uint64_t id);
void oracle_resting(struct world *world, struct placed *order, bool rests);
void oracle_roll_day(struct world *world);
/* False while something was traded that has no mark or no conversion. */
bool oracle_worth_is_known(const struct world *world);
int64_t oracle_pnl_e8(const struct world *world, uint16_t scope);
int64_t oracle_position(const struct world *world, const struct placed *order, uint16_t scope);
/* Others on the order's side of its instrument. */
int64_t oracle_working(const struct world *world, const struct placed *order, uint16_t scope);
/* What it may still fill, as far as the engine was told; 0 when it is over. */
int64_t oracle_exposed(const struct placed *order);
void oracle_open_order(struct world *world, struct placed *order);
void oracle_index(struct world *world, struct placed *order);
struct oracle_exposure oracle_exposure(const struct world *world, const struct placed *order,
                                       uint16_t scope);
void oracle_note_peak(struct world *world);
uint32_t oracle_open(const struct world *world, uint16_t scope);
uint32_t oracle_messages(const struct world *world, uint16_t scope, int64_t window_ns);
enum trading_state oracle_state(const struct world *world, const struct order_scopes *scopes);

/* invariants.c */
/* Before the order is counted as open. */
void check_sent(struct world *world, const struct placed *order, uint64_t seq,
                const struct verdict *verdict);
void check_amend(struct world *world, const struct placed *order, uint64_t seq,
                 const struct event_order_amend *event);
void check_drawn_id(struct world *world, uint64_t id);
void check_arrival(struct world *world, struct placed *order, const struct order_message *message);
void check_published(struct world *world);
void check_append(struct world *world, uint16_t kind);
void check_call(struct world *world);
void check_step(struct world *world);
void check_telemetry(struct world *world);
void check_fill_said(struct world *world, const struct event_fill *fill);
void check_refused(struct world *world, uint64_t hash_before, const struct command *command);
void check_accepted(struct world *world, const struct command *command);
void check_loosened(struct world *world, const struct event_state_changed *event, uint64_t seq);
void check_restart(struct world *world);

/* fold.c: what is folded from events, against the engine that said them. */
void fold_begin_run(struct world *world);
void fold_begin_life(struct world *world);
void fold_give(struct world *world); /* what the lives before left, to the engine */
void fold_hear(struct world *world, uint16_t kind, const void *payload, uint32_t length);
void fold_check(struct world *world);

/* disk.c */
void disk_begin_life(struct world *world);
/* Answers what has become durable. */
void disk_answer(struct world *world);
void disk_persist(struct world *world, uint32_t records);
/* Sequence of the last record that survives. */
uint64_t disk_recover(struct world *world, bool power_lost);
/* What was in force, into the configuration of this life and onto its page. */
void disk_restore(struct world *world);

/* ops.c */
void ops_choose(struct world *world);
void ops_step(struct world *world);

/* The operations, one function each. */
#define OP(name, ...) void op_##name(struct world *world);
#include "sim/ops.def"
#undef OP

/* gateway.c, venue.c, market.c: what more than one of them needs. */
void gateway_reset(struct world *world);
void venue_arrive(struct world *world, const struct order_message *message);
/* Our gateway's own answer about a message that it holds back. */
void venue_hold_back(struct world *world, const struct order_message *message);
void venue_disconnect(struct world *world, uint16_t venue, bool cancels);
void market_reset(struct world *world);

/* story.c */
void say(const struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *scope_text(uint16_t scope);
const char *instrument_text(uint16_t instrument);
/* Leaves out steps while the same invariant still fails, then prints what is left in words. */
/* A value that makes sense for a parameter in this world. */
int64_t draw_parameter(struct world *world, enum parameter_id id);
void story_tell(struct world *world, const struct violation *violation, uint64_t seed,
                uint32_t steps);

#endif
