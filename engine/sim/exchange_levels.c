/* Where the levels are: the window with its bits, the sorted array outside it, and the move of
 * the window between them. */
#include "sim/exchange_inside.h"

#include <string.h>

/* Levels that a move carries for nothing: too few to count. */
enum { MOVE_FREE_LEVELS = 16 };

static void link_to_itself(struct exchange *exchange, uint32_t cell)
{
    exchange->cells[cell].level.links = (struct exchange_links){cell, cell};
    exchange->cells[cell].level.lots = 0;
}

void exchange_levels_init(struct exchange *exchange)
{
    uint32_t deep_end = EXCHANGE_WINDOW_TICKS + exchange->config.orders;

    for (uint32_t cell = 0; cell < EXCHANGE_WINDOW_TICKS; cell++)
        link_to_itself(exchange, cell);
    for (uint32_t cell = EXCHANGE_WINDOW_TICKS; cell < deep_end; cell++)
        exchange->cells[cell].links.next = cell + 1 < deep_end ? cell + 1 : EXCHANGE_NONE;
    exchange->free_deep = EXCHANGE_WINDOW_TICKS;
    for (uint8_t side = SIDE_BUY; side != SIDE_SELL + 1; side++)
        exchange->half[side].best_rank = EXCHANGE_NO_RANK;
}

/* ---- outside the window ----------------------------------------------------------------- */

/* How many levels outside are worse than `rank`: where it is, or would go. */
static uint32_t deep_place(const struct exchange *exchange, uint8_t side, int64_t rank)
{
    const struct exchange_half *half = &exchange->half[side];
    uint32_t from = 0;
    uint32_t count = half->deep_count;

    while (count > 0) {
        uint32_t step = count / 2;

        if (exchange_rank(side, half->deep[from + step].price_ticks) < rank) {
            from += step + 1;
            count -= step + 1;
        } else {
            count = step;
        }
    }
    return from;
}

static bool deep_has(const struct exchange_half *half, uint32_t place, uint32_t price_ticks)
{
    return place < half->deep_count && half->deep[place].price_ticks == price_ticks;
}

EXCHANGE_SELDOM
uint32_t exchange_deep_find(struct exchange *exchange, uint8_t side, uint32_t price_ticks)
{
    const struct exchange_half *half = &exchange->half[side];
    uint32_t place = deep_place(exchange, side, exchange_rank(side, price_ticks));

    assert(deep_has(half, place, price_ticks));
    exchange->misses++;
    return half->deep[place].cell;
}

static uint32_t deep_insert(struct exchange *exchange, uint8_t side, uint32_t place,
                            uint32_t price_ticks)
{
    struct exchange_half *half = &exchange->half[side];
    struct exchange_deep *at = &half->deep[place];
    uint32_t cell = exchange->free_deep;

    assert(cell != EXCHANGE_NONE); /* there are as many as orders */
    exchange->free_deep = exchange->cells[cell].links.next;
    link_to_itself(exchange, cell);
    memmove(at + 1, at, (half->deep_count - place) * sizeof *at);
    *at = (struct exchange_deep){price_ticks, cell};
    half->deep_count++;
    return cell;
}

/* Takes `count` levels out of the array; their cells are free again. */
static void deep_remove(struct exchange *exchange, uint8_t side, uint32_t place, uint32_t count)
{
    struct exchange_half *half = &exchange->half[side];
    struct exchange_deep *at = &half->deep[place];

    for (uint32_t each = 0; each < count; each++) {
        exchange->cells[at[each].cell].links.next = exchange->free_deep;
        exchange->free_deep = at[each].cell;
    }
    memmove(at, at + count, (half->deep_count - place - count) * sizeof *at);
    half->deep_count -= count;
}

/* ---- the window ------------------------------------------------------------------------- */

static uint64_t highest_bit(uint64_t word)
{
    return 63 - (uint64_t)__builtin_clzll(word);
}

static uint64_t lowest_bit(uint64_t word)
{
    return (uint64_t)__builtin_ctzll(word);
}

/* The word of `bits` that holds the lowest prices: the window goes round from there. */
static uint32_t first_word(const struct exchange *exchange)
{
    return exchange->base_ticks / 64 % EXCHANGE_WORDS;
}

/* The summary, turned so that bit 0 is the word of the lowest prices. */
static uint64_t summary_by_price(const struct exchange *exchange, uint8_t side)
{
    uint64_t summary = exchange->half[side].summary;
    uint32_t turn = first_word(exchange);

    return summary >> turn | summary << (-turn & 63);
}

static uint64_t word_by_price(const struct exchange *exchange, uint8_t side, uint64_t word)
{
    return exchange->half[side].bits[(first_word(exchange) + word) % EXCHANGE_WORDS];
}

/* The best rank of the window among the words that `allowed` has. */
static int64_t best_of_words(const struct exchange *exchange, uint8_t side, uint64_t allowed)
{
    uint64_t words = summary_by_price(exchange, side) & allowed;
    uint64_t word;
    uint64_t bits;

    if (words == 0)
        return EXCHANGE_NO_RANK;
    word = side == SIDE_BUY ? highest_bit(words) : lowest_bit(words);
    bits = word_by_price(exchange, side, word);
    bits = side == SIDE_BUY ? highest_bit(bits) : lowest_bit(bits);
    return exchange_rank(side, exchange->base_ticks + (uint32_t)(word * 64 + bits));
}

static int64_t better(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

static int64_t find_best(const struct exchange *exchange, uint8_t side)
{
    const struct exchange_half *half = &exchange->half[side];
    int64_t best = best_of_words(exchange, side, UINT64_MAX);

    if (half->deep_count == 0)
        return best;
    return better(best, exchange_rank(side, half->deep[half->deep_count - 1].price_ticks));
}

static void set_bit(struct exchange *exchange, uint8_t side, uint32_t price_ticks)
{
    struct exchange_half *half = &exchange->half[side];
    uint32_t word = price_ticks / 64 % EXCHANGE_WORDS;

    half->bits[word] |= 1ULL << price_ticks % 64;
    half->summary |= 1ULL << word;
    exchange->window_levels++;
}

static void clear_bit(struct exchange *exchange, uint8_t side, uint32_t price_ticks)
{
    struct exchange_half *half = &exchange->half[side];
    uint32_t word = price_ticks / 64 % EXCHANGE_WORDS;

    half->bits[word] &= ~(1ULL << price_ticks % 64);
    if (half->bits[word] == 0)
        half->summary &= ~(1ULL << word);
    exchange->window_levels--;
}

EXCHANGE_SELDOM
void exchange_level_opened(struct exchange *exchange, uint8_t side, uint32_t price_ticks)
{
    struct exchange_half *half = &exchange->half[side];

    if (exchange_in_window(exchange, price_ticks))
        set_bit(exchange, side, price_ticks);
    half->best_rank = better(half->best_rank, exchange_rank(side, price_ticks));
}

EXCHANGE_SELDOM
void exchange_level_closed(struct exchange *exchange, uint8_t side, uint32_t price_ticks)
{
    struct exchange_half *half = &exchange->half[side];
    int64_t rank = exchange_rank(side, price_ticks);

    if (exchange_in_window(exchange, price_ticks))
        clear_bit(exchange, side, price_ticks);
    else
        deep_remove(exchange, side, deep_place(exchange, side, rank), 1);
    if (rank == half->best_rank)
        half->best_rank = find_best(exchange, side);
}

/* ---- the next level --------------------------------------------------------------------- */

/* Of the window, the best that is worse than a price within it. */
static int64_t window_after(const struct exchange *exchange, uint8_t side, uint32_t price_ticks)
{
    uint32_t index = price_ticks - exchange->base_ticks;
    uint64_t below = (1ULL << index % 64) - 1;
    uint64_t words_below = (1ULL << index / 64) - 1;
    uint64_t bits = word_by_price(exchange, side, index / 64);

    bits &= side == SIDE_BUY ? below : ~below << 1 & ~below;
    if (bits != 0) {
        uint32_t bit = (uint32_t)(side == SIDE_BUY ? highest_bit(bits) : lowest_bit(bits));

        return exchange_rank(side, price_ticks - index % 64 + bit);
    }
    return best_of_words(exchange, side,
                         side == SIDE_BUY ? words_below : ~words_below << 1 & ~words_below);
}

int64_t exchange_rank_after(const struct exchange *exchange, uint8_t side, int64_t rank)
{
    const struct exchange_half *half = &exchange->half[side];
    uint32_t price_ticks = exchange_rank_ticks(side, rank);
    uint32_t worse = deep_place(exchange, side, rank);
    int64_t best = EXCHANGE_NO_RANK;

    if (exchange_in_window(exchange, price_ticks))
        best = window_after(exchange, side, price_ticks);
    else if (rank > exchange_rank(side, exchange->base_ticks))
        best = best_of_words(exchange, side, UINT64_MAX);
    if (worse > 0)
        best = better(best, exchange_rank(side, half->deep[worse - 1].price_ticks));
    return best;
}

/* ---- the move --------------------------------------------------------------------------- */

/* Carries the ring of orders of one level cell to another, empty one. */
static void carry(struct exchange *exchange, uint32_t from, uint32_t to)
{
    union exchange_cell *cells = exchange->cells;
    struct exchange_links links = cells[from].links;

    cells[to].level.lots = cells[from].level.lots;
    cells[to].links = links;
    cells[links.next].links.previous = to;
    cells[links.previous].links.next = to;
    link_to_itself(exchange, from);
}

/* Levels of the window that the one from `base_ticks` on would not hold go outside. */
static void carry_out(struct exchange *exchange, uint8_t side, uint32_t base_ticks)
{
    for (uint64_t word = 0; word < EXCHANGE_WORDS; word++) {
        uint32_t low_ticks = exchange->base_ticks + (uint32_t)word * 64;
        uint64_t bits = word_by_price(exchange, side, word);

        if (low_ticks - base_ticks < EXCHANGE_WINDOW_TICKS)
            continue; /* both bases are multiples of 64 */
        for (; bits != 0; bits &= bits - 1) {
            uint32_t price_ticks = low_ticks + (uint32_t)lowest_bit(bits);
            uint32_t place = deep_place(exchange, side, exchange_rank(side, price_ticks));

            carry(exchange, price_ticks & EXCHANGE_WINDOW_MASK,
                  deep_insert(exchange, side, place, price_ticks));
            clear_bit(exchange, side, price_ticks);
        }
    }
}

/* Levels from outside that the window now holds come in. */
static void carry_in(struct exchange *exchange, uint8_t side)
{
    const struct exchange_half *half = &exchange->half[side];
    uint32_t top_ticks = exchange->base_ticks + EXCHANGE_WINDOW_TICKS - 1;
    int64_t low_rank = side == SIDE_BUY ? exchange->base_ticks : -(int64_t)top_ticks;
    uint32_t place = deep_place(exchange, side, low_rank);
    uint32_t end = deep_place(exchange, side, low_rank + EXCHANGE_WINDOW_TICKS);

    for (uint32_t at = place; at < end; at++) {
        uint32_t price_ticks = half->deep[at].price_ticks;

        carry(exchange, half->deep[at].cell, price_ticks & EXCHANGE_WINDOW_MASK);
        set_bit(exchange, side, price_ticks);
    }
    deep_remove(exchange, side, place, end - place);
}

/* The price around which the next orders will be: the middle of the touch, or one side of it. */
static int64_t centre_ticks(const struct exchange *exchange)
{
    uint32_t bid = exchange_best_ticks(exchange, SIDE_BUY);
    uint32_t ask = exchange_best_ticks(exchange, SIDE_SELL);

    if (bid == 0 || ask == 0)
        return bid + ask;
    return ask - bid < EXCHANGE_WINDOW_TICKS / 2 ? (bid + ask) / 2 : bid;
}

static void settle(struct exchange *exchange)
{
    int64_t base_ticks = centre_ticks(exchange) - EXCHANGE_WINDOW_TICKS / 2;

    if (exchange->misses <= exchange->window_levels + MOVE_FREE_LEVELS)
        return;
    base_ticks = base_ticks < 0 ? 0 : base_ticks & ~63LL;
    exchange->misses = 0;
    for (uint8_t side = SIDE_BUY; side != SIDE_SELL + 1; side++)
        carry_out(exchange, side, (uint32_t)base_ticks);
    exchange->base_ticks = (uint32_t)base_ticks;
    for (uint8_t side = SIDE_BUY; side != SIDE_SELL + 1; side++)
        carry_in(exchange, side);
}

EXCHANGE_SELDOM
uint32_t exchange_deep_open(struct exchange *exchange, uint8_t side, uint32_t price_ticks)
{
    const struct exchange_half *half = &exchange->half[side];
    uint32_t place;

    exchange->misses++;
    settle(exchange);
    if (exchange_in_window(exchange, price_ticks))
        return price_ticks & EXCHANGE_WINDOW_MASK;
    place = deep_place(exchange, side, exchange_rank(side, price_ticks));
    if (deep_has(half, place, price_ticks))
        return half->deep[place].cell;
    return deep_insert(exchange, side, place, price_ticks);
}

/* ---- what others may ask ---------------------------------------------------------------- */

uint32_t exchange_best_ticks(const struct exchange *exchange, enum side side)
{
    int64_t rank = exchange->half[side].best_rank;

    return rank == EXCHANGE_NO_RANK ? 0 : exchange_rank_ticks((uint8_t)side, rank);
}

uint64_t exchange_level_lots(const struct exchange *exchange, enum side side, uint32_t price_ticks)
{
    const struct exchange_half *half = &exchange->half[side];
    uint32_t cell = price_ticks & EXCHANGE_WINDOW_MASK;
    uint32_t place;

    if (exchange_in_window(exchange, price_ticks))
        return half->bits[price_ticks / 64 % EXCHANGE_WORDS] >> price_ticks % 64 & 1
                   ? exchange->cells[cell].level.lots
                   : 0;
    place = deep_place(exchange, (uint8_t)side, exchange_rank((uint8_t)side, price_ticks));
    return deep_has(half, place, price_ticks) ? exchange->cells[half->deep[place].cell].level.lots
                                              : 0;
}

uint32_t exchange_levels(const struct exchange *exchange, enum side side, struct level *levels,
                         uint32_t most)
{
    int64_t rank = exchange->half[side].best_rank;
    uint32_t count = 0;

    for (; rank != EXCHANGE_NO_RANK && count < most; count++) {
        uint32_t price_ticks = exchange_rank_ticks((uint8_t)side, rank);

        levels[count].price_ticks = price_ticks;
        levels[count].qty_lots = (int64_t)exchange_level_lots(exchange, side, price_ticks);
        rank = exchange_rank_after(exchange, (uint8_t)side, rank);
    }
    return count;
}
