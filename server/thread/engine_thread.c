#include "thread/engine_thread.h"

#include "thread/clock.h"

#include <x86intrin.h>

/* Of all gateways together, shared out evenly. */
enum { COMMANDS_A_TURN = 16, EXECUTIONS_A_TURN = 64, UPDATES_A_TURN = 32 };
#define TIMER_NS 1000000LL

static struct engine_tsc tsc_calibrate(void)
{
    int64_t from_ns = clock_read_ns(CLOCK_MONOTONIC_RAW);
    uint64_t from = __rdtsc();
    int64_t to_ns;
    uint64_t to;

    do {
        to_ns = clock_read_ns(CLOCK_MONOTONIC_RAW);
        to = __rdtsc();
    } while (to_ns - from_ns < 20000000);
    return (struct engine_tsc){
        (uint64_t)(((unsigned __int128)(to_ns - from_ns) << 32) / (to - from))};
}

static int64_t tsc_ns(struct engine_tsc tsc, uint64_t from, uint64_t to)
{
    if (to <= from)
        return 0; /* the two cores' counters may differ by a few ticks after a move */
    return (int64_t)(((unsigned __int128)(to - from) * tsc.factor) >> 32);
}

/* Never goes back: a clock that steps back waits for itself. */
static int64_t now_ns(struct engine_turn *turn)
{
    int64_t now = gateway_virtual_ns(turn->thread->gateway[0]);

    if (now == 0)
        now = clock_real_ns();
    if (now > turn->virtual_ns)
        turn->virtual_ns = now;
    return turn->virtual_ns;
}

static bool answer_kill(struct engine_turn *turn)
{
    struct engine_thread *thread = turn->thread;
    uint64_t doorbell;

    if (kill_page_doorbell(thread->kill) == turn->answered)
        return false;
    doorbell = engine_kill(thread->engine, now_ns(turn));
    engine_publish_kill(thread->engine, doorbell, clock_real_ns());
    turn->answered = doorbell;
    return true;
}

static uint32_t take_commands(struct engine_turn *turn)
{
    struct engine_thread *thread = turn->thread;
    const struct command *command;
    size_t length;
    uint32_t taken = 0;

    while (taken < COMMANDS_A_TURN && (command = ring_peek(thread->commands, &length)) != NULL) {
        engine_command(thread->engine, command, now_ns(turn));
        ring_release(thread->commands);
        taken++;
    }
    return taken;
}

static uint32_t take_executions_of(struct engine_turn *turn, uint16_t gateway)
{
    struct engine_thread *thread = turn->thread;
    struct ring *ring = thread->executions[gateway];
    const struct execution *execution;
    uint32_t most = (uint32_t)EXECUTIONS_A_TURN / thread->gateways;
    size_t length;
    uint32_t taken = 0;

    while (taken < most && (execution = ring_peek(ring, &length)) != NULL) {
        engine_execution(thread->engine, execution, now_ns(turn));
        ring_release(ring);
        taken++;
    }
    return taken;
}

/* By the clock the step was too long; was it by its own doing? The CPU time since the timer, at
 * most
 * a millisecond earlier, tells a slow strategy from a machine that gave the core to another. */
static void judge_step(struct engine_turn *turn, int64_t step_ns)
{
    struct engine_thread *thread = turn->thread;

    if (step_ns < thread->step_budget_ns ||
        clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - turn->timer_cpu_ns < thread->step_budget_ns)
        return;
    engine_overran(thread->engine, now_ns(turn));
}

/* What the engine has just sent leaves before anything else is done. */
static void send_now(struct engine_turn *turn)
{
    for (uint16_t at = 0; at < turn->thread->gateways; at++)
        gateway_send(turn->thread->gateway[at]);
}

static void note_sent(struct engine_turn *turn, const struct market_update *update)
{
    int64_t now = clock_real_ns();

    if (turn->thread->inline_gateways)
        send_now(turn);
    if (now >= update->received_ns && gateway_virtual_ns(turn->thread->gateway[0]) == 0)
        histogram_record(turn->thread->tick_to_order, now - update->received_ns);
}

static void take_update(struct engine_turn *turn, const struct market_update *update)
{
    struct engine_thread *thread = turn->thread;
    bool is_depth = update->kind == MARKET_SNAPSHOT || update->kind == MARKET_DELTA;
    uint64_t sent = engine_orders_sent(thread->engine);
    int64_t now = now_ns(turn);
    uint64_t from = __rdtsc();
    uint64_t to;

    engine_market(thread->engine, update, now);
    to = __rdtsc();
    if (engine_orders_sent(thread->engine) != sent)
        note_sent(turn, update);
    if (is_depth)
        histogram_record(thread->step, tsc_ns(turn->tsc, from, to));
    judge_step(turn, tsc_ns(turn->tsc, from, to));
}

static uint32_t take_market_of(struct engine_turn *turn, uint16_t gateway)
{
    struct ring *ring = turn->thread->market[gateway];
    const struct market_update *update;
    uint32_t most = (uint32_t)UPDATES_A_TURN / turn->thread->gateways;
    size_t length;
    uint32_t taken = 0;

    while (taken < most && (update = ring_peek(ring, &length)) != NULL) {
        take_update(turn, update);
        ring_release(ring);
        taken++;
    }
    return taken;
}

/* From all gateways, beginning with another one each turn. */
static uint32_t take_all(struct engine_turn *turn,
                         uint32_t (*take)(struct engine_turn *turn, uint16_t gateway))
{
    uint16_t gateways = turn->thread->gateways;
    uint32_t taken = 0;

    for (uint32_t at = 0; at < gateways; at++)
        taken += take(turn, (uint16_t)((turn->first + at) % gateways));
    return taken;
}

static uint32_t poll_gateway(struct engine_turn *turn, uint16_t gateway)
{
    return gateway_poll(turn->thread->gateway[gateway]);
}

static void take_time(struct engine_turn *turn)
{
    int64_t now = now_ns(turn);

    if (now - turn->timer_ns < TIMER_NS)
        return;
    turn->timer_ns = now;
    turn->timer_cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
    engine_timer(turn->thread->engine, now);
}

static uint32_t take_inputs(struct engine_turn *turn)
{
    struct engine_thread *thread = turn->thread;
    uint32_t taken = answer_kill(turn);

    turn->first = (uint16_t)((turn->first + 1U) % thread->gateways);
    if (thread->inline_gateways)
        taken += take_all(turn, poll_gateway);
    if (!engine_has_room(thread->engine))
        return taken;
    taken += take_commands(turn);
    taken += take_all(turn, take_executions_of);
    taken += take_all(turn, take_market_of);
    if (thread->inline_gateways && taken != 0)
        send_now(turn); /* cancels and amends, and what a command asked for */
    take_time(turn);
    return taken;
}

/* The final record, when orders have been cancelled and nothing more is taken in. */
static void say_farewell(struct engine_turn *turn)
{
    static const struct command stop = {.kind = COMMAND_STOP};

    if (engine_has_room(turn->thread->engine))
        engine_command(turn->thread->engine, &stop, now_ns(turn));
}

void engine_turn_init(struct engine_turn *turn, struct engine_thread *thread)
{
    *turn = (struct engine_turn){.thread = thread, .tsc = tsc_calibrate()};
}

uint32_t engine_turn_take(struct engine_turn *turn)
{
    uint32_t taken = take_inputs(turn);

    atomic_store_explicit(turn->thread->beat_ns, clock_mono_ns(), memory_order_relaxed);
    return taken;
}

void *engine_thread_run(void *engine_thread)
{
    struct engine_thread *thread = engine_thread;
    struct engine_turn turn;
    uint32_t empty = 0;

    engine_turn_init(&turn, thread);
    (void)thread_hurry(HURRY_ENGINE);
    while (!atomic_load_explicit(&thread_stopping, memory_order_acquire)) {
        if (engine_turn_take(&turn) != 0)
            empty = 0;
        else
            thread_idle(thread->idle, &empty);
    }
    say_farewell(&turn);
    return NULL;
}
