#include "stream/topics.h"

#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

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

/* --- a view on a journal of its own, for the orders --- */

static struct desk desk;
static struct journal *journal;
static struct view *view;
static struct topics *topics;
static struct store_saved saved;
static struct kill_page kills;

static void open_topics(void)
{
    struct stream_sources sources = {0};
    char recovered[ERR_TEXT_MAX];
    struct err err;

    desk_open(&desk);
    cr_assert_eq(journal_open(&journal, desk.dir, &desk.config, recovered, &err), OK, "%s",
                 err.text);
    cr_assert_eq(view_open(&view,
                           &(struct view_sources){.config = &desk.config,
                                                  .journal = journal,
                                                  .kill = &kills,
                                                  .dir = desk.dir,
                                                  .saved = &saved},
                           &err),
                 OK);
    sources.view = view;
    cr_assert_eq(topics_open(&topics, &sources, &err), OK);
}

static void close_topics(void)
{
    topics_close(topics);
    view_close(view);
    journal_close(journal);
    desk_close(&desk);
}

TestSuite(topics_of_orders, .init = open_topics, .fini = close_topics);

#define SAY(kind, value)                                                                           \
    lane_append(journal_lane(journal, JOURNAL_ENGINE), kind, 1000, 0, &(value), sizeof(value))

static void send(uint64_t id)
{
    struct event_order_sent sent = desk_order(id, 100, 1);

    sent.order_seq = id;
    SAY(EVENT_ORDER_SENT, sent);
}

static void tell(uint64_t id, enum order_state state, uint8_t report)
{
    struct event_order_state told = {.order_id = id, .state = (uint8_t)state, .report = report};

    SAY(EVENT_ORDER_STATE, told);
}

static bool holds(const char *delta, uint64_t id)
{
    char text[ORDER_ID_TEXT_MAX];
    char quoted[ORDER_ID_TEXT_MAX + 2];

    order_id_print(text, id);
    (void)snprintf(quoted, sizeof quoted, "\"%s\"", text);
    return strstr(delta, quoted) != NULL;
}

/* The payload of a frame; static memory, one at a time. */
static const char *text_of(const struct frame *frame)
{
    static char text[1 << 20];
    size_t header = !frame ? 0 : frame->bytes[1] < 126 ? 2 : frame->bytes[1] == 126 ? 4 : 10;

    if (frame) {
        cr_assert_lt(frame->length - header, sizeof text);
        memcpy(text, frame->bytes + header, frame->length - header);
    }
    text[frame ? frame->length - header : 0] = '\0';
    return text;
}

/* What ten ticks say of a topic; the empty text when nothing has changed. */
static const char *ticks_of(enum topic_id topic)
{
    static uint64_t ticks;
    struct channel *channel = topics_channel(topics, topic);
    struct view_counters counters;
    uint64_t before = channel->seq;

    view_counters(view, &counters); /* takes in what was said, as the view's thread does */
    do
        topics_tick(topics, topic, ticks++, true);
    while (channel->seq == before && ticks % 10 != 0);
    return text_of(channel->seq == before ? NULL : channel_frame(channel, channel->seq));
}

static const char *tick(void)
{
    return ticks_of(TOPIC_ORDERS);
}

enum { OLD = 1, NEWER = 250 };

static void an_old_one_among_newer(void)
{
    send(OLD);
    tell(OLD, ORDER_WORKING, REPORT_VENUE_ACK);
    for (uint64_t id = OLD + 1; id <= OLD + NEWER; id++) {
        send(id);
        tell(id, ORDER_CANCELLED, REPORT_VENUE_CANCEL);
    }
}

Test(topics_of_orders, one_that_ends_when_it_is_old_is_told_once)
{
    const char *delta;

    an_old_one_among_newer();
    cr_assert(holds(tick(), OLD), "open, however old");
    tell(OLD, ORDER_CANCELLED, REPORT_VENUE_CANCEL);
    delta = tick();
    cr_assert(holds(delta, OLD), "its end is not told: %s", delta);
    cr_assert(strstr(delta, "\"CANCELLED\""), "%s", delta);
    cr_assert_not(holds(delta, OLD + NEWER), "the others have not changed");
    cr_assert_str_eq(tick(), "");
    send(OLD + NEWER + 1); /* the list is made anew */
    delta = tick();
    cr_assert(strstr(delta, "\"PENDING_NEW\""), "%s", delta);
    cr_assert_not(holds(delta, OLD), "told twice: %s", delta);
}

/* --- fills: a log --- */

static void fill(uint64_t id)
{
    struct event_fill filled = {.order_id = id, .exec_id = id, .price_ticks = 100, .qty_lots = 1};

    SAY(EVENT_FILL, filled);
}

static uint32_t items_in(const char *text)
{
    uint32_t items = 0;

    for (const char *at = text; (at = strstr(at, "\"side\"")) != NULL; at++)
        items++;
    return items;
}

TestSuite(topics_of_fills, .init = open_topics, .fini = close_topics);

Test(topics_of_fills, more_than_a_page_between_two_looks_is_told_whole_and_once)
{
    struct channel *channel = topics_channel(topics, TOPIC_FILLS);
    uint32_t told = 0;
    uint64_t first;

    ticks_of(TOPIC_FILLS);
    first = channel->seq;
    for (uint64_t id = 1; id <= 450; id++)
        fill(id);
    ticks_of(TOPIC_FILLS);
    cr_assert_eq(channel->seq, first + 3, "200, 200 and 50");
    for (uint64_t seq = first + 1; seq <= channel->seq; seq++)
        told += items_in(text_of(channel_frame(channel, seq)));
    cr_assert_eq(told, 450);
}

Test(topics_of_fills, more_than_the_view_keeps_is_a_gap)
{
    struct channel *channel = topics_channel(topics, TOPIC_FILLS);
    uint64_t first;

    ticks_of(TOPIC_FILLS);
    first = channel->seq;
    for (uint64_t id = 1; id <= 4200; id++)
        fill(id);
    ticks_of(TOPIC_FILLS);
    cr_assert_gt(channel->gap_seq, first);
    cr_assert_not(channel_reaches(channel, first));
}

Test(topics_of_fills, a_snapshot_holds_what_was_told_and_no_more)
{
    struct channel *channel = topics_channel(topics, TOPIC_FILLS);
    struct view_counters counters;

    fill(1);
    ticks_of(TOPIC_FILLS);
    fill(2);
    view_counters(view, &counters);
    cr_assert_eq(items_in(text_of(channel_snapshot(channel))), 1);
    ticks_of(TOPIC_FILLS);
    cr_assert_eq(items_in(text_of(channel_frame(channel, channel->seq))), 1);
    cr_assert_eq(items_in(text_of(channel_snapshot(channel))), 2);
}
