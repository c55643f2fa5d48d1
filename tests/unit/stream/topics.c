#include "stream/topics.h"

#include <criterion/criterion.h>

Test(topics, are_found_by_name)
{
    for (int topic = 0; topic < TOPIC_COUNT; topic++)
        cr_assert_eq(topic_find(topic_name((enum topic_id)topic)), (enum topic_id)topic);
    cr_assert_eq(topic_find("weather"), TOPIC_COUNT);
    cr_assert_eq(topic_find(""), TOPIC_COUNT);
}

Test(topics, a_viewer_reads_all_but_approvals_and_audit)
{
    const struct actor viewer = {.role = ROLE_VIEWER};

    for (int topic = 0; topic < TOPIC_COUNT; topic++)
        cr_assert_eq(topic_is_for((enum topic_id)topic, &viewer),
                     topic != TOPIC_APPROVALS && topic != TOPIC_AUDIT, "%s",
                     topic_name((enum topic_id)topic));
}

Test(topics, risk_reads_everything)
{
    const struct actor risk = {.role = ROLE_RISK};

    for (int topic = 0; topic < TOPIC_COUNT; topic++)
        cr_assert(topic_is_for((enum topic_id)topic, &risk));
}

Test(topics, a_token_reads_what_its_scope_says)
{
    const struct actor reader = {.scopes = TOKEN_SCOPE_AUDIT_READ};
    const struct actor button = {.scopes = TOKEN_SCOPE_KILL};

    cr_assert(topic_is_for(TOPIC_AUDIT, &reader));
    cr_assert_not(topic_is_for(TOPIC_BOOKS, &reader));
    cr_assert_not(topic_is_for(TOPIC_AUDIT, &button));
}
