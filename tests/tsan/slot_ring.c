/* A slot ring between two threads: every message whole, in order, once; and never more seen than
 * was said to be published. Built with the thread sanitizer, which says what
 * the memory orders of base/slot_ring.h do not cover. */
#include "base/slot_ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { MESSAGES = 200000, SLOTS = 16 };

struct message {
    uint8_t lap;
    uint8_t reserved[7];
    uint64_t number[7];
};

static struct slot_ring ring;
static _Alignas(128) uint8_t bytes[SLOTS * SLOT_BYTES];

static void *produce(void *unused)
{
    for (uint64_t number = 1; number <= MESSAGES; number++) {
        struct message *message;

        while ((message = slot_ring_reserve(&ring)) == NULL)
            (void)sched_yield();
        for (unsigned at = 0; at < 7; at++)
            message->number[at] = number + at;
        slot_ring_publish(&ring);
    }
    return unused;
}

static int check(const struct message *message, uint64_t expected)
{
    for (unsigned at = 0; at < 7; at++)
        if (message->number[at] != expected + at)
            return 1;
    return slot_ring_published(&ring) < expected; /* it was published before it was seen */
}

int main(void)
{
    pthread_t producer;
    int bad = 0;

    slot_ring_init(&ring, bytes, sizeof bytes);
    if (pthread_create(&producer, NULL, produce, NULL) != 0)
        return 1;
    for (uint64_t expected = 1; expected <= MESSAGES && bad == 0; expected++) {
        const struct message *message;

        while ((message = slot_ring_peek(&ring)) == NULL)
            (void)sched_yield();
        bad = check(message, expected);
        slot_ring_release(&ring);
    }
    if (bad != 0) {
        printf("slot ring: a message is torn, lost or out of order\n");
        return 1;
    }
    pthread_join(producer, NULL);
    return 0;
}
