#include "control/kill_wait.h"

#include "thread/clock.h"

#define SPIN_NS 20000

static void pause_a_little(int64_t since_ns)
{
    static const struct timespec step = {.tv_nsec = 20000};

    if (clock_mono_ns() - since_ns < SPIN_NS)
        __builtin_ia32_pause();
    else
        nanosleep(&step, NULL);
}

static bool engine_answered(struct kill_page *page, uint64_t doorbell)
{
    /* Pairs with the release in engine_publish_kill: the answer's other words are there. */
    return atomic_load_explicit(&page->engine_seen, memory_order_acquire) >= doorbell;
}

static bool gateways_passed(const struct kill_target *target, uint64_t doorbell, bool ring_too)
{
    struct kill_page *page = target->page;

    for (uint16_t i = 0; i < target->gateways; i++) {
        /* Pairs with the release of the gateway's answer. */
        if (atomic_load_explicit(&page->gateway[i].seen, memory_order_acquire) < doorbell)
            return false;
        if (ring_too && ring_consumed(target->order_rings[i]) <
                            atomic_load_explicit(&page->block_at[i], memory_order_relaxed))
            return false;
    }
    return true;
}

static struct kill_result await_answers(const struct kill_target *target)
{
    struct kill_page *page = target->page;
    struct kill_result result = {
        .incident = atomic_load_explicit(&page->word[target->scope], memory_order_acquire)};
    /* A later kill's bell may be in it, and then we wait for that one as well. */
    uint64_t doorbell = kill_page_doorbell(page);
    int64_t since_ns = clock_mono_ns();
    int64_t deadline_ns = since_ns + target->patience_ns;

    result.doorbell = doorbell;
    while (!(result.engine_answered = engine_answered(page, doorbell)) &&
           clock_mono_ns() < deadline_ns)
        pause_a_little(since_ns);
    if (result.engine_answered) {
        result.block_ns = atomic_load_explicit(&page->engine_seen_ns, memory_order_relaxed);
        result.last_order_seq = atomic_load_explicit(&page->last_order_seq, memory_order_relaxed);
    }
    deadline_ns = clock_mono_ns() + target->patience_ns;
    while (
        !(result.gateways_answered = gateways_passed(target, doorbell, result.engine_answered)) &&
        clock_mono_ns() < deadline_ns)
        pause_a_little(since_ns);
    return result;
}

struct kill_result kill_and_wait(const struct kill_target *target)
{
    uint64_t incident = kill_page_set(target->page, target->scope);
    struct kill_result result = await_answers(target);

    if (!result.engine_answered)
        (void)kill_page_sweep(target->page);
    result.incident = incident;
    return result;
}
