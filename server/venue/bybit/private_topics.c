/* Subscriptions on /v5/private: "order" for all categories or "order.linear" for one, not both in
 * one request. */
#include "venue/bybit/session.h"

#include <stdio.h>
#include <string.h>

struct wanted {
    bool is_dcp, is_all;
    enum topic topic;
    uint8_t category; /* of one; inverse and option are known and silent */
    enum product product;
};

static bool find_dcp(const char *name, struct wanted *wanted)
{
    static const char *const names[PRODUCT_COUNT] = {"dcp.future", "dcp.spot", "dcp.option"};

    for (uint32_t at = 0; at < PRODUCT_COUNT; at++)
        if (strcmp(names[at], name) == 0) {
            *wanted = (struct wanted){.is_dcp = true, .product = (enum product)at};
            return true;
        }
    return false;
}

static bool find_topic(const char *name, struct wanted *wanted)
{
    /* The longer name first: "execution.fast" is no category of "execution". */
    static const struct {
        const char *name;
        enum topic topic;
    } rows[] = {{"execution.fast", TOPIC_FAST},
                {"execution", TOPIC_EXECUTION},
                {"order", TOPIC_ORDER},
                {"position", TOPIC_POSITION},
                {"wallet", TOPIC_WALLET}};

    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        size_t length = strlen(rows[at].name);

        if (strncmp(name, rows[at].name, length) != 0)
            continue;
        *wanted = (struct wanted){.topic = rows[at].topic, .is_all = name[length] == '\0'};
        wanted->category = wanted->is_all ? CATEGORY_NONE : category_find(name + length + 1);
        if (wanted->is_all || (name[length] == '.' && wanted->category != CATEGORY_NONE))
            return true;
    }
    return find_dcp(name, wanted);
}

static void check(const json_t *args, char says[160])
{
    bool all[TOPIC_COUNT] = {false};
    bool one[TOPIC_COUNT] = {false};
    struct wanted wanted;

    for (size_t at = 0; at < json_array_size(args); at++) {
        const char *name = json_string_value(json_array_get(args, at));

        if (!name || !find_topic(name, &wanted)) {
            snprintf(says, 160, "error:handler not found,topic:%.100s", name ? name : "");
            return;
        }
        if (wanted.is_dcp)
            continue;
        *(wanted.is_all ? &all[wanted.topic] : &one[wanted.topic]) = true;
        if (all[wanted.topic] && one[wanted.topic])
            snprintf(says, 160, "error:all-in-one and categorised topic in one request:%.80s",
                     name);
    }
}

static void change(struct bybit *bybit, struct session *session, const json_t *args, bool on)
{
    struct wanted wanted;

    for (size_t at = 0; at < json_array_size(args); at++) {
        if (!find_topic(json_string_value(json_array_get(args, at)), &wanted))
            continue;
        if (wanted.is_dcp) {
            session->dcp[wanted.product] = on;
            dcp_carrier_changed(bybit, session->key->account, wanted.product, clock_real_ns());
        } else if (wanted.is_all) {
            session->topic_all[wanted.topic] = on;
        } else if (wanted.category < VENUE_CATEGORY_COUNT) {
            session->topic_of[wanted.topic][wanted.category] = on;
        }
    }
}

void session_private_topics(struct bybit *bybit, struct session *session, json_t *frame,
                            const char *op, const struct venue_fault *fault)
{
    const json_t *args = json_object_get(frame, "args");
    char says[160] = "";

    if (!session->key)
        snprintf(says, sizeof says, "Request not authorized");
    else if (fault->verb == VENUE_FAULT_REJECT)
        snprintf(says, sizeof says, "refused by the fault script");
    else
        check(args, says);
    if (!*says)
        change(bybit, session, args, strcmp(op, "subscribe") == 0);
    session_put_reply(session, &bybit->out, frame, op, !*says, says);
    session_reply(bybit, session, &bybit->out, VENUE_ON_SUBSCRIBE, fault);
}
