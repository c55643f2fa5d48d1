#include "control/kill_wait.h"

#include "thread/clock.h"

#include <criterion/criterion.h>

#include <pthread.h>
#include <string.h>

enum { SCOPE = 3 };

static struct kill_page page;
static struct ring orders;
static uint64_t ring_bytes[64];
static struct ring *order_rings[] = {&orders};
/* Long patience where an answer is due, short where none will come: a busy machine fails none. */
static struct kill_target target = {.page = &page,
                                    .order_rings = order_rings,
                                    .gateways = 1,
                                    .scope = SCOPE,
                                    .patience_ns = 20000000000};

/* What the two threads of the real thing do, as slowly as told. */
struct fake {
    int64_t engine_delay_ns; /* -1: silent */
    int64_t gateway_delay_ns;
    bool drains; /* whether the gateway empties its ring */
};

static void sleep_ns(int64_t ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

static void *engine_and_gateway(void *ctx)
{
    const struct fake *fake = ctx;
    uint64_t doorbell;
    size_t length;

    while ((doorbell = kill_page_doorbell(&page)) == 0)
        sleep_ns(10000);
    if (fake->engine_delay_ns >= 0) {
        sleep_ns(fake->engine_delay_ns);
        page.block_at[0] = ring_published(&orders);
        page.last_order_seq = 41;
        page.engine_seen_ns = clock_real_ns();
        atomic_store(&page.engine_seen, doorbell);
    }
    if (fake->gateway_delay_ns < 0)
        return NULL;
    sleep_ns(fake->gateway_delay_ns);
    atomic_store(&page.gateway[0].seen, doorbell);
    while (fake->drains && ring_peek(&orders, &length))
        ring_release(&orders);
    return NULL;
}

static struct kill_result kill_with(struct fake fake)
{
    struct kill_result result;
    pthread_t thread;

    ring_init(&orders, ring_bytes, sizeof ring_bytes);
    cr_assert(ring_reserve(&orders, 8));
    ring_publish(&orders);
    cr_assert_eq(pthread_create(&thread, NULL, engine_and_gateway, &fake), 0);
    result = kill_and_wait(&target);
    pthread_join(thread, NULL);
    return result;
}

Test(kill_wait, it_waits_for_engine_gateway_and_ring)
{
    int64_t before_ns = clock_real_ns();
    struct kill_result result = kill_with((struct fake){500000, 500000, true});

    cr_assert_eq(result.incident, 1);
    cr_assert(kill_page_is_killed(&page, SCOPE));
    cr_assert(!kill_page_is_killed(&page, SCOPE + 1));
    cr_assert(result.engine_answered && result.gateways_answered);
    cr_assert_eq(result.last_order_seq, 41);
    cr_assert(result.block_ns >= before_ns && result.block_ns <= clock_real_ns());
    cr_assert_eq(ring_consumed(&orders), ring_published(&orders));
}

Test(kill_wait, a_silent_engine_is_reported_and_the_gateways_still_block)
{
    struct kill_result result;

    target.patience_ns = 200000000; /* the gateway's answer has as long again */
    result = kill_with((struct fake){-1, 1000000, false});

    cr_assert(!result.engine_answered);
    cr_assert(result.gateways_answered);
    cr_assert_eq(result.block_ns, 0);
    cr_assert(kill_page_is_killed(&page, SCOPE), "the kill stands");
}

Test(kill_wait, an_order_left_on_the_ring_is_not_counted_as_blocked)
{
    struct kill_result result;

    target.patience_ns = 200000000;
    result = kill_with((struct fake){0, 0, false});

    cr_assert(result.engine_answered);
    cr_assert(!result.gateways_answered);
}

Test(kill_wait, a_silent_gateway_is_reported)
{
    struct kill_result result;

    target.patience_ns = 200000000;
    result = kill_with((struct fake){0, -1, true});

    cr_assert(result.engine_answered && !result.gateways_answered);
}

Test(kill_wait, an_answer_to_an_earlier_doorbell_does_not_count)
{
    struct kill_result result;

    ring_init(&orders, ring_bytes, sizeof ring_bytes);
    kill_page_set(&page, SCOPE + 1);
    page.engine_seen = kill_page_doorbell(&page);
    page.gateway[0].seen = kill_page_doorbell(&page);
    target.patience_ns = 10000000;
    result = kill_and_wait(&target);
    cr_assert(!result.engine_answered && !result.gateways_answered);
    cr_assert_eq(result.incident, 2);
}

/* Held up between its ticket and the word, while another got through: it must leave a trace, or a
 * resume that was proposed before it would pass. */
Test(kill_wait, a_kill_that_is_overtaken_raises_the_word_all_the_same)
{
    atomic_store(&page.ticket, 4);
    atomic_store(&page.word[SCOPE], 7);
    cr_assert_eq(kill_page_set(&page, SCOPE), 8);
    cr_assert_eq(atomic_load(&page.word[SCOPE]), 8);
    cr_assert_eq(kill_page_doorbell(&page), 1);
}
