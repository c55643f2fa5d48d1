/* A drop copy that is read while it is written: every execution that is read is whole, and one that
 * is not there any more is covered by the time that it left behind. */
#include "gateway/dropcopy.h"

#include <pthread.h>
#include <stdio.h>

enum { LOOKS = 400, FILLS_LEAST = 100000 };

static struct dropcopy copy;
static struct dropcopy_fill fills[DROPCOPY_FILLS];
static _Atomic bool has_looked;

/* For as long as somebody looks. */
static void *note(void *unused)
{
    for (int64_t number = 1; number <= FILLS_LEAST || !atomic_load(&has_looked); number++) {
        struct dropcopy_fill fill = {.exec_id = (uint64_t)number,
                                     .order_id = (uint64_t)number,
                                     .price_ticks = number,
                                     .qty_lots = number,
                                     .fee_e8 = -number,
                                     .venue_ns = number,
                                     .noted_ns = number};

        dropcopy_note(&copy, &fill);
    }
    return unused;
}

static bool is_torn(const struct dropcopy_fill *fill)
{
    int64_t number = fill->venue_ns;

    return (int64_t)fill->exec_id != number || (int64_t)fill->order_id != number ||
           fill->price_ticks != number || fill->qty_lots != number || fill->fee_e8 != -number ||
           fill->noted_ns != number;
}

/* Newest first, and none is missing but what is told to be. */
static bool is_well(uint32_t count, int64_t forgotten_ns)
{
    for (uint32_t at = 0; at < count; at++) {
        int64_t next = at + 1 < count ? fills[at + 1].venue_ns : 0;

        if (is_torn(&fills[at]) || next >= fills[at].venue_ns)
            return false;
        if (next + 1 < fills[at].venue_ns && fills[at].venue_ns - 1 > forgotten_ns)
            return false;
    }
    return true;
}

int main(void)
{
    pthread_t writer;
    bool well = true;
    int64_t forgotten_ns = 0;
    uint32_t count = 0;

    if (pthread_create(&writer, NULL, note, NULL) != 0)
        return 1;
    while (atomic_load(&copy.count) <= DROPCOPY_FILLS)
        ; /* before, nothing gives way */
    for (int look = 0; well && look < LOOKS; look++) {
        count = dropcopy_read(&copy, 0, fills, &forgotten_ns);
        well = is_well(count, forgotten_ns);
    }
    atomic_store(&has_looked, true);
    pthread_join(writer, NULL);
    count = well ? dropcopy_read(&copy, 0, fills, &forgotten_ns) : 0;
    well = well && count == DROPCOPY_FILLS && is_well(count, forgotten_ns);
    if (!well)
        printf("dropcopy: an execution is torn, out of order, or missing without a word\n");
    return !well;
}
