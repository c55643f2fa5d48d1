/* Approvals: proposals to loosen something, and their life.
 *
 *   pending -> applied | rejected | expired (15 minutes) | stale (what it builds on has moved, or
 *   who proposed it may no more)
 *
 * One that was agreed to and told to the engine, which did not answer in time, stays pending, and
 * nobody decides it, until the engine has answered.
 * A proposal keeps what it would do (all limits of a scope, a trading state, a strategy switched
 * on or told something looser, settings, or what an account is given), the version it was made
 * against, and who made it; the second person confirms exactly that. The newest 256 are
 * kept, in memory: those that are pending at a restart are gone, which is the safe direction; what
 * became of every one is in the control lane. Ids are "A<n>", n = epoch * 10^6 + counter, so they
 * never repeat.
 *
 * Written by the control thread, read by any under the lock. */
#ifndef PITWALL_CONTROL_APPROVALS_H
#define PITWALL_CONTROL_APPROVALS_H

#include "control/access.h"
#include "control/grants.h"
#include "control/limits.h"
#include "control/strategies.h"
#include "control/timebox.h"

#include <pthread.h>

enum { APPROVALS_MAX = 256, APPROVALS_PENDING_MAX = 64, APPROVALS_OF_PERSON = 32 };
#define APPROVAL_LIFE_NS (900 * 1000000000LL)
#define APPROVAL_STALE_SAYS "what this proposal builds on has changed; propose anew"

enum approval_kind {
    APPROVAL_LIMITS,
    APPROVAL_STATE,
    APPROVAL_STRATEGY,
    APPROVAL_CONFIG,
    APPROVAL_ROLE
};
enum approval_state {
    APPROVAL_PENDING,
    APPROVAL_APPLIED,
    APPROVAL_REJECTED,
    APPROVAL_EXPIRED,
    APPROVAL_STALE
};

struct approval {
    uint64_t number; /* of the id; 0: free */
    enum approval_kind kind;
    enum approval_state state;
    uint16_t scope;
    char scope_name[SCOPE_TEXT_MAX];
    uint64_t base;
    struct limits_change change; /* APPROVAL_LIMITS */
    struct limits before;
    enum trading_state from, to; /* APPROVAL_STATE */
    uint64_t incident;
    uint16_t strategy; /* APPROVAL_STRATEGY: to be switched on, or told something looser */
    struct strategy_change told; /* all of what it is told; nothing when it is switched on */
    json_t *diff;                /* of that; owned by the place it is kept in, else NULL */
    char settings[2048], settings_diff[4096]; /* APPROVAL_CONFIG: {path: value}, and diff; JSON */
    struct grant grant;                       /* APPROVAL_ROLE */
    char reason[REASON_MAX];
    char proposer[MAX_NAME], person[MAX_NAME];
    struct origin origin; /* the proposer's: it goes stale when that no longer stands */
    char decider[MAX_NAME], decision[REASON_MAX];
    int64_t made_ns, expires_ns, decided_ns;
    int64_t expires_mono_ns; /* of the two ends the earlier: no step of the wall clock adds time */
    /* Agreed to, and the engine told, but not known to be in force: the control thread's. */
    uint64_t command_id; /* 0: none */
    char told_by[MAX_NAME], told_why[REASON_MAX];
};

struct approvals {
    pthread_mutex_t lock;
    uint64_t next; /* number */
    struct approval row[APPROVALS_MAX];
};

void approvals_open(struct approvals *approvals, uint64_t epoch);
void approvals_close(struct approvals *approvals);

/* Keeps a copy (and the diff, which it steals), gives it number, state and expiry; NULL when too
 * many are pending, or of this person his half: then the diff is the caller's still. The answer is
 * the control thread's until its next call of this. */
struct approval *approvals_add(struct approvals *approvals, const struct approval *proposal,
                               struct instant now);
/* Takes back one that could not be recorded. */
void approvals_forget(struct approvals *approvals, struct approval *approval);
struct approval *approvals_find(struct approvals *approvals, const char *id);
/* May this person decide it now? Only reads. Approving needs a person's session, not the
 * proposer's, confirmed within 5 minutes; rejecting only somebody else than the proposer. */
enum status approval_may_decide(const struct approval *approval, const struct actor *actor,
                                bool approve, struct instant now, struct err *err);
void approval_decide(struct approvals *approvals, struct approval *approval,
                     enum approval_state state, const char *decider, const char *decision,
                     int64_t now_ns);
/* The next one whose time is over and which the engine has not been told, or NULL; the caller
 * records and decides it. */
struct approval *approvals_expired(struct approvals *approvals, struct instant now);

const char *approval_state_name(enum approval_state state);
/* -1: there is none of that name. */
int approval_state_find(const char *name);
void approval_id(const struct approval *approval, char out[32]);
json_t *approval_json(const struct approval *approval);
/* A page, newest first: in that state (-1: any), older than number `before` (0: the newest). */
json_t *approvals_list(struct approvals *approvals, int state, uint64_t before, uint32_t limit);
json_t *approvals_one(struct approvals *approvals, const char *id); /* NULL: unknown */
/* The newest of that kind and scope that is pending, or json null. */
json_t *approvals_pending(struct approvals *approvals, enum approval_kind kind, const char *scope);

#endif
