#include "control/approvals.h"

#include "thread/log.h"
#include "view/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *approval_state_name(enum approval_state state)
{
    static const char *const names[] = {"pending", "applied", "rejected", "expired", "stale"};

    assert((unsigned)state < sizeof names / sizeof names[0]);
    return names[state];
}

int approval_state_find(const char *name)
{
    for (int state = APPROVAL_PENDING; state <= APPROVAL_STALE; state++)
        if (strcmp(approval_state_name((enum approval_state)state), name) == 0)
            return state;
    return -1;
}

static const char *approval_kind_name(enum approval_kind kind)
{
    static const char *const names[] = {"limits", "state", "strategy", "config", "role"};

    assert((unsigned)kind < sizeof names / sizeof names[0]);
    return names[kind];
}

void approvals_open(struct approvals *approvals, uint64_t epoch)
{
    *approvals = (struct approvals){.next = epoch * 1000000 + 1};
    pthread_mutex_init(&approvals->lock, NULL);
}

void approvals_close(struct approvals *approvals)
{
    for (int i = 0; i < APPROVALS_MAX; i++) {
        json_decref(approvals->row[i].diff);
        grant_wipe(&approvals->row[i].grant);
    }
    pthread_mutex_destroy(&approvals->lock);
}

/* A free place, or that of the oldest decided one. */
static struct approval *take(struct approvals *approvals)
{
    struct approval *oldest = NULL;
    int pending = 0;

    for (int i = 0; i < APPROVALS_MAX; i++) {
        struct approval *row = &approvals->row[i];

        if (row->number == 0)
            return row;
        if (row->state == APPROVAL_PENDING)
            pending++;
        else if (!oldest || row->number < oldest->number)
            oldest = row;
    }
    return pending < APPROVALS_MAX ? oldest : NULL;
}

/* `person` NULL: of all. */
static int count_pending(const struct approvals *approvals, const char *person)
{
    int pending = 0;

    for (int i = 0; i < APPROVALS_MAX; i++) {
        const struct approval *row = &approvals->row[i];

        pending += row->number != 0 && row->state == APPROVAL_PENDING &&
                   (!person || strcmp(row->person, person) == 0);
    }
    return pending;
}

struct approval *approvals_add(struct approvals *approvals, const struct approval *proposal,
                               struct instant now)
{
    struct approval *row = NULL;

    pthread_mutex_lock(&approvals->lock);
    if (count_pending(approvals, NULL) < APPROVALS_PENDING_MAX &&
        count_pending(approvals, proposal->person) < APPROVALS_OF_PERSON)
        row = take(approvals);
    if (row) {
        json_decref(row->diff);
        *row = *proposal;
        row->number = approvals->next++;
        row->state = APPROVAL_PENDING;
        row->made_ns = now.wall_ns;
        row->expires_ns = now.wall_ns + APPROVAL_LIFE_NS;
        row->expires_mono_ns = now.mono_ns + APPROVAL_LIFE_NS;
    }
    pthread_mutex_unlock(&approvals->lock);
    return row;
}

void approvals_forget(struct approvals *approvals, struct approval *approval)
{
    pthread_mutex_lock(&approvals->lock);
    approval->number = 0;
    grant_wipe(&approval->grant);
    json_decref(approval->diff);
    approval->diff = NULL;
    pthread_mutex_unlock(&approvals->lock);
}

void approval_id(const struct approval *approval, char out[32])
{
    snprintf(out, 32, "A%llu", (unsigned long long)approval->number);
}

struct approval *approvals_find(struct approvals *approvals, const char *id)
{
    char text[32];

    for (int i = 0; i < APPROVALS_MAX; i++) {
        approval_id(&approvals->row[i], text);
        if (approvals->row[i].number != 0 && strcmp(text, id) == 0)
            return &approvals->row[i];
    }
    return NULL;
}

static bool is_over(const struct approval *approval, struct instant now)
{
    return now.wall_ns >= approval->expires_ns || now.mono_ns >= approval->expires_mono_ns;
}

enum status approval_may_decide(const struct approval *approval, const struct actor *actor,
                                bool approve, struct instant now, struct err *err)
{
    if (approve && !actor->is_session)
        return err_set(err, ERR_NEEDS_PERSON, "a token cannot approve; log in");
    if (strcmp(actor->person, approval->person) == 0)
        return err_format(err, ERR_SELF_APPROVAL, "%s proposed it; another person must decide",
                          approval->person);
    if (approve && approval->state == APPROVAL_STALE)
        return err_set(err, ERR_STALE_VERSION, APPROVAL_STALE_SAYS);
    if (approval->state != APPROVAL_PENDING || is_over(approval, now))
        return err_format(err, ERR_CONFLICT, "it is no longer pending: %s",
                          approval_state_name(approval->state == APPROVAL_PENDING
                                                  ? APPROVAL_EXPIRED
                                                  : approval->state));
    if (approve && now.wall_ns >= actor->reauth_until_ns)
        return err_set(err, ERR_REAUTH_REQUIRED, "your log-in is older than 5 minutes; confirm it");
    return OK;
}

void approval_decide(struct approvals *approvals, struct approval *approval,
                     enum approval_state state, const char *decider, const char *decision,
                     int64_t now_ns)
{
    assert(approval->state == APPROVAL_PENDING && state != APPROVAL_PENDING);
    pthread_mutex_lock(&approvals->lock);
    grant_wipe(&approval->grant);
    approval->state = state;
    approval->decided_ns = now_ns;
    snprintf(approval->decider, sizeof approval->decider, "%s", decider);
    snprintf(approval->decision, sizeof approval->decision, "%s", decision);
    pthread_mutex_unlock(&approvals->lock);
}

struct approval *approvals_expired(struct approvals *approvals, struct instant now)
{
    for (int i = 0; i < APPROVALS_MAX; i++) {
        struct approval *row = &approvals->row[i];

        if (row->number != 0 && row->state == APPROVAL_PENDING && row->command_id == 0 &&
            is_over(row, now))
            return row;
    }
    return NULL;
}

/* ---------------------------------------------------------------------------------- JSON */

static json_t *text_json(const char *text)
{
    return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *diff_json(const struct approval *approval)
{
    if (approval->diff)
        return json_deep_copy(approval->diff);
    if (approval->kind == APPROVAL_LIMITS)
        return limits_diff(&approval->change, &approval->before, false);
    if (approval->kind == APPROVAL_ROLE)
        return grant_diff(&approval->grant);
    if (approval->kind == APPROVAL_CONFIG)
        return json_loads(approval->settings_diff, 0, NULL);
    if (approval->kind == APPROVAL_STRATEGY)
        return json_pack("[{s:s,s:s,s:s}]", "name", "enabled", "old", "false", "new", "true");
    return json_pack("[{s:s,s:s,s:s}]", "name", "state", "old", trading_state_name(approval->from),
                     "new", trading_state_name(approval->to));
}

/* How long the raise is to last; null: it stays. */
static json_t *raise_json(const struct approval *approval)
{
    if (approval->kind != APPROVAL_LIMITS || approval->change.expires_s == 0)
        return json_null();
    return json_integer(approval->change.expires_s);
}

/* Whom a grant is for; null of the other kinds. */
static json_t *account_json(const struct approval *approval)
{
    return approval->kind == APPROVAL_ROLE ? grant_account(&approval->grant) : json_null();
}

json_t *approval_json(const struct approval *approval)
{
    char id[32];

    approval_id(approval, id);
    return json_pack(
        "{s:s,s:s,s:s,s:o,s:o,s:I,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "id", id, "kind",
        approval_kind_name(approval->kind), "scope", approval->scope_name, "diff",
        diff_json(approval), "account", account_json(approval), "base", (json_int_t)approval->base,
        "reason", approval->reason, "proposer", approval->proposer, "person", approval->person,
        "by", actor_by_name(approval->origin.by), "state", approval_state_name(approval->state),
        "expires_ns", json_ns_or_null(approval->expires_ns), "proposed_ns",
        json_ns_or_null(approval->made_ns), "decider", text_json(approval->decider), "decision",
        text_json(approval->decision), "decided_ns", json_ns_or_null(approval->decided_ns),
        "expires_s", raise_json(approval));
}

static int newer(const void *a, const void *b)
{
    const struct approval *const *left = a;
    const struct approval *const *right = b;

    return ((*left)->number < (*right)->number) - ((*left)->number > (*right)->number);
}

/* Those of a page, sorted, and whether there are more. Locked. */
static size_t sort_page(const struct approvals *approvals, int state, uint64_t before,
                        const struct approval *sorted[APPROVALS_MAX])
{
    size_t count = 0;

    for (int i = 0; i < APPROVALS_MAX; i++) {
        const struct approval *row = &approvals->row[i];

        if (row->number != 0 && (state < 0 || (int)row->state == state) &&
            (before == 0 || row->number < before))
            sorted[count++] = row;
    }
    qsort(sorted, count, sizeof sorted[0], newer);
    return count;
}

json_t *approvals_list(struct approvals *approvals, int state, uint64_t before, uint32_t limit)
{
    const struct approval *sorted[APPROVALS_MAX];
    json_t *items = json_array(), *next = json_null();
    size_t count;

    pthread_mutex_lock(&approvals->lock);
    count = sort_page(approvals, state, before, sorted);
    for (size_t i = 0; i < count && i < limit; i++)
        json_array_append_new(items, approval_json(sorted[i]));
    if (count > limit)
        next = json_sprintf("%llu", (unsigned long long)sorted[limit - 1]->number);
    pthread_mutex_unlock(&approvals->lock);
    return json_pack("{s:o,s:o}", "items", items, "next", next);
}

json_t *approvals_one(struct approvals *approvals, const char *id)
{
    const struct approval *found;
    json_t *json = NULL;

    pthread_mutex_lock(&approvals->lock);
    if ((found = approvals_find(approvals, id)))
        json = approval_json(found);
    pthread_mutex_unlock(&approvals->lock);
    return json;
}

json_t *approvals_pending(struct approvals *approvals, enum approval_kind kind, const char *scope)
{
    const struct approval *newest = NULL;
    json_t *json;

    pthread_mutex_lock(&approvals->lock);
    for (int i = 0; i < APPROVALS_MAX; i++) {
        const struct approval *row = &approvals->row[i];

        if (row->number != 0 && row->state == APPROVAL_PENDING && row->kind == kind &&
            strcmp(row->scope_name, scope) == 0 && (!newest || row->number > newest->number))
            newest = row;
    }
    json = newest ? approval_json(newest) : json_null();
    pthread_mutex_unlock(&approvals->lock);
    return json;
}
