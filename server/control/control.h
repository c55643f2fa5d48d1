/* Control: the one door for every change.
 *
 * Authorise, record the intent in the control lane, command the engine, wait for the engine's own
 * event and for its durability, answer. One thread, `control`, runs changes one after another: it
 * is the only producer of the command ring and the only writer of the control lane, so two changes
 * can never cross. API threads hand it a job (control_submit) and are called back.
 *
 * Kill alone does not queue: control_kill() runs on the caller's thread, sets the page, waits for
 * the engine's and the gateways' answers on the page (at most 10 ms, then `engine: silent`), and
 * only then leaves a note to be recorded by the control thread. */
#ifndef PITWALL_CONTROL_CONTROL_H
#define PITWALL_CONTROL_CONTROL_H

#include "config/overrides.h"
#include "control/access.h"
#include "thread/fair.h"
#include "control/keep.h"
#include "view/view.h"

struct control;

struct control_sources {
    const struct config *config;
    struct access *access;
    struct keep *keep;
    struct overrides *overrides;
    struct journal *journal;
    struct view *view;
    struct kill_page *kill;
    struct ring *commands;
    struct ring *order_rings[MAX_GATEWAYS];
    uint16_t gateways;
    uint64_t epoch;
    /* New orders and lots that the gateways have sent to venues; NULL: not counted. */
    void (*outbound)(void *ctx, uint64_t *orders, uint64_t *lots);
    void *outbound_ctx;
    /* Any thread: keeps what stands on the kill page where a start will look for it. */
    void (*note_kills)(void *ctx);
    void *note_ctx;
    /* Control thread: settings have changed; what is LIVE or NEEDS_HALT is to be taken over. */
    void (*settings_apply)(void *ctx, const struct config *running);
    void *settings_ctx;
};

enum status control_open(struct control **control, const struct control_sources *sources,
                         struct err *err);
enum status control_start(struct control *control, struct err *err);
void control_close(struct control *control);

/* Runs `run` on the control thread; `run` must answer by itself (resume its connection). A job
 * takes that thread some 20 ms (it waits for the disk), so the queue is fair, and of one asker
 * (`who`: fair_who()) half of the places are taken at most. Unless PLACE_TAKEN `run` will not be
 * called. Any thread. */
enum place control_submit_for(struct control *control, uint64_t who, void (*run)(void *job),
                              void *job);
/* The same for what the program does by itself, or a thread that sends one at a time: such jobs go
 * first, and have places that nobody else takes, more than all alerts that may end in one look, so
 * that a stop is never turned away by a flood. False: there is no place, or control is closing. */
bool control_submit(struct control *control, void (*run)(void *job), void *job);

/* A fact for the control lane and so for the audit: JSON object of audit fields (see record.h).
 * Any thread; never waits: queued, bounded, overflow counted and logged. */
struct control_fact {
    const char *kind;  /* login login_failed refused kill limits approval user token ... */
    const char *scope; /* NULL: none */
    const char *reason, *request_id;
    json_t *old_value, *new_value; /* stolen; NULL: none */
};
void control_note(struct control *control, const struct actor *actor,
                  const struct control_fact *fact);
/* The same, and durable when it answers OK: of what gives somebody more, before anybody has it. Not
 * the control thread, which it waits for: some 20 ms, and a few seconds at most. ERR_STORAGE,
 * ERR_UNAVAILABLE: it is not on record. */
enum status control_note_durable(struct control *control, const struct actor *actor,
                                 const struct control_fact *fact, struct err *err);
/* ERR_STORAGE while the storage is suspect: what gives somebody more must be in the audit first,
 * what takes away goes on. Any thread. */
enum status control_may_give(struct control *control, struct err *err);
uint64_t control_notes_lost(struct control *control); /* since the start; any thread */

/* --- on the caller's thread --- */

/* Acts first. *receipt is the JSON receipt (new reference). ERR_UNKNOWN_SCOPE, else OK; a silent
 * engine is said in the receipt ("engine":"silent"). Cost: tens of us when the engine spins, a few
 * hundred when it parks. `read_ns` is when the request was read (real clock). */
enum status control_kill(struct control *control, const struct actor *actor, const char *scope,
                         const char *reason, bool flatten, int64_t read_ns, const char *request_id,
                         json_t **receipt, struct err *err);

/* The watchdog has killed the firm on the page, as that incident, because the engine does not beat.
 * Never waits, allocates nothing: the control thread gives the kill its actor and reason in the
 * view, records it and follows its receipt, as it does for a person's. */
void control_note_silence(struct control *control, uint64_t incident);
/* The same, of a kill because the read model differs from what the engine says at `seq`. */
void control_note_difference(struct control *control, uint64_t incident, uint64_t seq);

/* The same, of a scope that a gateway has stopped; `says` is the reason that people are shown. */
void control_note_stop(struct control *control, uint64_t incident, uint16_t scope,
                       const char *gateway, const char *says);

/* At the start, of modes paper and live: which, and where the venues are. */
void control_note_mode(struct control *control);

/* --- on the control thread (from a job) --- */

/* Each fills *reply (new reference) and *http: 200 applied, 202 an approval was opened. `base` is
 * the expected version from If-Match. */
enum status control_limits_put(struct control *control, const struct actor *actor,
                               const char *scope, uint64_t base, const json_t *body,
                               const char *request_id, int *http, json_t **reply, struct err *err);
enum status control_state_put(struct control *control, const struct actor *actor, const char *scope,
                              uint64_t base, const json_t *body, const char *request_id, int *http,
                              json_t **reply, struct err *err);
enum status control_strategy_put(struct control *control, const struct actor *actor,
                                 const char *name, uint64_t base, const json_t *body,
                                 const char *request_id, int *http, json_t **reply,
                                 struct err *err);
enum status control_resume(struct control *control, const struct actor *actor, const json_t *body,
                           const char *request_id, int *http, json_t **reply, struct err *err);
enum status control_approve(struct control *control, const struct actor *actor, const char *id,
                            const json_t *body, const char *request_id, json_t **reply,
                            struct err *err);
enum status control_reject(struct control *control, const struct actor *actor, const char *id,
                           const json_t *body, const char *request_id, json_t **reply,
                           struct err *err);
/* *http 201; denied: ERR_DENIED with the denial's name in err->text before the first blank and
 * *reply the problem's extra members ({"order": id}). */
enum status control_order_new(struct control *control, const struct actor *actor,
                              const json_t *body, const char *request_id, json_t **reply,
                              struct err *err);
enum status control_order_cancel(struct control *control, const struct actor *actor, const char *id,
                                 const char *request_id, json_t **reply, struct err *err);
/* Body: {"price"?,"qty"?}; qty is the new total. Answers as control_order_new does when denied. */
enum status control_order_amend(struct control *control, const struct actor *actor, const char *id,
                                const json_t *body, const char *request_id, json_t **reply,
                                struct err *err);
enum status control_cancel_all(struct control *control, const struct actor *actor,
                               const json_t *body, const char *request_id, json_t **reply,
                               struct err *err);
/* Body: {"choice":"adopt"|"keep","reason"}. *reply is the position afterwards. ERR_CONFLICT:
 * nothing differs, it is not what it was a moment ago, or (adopt) the instrument is not HALTED. */
enum status control_settle_drift(struct control *control, const struct actor *actor,
                                 const char *instrument, const json_t *body, const char *request_id,
                                 json_t **reply, struct err *err);
/* At stop: no new orders, cancels by policy, STOP event, waits for durability. Main thread, after
 * the API has stopped. */
enum status control_stop_trading(struct control *control, int64_t timeout_ms, struct err *err);

/* --- any control-plane thread --- */
/* A page of them, newest first: in that state (enum approval_state; -1: any). `cursor` 0:
 * newest. */
json_t *control_approvals(struct control *control, int state, uint64_t cursor, uint32_t limit);
json_t *control_approval(struct control *control, const char *id); /* NULL: unknown */
/* Raises of a scope that return by themselves:
 * [{"name","value","back_to","until_ns","approval"}]. */
json_t *control_timeboxes(struct control *control, uint16_t scope);
/* When a strategy was armed in mode live, {"at_ns","by","first_day_until_ns"}, and the ceiling of a
 * scope, {"until_ns","ceiling":{name:value}}; json null: never, or none now. */
json_t *control_armed(struct control *control, uint16_t strategy);
json_t *control_first_day(struct control *control, uint16_t scope);
/* What the engine has been told of a scope and has not answered:
 * {"limits"|"state","by","at_ns"}, or json null. */
json_t *control_requested_limits(struct control *control, uint16_t scope);
json_t *control_requested_state(struct control *control, uint16_t scope);
/* The limits of a scope with all that belongs to them: as GET shows them. */
json_t *control_limits(struct control *control, uint16_t scope);
/* The same of its trading state. */
json_t *control_trading_state(struct control *control, uint16_t scope);
uint64_t control_approvals_version(struct control *control);
/* A strategy with its schema and the approval that would switch it on. */
json_t *control_strategy(struct control *control, uint16_t strategy);

#endif
