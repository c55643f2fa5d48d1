/* The store: audit.db, the queryable projection of the journal, and what a restart takes from it.
 *
 * One thread, `audit`, owns the one writing connection; it reads both lanes as a gating reader and
 * writes batches of up to 1,000 rows or 50 ms, cursor and rows in one transaction, so each record
 * becomes its rows exactly once. Rows are chained: hash = SHA-256 over the previous hash and a
 * canonical, length-prefixed encoding of the row. Readers open the database read-only, each call
 * its own connection from a small pool, with a time budget.
 *
 * Kinds: login login_failed logout refused kill state limits approval config strategy user token
 * alert order denial fill gap position export start stop storage. */
#ifndef PITWALL_STORE_STORE_H
#define PITWALL_STORE_STORE_H

#include "journal/journal.h"

#include <jansson.h>

struct store;

/* How far a kill had come, as its receipt says it. */
struct saved_kill {
    bool is_seen; /* by the engine, which then counts; false: nothing is known */
    uint64_t last_order_seq;
    uint32_t resting, unsent, sent, confirmed, refused, unknown;
    bool flatten; /* was asked for */
    struct event_flatten flattened;
};

/* What was in force when the directory was last used. */
struct store_saved {
    bool found;
    /* The newest engine record that became a row, when the journal ends before it: it was cut,
     * removed or replaced by an older one. 0: it has them all. */
    uint64_t engine_seq_gone;
    uint64_t generation;
    struct {
        bool limits_found, state_found;
        struct limits limits;
        uint64_t limits_generation;
        enum trading_state state;
        uint64_t version, incident;
        int64_t since_ns, killed_ns; /* killed: asked for; 0: not on record */
        char actor[MAX_NAME];
        char cause[256];
        bool is_named; /* by a record on disk */
        struct saved_kill kill;
    } scope[MAX_SCOPES]; /* matched to this run's scopes by name */
    /* What the configuration says, and over it what people set; `enabled` when both agree, or when
     * the configuration says what it said when it was switched. */
    struct {
        bool enabled;
        uint64_t version; /* 0: not read */
        int64_t since_ns; /* 0: never changed */
        char actor[MAX_NAME];
        char reason[256];
        struct strategy_params params[MAX_INSTRUMENTS];
    } strategy[MAX_STRATEGIES];
};

/* Opens or makes DIR/audit.db, runs the migrations (refuses a newer database), catches up from the
 * journal on disk, and fills `saved`. Main thread, after journal_open. */
enum status store_open(struct store **store, const char *dir, const struct config *config,
                       struct journal *journal, struct store_saved *saved, struct err *err);
/* For what `saved` has halted since: who killed and why, where a record of it came to the disk.
 * Main thread, before store_start. */
void store_name_kills(struct store *store, struct store_saved *saved);
enum status store_start(struct store *store, struct err *err); /* the audit thread */
void store_close(struct store *store);                         /* drains the lanes first */

/* What may change while it runs: audit.anchor_s, audit.keep_days. Any thread. */
void store_tune(struct store *store, const struct config *config);

/* True when rows could not be written for longer than a lock may be held. Nothing is lost: the
 * lanes hold the records, and new orders stop before they are full. It recovers by itself. Any
 * thread. */
bool store_is_suspect(const struct store *store);
/* When a head of the trail was last signed and written down; real ns, 0: not yet. Any thread. */
int64_t store_anchor_ns(const struct store *store);
uint64_t store_anchor_seq(const struct store *store); /* the row that it covers; 0: none yet */

/* Makes a database anew at `path`, which must not be there, from the journal of `dir` on disk: the
 * same rows with the same hashes. `rows` is how many. ERR_DAMAGED when the journal does not begin
 * at
 * 1 or is damaged. Any thread; no server needs to run. */
enum status store_rebuild(const char *dir, const char *path, int64_t *rows, struct err *err);

/* Sequence of the newest committed audit row. Any thread. */
uint64_t store_audit_seq(const struct store *store);

/* Waits until all that the engine has said by now has become rows, looking every 2 ms; false at the
 * deadline. Worker threads. */
bool store_wait_caught_up(const struct store *store, int64_t timeout_ms);

/* Worker threads. Fills a list object {"items":[...],"next":...}; NULL filters are open. */
struct store_query {
    int64_t from_ns, to_ns; /* 0: open */
    const char *actor, *kind, *scope, *q;
    uint64_t before_seq; /* cursor: rows with a smaller seq; 0: newest */
    uint64_t after_seq;  /* and with a larger one; the cursor of oldest_first */
    bool oldest_first;
    uint32_t limit;
};
enum status store_audit_query(struct store *store, const struct store_query *query, json_t **list,
                              struct err *err);
/* See store/verify.h; the anchors are the store's own. */
enum status store_audit_verify(const struct store *store, json_t **report, struct err *err);

/* "K<epoch>-<n>" of a kill generation (epoch in the upper 32 bits) and back. */
enum { INCIDENT_TEXT_MAX = 24 };
void incident_print(char out[INCIDENT_TEXT_MAX], uint64_t incident);
bool incident_parse(const char *text, uint64_t *incident);

#endif
