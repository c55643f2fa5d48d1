#include "engine.h"

#include <criterion/criterion.h>
#include <string.h>

static _Alignas(128) uint8_t bytes[1024];
static struct ring ring;

static bool push(size_t length, uint8_t fill)
{
    void *at = ring_reserve(&ring, length);

    if (at)
        memset(at, fill, length);
    return at != NULL;
}

Test(ring, nothing_is_seen_before_publish)
{
    size_t length;

    ring_init(&ring, bytes, sizeof bytes);
    cr_assert(push(10, 1));
    cr_assert_null(ring_peek(&ring, &length));
    ring_publish(&ring);
    cr_assert_not_null(ring_peek(&ring, &length));
    cr_assert_eq(length, 10);
}

Test(ring, order_and_bytes_survive_many_laps)
{
    ring_init(&ring, bytes, sizeof bytes);
    for (unsigned count = 0; count < 5000; count++) {
        size_t length = count * 13 % 500;
        size_t seen;
        const uint8_t *at;

        cr_assert(push(length, (uint8_t)count));
        ring_publish(&ring);
        at = ring_peek(&ring, &seen);
        cr_assert_not_null(at);
        cr_assert_eq(seen, length);
        for (size_t byte = 0; byte < length; byte++)
            cr_assert_eq(at[byte], (uint8_t)count);
        ring_release(&ring);
    }
    cr_assert_eq(ring_depth(&ring), 0);
    cr_assert_eq(ring_published(&ring), ring_consumed(&ring));
}

Test(ring, a_full_ring_refuses_and_recovers)
{
    unsigned held = 0;
    size_t length;

    ring_init(&ring, bytes, sizeof bytes);
    while (push(56, (uint8_t)held))
        held++;
    ring_publish(&ring);
    cr_assert_eq(held, sizeof bytes / 64);
    cr_assert_eq(ring_depth(&ring), sizeof bytes);
    cr_assert_not_null(ring_peek(&ring, &length));
    ring_release(&ring);
    cr_assert(push(56, 9));
    cr_assert_not(push(56, 9));
}
