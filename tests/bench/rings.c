/* Our rings and Concurrency Kit's between two cores, beside the least that two cores can do: one
 * line that both write in turn.
 *
 * Round trip: a message of 64 bytes goes over one ring and its echo comes back over another. The
 * slot ring fills its slot in place, ck_ring copies 64 bytes in and out, which is its only way. All
 * rings pause once in an empty poll, as the program's threads do. The flip-flop is a plain spin on
 * one word; the same with a pause is measured too, because on processors that hand a dirty line
 * over with the right to write it, that is twice as fast, and no two rings can have it. Where a
 * line lies decides how far it is from both cores, so a trial goes over many lines in turn.
 *
 * Stream: as many messages as go through. Ours fills 32 and publishes them once; ck_ring has no
 * such thing, and pushes each. */
#include "benches.h"
#include "duel.h"

#include "base/slot_ring.h"

#include <ck_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 1024,
    MESSAGE_BYTES = 64,
    RING_BYTES = SLOTS * MESSAGE_BYTES,
    PAYLOAD_BYTES = MESSAGE_BYTES - 8, /* of the index ring: its length word is part of the 64 */
    FLIP_LINES = 64,
    BATCH = 32,
    TRIPS = 20000,
    GROUP = 20,
    STREAMED = 400000 / BATCH * BATCH,
    ROUNDS = 15,
    ROUNDS_QUICK = 3,
};

struct message {
    uint8_t lap;
    uint8_t reserved[7];
    uint64_t number;
    uint64_t rest[6];
};
_Static_assert(sizeof(struct message) == MESSAGE_BYTES, "one line");
CK_RING_PROTOTYPE(message, message)

/* Two ways between two cores, of each kind. */
struct ways {
    uint8_t *memory[2];
    struct slot_ring slots[2];
    struct ring rings[2];
    ck_ring_t ck[2];
    alignas(CACHE_LINES_APART) struct {
        alignas(CACHE_LINES_APART) _Atomic uint64_t word;
    } flip[FLIP_LINES];
    uint32_t group;   /* trips between two stamps */
    bool flip_pauses; /* in its spin */
    uint32_t ticks[TRIPS];
};

static void start_again(void *ctx)
{
    struct ways *ways = ctx;

    for (unsigned way = 0; way < 2; way++) {
        memset(ways->memory[way], 0, RING_BYTES);
        slot_ring_init(&ways->slots[way], ways->memory[way], RING_BYTES);
        ring_init(&ways->rings[way], ways->memory[way], RING_BYTES);
        ck_ring_init(&ways->ck[way], SLOTS);
    }
    for (unsigned line = 0; line < FLIP_LINES; line++)
        atomic_store(&ways->flip[line].word, 0);
}

/* At the end of each group of trips. */
static void stamp(struct ways *ways, uint32_t trip, uint64_t *before)
{
    uint64_t now;

    if ((trip + 1) % ways->group != 0)
        return;
    now = duel_now();
    ways->ticks[trip / ways->group] = (uint32_t)(now - *before);
    *before = now;
}

/* --- one line --- */

static _Atomic uint64_t *flip_word(struct ways *ways, uint32_t trip)
{
    return &ways->flip[trip / (TRIPS / FLIP_LINES + 1)].word;
}

static void flip_await(const struct ways *ways, _Atomic uint64_t *word, uint64_t value)
{
    while (atomic_load_explicit(word, memory_order_acquire) != value)
        if (ways->flip_pauses)
            __builtin_ia32_pause();
}

static void flip_ping(void *ctx, uint32_t trips)
{
    struct ways *ways = ctx;
    uint64_t before = duel_now();

    for (uint32_t trip = 0; trip < trips; trip++) {
        _Atomic uint64_t *word = flip_word(ways, trip);

        atomic_store_explicit(word, 2 * (uint64_t)trip + 1, memory_order_release);
        flip_await(ways, word, 2 * (uint64_t)trip + 2);
        stamp(ways, trip, &before);
    }
}

static void flip_echo(void *ctx, uint32_t trips)
{
    struct ways *ways = ctx;

    for (uint32_t trip = 0; trip < trips; trip++) {
        _Atomic uint64_t *word = flip_word(ways, trip);

        flip_await(ways, word, 2 * (uint64_t)trip + 1);
        atomic_store_explicit(word, 2 * (uint64_t)trip + 2, memory_order_release);
    }
}

/* --- slot ring --- */

static void slots_send(struct slot_ring *ring, uint64_t number)
{
    struct message *message;

    while ((message = slot_ring_reserve(ring)) == NULL)
        __builtin_ia32_pause();
    message->number = number;
    for (unsigned at = 0; at < 6; at++)
        message->rest[at] = number;
    slot_ring_publish(ring);
}

static uint64_t slots_receive(struct slot_ring *ring)
{
    const struct message *message;
    uint64_t sum;

    while ((message = slot_ring_peek(ring)) == NULL)
        __builtin_ia32_pause();
    sum = message->number + message->rest[0] - message->rest[5];
    slot_ring_release(ring);
    return sum;
}

static void slots_ping(void *ctx, uint32_t trips)
{
    struct ways *ways = ctx;
    uint64_t before = duel_now();

    for (uint32_t trip = 0; trip < trips; trip++) {
        slots_send(&ways->slots[0], trip);
        assert(slots_receive(&ways->slots[1]) == trip);
        stamp(ways, trip, &before);
    }
}

static void slots_echo(void *ctx, uint32_t trips)
{
    struct ways *ways = ctx;

    for (uint32_t trip = 0; trip < trips; trip++)
        slots_send(&ways->slots[1], slots_receive(&ways->slots[0]));
}

/* --- index ring --- */

static void fill(uint64_t *payload, uint64_t number)
{
    for (unsigned at = 0; at < PAYLOAD_BYTES / 8; at++)
        payload[at] = number;
}

static void ring_send(struct ring *ring, uint64_t number)
{
    uint64_t *payload;

    while ((payload = ring_reserve(ring, PAYLOAD_BYTES)) == NULL)
        __builtin_ia32_pause();
    fill(payload, number);
    ring_publish(ring);
}

static uint64_t ring_receive(struct ring *ring)
{
    const uint64_t *payload;
    size_t length;
    uint64_t sum;

    while ((payload = ring_peek(ring, &length)) == NULL)
        __builtin_ia32_pause();
    sum = payload[0] + payload[1] - payload[6];
    ring_release(ring);
    return sum;
}

static void ring_ping(void *ctx, uint32_t trips)
{
    struct ways *ways = ctx;
    uint64_t before = duel_now();

    for (uint32_t trip = 0; trip < trips; trip++) {
        ring_send(&ways->rings[0], trip);
        assert(ring_receive(&ways->rings[1]) == trip);
        stamp(ways, trip, &before);
    }
}

static void ring_echo(void *ctx, uint32_t trips)
{
    struct ways *ways = ctx;

    for (uint32_t trip = 0; trip < trips; trip++)
        ring_send(&ways->rings[1], ring_receive(&ways->rings[0]));
}

static void ring_pour(void *ctx, uint32_t messages)
{
    struct ring *ring = &((struct ways *)ctx)->rings[0];

    for (uint32_t sent = 0; sent < messages;) {
        uint64_t *payload = ring_reserve(ring, PAYLOAD_BYTES);

        if (payload) {
            fill(payload, sent++);
        } else {
            ring_publish(ring);
            __builtin_ia32_pause();
        }
        if (sent % BATCH == 0)
            ring_publish(ring);
    }
}

static void ring_drink(void *ctx, uint32_t messages)
{
    struct ring *ring = &((struct ways *)ctx)->rings[0];

    for (uint32_t got = 0; got < messages;) {
        size_t length;
        const uint64_t *payload = ring_peek(ring, &length);

        if (!payload) {
            __builtin_ia32_pause();
            continue;
        }
        assert(payload[0] == got && payload[6] == got);
        got++;
        ring_release(ring);
    }
}

/* --- ck_ring --- */

static void ck_send(struct ways *ways, unsigned way, uint64_t number)
{
    struct message message = {.number = number,
                              .rest = {number, number, number, number, number, number}};

    while (!ck_ring_enqueue_spsc_message(&ways->ck[way], (void *)ways->memory[way], &message))
        __builtin_ia32_pause();
}

static uint64_t ck_receive(struct ways *ways, unsigned way)
{
    struct message message;

    while (!ck_ring_dequeue_spsc_message(&ways->ck[way], (void *)ways->memory[way], &message))
        __builtin_ia32_pause();
    return message.number + message.rest[0] - message.rest[5];
}

static void ck_ping(void *ctx, uint32_t trips)
{
    struct ways *ways = ctx;
    uint64_t before = duel_now();

    for (uint32_t trip = 0; trip < trips; trip++) {
        ck_send(ways, 0, trip);
        assert(ck_receive(ways, 1) == trip);
        stamp(ways, trip, &before);
    }
}

static void ck_echo(void *ctx, uint32_t trips)
{
    for (uint32_t trip = 0; trip < trips; trip++)
        ck_send(ctx, 1, ck_receive(ctx, 0));
}

static void ck_pour(void *ctx, uint32_t messages)
{
    struct ways *ways = ctx;

    for (uint32_t sent = 0; sent < messages;) {
        struct message message = {.number = sent, .rest = {sent, sent, sent, sent, sent, sent}};

        if (ck_ring_enqueue_spsc_message(&ways->ck[0], (void *)ways->memory[0], &message))
            sent++;
        else
            __builtin_ia32_pause();
    }
}

static void ck_drink(void *ctx, uint32_t messages)
{
    struct ways *ways = ctx;

    for (uint32_t got = 0; got < messages;) {
        struct message message;

        if (!ck_ring_dequeue_spsc_message(&ways->ck[0], (void *)ways->memory[0], &message)) {
            __builtin_ia32_pause();
            continue;
        }
        assert(message.number == got && message.rest[5] == got);
        got++;
    }
}

/* --- what is made of them --- */

/* A trip's time in the middle of all groups, or of a group of one in the tail. */
static bool trip(struct duel *duel, struct ways *ways, duel_side ping, duel_side echo,
                 uint32_t group, uint32_t per_mille, double *ns)
{
    ways->group = group;
    if (!duel_run(duel, start_again, ping, echo, ways, TRIPS))
        return false;
    *ns = duel_percentile_ns(duel, ways->ticks, TRIPS / group, per_mille) / group;
    return true;
}

/* Millions of messages a second, by the consumer's clock. */
struct stream {
    struct ways *ways;
    duel_side drink;
    uint64_t ticks;
};

static void stream_again(void *ctx)
{
    start_again(((struct stream *)ctx)->ways);
}

static void stream_pour_ring(void *ctx, uint32_t messages)
{
    ring_pour(((struct stream *)ctx)->ways, messages);
}

static void stream_pour_ck(void *ctx, uint32_t messages)
{
    ck_pour(((struct stream *)ctx)->ways, messages);
}

static void stream_drink(void *ctx, uint32_t messages)
{
    struct stream *stream = ctx;
    uint64_t from = duel_now();

    stream->drink(stream->ways, messages);
    stream->ticks = duel_now() - from;
}

static bool flow(struct duel *duel, struct ways *ways, duel_side pour, duel_side drink,
                 double *million_s)
{
    struct stream stream = {.ways = ways, .drink = drink};

    if (!duel_run(duel, stream_again, pour, stream_drink, &stream, STREAMED))
        return false;
    *million_s = STREAMED / ((double)stream.ticks * duel->ns_per_tick) * 1000;
    return true;
}

struct figures {
    struct bench_figure flip, paused, slots, index, ck, vs_flip, vs_ck, tail, pour, ck_pour, stream;
};

static const struct figures fresh = {
    .flip = {.id = "i3.flipflop_rtt_ns", .unit = "ns"},
    .paused = {.id = "i3.flipflop_pausing_rtt_ns", .unit = "ns"},
    .slots = {.id = "i3.ring_rtt_ns", .unit = "ns"},
    .index = {.id = "i3.ring_rtt_by_index_ns", .unit = "ns"},
    .ck = {.id = "i3.ck_rtt_ns", .unit = "ns"},
    .vs_flip = {.id = "i3.ring_rtt_vs_flipflop",
                .unit = "of its p50",
                .target = 1.05,
                .sense = "max"},
    .vs_ck = {.id = "i3.ring_rtt_vs_ck", .unit = "of its p50", .target = 0.62, .sense = "max"},
    .tail = {.id = "i3.ring_rtt_p999_vs_p50", .unit = "times its p50", .target = 2, .sense = "max"},
    .pour = {.id = "i3.ring_stream_million_s", .unit = "million/s"},
    .ck_pour = {.id = "i3.ck_stream_million_s", .unit = "million/s"},
    .stream = {.id = "i3.ring_stream_vs_ck", .unit = "times as many", .target = 9, .sense = "min"},
};

static bool trip_round(struct duel *duel, struct ways *ways, struct figures *f)
{
    double flip;
    double paused;
    double slots;
    double index;
    double ck;
    double tail;

    ways->flip_pauses = true;
    if (!trip(duel, ways, flip_ping, flip_echo, GROUP, 500, &paused))
        return false;
    ways->flip_pauses = false;
    if (!trip(duel, ways, flip_ping, flip_echo, GROUP, 500, &flip) ||
        !trip(duel, ways, slots_ping, slots_echo, GROUP, 500, &slots) ||
        !trip(duel, ways, ring_ping, ring_echo, GROUP, 500, &index) ||
        !trip(duel, ways, ck_ping, ck_echo, GROUP, 500, &ck) ||
        !trip(duel, ways, slots_ping, slots_echo, 1, 999, &tail))
        return false;
    bench_round(&f->flip, flip);
    bench_round(&f->paused, paused);
    bench_round(&f->slots, slots);
    bench_round(&f->index, index);
    bench_round(&f->ck, ck);
    bench_round(&f->vs_flip, slots / flip);
    bench_round(&f->vs_ck, slots / ck);
    bench_round(&f->tail, tail / slots);
    return true;
}

static bool stream_round(struct duel *duel, struct ways *ways, struct figures *f)
{
    double ours;
    double theirs;

    if (!flow(duel, ways, stream_pour_ring, ring_drink, &ours) ||
        !flow(duel, ways, stream_pour_ck, ck_drink, &theirs))
        return false;
    bench_round(&f->pour, ours);
    bench_round(&f->ck_pour, theirs);
    bench_round(&f->stream, ours / theirs);
    return true;
}

/* Memory of a round is kept until the end, so that the next round's is elsewhere. */
static struct ways *ways_make(void)
{
    struct ways *ways = aligned_alloc(4096, (sizeof *ways + 4095) & ~(size_t)4095);

    if (!ways)
        return NULL;
    memset(ways, 0, sizeof *ways);
    for (unsigned way = 0; way < 2; way++)
        ways->memory[way] = aligned_alloc(4096, RING_BYTES);
    return ways->memory[0] && ways->memory[1] ? ways : NULL;
}

static void ways_free(struct ways *ways)
{
    free(ways->memory[0]);
    free(ways->memory[1]);
    free(ways);
}

static void add(struct bench *bench, struct bench_figure *figure, const char *anchor,
                const struct bench_figure *beside)
{
    figure->anchor = anchor;
    figure->anchor_value = bench_median(beside->round, beside->rounds);
    bench_add(bench, figure);
}

static void add_all(struct bench *bench, struct figures *f)
{
    bench_add(bench, &f->flip);
    bench_add(bench, &f->paused);
    bench_add(bench, &f->ck);
    bench_add(bench, &f->index);
    bench_add(bench, &f->slots);
    add(bench, &f->vs_flip, "one-line flip-flop, ns", &f->flip);
    add(bench, &f->vs_ck, "ck_ring, ns", &f->ck);
    add(bench, &f->tail, "p50, ns", &f->slots);
    bench_add(bench, &f->ck_pour);
    bench_add(bench, &f->pour);
    add(bench, &f->stream, "ck_ring, million/s", &f->ck_pour);
}

static bool measure(struct bench *bench, struct duel *duel)
{
    struct figures figures = fresh;
    struct ways *made[ROUNDS];
    uint32_t rounds = bench->quick ? ROUNDS_QUICK : ROUNDS;
    uint32_t round = 0;

    for (; round < rounds && (made[round] = ways_make()) != NULL; round++)
        if (!trip_round(duel, made[round], &figures) ||
            !stream_round(duel, made[round], &figures)) {
            ways_free(made[round]);
            break;
        }
    for (uint32_t at = 0; at < round; at++)
        ways_free(made[at]);
    if (round < rounds)
        return false;
    add_all(bench, &figures);
    return true;
}

bool bench_rings(struct bench *bench, double share)
{
    struct duel duel;
    bool measured;

    if (!bench_wants(bench, "i3.ring_rtt_vs_flipflop i3.ring_rtt_vs_ck i3.ring_rtt_p999_vs_p50 "
                            "i3.ring_stream_vs_ck"))
        return true;
    measured = duel_open(&duel, share) && measure(bench, &duel);
    fprintf(stderr, "benches: rings: %u trials thrown away\n", duel.thrown);
    return measured;
}
