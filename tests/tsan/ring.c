/* A ring between two threads: every message whole, in order, once. Built with the thread sanitizer,
 * which says what the memory orders of base/ring.h do not cover. */
#include "engine.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 200000, BYTES = 4096 };

static struct ring ring;
static _Alignas(128) uint8_t bytes[BYTES];

static size_t length_of(uint64_t number)
{
    return sizeof number + number * 7 % 200;
}

static void *produce(void *unused)
{
    for (uint64_t number = 1; number <= MESSAGES; number++) {
        uint8_t *at;

        while ((at = ring_reserve(&ring, length_of(number))) == NULL)
            ring_publish(&ring);
        memset(at, (int)(number & 255), length_of(number));
        memcpy(at, &number, sizeof number);
        if (number % 3 != 0) /* some go in batches */
            ring_publish(&ring);
    }
    ring_publish(&ring);
    return unused;
}

static int check(const uint8_t *at, size_t length, uint64_t expected)
{
    uint64_t number;

    memcpy(&number, at, sizeof number);
    if (number != expected || length != length_of(expected))
        return 1;
    for (size_t byte = sizeof number; byte < length; byte++)
        if (at[byte] != (expected & 255))
            return 1;
    return 0;
}

int main(void)
{
    pthread_t producer;
    int bad = 0;

    ring_init(&ring, bytes, BYTES);
    if (pthread_create(&producer, NULL, produce, NULL) != 0)
        return 1;
    for (uint64_t expected = 1; expected <= MESSAGES && bad == 0; expected++) {
        const uint8_t *at;
        size_t length;

        while ((at = ring_peek(&ring, &length)) == NULL)
            (void)sched_yield();
        bad = check(at, length, expected);
        ring_release(&ring);
    }
    if (bad != 0) {
        printf("ring: a message is torn, lost or out of order\n");
        return 1;
    }
    pthread_join(producer, NULL);
    return 0;
}
