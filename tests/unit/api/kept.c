/* When an answer may be sent again, and when not: on a view of its own, with a clock of its own. */
#include "api/kept.h"
#include "unit/store/desk.h"

#include <criterion/criterion.h>
#include <string.h>

static struct desk desk;
static struct journal *journal;
static struct view *view;
static struct listener listener;
static struct exchange exchange;
static struct MHD_Response *response;

static void open_all(void)
{
    char recovered[ERR_TEXT_MAX];
    struct view_sources sources = {.config = &desk.config};
    struct err err;

    desk_open(&desk);
    cr_assert_eq(journal_open(&journal, desk.dir, &desk.config, recovered, &err), OK, "%s",
                 err.text);
    sources.journal = journal;
    sources.dir = desk.dir;
    cr_assert_eq(view_open(&view, &sources, &err), OK, "%s", err.text);
    listener = (struct listener){.kind = LISTENER_MAIN, .kept = kept_open()};
    cr_assert(listener.kept);
    response = MHD_create_response_from_buffer(2, (void *)"{}", MHD_RESPMEM_PERSISTENT);
}

static void close_all(void)
{
    kept_close(listener.kept);
    view_close(view);
    journal_close(journal);
    desk_close(&desk);
}

TestSuite(kept, .init = open_all, .fini = close_all);

static const struct route *route_named(const char *path)
{
    const struct route *found = NULL;

    for (int i = 0; i < ROUTES_MAX; i++)
        if (strcmp(routes[i].path, path) == 0 && strcmp(routes[i].method, "GET") == 0)
            found = &routes[i];
    cr_assert(found, "no row %s", path);
    return found;
}

static bool asks(const char *path)
{
    exchange = (struct exchange){.listener = &listener, .route = route_named(path)};
    exchange.request.method = "GET";
    exchange.request.view = view;
    return kept_begin(&exchange);
}

static const int64_t made_ns = 5000000000;

static void answer_at_once(void)
{
    cr_assert(asks("/api/v1/positions"));
    exchange.begun_mono_ns = made_ns;
    strcpy(exchange.reply.etag, "abc");
    kept_put(&exchange, response);
}

/* What somebody gets who asks so much later. */
static const struct kept_answer *found_after(int64_t ns)
{
    cr_assert(asks("/api/v1/positions"));
    exchange.begun_mono_ns = made_ns + ns;
    return kept_find(&exchange);
}

Test(kept, an_answer_is_sent_again_within_its_millisecond)
{
    answer_at_once();
    cr_assert(found_after(0));
    cr_expect_eq(found_after(999999)->response, response);
    cr_expect_str_eq(found_after(999999)->etag, "abc");
    cr_expect_null(found_after(1000000));
}

Test(kept, what_a_person_told_the_view_ends_it)
{
    answer_at_once();
    view_note_command(view, 7, "risk1", "a reason");
    cr_expect_null(found_after(1));
}

Test(kept, what_the_engine_said_ends_it_when_somebody_has_looked)
{
    struct event_command_done done = {.command_id = 7};

    answer_at_once();
    lane_append(journal_lane(journal, JOURNAL_ENGINE), EVENT_COMMAND_DONE, 1000, 0, &done,
                sizeof done);
    json_decref(view_positions(view));
    cr_expect_null(found_after(1));
}

Test(kept, the_other_coding_and_the_other_route_have_their_own)
{
    answer_at_once();
    cr_assert(found_after(1));
    exchange.wants_packed = true;
    cr_expect_null(kept_find(&exchange));
    exchange.wants_packed = false;
    exchange.wants_openmetrics = true;
    cr_expect_null(kept_find(&exchange));
    cr_assert(asks("/api/v1/pnl"));
    exchange.begun_mono_ns = made_ns;
    cr_expect_null(kept_find(&exchange));
}

Test(kept, only_plain_reads_of_the_view_are_kept)
{
    char query[] = "limit=5";

    cr_expect(asks("/metrics"));
    cr_expect_not(asks("/api/v1/me"), "it depends on who asks");
    cr_expect_not(asks("/api/v1/users"));
    cr_expect_not(asks("/api/v1/limits/{scope}"));
    cr_assert(asks("/api/v1/orders"));
    exchange.query = query;
    cr_expect_not(kept_begin(&exchange));
    exchange.query = NULL;
    exchange.request.method = "POST";
    cr_expect_not(kept_begin(&exchange));
    exchange.request.method = "HEAD";
    cr_expect(kept_begin(&exchange));
    listener.kind = LISTENER_KILL;
    kept_close(listener.kept);
    listener.kept = NULL;
    cr_expect_not(kept_begin(&exchange), "the kill listener keeps nothing");
}
