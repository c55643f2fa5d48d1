/* How orders are named: the pool, and for foreign ids a hash table of 8-byte entries.
 *
 * The table has at least twice as many entries as the pool has orders. An entry holds the upper
 * half of the multiplied id, which gives its home and tells nearly all others apart, and the place
 * of the order, whose own id decides. Removal shifts later entries back, so there are no
 * tombstones and a search ends at the first empty entry. */
#include "sim/exchange_inside.h"

#include <string.h>

static uint32_t hash_of(uint64_t id)
{
    return (uint32_t)((id * 0x9E3779B97F4A7C15ULL) >> 32);
}

static uint32_t mask_of(const struct exchange *exchange)
{
    return (1U << exchange->table_bits) - 1;
}

static uint32_t home_of(const struct exchange *exchange, uint32_t hash)
{
    return hash >> (32 - exchange->table_bits);
}

void exchange_ids_init(struct exchange *exchange)
{
    union exchange_cell *cells = exchange->cells;

    exchange->free_order = exchange->orders_at;
    for (uint32_t place = 0; place < exchange->config.orders; place++) {
        uint32_t order = exchange->orders_at + 2 * place;

        memset(&cells[order], 0, 2 * sizeof cells[order]);
        cells[order].links.next = place + 1 < exchange->config.orders ? order + 2 : EXCHANGE_NONE;
        cells[order + 1].owner.id = EXCHANGE_TURN | place;
    }
    if (exchange->config.ids == EXCHANGE_IDS_FOREIGN)
        memset(exchange->table, 0, sizeof *exchange->table << exchange->table_bits);
}

uint32_t exchange_table_at(const struct exchange *exchange, uint64_t id)
{
    uint32_t hash = hash_of(id);
    uint32_t at = home_of(exchange, hash);
    uint64_t entry;

    for (; (entry = exchange->table[at]) != 0; at = (at + 1) & mask_of(exchange))
        if (entry >> 32 == hash &&
            exchange->cells[exchange_entry_order(exchange, entry) + 1].owner.id == id)
            break;
    return at;
}

void exchange_table_put(struct exchange *exchange, uint32_t at, uint64_t id, uint32_t order)
{
    assert(exchange->table[at] == 0);
    exchange->table[at] = (uint64_t)hash_of(id) << 32 | ((order - exchange->orders_at) / 2 + 1);
}

/* Each later entry of the run moves into the hole unless its home lies behind it. */
void exchange_table_remove(struct exchange *exchange, uint32_t hole)
{
    uint32_t mask = mask_of(exchange);
    uint64_t entry;

    for (uint32_t at = (hole + 1) & mask; (entry = exchange->table[at]) != 0;
         at = (at + 1) & mask) {
        uint32_t from_home = (at - home_of(exchange, (uint32_t)(entry >> 32))) & mask;

        if (from_home < ((at - hole) & mask))
            continue;
        exchange->table[hole] = entry;
        hole = at;
    }
    exchange->table[hole] = 0;
}
