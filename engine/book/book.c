/* See book.h for the shape. One trick keeps both sides the same code: levels are kept by rank,
 * which is the price of a bid and the negated price of an ask, so that the best level of either
 * side has the greatest rank. */
#include "book/book.h"

#include "base/assert.h"

#include <stdalign.h>
#include <string.h>

enum {
    WINDOW_WORDS = BOOK_WINDOW / 64,
    SUMMARY_WORDS = WINDOW_WORDS / 64,
    WINDOW_BEST_AT = BOOK_WINDOW / 4 * 3, /* where centring puts the best: most room is behind it */
    WINDOW_LOW = BOOK_WINDOW / 4,         /* a best below this has too little room behind it */
    DEEP_MASK = BOOK_DEEP_SLOTS - 1,
    DEEP_SHIFT = 32 - 15,
    PREFETCH_AHEAD = 8,
};

_Static_assert(SUMMARY_WORDS >= 1 && BOOK_WINDOW % (64 * 64) == 0, "whole words of summary");
_Static_assert(1 << (32 - DEEP_SHIFT) == BOOK_DEEP_SLOTS, "the hash yields a slot");
_Static_assert(BOOK_DEEP_MAX < BOOK_DEEP_SLOTS, "a probe always meets an empty slot");

/* Rank and size side by side: a deep level costs one cache miss, not two. */
struct deep {
    int64_t lots;
    int64_t rank; /* 0: empty slot; no price is 0 */
};

/* Between two updates the best level lies in the window, so all deep levels are worse than it. */
struct half {
    int64_t base;                    /* rank of window slot 0 */
    uint64_t hash;                   /* sum of lots * rank_hash() over all levels */
    uint64_t summary[SUMMARY_WORDS]; /* bit w: bits[w] is not zero */
    uint32_t count;                  /* levels, deep ones included */
    uint32_t deep_count;
    bool above; /* during an update: a deep level above the window was set */
    bool full;  /* a level did not fit */
    uint64_t bits[WINDOW_WORDS];
    alignas(64) int64_t lots[BOOK_WINDOW];
    alignas(64) struct deep deep[BOOK_DEEP_SLOTS];
};

struct book {
    uint16_t instrument;
    uint8_t status;
    int64_t update_id;
    int64_t received_ns;
    alignas(CACHE_LINES_APART) struct half half[2]; /* by enum side */
};

static int64_t rank_of(enum side side, int64_t price_ticks)
{
    return side == SIDE_BUY ? price_ticks : -price_ticks;
}

/* Odd, so that no change of a size is lost in the sum. */
static uint64_t rank_hash(int64_t rank)
{
    uint64_t mixed = (uint64_t)rank * 0x9E3779B97F4A7C15ULL;

    return (mixed ^ mixed >> 31) | 1;
}

/* The sum is the same in whatever order levels come, and costs a multiplication or two a change. */
static void hash_by(struct half *half, int64_t rank, int64_t lots)
{
    half->hash += (uint64_t)lots * rank_hash(rank);
}

static uint32_t deep_home(int64_t rank)
{
    return (uint32_t)rank * 2654435769U >> DEEP_SHIFT;
}

/* The slot of a rank, or the empty slot where it would go. */
static uint32_t deep_find(const struct half *half, int64_t rank)
{
    uint32_t slot = deep_home(rank);

    while (half->deep[slot].rank != 0 && half->deep[slot].rank != rank)
        slot = (slot + 1) & DEEP_MASK;
    return slot;
}

/* Backward shift: each later entry of the run moves into the hole unless its home lies behind. */
static void deep_remove(struct half *half, uint32_t hole)
{
    uint32_t slot = hole;

    hash_by(half, half->deep[hole].rank, -half->deep[hole].lots);
    for (;;) {
        slot = (slot + 1) & DEEP_MASK;
        if (half->deep[slot].rank == 0)
            break;
        if (((slot - deep_home(half->deep[slot].rank)) & DEEP_MASK) < ((slot - hole) & DEEP_MASK))
            continue;
        half->deep[hole] = half->deep[slot];
        hole = slot;
    }
    half->deep[hole].rank = 0;
    half->deep_count--;
    half->count--;
}

static void deep_set(struct half *half, int64_t rank, int64_t lots)
{
    uint32_t slot = deep_find(half, rank);
    bool held = half->deep[slot].rank != 0;

    if (lots == 0) {
        if (held)
            deep_remove(half, slot);
        return;
    }
    if (held)
        hash_by(half, rank, -half->deep[slot].lots);
    if (!held) {
        if (half->deep_count == BOOK_DEEP_MAX) {
            half->full = true;
            return;
        }
        half->deep[slot].rank = rank;
        half->deep_count++;
        half->count++;
    }
    hash_by(half, rank, lots);
    half->deep[slot].lots = lots;
    half->above |= rank >= half->base + BOOK_WINDOW;
}

static void window_set(struct half *half, uint64_t index, int64_t lots)
{
    uint64_t word = index / 64;
    uint64_t bit = 1ULL << index % 64;

    hash_by(half, half->base + (int64_t)index, lots - half->lots[index]);
    half->count += (uint32_t)(lots != 0) - (uint32_t)(half->lots[index] != 0);
    half->lots[index] = lots;
    if (lots != 0)
        half->bits[word] |= bit;
    else
        half->bits[word] &= ~bit;
    if (half->bits[word] != 0)
        half->summary[word / 64] |= 1ULL << word % 64;
    else
        half->summary[word / 64] &= ~(1ULL << word % 64);
}

static void half_set(struct half *half, int64_t rank, int64_t lots)
{
    uint64_t index = (uint64_t)(rank - half->base);

    if (index < BOOK_WINDOW)
        window_set(half, index, lots);
    else
        deep_set(half, rank, lots);
}

static uint64_t highest_bit(uint64_t word)
{
    return 63 - (uint64_t)__builtin_clzll(word);
}

static bool window_is_empty(const struct half *half)
{
    uint64_t any = 0;

    for (uint32_t at = 0; at < SUMMARY_WORDS; at++)
        any |= half->summary[at];
    return any == 0;
}

/* Window index of the best level; the window is not empty. */
static uint64_t window_best(const struct half *half)
{
    uint64_t at = SUMMARY_WORDS - 1;
    uint64_t word;

    while (half->summary[at] == 0)
        at--;
    word = at * 64 + highest_bit(half->summary[at]);
    return word * 64 + highest_bit(half->bits[word]);
}

static int64_t deep_best(const struct half *half)
{
    int64_t best = INT64_MIN;

    for (uint32_t slot = 0; slot < BOOK_DEEP_SLOTS; slot++) {
        int64_t rank = half->deep[slot].rank != 0 ? half->deep[slot].rank : INT64_MIN;

        best = rank > best ? rank : best;
    }
    return best;
}

/* Moves the deep levels that the window now covers into it. A removal pulls later entries into the
 * slot just looked at, so that slot is looked at again. */
static void deep_to_window(struct half *half)
{
    uint32_t slot = 0;

    while (slot < BOOK_DEEP_SLOTS) {
        uint64_t index = (uint64_t)(half->deep[slot].rank - half->base);
        int64_t lots = half->deep[slot].lots;

        if (half->deep[slot].rank == 0 || index >= BOOK_WINDOW) {
            slot++;
            continue;
        }
        deep_remove(half, slot);
        window_set(half, index, lots);
    }
}

static void window_clear(struct half *half)
{
    memset(half->lots, 0, sizeof half->lots);
    memset(half->bits, 0, sizeof half->bits);
    memset(half->summary, 0, sizeof half->summary);
}

/* Takes every level out of the window, in the order of its bits; only what was set is touched. */
static uint32_t window_take(struct half *half, uint64_t bits[WINDOW_WORDS], int64_t taken[])
{
    uint32_t count = 0;

    memcpy(bits, half->bits, sizeof half->bits);
    for (uint64_t word = 0; word < WINDOW_WORDS; word++)
        for (uint64_t rest = bits[word]; rest != 0; rest &= rest - 1) {
            uint64_t index = word * 64 + (uint64_t)__builtin_ctzll(rest);

            hash_by(half, half->base + (int64_t)index, -half->lots[index]);
            taken[count++] = half->lots[index];
            half->lots[index] = 0;
        }
    memset(half->bits, 0, sizeof half->bits);
    memset(half->summary, 0, sizeof half->summary);
    half->count -= count;
    return count;
}

static void centre(struct half *half, int64_t best)
{
    int64_t old_base = half->base;
    uint64_t old_bits[WINDOW_WORDS];
    int64_t old_lots[BOOK_WINDOW];
    uint32_t taken = window_take(half, old_bits, old_lots);
    uint32_t at = 0;

    half->base = best - WINDOW_BEST_AT;
    deep_to_window(half);
    for (uint64_t word = 0; word < WINDOW_WORDS; word++)
        for (uint64_t rest = old_bits[word]; rest != 0; rest &= rest - 1) {
            uint64_t index = word * 64 + (uint64_t)__builtin_ctzll(rest);

            half_set(half, old_base + (int64_t)index, old_lots[at++]);
        }
    assert(at == taken);
    half->above = false;
}

static int64_t best_rank(const struct half *half)
{
    return half->base + (int64_t)window_best(half);
}

/* After an update: brings the best level back into the window, and the window around it. */
static void settle(struct half *half)
{
    bool empty = window_is_empty(half);
    int64_t best = empty ? INT64_MIN : best_rank(half);

    if (half->deep_count == 0) {
        half->above = false; /* what was set above is gone again */
        return;
    }
    if (half->above || empty) {
        int64_t deep = deep_best(half);

        centre(half, deep > best ? deep : best);
    } else if (best < half->base + WINDOW_LOW) {
        centre(half, best);
    }
}

static void half_clear(struct half *half)
{
    window_clear(half);
    memset(half->deep, 0, sizeof half->deep);
    half->count = half->deep_count = 0;
    half->hash = 0;
    half->above = half->full = false;
}

/* An update of hundreds of levels touches as many lines, few of them in the nearest cache: each is
 * asked for a few levels before it is needed. */
static void half_prefetch(const struct half *half, int64_t rank)
{
    uint64_t index = (uint64_t)(rank - half->base);
    uint32_t slot = deep_home(rank);

    if (index < BOOK_WINDOW) {
        __builtin_prefetch(&half->lots[index], 1);
    } else {
        __builtin_prefetch(&half->deep[slot], 1);
    }
}

static void set_levels(struct book *book, enum side side, const struct level *levels,
                       uint32_t count)
{
    struct half *half = &book->half[side];

    for (uint32_t i = 0; i < count; i++) {
        if (i + PREFETCH_AHEAD < count)
            half_prefetch(half, rank_of(side, levels[i + PREFETCH_AHEAD].price_ticks));
        assert(levels[i].price_ticks > 0 && levels[i].price_ticks <= MAX_PRICE_TICKS);
        assert(levels[i].qty_lots >= 0 && levels[i].qty_lots <= MAX_LOTS);
        half_set(half, rank_of(side, levels[i].price_ticks), levels[i].qty_lots);
    }
    settle(half);
}

/* Empties a side and puts the window where the new levels will be. */
static void prepare(struct book *book, enum side side, const struct level *levels, uint32_t count)
{
    struct half *half = &book->half[side];
    int64_t best = INT64_MIN;

    half_clear(half);
    for (uint32_t i = 0; i < count; i++)
        if (levels[i].qty_lots > 0 && rank_of(side, levels[i].price_ticks) > best)
            best = rank_of(side, levels[i].price_ticks);
    half->base = (best == INT64_MIN ? 0 : best) - WINDOW_BEST_AT;
}

static bool is_crossed(const struct book *book)
{
    const struct half *bids = &book->half[SIDE_BUY];
    const struct half *asks = &book->half[SIDE_SELL];

    return !window_is_empty(bids) && !window_is_empty(asks) && best_rank(bids) >= -best_rank(asks);
}

static enum book_result make_stale(struct book *book, enum book_status status)
{
    book->status = (uint8_t)status;
    return BOOK_NEEDS_SNAPSHOT;
}

enum book_result book_apply(struct book *book, const struct market_update *update)
{
    assert(update->instrument == book->instrument);
    assert(update->kind == MARKET_SNAPSHOT || update->kind == MARKET_DELTA);
    assert(update->bid_count + update->ask_count <= MAX_MARKET_LEVELS);
    if (update->kind == MARKET_SNAPSHOT) {
        prepare(book, SIDE_BUY, update->levels, update->bid_count);
        prepare(book, SIDE_SELL, update->levels + update->bid_count, update->ask_count);
    } else {
        if (book->status != BOOK_OK || update->update_id <= book->update_id)
            return BOOK_IGNORED;
        if (update->prev_update_id != book->update_id)
            return make_stale(book, BOOK_GAPPED);
    }
    set_levels(book, SIDE_BUY, update->levels, update->bid_count);
    set_levels(book, SIDE_SELL, update->levels + update->bid_count, update->ask_count);
    book->update_id = update->update_id;
    book->received_ns = update->received_ns;
    if (book->half[SIDE_BUY].full || book->half[SIDE_SELL].full)
        return make_stale(book, BOOK_FULL);
    if (is_crossed(book))
        return make_stale(book, BOOK_CROSSED);
    book->status = BOOK_OK;
    return BOOK_APPLIED;
}

size_t book_size(void)
{
    return sizeof(struct book);
}

void book_init(struct book *book, uint16_t instrument)
{
    assert(((uintptr_t)book & (CACHE_LINES_APART - 1)) == 0);
    memset(book, 0, sizeof *book);
    book->instrument = instrument;
    book->status = BOOK_EMPTY;
}

void book_mark(struct book *book, enum book_status status)
{
    assert(status != BOOK_OK);
    book->status = (uint8_t)status;
}

enum book_status book_status(const struct book *book)
{
    return (enum book_status)book->status;
}

bool book_is_stale(const struct book *book)
{
    return book->status != BOOK_OK || book->half[SIDE_BUY].count == 0 ||
           book->half[SIDE_SELL].count == 0;
}

static struct level best_level(const struct half *half, enum side side)
{
    uint64_t index;

    if (window_is_empty(half))
        return (struct level){0};
    index = window_best(half);
    return (struct level){.price_ticks = rank_of(side, half->base + (int64_t)index),
                          .qty_lots = half->lots[index]};
}

struct touch book_touch(const struct book *book)
{
    return (struct touch){.bid = best_level(&book->half[SIDE_BUY], SIDE_BUY),
                          .ask = best_level(&book->half[SIDE_SELL], SIDE_SELL)};
}

int64_t book_update_id(const struct book *book)
{
    return book->update_id;
}

int64_t book_received_ns(const struct book *book)
{
    return book->received_ns;
}

uint64_t book_hash(const struct book *book)
{
    const int64_t values[] = {book->instrument,
                              book->status,
                              book->update_id,
                              book->received_ns,
                              (int64_t)book->half[SIDE_BUY].hash,
                              (int64_t)book->half[SIDE_SELL].hash};
    uint64_t hash = 0;

    for (size_t at = 0; at < sizeof values / sizeof values[0]; at++)
        hash = (hash ^ hash >> 32 ^ (uint64_t)values[at]) * 0x9E3779B97F4A7C15ULL;
    return hash;
}

int64_t book_level_lots(const struct book *book, enum side side, int64_t price_ticks)
{
    const struct half *half = &book->half[side];
    int64_t rank = rank_of(side, price_ticks);
    uint64_t index = (uint64_t)(rank - half->base);
    uint32_t slot;

    if (price_ticks <= 0 || price_ticks > MAX_PRICE_TICKS)
        return 0;
    if (index < BOOK_WINDOW)
        return half->lots[index];
    slot = deep_find(half, rank);
    return half->deep[slot].rank != 0 ? half->deep[slot].lots : 0;
}

/* Keeps the best `most` deep levels seen so far in order; returns how many there are now. */
static uint32_t keep_best(struct level *levels, uint32_t kept, uint32_t most, enum side side,
                          struct level level)
{
    uint32_t at = kept;

    while (at > 0 && rank_of(side, levels[at - 1].price_ticks) < rank_of(side, level.price_ticks))
        at--;
    if (at == most)
        return kept;
    kept = kept < most ? kept + 1 : most;
    memmove(levels + at + 1, levels + at, (kept - at - 1) * sizeof *levels);
    levels[at] = level;
    return kept;
}

static uint32_t deep_levels(const struct half *half, enum side side, struct level *levels,
                            uint32_t most)
{
    uint32_t kept = 0;

    for (uint32_t slot = 0; slot < BOOK_DEEP_SLOTS && most > 0; slot++)
        if (half->deep[slot].rank != 0)
            kept = keep_best(
                levels, kept, most, side,
                (struct level){rank_of(side, half->deep[slot].rank), half->deep[slot].lots});
    return kept;
}

/* The levels of one word of the window, best first. */
static uint32_t word_levels(const struct half *half, enum side side, uint64_t word,
                            struct level *levels, uint32_t most)
{
    uint32_t used = 0;

    for (uint64_t bits = half->bits[word]; bits != 0 && used < most;) {
        uint64_t bit = highest_bit(bits);

        levels[used].price_ticks = rank_of(side, half->base + (int64_t)(word * 64 + bit));
        levels[used++].qty_lots = half->lots[word * 64 + bit];
        bits &= ~(1ULL << bit);
    }
    return used;
}

uint32_t book_levels(const struct book *book, enum side side, struct level *levels, uint32_t most)
{
    const struct half *half = &book->half[side];
    uint32_t used = 0;

    for (uint64_t at = SUMMARY_WORDS; at-- > 0;)
        for (uint64_t words = half->summary[at]; words != 0 && used < most;) {
            uint64_t word = at * 64 + highest_bit(words);

            used += word_levels(half, side, word, levels + used, most - used);
            words &= ~(1ULL << word % 64);
        }
    if (half->deep_count == 0)
        return used;
    return used + deep_levels(half, side, levels + used, most - used);
}

uint32_t book_level_count(const struct book *book, enum side side)
{
    return book->half[side].count;
}
