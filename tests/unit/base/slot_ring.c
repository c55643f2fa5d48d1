#include "base/slot_ring.h"

#include <criterion/criterion.h>
#include <string.h>

enum { SLOTS = 8 };

static _Alignas(128) uint8_t bytes[SLOTS * SLOT_BYTES];
static struct slot_ring ring;

static void start(void)
{
    memset(bytes, 0, sizeof bytes);
    slot_ring_init(&ring, bytes, sizeof bytes);
}

/* The first byte is the ring's. */
static bool push(uint8_t fill)
{
    uint8_t *slot = slot_ring_reserve(&ring);

    if (!slot)
        return false;
    memset(slot + 1, fill, SLOT_BYTES - 1);
    slot_ring_publish(&ring);
    return true;
}

Test(slot_ring, nothing_is_seen_before_publish)
{
    uint8_t *slot;

    start();
    cr_assert_null(slot_ring_peek(&ring));
    slot = slot_ring_reserve(&ring);
    memset(slot + 1, 7, SLOT_BYTES - 1);
    cr_assert_null(slot_ring_peek(&ring));
    cr_assert_eq(slot_ring_reserve(&ring), slot); /* until it is published the slot is the same */
    slot_ring_publish(&ring);
    cr_assert_eq(slot_ring_peek(&ring), slot);
}

Test(slot_ring, order_and_bytes_survive_many_laps)
{
    start();
    for (unsigned count = 0; count < 300 * SLOTS; count++) { /* more laps than stamps */
        const uint8_t *slot;

        cr_assert(push((uint8_t)count));
        slot = slot_ring_peek(&ring);
        cr_assert_not_null(slot);
        for (unsigned at = 1; at < SLOT_BYTES; at++)
            cr_assert_eq(slot[at], (uint8_t)count);
        slot_ring_release(&ring);
        cr_assert_null(slot_ring_peek(&ring), "what an earlier lap left was taken for a message");
    }
    cr_assert_eq(slot_ring_published(&ring), 300 * SLOTS);
    cr_assert_eq(slot_ring_consumed(&ring), 300 * SLOTS);
}

Test(slot_ring, a_full_ring_refuses_and_recovers)
{
    start();
    for (unsigned lap = 0; lap < 3; lap++) {
        for (uint8_t held = 0; held < SLOTS; held++)
            cr_assert(push(held));
        cr_assert_not(push(99));
        cr_assert_eq(slot_ring_depth(&ring), SLOTS);
        for (uint8_t held = 0; held < SLOTS; held++) {
            cr_assert_eq(((uint8_t *)slot_ring_peek(&ring))[1], held);
            slot_ring_release(&ring);
        }
        cr_assert_eq(slot_ring_depth(&ring), 0);
    }
}
