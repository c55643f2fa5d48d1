/* Whether the engine's thread can be waited for. */
#include "engine_room.h"
#include "thread/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <time.h>

static struct engine_room room;
static const int64_t second_ns = 1000000000;

static void open_room(void)
{
    room.engine_id = pthread_self();
    room.watchdog.silent_ns = 60 * second_ns;
}

TestSuite(engine_room, .init = open_room);

static void *beat_soon(void *ctx)
{
    static const struct timespec soon = {.tv_nsec = 20000000};

    (void)ctx;
    nanosleep(&soon, NULL);
    atomic_store(&room.beat_ns, clock_mono_ns());
    return NULL;
}

Test(engine_room, an_engine_that_does_not_stop_trading_is_given_up_after_two_seconds)
{
    int64_t begin_ns = clock_mono_ns();

    atomic_store(&room.beat_ns, begin_ns - 3 * second_ns);
    cr_assert(not(engine_room_can_stop(&room, false)));
    cr_assert(lt(i64, clock_mono_ns() - begin_ns, 30 * second_ns));
    room.watchdog.silent_ns = second_ns;
    atomic_store(&room.beat_ns, clock_mono_ns() - 3 * second_ns / 2);
    cr_assert(not(engine_room_can_stop(&room, false)), "or sooner, where it may be silent less");
}

Test(engine_room, one_that_beats_is_stopped)
{
    pthread_t engine;

    for (int stopped_trading = 0; stopped_trading < 2; stopped_trading++) {
        atomic_store(&room.beat_ns, clock_mono_ns());
        pthread_create(&engine, NULL, beat_soon, NULL);
        cr_assert(engine_room_can_stop(&room, stopped_trading != 0));
        pthread_join(engine, NULL);
    }
    room.engine_id = 0;
    cr_assert(engine_room_can_stop(&room, false), "none has started");
}
