#include "unit/sim/floor.h"

#define FULL_E8 RATIO_ONE_E8

static double share_of(const struct queue_model *model, int64_t ahead, int64_t behind)
{
    return (double)queue_share_q32(model, ahead, behind) / 4294967296.0;
}

static const int64_t sizes[] = {0, 1, 2, 3, 7, 10, 99, 1000, 123456, 999999999, MAX_LOTS};

/* ln(1 + size) */
static const double logs[] = {0.0,
                              0.69314718056,
                              1.098612288668,
                              1.38629436112,
                              2.07944154168,
                              2.397895272798,
                              4.605170185988,
                              6.908754779315,
                              11.723648196284,
                              20.723265836946,
                              27.63102111593};

enum { SIZES = sizeof sizes / sizeof sizes[0] };

static double distance(double a, double b)
{
    return a > b ? a - b : b - a;
}

static double raised(double base, int power)
{
    double result = 1;

    while (power-- > 0)
        result *= base;
    return result;
}

Test(sim_queue, the_power_share_is_the_formula)
{
    for (uint8_t power = 1; power <= 16; power++)
        for (int a = 1; a < SIZES; a++)
            for (int b = 0; b < SIZES; b++) {
                struct queue_model model = {QUEUE_POWER, power, FULL_E8};
                double ratio = raised((double)sizes[b] / (double)sizes[a], power);

                cr_assert(
                    lt(dbl, distance(share_of(&model, sizes[a], sizes[b]), 1 / (1 + ratio)), 1e-8),
                    "n %d ahead %lld behind %lld", power, (long long)sizes[a], (long long)sizes[b]);
            }
}

Test(sim_queue, the_log_share_is_the_formula)
{
    struct queue_model model = {QUEUE_LOG, 0, FULL_E8};

    for (int a = 1; a < SIZES; a++)
        for (int b = 0; b < SIZES; b++) {
            double wanted = logs[a] / (logs[a] + logs[b]);

            cr_assert(lt(dbl, distance(share_of(&model, sizes[a], sizes[b]), wanted), 1e-8),
                      "ahead %lld behind %lld", (long long)sizes[a], (long long)sizes[b]);
        }
}

Test(sim_queue, nothing_leaves_from_an_empty_place)
{
    for (uint8_t kind = QUEUE_FRONT; kind <= QUEUE_LOG; kind++) {
        struct queue_model model = {kind, 3, FULL_E8};

        cr_assert(eq(u64, queue_share_q32(&model, 0, 9), 0));
        cr_assert(eq(i64, queue_left_ahead(&model, 0, 9, 5, 0), 0));
        cr_assert(eq(i64, queue_left_ahead(&model, 9, 0, 5, 0), 5), "nobody is behind us");
        cr_assert(ge(i64, queue_left_ahead(&model, 9, 2, 8, 0), 6), "only two were behind");
        cr_assert(le(i64, queue_left_ahead(&model, 9, 2, 50, 0), 9));
    }
}

Test(sim_queue, the_pessimist_believes_that_all_left_from_behind)
{
    struct queue_model model = {QUEUE_FRONT, 0, FULL_E8};

    cr_assert(eq(i64, queue_left_ahead(&model, 50, 50, 50, 0), 0));
    cr_assert(eq(i64, queue_left_ahead(&model, 50, 50, 51, 0), 1));
}

/* Lots that leave one by one add up to share times decay. */
Test(sim_queue, fractions_are_a_fair_chance_and_decay_scales_them)
{
    static const uint32_t decays[] = {0, 50000000, 90000000, 100000000};
    uint64_t random = 7;

    for (int at = 0; at < 4; at++) {
        struct queue_model model = {QUEUE_POWER, 1, decays[at]};
        int64_t left = 0;

        for (int round = 0; round < 20000; round++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            left += queue_left_ahead(&model, 30, 70, 1, random);
        }
        cr_assert(lt(dbl, distance((double)left / 20000, 0.3 * decays[at] / 1e8), 0.012),
                  "%d: %lld", at, (long long)left);
    }
}

Test(sim_queue, the_largest_sizes_do_not_overflow)
{
    struct queue_model model = {QUEUE_LOG, 0, FULL_E8};

    cr_assert(eq(i64, queue_left_ahead(&model, MAX_LOTS, MAX_LOTS, MAX_LOTS, 0), MAX_LOTS / 2));
}

/* ---- in the venue ----------------------------------------------------------------------- */

static void open_queue(enum queue_kind kind, uint8_t power, uint32_t decay_e8)
{
    open_floor_with((struct sim_config){
        .seed = 11, .queue = {.kind = (uint8_t)kind, .power = power, .decay_e8 = decay_e8}});
    tell_snapshot(99, 60, 101, 5);
}

Test(sim_queue, cancels_bring_an_order_forward_by_the_models_share)
{
    open_queue(QUEUE_POWER, 1, FULL_E8);
    ask_new(1, SIDE_BUY, 5, 99);
    tell_delta(99, 120, 0, 0); /* sixty behind us now */
    tell_delta(99, 80, 0, 0);  /* forty leave: twenty from ahead */
    tell_trade(true, 41, 99);
    cr_assert(eq(i64, heard_filled(1), 1));
    close_floor();
}

Test(sim_queue, without_belief_only_trades_bring_it_forward)
{
    open_queue(QUEUE_POWER, 1, 0);
    ask_new(1, SIDE_BUY, 5, 99);
    tell_delta(99, 120, 0, 0);
    tell_delta(99, 80, 0, 0);
    tell_trade(true, 61, 99);
    cr_assert(eq(i64, heard_filled(1), 1));
    close_floor();
}

Test(sim_queue, what_was_traded_does_not_leave_twice)
{
    open_queue(QUEUE_POWER, 1, FULL_E8);
    ask_new(1, SIDE_BUY, 5, 99);
    tell_delta(99, 120, 0, 0);
    tell_trade(true, 40, 99); /* twenty are left ahead */
    tell_delta(99, 80, 0, 0); /* that is the trade, told by the book */
    tell_trade(true, 20, 99);
    cr_assert(eq(i64, heard_filled(1), 0));
    tell_trade(true, 1, 99);
    cr_assert(eq(i64, heard_filled(1), 1));
    close_floor();
}

Test(sim_queue, a_growing_level_changes_nothing)
{
    open_queue(QUEUE_LOG, 0, FULL_E8);
    ask_new(1, SIDE_BUY, 5, 99);
    tell_delta(99, 500, 0, 0);
    tell_trade(true, 60, 99);
    cr_assert(eq(i64, heard_filled(1), 0));
    tell_trade(true, 1, 99);
    cr_assert(eq(i64, heard_filled(1), 1));
    close_floor();
}
