/* What the files of control/ share: the control thread's own state, and how it records, commands
 * and waits. Everything here is the control thread's unless it says otherwise. */
#ifndef PITWALL_CONTROL_INSIDE_H
#define PITWALL_CONTROL_INSIDE_H

#include "control/approvals.h"
#include "control/control.h"
#include "control/first_day.h"
#include "control/strategies.h"
#include "control/timebox.h"
#include "thread/budget.h"

#include <pthread.h>
#include <stdatomic.h>

enum { NOTES_MAX = 1024, NOTES_ROOM = NOTES_MAX + 512, KILLS_MAX = 256, COMMAND_WAIT_MS = 1000 };
#define BEAT_NS 500000000LL

struct instant instant_now(void); /* any thread */

/* A kill whose receipt is not finished: still `durable: false`, or with a silent engine. */
struct kill_note {
    uint64_t incident; /* 0: no kill */
    uint64_t doorbell;
    uint16_t scope;
    int64_t at_ns;
    char actor[MAX_NAME], reason[REASON_MAX];
    bool answered; /* by the engine; else it is still awaited */
    bool untold;   /* by a person, while the view could not be asked: the control thread does all */
    bool flatten;  /* of an untold one, as are the next four */
    uint64_t pressed; /* the number that its answer carried */
    char person[MAX_NAME];
    enum role role;
    char request_id[32];
    int64_t ns_to_block;              /* -1: not known */
    uint64_t engine_seq, control_seq; /* durable when both lanes have come this far */
};

/* A fact on its way to the control lane. */
struct note {
    json_t *record; /* owned; NULL: a kill that nobody has named yet */
    int64_t at_ns;
    struct kill_note kill;
};

/* Of a kill that also wants out; the control thread commands it. */
struct flatten_want {
    uint64_t incident;
    uint16_t scope;
    char actor[MAX_NAME], reason[REASON_MAX];
};

/* A change that the engine has been told and has not answered within the time of the request. */
struct asked {
    uint64_t command_id; /* 0: nothing is open */
    int64_t at_ns;
    char by[MAX_NAME];
    struct limits_change change; /* of limits */
    enum trading_state state;    /* of a trading state */
};

/* Of the boxes of a scope that are over: how far their return has come. */
struct scope_return {
    uint64_t command_id;  /* on its way; 0: none */
    uint64_t settled_seq; /* when the engine's lane is durable up to here they can go; 0: not yet */
    int64_t retry_ns;     /* monotonic: not before */
};

/* What arming asks the engine for by itself, of one strategy. */
struct arm_turn {
    uint64_t command_id; /* on its way; 0: none */
    int64_t retry_ns;    /* monotonic: not before */
    bool is_off;         /* of one that was never armed: the engine has said so */
};

enum job_kind { JOBS_OF_PEOPLE, JOBS_OF_PROGRAM };

struct control {
    struct control_sources from;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* the two queues; held to move one entry */
    pthread_cond_t wake;
    bool stopping;
    struct fair_queue jobs;
    struct note note[NOTES_ROOM];
    uint32_t note_at, note_count;
    struct budget joined; /* kills of what was killed already, put on record */
    uint64_t notes_lost;

    struct flatten_want flatten[MAX_SCOPES]; /* one of a scope; under the lock */
    uint32_t flatten_count;
    int64_t beat_ns;   /* when the engine was last told that we live; monotonic */
    int64_t turned_ns; /* when what is due by itself was last looked at; monotonic */

    uint64_t commands; /* counter of command ids */
    uint64_t unsure;   /* the newest whose caller was not told whether it is in force */
    struct kill_note kill[KILLS_MAX];
    uint32_t kill_count;
    struct approvals approvals;
    struct {
        enum journal_storage seen;
        uint64_t troubles;
        int64_t since_ns;
    } storage;
    _Atomic uint64_t version; /* see control_touch */

    pthread_mutex_t promised; /* what follows is written by the control thread, read by any */
    struct timeboxes boxes;
    struct asked limits_asked[MAX_SCOPES], state_asked[MAX_SCOPES];
    struct first_day day[MAX_STRATEGIES]; /* of mode live */

    struct scope_return returning[MAX_SCOPES];
    struct arm_turn arm_turn[MAX_STRATEGIES];
    int64_t boxes_noted_ns; /* monotonic */
};

/* Any thread: proposals, time boxes or what is asked for are not what they were; also called for
 * every record. The stream looks at them only then: called after the change, never before it. */
void control_touch(struct control *control);
/* Another thread than the control thread: has it run `run` there, and waits for that.
 * ERR_UNAVAILABLE: it was not run. */
enum status control_call(struct control *control, void (*run)(void *ctx), void *ctx,
                         struct err *err);
/* The record of a fact, without its engine_seq. Any thread. Steals the fact's values. */
json_t *record_make(const struct actor *actor, const struct control_fact *fact);
/* Any thread: queues a kill's record (stolen), and the kill to be followed, or NULL. */
void control_queue_kill_note(struct control *control, json_t *record, const struct kill_note *kill);
/* Any thread, no allocation: queues a kill that the control thread is to name by itself. False: the
 * queue is full, which is counted and logged. */
bool control_queue_kill(struct control *control, const struct kill_note *kill);
/* Names such a kill in the view and queues its fact. */
void control_name_kill(struct control *control, struct kill_note *kill);

/* Any thread: the control thread will ask the engine to flatten; of one scope, the newest wish. */
void control_want_flatten(struct control *control, const struct flatten_want *want);

/* Appends to the control lane and gives the record's sequence; `cause` is the command it leads to.
 * ERR_STORAGE when the journal cannot take it: then nothing may be commanded. Steals the fact's
 * values. */
enum status control_record(struct control *control, const struct actor *actor,
                           const struct control_fact *fact, uint64_t cause, uint64_t *seq,
                           struct err *err);
/* A refusal that matters to the audit; returns err->status. Waits until the record is on disk, so
 * that whoever has himself refused without end fills no lane, which others' changes need. */
enum status control_refuse(struct control *control, const struct actor *actor,
                           const struct control_fact *fact, struct err *err);
/* Control thread, at each turn: trouble with the disk becomes a record. */
void control_watch_storage(struct control *control);
/* Any thread: logs what could not be done and why; it is tried again, or loosens nothing. */
void control_say_trouble(const char *what, const struct err *err);
/* Waits until the record is on disk. */
enum status control_wait_record(struct control *control, uint64_t seq, struct err *err);

/* The door itself: gives the command its id, records the intent, sends it, waits for the engine's
 * answer and until both are durable. ERR_STORAGE, ERR_UNAVAILABLE (ring full), ERR_NOT_APPLIED
 * (no answer within 1 s), or what the engine answered, said in words. */
enum status control_command(struct control *control, struct command *command,
                            const struct actor *actor, const struct control_fact *intent,
                            struct event_command_done *done, struct err *err);

/* The same without waiting for the answer: command->id tells it apart. ERR_STORAGE,
 * ERR_UNAVAILABLE: the engine was not told. */
enum status control_tell(struct control *control, struct command *command,
                         const struct actor *actor, const struct control_fact *intent,
                         struct err *err);

/* Keeps a proposal to loosen something and makes it durable before anybody hears of it: *http 202.
 * Steals proposal->diff. */
enum status control_propose(struct control *control, const struct actor *actor,
                            struct approval *proposal, const char *request_id, int *http,
                            json_t **reply, struct err *err);
/* Switches a strategy and sets what `change` names, as control_command() does. */
enum status control_apply_strategy(struct control *control, const struct actor *actor,
                                   uint16_t strategy, uint64_t base, bool enabled,
                                   const struct strategy_change *change,
                                   const struct control_fact *intent, struct err *err);

/* --- boxes.c: raises that return by themselves --- */

/* Reads those that are kept, and tells the engine to end those that are over: called before the
 * engine's thread runs, so that it hears of that before any market data. */
enum status control_boxes_open(struct control *control, struct err *err);
/* Keeps a box for a raise that is about to be commanded; *box NULL: the change has no end, or there
 * is one from an earlier try, which stays. */
enum status control_box_begin(struct control *control, const struct approval *approval,
                              struct timebox **box, struct err *err);
/* The raise was refused: no box is needed. NULL: nothing happens. */
void control_box_drop(struct control *control, struct timebox *box);
/* The same, of the box of an earlier try. */
void control_box_drop_of(struct control *control, const struct approval *approval);
/* limits_diff(), and where it would end a box: what that would go back to, and when, so that
 * whoever agrees sees what that is worth. */
json_t *control_boxes_diff(struct control *control, const struct approval *approval);
/* Two people have decided that what the approval raises stays: no box takes it back. */
void control_boxes_settle(struct control *control, const struct approval *approval);
/* At each turn: returns what is over, as soon as the engine takes it. Never waits for it. */
void control_turn_boxes(struct control *control);

/* --- arms.c: switched on in mode live --- */

/* Reads when strategies were armed, and tells the engine that those that never were are off:
 * called before its thread runs. ERR_DAMAGED. */
enum status control_arms_open(struct control *control, struct err *err);
/* Before a strategy is switched on: the first time keeps that it is armed, and on the first day
 * brings its limits down to the ceiling, as control_command() does. Not in mode live: nothing.
 * ERR_CONFLICT: to be tried again. What it has done stays, and only restricts. */
enum status control_arm(struct control *control, const struct actor *actor,
                        const struct approval *approval, struct err *err);
/* The approval has switched a strategy on: what an earlier one that is still pending has armed, and
 * would take back, is this one's now. */
void control_take_arming(struct control *control, const struct approval *approval);
/* The approval has come to nothing: what it armed is not armed, and its first day has not begun. */
void control_disarm(struct control *control, const struct approval *approval);
/* ERR_OVER_CAP: a limit would stand above the ceiling of a first day. */
enum status control_check_first_day(struct control *control, uint16_t scope,
                                    const struct limits_change *change, struct err *err);
/* At each turn: keeps off what is not armed and down what has its first day. Never waits. */
void control_turn_arms(struct control *control);

/* --- asked.c: what was asked for and is not known to be in force --- */
void control_asked_limits(struct control *control, const struct actor *actor, uint16_t scope,
                          uint64_t command_id, const struct limits_change *change);
void control_asked_state(struct control *control, const struct actor *actor, uint16_t scope,
                         uint64_t command_id, enum trading_state state);
bool control_limits_are_open(struct control *control, uint16_t scope);
/* At each turn: forgets what the engine has answered. */
void control_turn_asked(struct control *control);

/* Proposals that were pending when the program ended are gone; the audit hears of each. */
enum status control_proposals_open(struct control *control, struct err *err);

/* config_change.c: of an approval of kind `config`. */
bool control_config_has_moved(struct control *control, const struct approval *approval);
enum status control_apply_config(struct control *control, const struct actor *actor,
                                 const struct approval *approval, const char *request_id,
                                 struct err *err);

/* Control thread, between steps that may be slow: the engine's beat, when it is due. Before the
 * thread's first turn: nothing. */
void control_beat_on(struct control *control);
/* changes.c: what a second person has agreed to, as control_command() does. */
enum status control_apply_raise(struct control *control, const struct actor *actor,
                                const struct approval *approval, const struct control_fact *intent,
                                struct err *err);
enum status control_apply_state(struct control *control, const struct actor *actor,
                                const struct approval *change, const struct control_fact *intent,
                                struct err *err);
/* At each turn: decides what was agreed to and the engine has answered late. */
void control_turn_approvals(struct control *control);
/* Ends proposals whose time is over, whose base has moved, or whose proposer may no more: nobody
 * could agree to those. */
void control_expire(struct control *control);
/* Asks the engine to stop and waits for its answer. */
enum status control_stop_engine(struct control *control, struct err *err);

#endif
