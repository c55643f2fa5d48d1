/* The lists of levels: most of the bytes of a market are in here. */
#include "gateway/usual.h"

/* One level behind its `["`, by halves: the long and the odd ones. NULL: not even so. */
static __attribute__((noinline, cold)) const char *slow_level(const char *at,
                                                              const struct scan_grid *grid,
                                                              int64_t pair[2])
{
    struct usual scan = {.at = at, .start = at, .grid = grid};

    if (!number_decimal(&scan.at, grid->price_decimals, &pair[0]) || !SKIP(&scan, "\",\"") ||
        !number_decimal(&scan.at, grid->qty_decimals, &pair[1]))
        return NULL;
    return scan.at;
}

USUAL_INLINE bool to_level(const struct scan_grid *grid, bool plain, int64_t pair[2])
{
    if (!plain &&
        (!usual_divide(&pair[0], grid->tick_units) || !usual_divide(&pair[1], grid->lot_units)))
        return false;
    return pair[0] > 0 && pair[0] <= MAX_PRICE_TICKS && pair[1] <= MAX_LOTS;
}

/* Both values of a level are stored at once where they belong, as the pair that they are. */
_Static_assert(sizeof(struct level) == 2 * sizeof(int64_t) &&
                   offsetof(struct level, qty_lots) == sizeof(int64_t),
               "a level is its price and its size");

USUAL_INLINE const char *read_levels(const char *at, const char *start,
                                     const struct scan_grid *grid, bool plain, struct level *levels,
                                     uint32_t most, uint32_t *used)
{
    const struct number_form price = number_form(grid->price_decimals);
    const struct number_form size = number_form(grid->qty_decimals);
    const char *fast_from = start + 16; /* number_pair reads so far in front */
    int64_t *first = (int64_t *)levels, *pair = first, *end = first + 2 * (size_t)most;

    do {
        if (pair == end || memcmp(at, "[\"", 2) != 0)
            return NULL;
        at += 2;
        if (at < fast_from || !number_pair(&at, &price, &size, pair))
            at = slow_level(at, grid, pair);
        if (at == NULL || memcmp(at, "\"]", 2) != 0 || !to_level(grid, plain, pair))
            return NULL;
        pair += 2;
        at += 3;
    } while (at[-1] == ',');
    *used = (uint32_t)((pair - first) / 2);
    return at[-1] == ']' ? at : NULL;
}

USUAL_INLINE const char *read_either(const char *at, const char *start,
                                     const struct scan_grid *grid, struct level *levels,
                                     uint32_t most, uint32_t *used)
{
    if (grid->tick_units == 1 && grid->lot_units == 1)
        return read_levels(at, start, grid, true, levels, most, used);
    return read_levels(at, start, grid, false, levels, most, used);
}

static __attribute__((noinline)) const char *levels_of_any(const char *at, const char *start,
                                                           const struct scan_grid *grid,
                                                           struct level *levels, uint32_t most,
                                                           uint32_t *used)
{
    return read_either(at, start, grid, levels, most, used);
}

#ifdef __SSE4_1__

/* The same by what processors have since 2013: a fifth fewer instructions. */
static __attribute__((noinline, target("avx2,bmi,bmi2"))) const char *levels_of_2013(
    const char *at, const char *start, const struct scan_grid *grid, struct level *levels,
    uint32_t most, uint32_t *used)
{
    return read_either(at, start, grid, levels, most, used);
}

const char *usual_levels(const char *at, const char *start, const struct scan_grid *grid,
                         struct level *levels, uint32_t most, uint32_t *used)
{
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        return levels_of_2013(at, start, grid, levels, most, used);
    return levels_of_any(at, start, grid, levels, most, used);
}

#else

const char *usual_levels(const char *at, const char *start, const struct scan_grid *grid,
                         struct level *levels, uint32_t most, uint32_t *used)
{
    return levels_of_any(at, start, grid, levels, most, used);
}

#endif
