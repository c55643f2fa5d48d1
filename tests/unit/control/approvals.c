#include "control/approvals.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

static struct approvals approvals;
static struct err err;
static const int64_t now_ns = 1000000000000;

static const struct actor ann = {.name = "ann",
                                 .person = "ann",
                                 .role = ROLE_RISK,
                                 .is_session = true,
                                 .reauth_until_ns = now_ns + 1};
static const struct actor bob = {.name = "bob",
                                 .person = "bob",
                                 .role = ROLE_RISK,
                                 .is_session = true,
                                 .reauth_until_ns = now_ns + 1};

/* Where the clocks agree. */
static struct instant at(int64_t ns)
{
    return (struct instant){.wall_ns = ns, .mono_ns = ns - now_ns + 5};
}

static void begin(void)
{
    approvals_open(&approvals, 7);
}

static void end(void)
{
    approvals_close(&approvals);
}

TestSuite(approvals, .init = begin, .fini = end);

static struct approval *propose_by(const char *person, const char *scope)
{
    struct approval proposal = {.kind = APPROVAL_STATE, .from = STATE_HALTED, .to = STATE_ACTIVE};

    snprintf(proposal.scope_name, sizeof proposal.scope_name, "%s", scope);
    strcpy(proposal.reason, "all clear");
    snprintf(proposal.proposer, sizeof proposal.proposer, "%s", person);
    snprintf(proposal.person, sizeof proposal.person, "%s", person);
    return approvals_add(&approvals, &proposal, at(now_ns));
}

static struct approval *propose(const char *scope)
{
    return propose_by("ann", scope);
}

Test(approvals, another_person_may_approve)
{
    cr_assert_eq(approval_may_decide(propose("firm"), &bob, true, at(now_ns), &err), OK);
}

Test(approvals, the_proposer_decides_nothing)
{
    struct approval *approval = propose("firm");
    struct actor again = ann;

    strcpy(again.name, "anns-other-login");
    cr_assert_eq(approval_may_decide(approval, &ann, true, at(now_ns), &err), ERR_SELF_APPROVAL);
    cr_assert_eq(approval_may_decide(approval, &again, true, at(now_ns), &err), ERR_SELF_APPROVAL);
    cr_assert_eq(approval_may_decide(approval, &ann, false, at(now_ns), &err), ERR_SELF_APPROVAL);
}

Test(approvals, a_token_may_reject_but_not_approve)
{
    struct actor token = bob;

    token.is_session = false;
    cr_assert_eq(approval_may_decide(propose("firm"), &token, true, at(now_ns), &err),
                 ERR_NEEDS_PERSON);
    cr_assert_eq(approval_may_decide(propose("firm"), &token, false, at(now_ns), &err), OK);
}

Test(approvals, an_old_log_in_must_be_confirmed)
{
    struct approval *approval = propose("firm");

    cr_assert_eq(approval_may_decide(approval, &bob, true, at(bob.reauth_until_ns), &err),
                 ERR_REAUTH_REQUIRED);
    cr_assert_eq(approval_may_decide(approval, &bob, false, at(bob.reauth_until_ns), &err), OK);
}

Test(approvals, what_is_decided_stays_decided)
{
    struct approval *approval = propose("firm");

    approval_decide(&approvals, approval, APPROVAL_REJECTED, "bob", "no", now_ns);
    cr_assert_eq(approval_may_decide(approval, &bob, true, at(now_ns), &err), ERR_CONFLICT);
    cr_assert(strstr(err.text, "rejected"));
}

Test(approvals, fifteen_minutes_are_the_end)
{
    struct approval *approval = propose("firm");
    int64_t end_ns = now_ns + 900LL * 1000000000;
    struct actor fresh = bob;

    fresh.reauth_until_ns = INT64_MAX;
    cr_assert_null(approvals_expired(&approvals, at(end_ns - 1)));
    cr_assert_eq(approval_may_decide(approval, &fresh, true, at(end_ns - 1), &err), OK);
    cr_assert_eq(approval_may_decide(approval, &fresh, true, at(end_ns), &err), ERR_CONFLICT);
    cr_assert_eq(approvals_expired(&approvals, at(end_ns)), approval);
    approval_decide(&approvals, approval, APPROVAL_EXPIRED, "pitwall", "", end_ns);
    cr_assert_null(approvals_expired(&approvals, at(end_ns)));
}

Test(approvals, a_wall_clock_set_back_adds_no_time)
{
    struct approval *approval = propose("firm");
    struct instant end = at(now_ns + APPROVAL_LIFE_NS);
    struct actor fresh = bob;

    fresh.reauth_until_ns = INT64_MAX;
    end.wall_ns = now_ns - 3600LL * 1000000000;
    cr_assert_eq(approval_may_decide(approval, &fresh, true, end, &err), ERR_CONFLICT);
    cr_assert_eq(approvals_expired(&approvals, end), approval);
    end.mono_ns--;
    cr_assert_eq(approval_may_decide(approval, &fresh, true, end, &err), OK);
    cr_assert_null(approvals_expired(&approvals, end));
    end.wall_ns = now_ns + APPROVAL_LIFE_NS;
    cr_assert_eq(approvals_expired(&approvals, end), approval, "and one set forward takes some");
}

Test(approvals, what_is_forgotten_keeps_no_hash)
{
    static const char none[PASSWORD_HASH_MAX];
    struct approval proposal = {.kind = APPROVAL_ROLE, .grant.after.hash = "$argon2id$secret"};
    struct approval *kept = approvals_add(&approvals, &proposal, at(now_ns));

    approvals_forget(&approvals, kept);
    cr_assert_eq(memcmp(kept->grant.after.hash, none, sizeof none), 0);
}

Test(approvals, numbers_do_not_repeat_over_restarts)
{
    char first[32], second[32];

    approval_id(propose("firm"), first);
    approvals_close(&approvals);
    approvals_open(&approvals, 8);
    approval_id(propose("firm"), second);
    cr_assert_str_eq(first, "A7000001");
    cr_assert_str_eq(second, "A8000001");
}

Test(approvals, the_list_is_newest_first_and_ids_find)
{
    char id[32];
    json_t *list;
    json_t *one;

    propose("firm");
    approval_id(propose("venue/sim"), id);
    list = approvals_list(&approvals, -1, 0, APPROVALS_MAX);
    one = json_array_get(json_object_get(list, "items"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(one, "id")), id);
    cr_assert_str_eq(json_string_value(json_object_get(one, "scope")), "venue/sim");
    json_decref(list);
    one = approvals_one(&approvals, id);
    cr_assert_str_eq(json_string_value(json_object_get(one, "kind")), "state");
    cr_assert_str_eq(json_string_value(json_object_get(one, "state")), "pending");
    json_decref(one);
    cr_assert_null(approvals_one(&approvals, "A7"));
    cr_assert_null(approvals_one(&approvals, "A0"));
}

Test(approvals, too_many_pending_are_refused_and_old_ones_make_room)
{
    struct approval *approval = NULL;

    for (int i = 0; i < APPROVALS_PENDING_MAX; i++)
        cr_assert((approval = propose_by(i % 2 ? "ann" : "bob", "firm")));
    cr_assert_null(propose_by("eve", "firm"));
    approval_decide(&approvals, approval, APPROVAL_REJECTED, "bob", "", now_ns);
    for (int i = 0; i < 2 * APPROVALS_MAX; i++) {
        cr_assert((approval = propose("firm")), "%d", i);
        approval_decide(&approvals, approval, APPROVAL_REJECTED, "bob", "", now_ns);
    }
    approvals_forget(&approvals, propose("firm"));
    cr_assert(propose("firm"));
}

Test(approvals, one_person_has_half_of_what_may_be_pending)
{
    struct approval *approval = NULL;

    for (int i = 0; i < APPROVALS_OF_PERSON; i++)
        cr_assert((approval = propose("firm")));
    cr_assert_null(propose("firm"));
    cr_assert(propose_by("bob", "firm"));
    approval_decide(&approvals, approval, APPROVAL_REJECTED, "bob", "", now_ns);
    cr_assert(propose("firm"));
}

Test(approvals, the_pending_change_of_a_scope_is_shown)
{
    struct approval proposal = {.kind = APPROVAL_LIMITS, .scope_name = "firm", .base = 3};
    struct approval *kept;
    json_t *pending;

    propose("firm");
    pending = approvals_pending(&approvals, APPROVAL_LIMITS, "firm");
    cr_assert(json_is_null(pending), "a state is no change of limits");
    proposal.change.named[LIMIT_MAX_ORDER_LOTS] = true;
    proposal.change.asked.value[LIMIT_MAX_ORDER_LOTS] = 9;
    proposal.before.value[LIMIT_MAX_ORDER_LOTS] = 5;
    kept = approvals_add(&approvals, &proposal, at(now_ns));
    pending = approvals_pending(&approvals, APPROVAL_LIMITS, "firm");
    cr_assert_eq(json_integer_value(json_object_get(pending, "base")), 3);
    cr_assert_eq(json_array_size(json_object_get(pending, "diff")), 1);
    json_decref(pending);
    approval_decide(&approvals, kept, APPROVAL_APPLIED, "bob", "", now_ns);
    cr_assert(json_is_null(approvals_pending(&approvals, APPROVAL_LIMITS, "firm")));
}
