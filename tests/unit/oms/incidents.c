/* Receipts of kills: each counts every order that it found, however the order's story goes on. */
#include "../engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

TestSuite(incidents, .fini = fixture_end);

static uint64_t kill(struct fixture *f, uint16_t scope)
{
    uint64_t incident = kill_page_set(&f->page, scope);

    engine_kill(f->engine, f->now_ns);
    fixture_drain(f);
    return incident;
}

static const struct incident *receipt(const struct fixture *f, uint64_t number)
{
    const struct oms *oms = &f->engine->oms;

    for (int at = 0; at < MAX_INCIDENTS; at++)
        if (oms->incidents[at].number == number)
            return &oms->incidents[at];
    return NULL;
}

static uint64_t resting(struct fixture *f)
{
    uint64_t id = fixture_order(f, 0, SIDE_BUY, 1000, 10);

    fixture_report(f, id, REPORT_VENUE_ACK);
    return id;
}

Test(incidents, an_unknown_that_is_resolved_moves_to_what_it_was)
{
    struct fixture *f = fixture_make();
    uint64_t id = resting(f);
    const struct incident *of = receipt(f, kill(f, 0));

    fixture_report(f, id, REPORT_TIMEOUT);
    cr_assert(eq(u32, of->unknown, 1));
    fixture_report(f, id, REPORT_VENUE_CANCEL);
    cr_assert(eq(u32, of->unknown, 0));
    cr_assert(eq(u32, of->confirmed, 1));
    cr_assert(eq(u32, f->newest[EVENT_KILL_PROGRESS].kill_progress.confirmed, 1), "and is said");
}

Test(incidents, an_unknown_that_is_found_resting_has_no_answer_yet)
{
    struct fixture *f = fixture_make();
    uint64_t id = resting(f);
    const struct incident *of = receipt(f, kill(f, 0));

    fixture_report(f, id, REPORT_TIMEOUT);
    cr_assert(eq(u32, of->unknown, 1));
    fixture_report(f, id, REPORT_VENUE_ACK);
    cr_assert(eq(u32, of->unknown, 0), "the venue has it");
    cr_assert(eq(u32, of->confirmed + of->refused + of->unsent, 0));
    cr_assert(eq(u32, of->sent, 1));
}

Test(incidents, a_refused_cancel_says_nothing_of_an_order_that_is_unknown)
{
    struct fixture *f = fixture_make();
    uint64_t id = resting(f);
    const struct incident *of = receipt(f, kill(f, 0));

    fixture_report(f, id, REPORT_TIMEOUT);
    fixture_report(f, id, REPORT_CANCEL_REJECT);
    cr_assert(eq(u32, of->unknown, 1), "it may rest, and fill");
    cr_assert(eq(u32, of->refused, 0));
    f->now_ns += CANCEL_AGAIN_NS;
    engine_timer(f->engine, f->now_ns);
    cr_assert(eq(u32, of->unknown, 1), "unknown is not zero, however often it is asked");
}

Test(incidents, two_kills_that_found_the_same_order_both_hear_its_end)
{
    struct fixture *f = fixture_make();
    uint64_t id = resting(f);
    const struct incident *firm = receipt(f, kill(f, 0));
    const struct incident *strategy = receipt(f, kill(f, scope_of_strategy(f->config.scopes, 1)));

    fixture_report(f, id, REPORT_VENUE_CANCEL);
    cr_assert(eq(u32, firm->confirmed, 1));
    cr_assert(eq(u32, strategy->confirmed, 1));
}

Test(incidents, a_later_kill_takes_over_what_is_known_of_an_order)
{
    struct fixture *f = fixture_make();
    uint64_t id = resting(f);
    const struct incident *strategy = receipt(f, kill(f, scope_of_strategy(f->config.scopes, 1)));
    const struct incident *firm;

    fixture_report(f, id, REPORT_TIMEOUT);
    firm = receipt(f, kill(f, 0));
    cr_assert(eq(u32, firm->unknown, 1));
    fixture_report(f, id, REPORT_VENUE_CANCEL);
    cr_assert(eq(u32, firm->unknown, 0));
    cr_assert(eq(u32, firm->confirmed, 1));
    cr_assert(eq(u32, strategy->unknown, 0));
    cr_assert(eq(u32, strategy->confirmed, 1));
}

Test(incidents, a_refused_cancel_that_is_sent_again_has_no_answer_yet)
{
    struct fixture *f = fixture_make();
    uint64_t id = resting(f);
    const struct incident *of = receipt(f, kill(f, 0));

    fixture_report(f, id, REPORT_CANCEL_REJECT);
    cr_assert(eq(u32, of->refused, 1));
    f->now_ns += CANCEL_AGAIN_NS;
    engine_timer(f->engine, f->now_ns);
    cr_assert(eq(u32, of->refused, 0), "it is asked again");
    fixture_report(f, id, REPORT_VENUE_CANCEL);
    cr_assert(eq(u32, of->confirmed, 1));
}

Test(incidents, what_was_sent_after_the_kill_of_another_scope_is_not_its)
{
    struct fixture *f = fixture_make();
    const struct incident *other = receipt(f, kill(f, scope_of_instrument(f->config.scopes, 1)));
    const struct incident *firm;
    uint64_t id = resting(f);

    firm = receipt(f, kill(f, 0));
    fixture_report(f, id, REPORT_VENUE_CANCEL);
    cr_assert(eq(u32, other->confirmed, 0));
    cr_assert(eq(u32, firm->confirmed, 1));
}
