/* The venue's clock and ours (session.h). */
#include "gateway/bybit/inside.h"
#include "thread/log.h"

#include <inttypes.h>

enum { CLOCK_SAMPLES = 5 };
#define CLOCK_EVERY_NS (10 * SECOND_NS)
#define CLOCK_AGAIN_NS (1 * SECOND_NS)
#define CLOCK_TIME_MAX ((int64_t)1 << 62) /* of the year 2116: what is later is no time */

static void judge_clock(struct bybit *bybit)
{
    struct bybit_clock *clock = &bybit->session.clock;
    int64_t off_ns = clock->offset_ns < 0 ? -clock->offset_ns : clock->offset_ns;
    bool is_off = off_ns > bybit->config.clock_alarm_ns;

    if (is_off != clock->is_off)
        log_line(is_off ? LOG_ERROR : LOG_INFO, "gateway",
                 is_off ? "the clock is off: no new orders" : "the clock is right again",
                 "venue=%s offset_ms=%" PRId64 " trip_ms=%" PRId64, bybit->name,
                 clock->offset_ns / MS_NS, clock->best_trip_ns / MS_NS);
    clock->is_off = is_off;
    atomic_store_explicit(&bybit->base.clock_offset_ns, clock->offset_ns, memory_order_relaxed);
}

static void ask_time(struct bybit *bybit);

static void took_time(struct bybit *bybit, struct bybit_about about,
                      const struct bybit_reply *reply)
{
    struct bybit_clock *clock = &bybit->session.clock;
    int64_t venue_ns;
    int64_t trip_ns = reply->received_ns - reply->sent_ns;

    (void)about;
    clock->is_asked = false;
    if (reply->class != BYBIT_DONE || !bybit_whole(reply->result, "timeNano", &venue_ns) ||
        venue_ns <= 0 || venue_ns > CLOCK_TIME_MAX || trip_ns < 0) {
        clock->samples = 0;
        clock->due_ns = bybit->mono_ns + CLOCK_AGAIN_NS;
        return;
    }
    if (clock->samples == 0 || trip_ns < clock->best_trip_ns) {
        clock->best_trip_ns = trip_ns;
        clock->best_offset_ns = venue_ns - (reply->sent_ns + trip_ns / 2);
    }
    if (++clock->samples < CLOCK_SAMPLES) {
        ask_time(bybit);
        return;
    }
    clock->samples = 0;
    clock->is_known = true;
    clock->is_old = false;
    clock->offset_ns = clock->best_offset_ns;
    judge_clock(bybit);
    clock->due_ns = bybit->mono_ns + (clock->is_off ? CLOCK_AGAIN_NS : CLOCK_EVERY_NS);
}

static void ask_time(struct bybit *bybit)
{
    struct bybit_clock *clock = &bybit->session.clock;

    clock->is_asked =
        bybit_get(bybit, "/v5/market/time", "", false, took_time, (struct bybit_about){0});
    if (!clock->is_asked)
        clock->due_ns = bybit->mono_ns + CLOCK_AGAIN_NS;
}

void bybit_clock_turn(struct bybit *bybit)
{
    struct bybit_clock *clock = &bybit->session.clock;

    if (!clock->is_asked && bybit->mono_ns >= clock->due_ns)
        ask_time(bybit);
}
