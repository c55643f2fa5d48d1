#include "control/inside.h"

#include "thread/log.h"

#include <string.h>

/* ------------------------------------------------------------------------------ proposing */

/* A call of the control thread by another that waits for it. */
struct grant_job {
    struct control *control;
    const struct actor *actor;
    struct approval *proposal;
    const char *request_id;
    int *http;
    json_t **reply;
    struct err *err;
    enum status status;
};

static void propose(void *ctx)
{
    struct grant_job *job = ctx;

    job->status = access_look_again(job->control->from.access, job->actor, job->err);
    if (job->status == OK)
        job->status = control_propose(job->control, job->actor, job->proposal, job->request_id,
                                      job->http, job->reply, job->err);
}

static void grant_fill(struct grant *grant, const struct user *user,
                       const struct user_change *change)
{
    *grant = (struct grant){.after = *user};
    if (!change)
        return;
    grant->before = *user;
    grant->change = *change;
    user_change_fill(&grant->after, change);
}

enum status control_grant(struct control *control, const struct actor *actor,
                          const struct user *user, const struct user_change *change,
                          const char *reason, const char *request_id, int *http, json_t **reply,
                          struct err *err)
{
    struct approval proposal = {.kind = APPROVAL_ROLE};
    struct grant_job job = {.control = control,
                            .actor = actor,
                            .proposal = &proposal,
                            .request_id = request_id,
                            .http = http,
                            .reply = reply,
                            .err = err};
    enum status status;

    grant_fill(&proposal.grant, user, change);
    snprintf(proposal.scope_name, sizeof proposal.scope_name, "user/%s", user->name);
    snprintf(proposal.reason, sizeof proposal.reason, "%s", reason);
    proposal.base = change ? user->version : 0;
    status = control_call(control, propose, &job, err);
    grant_wipe(&proposal.grant);
    return status == OK ? job.status : status;
}

/* ------------------------------------------------------------------------------- deciding */

static void diff_add(json_t *rows, const char *name, const char *before, const char *after)
{
    if (!before || strcmp(before, after) != 0)
        json_array_append_new(
            rows, json_pack("{s:s,s:s?,s:s}", "name", name, "old", before, "new", after));
}

json_t *grant_diff(const struct grant *grant)
{
    const struct user *before = &grant->before, *after = &grant->after;
    bool is_new = before->name[0] == '\0';
    json_t *rows = json_array();

    diff_add(rows, "role", is_new ? NULL : role_name(before->role), role_name(after->role));
    diff_add(rows, "person", is_new ? NULL : before->person, after->person);
    diff_add(rows, "disabled", before->disabled ? "true" : "false",
             after->disabled ? "true" : "false");
    diff_add(rows, "must_change_password",
             is_new                ? NULL
             : before->must_change ? "true"
                                   : "false",
             after->must_change ? "true" : "false");
    return rows;
}

json_t *grant_account(const struct grant *grant)
{
    bool is_new = grant->before.name[0] == '\0';
    const struct user *user = is_new ? &grant->after : &grant->before;
    const char *by = is_new || user->created_by[0] == '\0' ? NULL : user->created_by;

    return json_pack("{s:s,s:s,s:o,s:s?}", "user", user->name, "person", user->person, "created_ns",
                     is_new ? json_null() : access_ns_json(user->created_ns), "created_by", by);
}

enum status grant_may_decide(const struct approval *approval, const struct actor *actor,
                             struct err *err)
{
    const struct grant *grant = &approval->grant;

    if (approval->kind != APPROVAL_ROLE) {
        if (actor->role == ROLE_RISK)
            return OK;
        return err_format(err, ERR_FORBIDDEN,
                          "role %s may not decide this; it needs role risk "
                          "exactly",
                          role_name(actor->role));
    }
    if (strcmp(actor->person, grant->after.person) == 0 ||
        strcmp(actor->person, grant->before.person) == 0)
        return err_format(err, ERR_SELF_APPROVAL,
                          "it gives something to %s; another person must "
                          "decide",
                          actor->person);
    return OK;
}

static bool is_same_account(const struct user *now, const struct user *before)
{
    return now->version == before->version && now->created_ns == before->created_ns &&
           strcmp(now->person, before->person) == 0;
}

bool grant_base_moved(struct access *access, const struct grant *grant)
{
    struct user now;
    struct err err;
    bool found = access_user_get(access, grant->after.name, &now, &err) == OK;
    bool moved =
        grant->before.name[0] == '\0' ? found : !found || !is_same_account(&now, &grant->before);

    if (found)
        explicit_bzero(&now, sizeof now);
    return moved;
}

static enum status give(struct access *access, const struct grant *grant, struct err *err)
{
    struct user made = grant->after;
    enum status status;

    if (grant->before.name[0] != '\0')
        return access_user_change(access, made.name, grant->before.version, &grant->change, err);
    status = access_user_add(access, &made, err);
    explicit_bzero(&made, sizeof made);
    return status;
}

enum status grant_apply(struct control *control, const struct actor *actor,
                        const struct grant *grant, const struct control_fact *intent,
                        struct err *err)
{
    struct control_fact fact = {.kind = "user",
                                .scope = intent->scope,
                                .reason = intent->reason,
                                .request_id = intent->request_id,
                                .new_value = json_pack("{s:s,s:s,s:s}", "user", grant->after.name,
                                                       "role", role_name(grant->after.role),
                                                       "person", grant->after.person)};
    enum status status;
    uint64_t seq;

    if ((status = control_record(control, actor, intent, 0, &seq, err)) == OK &&
        (status = control_wait_record(control, seq, err)) == OK)
        status = give(control->from.access, grant, err);
    if (status == OK)
        control_note(control, actor, &fact);
    else
        json_decref(fact.new_value);
    return status;
}

void grant_wipe(struct grant *grant)
{
    explicit_bzero(grant->after.hash, sizeof grant->after.hash);
    explicit_bzero(grant->before.hash, sizeof grant->before.hash);
    explicit_bzero(grant->after.totp, sizeof grant->after.totp);
    explicit_bzero(grant->before.totp, sizeof grant->before.totp);
}
