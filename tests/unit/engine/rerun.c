/* A recorded run again: the same, and what is not the same is found. The seeded simulator runs each
 * of its lives again; here is what it cannot do: records that somebody has changed. */
#include "../engine_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { KEPT_BYTES = 1 << 20, KEPT_RECORDS = 512 };

/* A run as its journal holds it. */
static struct {
    uint32_t count;
    size_t used;
    size_t at[KEPT_RECORDS];
    _Alignas(16) uint8_t bytes[KEPT_BYTES];
} kept;

static struct lane_record *record_of(uint32_t at)
{
    return (struct lane_record *)(void *)(kept.bytes + kept.at[at]);
}

static void keep_all(struct fixture *f)
{
    static _Alignas(16) uint8_t payload[LANE_RECORD_MAX];
    struct lane_record record;

    while (lane_read(&f->reader, &record, payload) == LANE_RECORD) {
        cr_assert(kept.count < KEPT_RECORDS);
        kept.at[kept.count++] = kept.used;
        memcpy(kept.bytes + kept.used, &record, sizeof record);
        memcpy(kept.bytes + kept.used + sizeof record, payload, record.length);
        kept.used += sizeof record + ((record.length + 15U) & ~15U);
    }
    lane_gate_release(&f->reader, 0);
}

/* The venue counts other lots than we do, and a person adopts them. */
static void adopt(struct fixture *f, int64_t our_lots, int64_t venue_lots)
{
    struct execution count = {.report = REPORT_POSITION, .qty_lots = venue_lots};
    struct command command = {
        .kind = COMMAND_SETTLE_DRIFT,
        .settle_drift = {.our_lots = our_lots, .venue_lots = venue_lots, .adopt = true}};

    engine_execution(f->engine, &count, f->now_ns);
    cr_assert(eq(int, fixture_command(f, &command)->status, OK));
}

/* The engine after an order, its fill, the venue's mark, a second order, a kill, a second of time,
 * and a count of the venue's that is adopted. */
static struct fixture *record_run(void)
{
    struct fixture *f = fixture_memory(sizeof *f);
    struct engine_io io = {.events = &f->lane, .kill = &f->page, .orders = {&f->orders}};
    uint64_t order;

    memset(&kept, 0, sizeof kept);
    fixture_configure(f);
    f->config.rules.record = RECORD_ALL;
    lane_init(&f->lane, &f->shared, fixture_memory(FIXTURE_LANE_BYTES), FIXTURE_LANE_BYTES, 1, 0);
    lane_reader_init(&f->reader, &f->lane, true);
    ring_init(&f->orders, fixture_memory(FIXTURE_RING_BYTES), FIXTURE_RING_BYTES);
    f->now_ns = f->config.day_start_ns = 1723161600000000000;
    f->engine = engine_init(fixture_memory(engine_size(&f->config)), &f->config, io, f->now_ns);
    keep_all(f);
    f->reader.lane = &f->lane;
    {
        struct lane_reader all = f->reader; /* the fixture drains; the run is read behind it */

        fixture_book(f, 0, 1000, 1001);
        order = fixture_order(f, 0, SIDE_BUY, 1000, 5);
        cr_assert(order != 0);
        fixture_report(f, order, REPORT_VENUE_ACK);
        fixture_fill(f, order, SIDE_BUY, 7, 1000, 2);
        fixture_venue_mark(f, 0, 100012345678);
        cr_assert(fixture_order(f, 0, SIDE_SELL, 1001, 1) != 0);
        kill_page_set(&f->page, scope_of_firm());
        f->now_ns += 1000000000;
        engine_timer(f->engine, f->now_ns);
        adopt(f, 2, 3);
        f->reader = all;
        keep_all(f);
    }
    return f;
}

static struct rerun *run_again(enum rerun_result *result, bool inputs_only)
{
    struct rerun_options options = {.inputs_only = inputs_only};
    struct rerun *rerun = rerun_init(fixture_memory(rerun_size()), &options);

    *result = RERUN_FINE;
    for (uint32_t at = 0; at < kept.count && *result == RERUN_FINE; at++)
        *result = rerun_take(rerun, record_of(at), record_of(at) + 1);
    if (*result == RERUN_FINE)
        *result = rerun_run(rerun, false);
    return rerun;
}

TestSuite(rerun, .fini = fixture_end);

Test(rerun, comes_out_the_same_with_and_without_the_output)
{
    struct fixture *f = record_run();

    for (int inputs_only = 0; inputs_only < 2; inputs_only++) {
        enum rerun_result result;
        struct rerun *rerun = run_again(&result, inputs_only != 0);

        cr_assert(eq(int, result, RERUN_FINE));
        cr_assert(eq(u64, engine_state_hash(rerun_engine(rerun)), engine_state_hash(f->engine)));
        cr_assert(eq(u64, engine_books_hash(rerun_engine(rerun)), engine_books_hash(f->engine)));
        cr_assert(eq(i64, engine_position(rerun_engine(rerun), 0)->lots, 3));
    }
}

/* One bit of any record of the output: found at that record. */
Test(rerun, any_changed_output_is_found_where_it_is)
{
    (void)record_run();
    for (uint32_t at = 0; at < kept.count; at++) {
        struct lane_record *record = record_of(at);
        uint8_t *payload = (uint8_t *)(record + 1);
        enum rerun_result result;
        struct rerun *rerun;
        uint64_t seq;

        if (input_is_one(record->kind))
            continue;
        payload[record->length / 2] ^= 1;
        rerun = run_again(&result, false);
        payload[record->length / 2] ^= 1;
        cr_assert(eq(int, result, RERUN_DIFFERS));
        (void)rerun_says(rerun, &seq);
        cr_assert(eq(u64, seq, atomic_load(&record->commit)));
        fixture_pieces[--fixture_piece_count] = NULL;
        free(rerun);
    }
}

static uint32_t find(uint16_t kind, uint32_t nth)
{
    for (uint32_t at = 0; at < kept.count; at++)
        if (record_of(at)->kind == kind && nth-- == 0)
            return at;
    cr_assert(false, "no record of kind %u", kind);
    return 0;
}

static void expect_difference(const char *what)
{
    enum rerun_result result;

    (void)run_again(&result, false);
    cr_assert(eq(int, result, RERUN_DIFFERS), "%s", what);
}

Test(rerun, a_changed_input_is_found_by_what_follows_from_it)
{
    struct market_update *update;
    struct execution *execution;

    (void)record_run();
    update = (void *)(record_of(find(INPUT_MARKET, 0)) + 1);
    update->levels[1].price_ticks++;
    expect_difference("another ask");
    update->levels[1].price_ticks--;
    execution = (void *)(record_of(find(INPUT_EXECUTION, 1)) + 1);
    execution->qty_lots++;
    expect_difference("a larger fill");
}

Test(rerun, a_record_that_is_gone_is_found)
{
    uint32_t at;

    (void)record_run();
    at = find(EVENT_FILL, 0);
    for (; at + 1 < kept.count; at++)
        kept.at[at] = kept.at[at + 1];
    kept.count--;
    expect_difference("no fill");
}

/* What the engine saw that no input told it: a kill that it would not see now. */
Test(rerun, a_kill_that_is_not_in_the_record_is_missed)
{
    uint32_t at;

    (void)record_run();
    at = find(INPUT_SEEN, 0);
    for (; at + 1 < kept.count; at++)
        kept.at[at] = kept.at[at + 1];
    kept.count--;
    expect_difference("no kill");
}

Test(rerun, another_build_is_refused)
{
    uint8_t other[32] = {1};
    struct rerun_options options = {.build = other};
    struct rerun *rerun;
    enum rerun_result result = RERUN_FINE;

    (void)record_run();
    rerun = rerun_init(fixture_memory(rerun_size()), &options);
    for (uint32_t at = 0; at < kept.count && result == RERUN_FINE; at++)
        result = rerun_take(rerun, record_of(at), record_of(at) + 1);
    cr_assert(eq(int, result, RERUN_CANNOT));
}

/* Every level counts, whatever the order in which it came, near the touch and far from it. */
Test(rerun, each_level_of_a_book_is_in_its_hash)
{
    struct {
        struct market_update update;
        struct level levels[4];
    } message = {.update = {.kind = MARKET_SNAPSHOT,
                            .bid_count = 2,
                            .ask_count = 2,
                            .received_ns = 5,
                            .update_id = 1},
                 .levels = {{100000, 3}, {5, 4}, {100001, 6}, {400000, 7}}};
    struct book *book = fixture_memory(book_size());
    uint64_t before;

    book_init(book, 0);
    cr_assert(eq(int, book_apply(book, &message.update), BOOK_APPLIED));
    before = book_hash(book);
    for (unsigned at = 0; at < 4; at++) {
        struct level was = message.levels[at];

        message.levels[at].qty_lots++;
        (void)book_apply(book, &message.update);
        cr_assert(ne(u64, book_hash(book), before), "size of level %u", at);
        message.levels[at] = was;
        message.levels[at].price_ticks += at < 2 ? -1 : 1;
        (void)book_apply(book, &message.update);
        cr_assert(ne(u64, book_hash(book), before), "price of level %u", at);
        message.levels[at] = was;
    }
    (void)book_apply(book, &message.update);
    cr_assert(eq(u64, book_hash(book), before));
}
