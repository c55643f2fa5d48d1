/* Grants: what gives an account more than it has takes two people.
 *
 * Making an account above viewer, raising a role (to risk from any: it alone approves), moving an
 * account to another person, or enabling one again opens an approval of kind `role`. It may be
 * decided by a person of role risk or admin who is neither the proposer nor one whom it gives
 * something. The hash of a proposed account's password stays in here and is in no answer. */
#ifndef PITWALL_CONTROL_GRANTS_H
#define PITWALL_CONTROL_GRANTS_H

#include "control/access_db.h"
#include "control/people.h"

/* Part of an approval. */
struct grant {
    struct user before, after; /* `before` is empty when the account is to be made */
    struct user_change change; /* of an account that there is */
};

struct approval;
struct control;
struct control_fact;

/* Any thread but the control thread, which it waits for. `user` is the new account (its hash is
 * kept), or the one that `change` is for. *reply is the approval, *http 202. */
enum status control_grant(struct control *control, const struct actor *actor,
                          const struct user *user, const struct user_change *change,
                          const char *reason, const char *request_id, int *http, json_t **reply,
                          struct err *err);

/* --- for the life of an approval of kind `role` --- */
json_t *grant_diff(const struct grant *grant);
/* Whose account it is, made when and by whom (null: not made yet, or not known). */
json_t *grant_account(const struct grant *grant);
/* ERR_FORBIDDEN: the role may not decide this kind (`role` or not). ERR_SELF_APPROVAL: it would
 * give something to oneself. */
enum status grant_may_decide(const struct approval *approval, const struct actor *actor,
                             struct err *err);
bool grant_base_moved(struct access *access, const struct grant *grant);
/* Control thread: records the decision, then changes the account. */
enum status grant_apply(struct control *control, const struct actor *actor,
                        const struct grant *grant, const struct control_fact *intent,
                        struct err *err);
/* Wipes the hash: decided, or forgotten. */
void grant_wipe(struct grant *grant);

#endif
