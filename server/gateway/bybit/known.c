#include "gateway/bybit/known.h"

#include <sodium.h>
#include <string.h>

static uint32_t *bucket_of(struct bybit_known_table *table, uint64_t id)
{
    return &table->bucket[(id * 0x9e3779b97f4a7c15ULL) >> 50];
}
_Static_assert(BYBIT_KNOWN_BUCKETS == 1 << 14, "the hash has 14 bits");

struct bybit_known *bybit_known_find(struct bybit_known_table *table, uint64_t id)
{
    for (uint32_t at = *bucket_of(table, id); at != 0; at = table->row[at - 1].next)
        if (table->row[at - 1].id == id)
            return &table->row[at - 1];
    return NULL;
}

static void unlink_row(struct bybit_known_table *table, struct bybit_known *row)
{
    uint32_t number = (uint32_t)(row - table->row) + 1;
    uint32_t *link = bucket_of(table, row->id);

    while (*link != number)
        link = &table->row[*link - 1].next;
    *link = row->next;
}

static bool may_go(const struct bybit_known *row)
{
    return !row->live && !row->is_asked && !row->wants_cancel && row->ending == 0;
}

static struct bybit_known *free_row(struct bybit_known_table *table)
{
    if (table->used < BYBIT_KNOWN_MAX)
        return &table->row[table->used++];
    for (uint32_t step = 0; step < BYBIT_KNOWN_MAX; step++) {
        struct bybit_known *row = &table->row[table->hand];

        table->hand = (table->hand + 1) % BYBIT_KNOWN_MAX;
        if (may_go(row)) {
            unlink_row(table, row);
            return row;
        }
    }
    return NULL;
}

struct bybit_known *bybit_known_take(struct bybit_known_table *table, uint64_t id)
{
    struct bybit_known *row = free_row(table);
    uint32_t *bucket = bucket_of(table, id);

    assert(id != 0 && !bybit_known_find(table, id));
    if (!row)
        return NULL;
    *row = (struct bybit_known){.id = id, .next = *bucket, .live = true};
    *bucket = (uint32_t)(row - table->row) + 1;
    return row;
}

uint64_t bybit_hash(const char *text)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES];
    unsigned char bytes[crypto_shorthash_BYTES];
    uint64_t hash;

    crypto_shorthash(bytes, (const unsigned char *)text, strlen(text), key);
    memcpy(&hash, bytes, sizeof hash);
    hash &= ~BYBIT_FOREIGN_BIT;
    return hash == 0 ? 1 : hash;
}

static uint64_t *slot_of(uint64_t *slots, uint64_t id)
{
    uint64_t at = id * 0x9e3779b97f4a7c15ULL >> 48;

    while (slots[at] != 0 && slots[at] != id)
        at = (at + 1) % BYBIT_ONCE_SLOTS;
    return &slots[at];
}
_Static_assert(BYBIT_ONCE_SLOTS == 1 << 16, "the hash has 16 bits");

bool bybit_once_add(struct bybit_once *once, uint64_t id)
{
    uint64_t *slot = slot_of(once->slot[once->newest], id);

    assert(id != 0);
    if (*slot == id || *slot_of(once->slot[1 - once->newest], id) == id)
        return false;
    if (once->count == BYBIT_ONCE_KEPT) {
        once->newest = 1 - once->newest;
        once->count = 0;
        memset(once->slot[once->newest], 0, sizeof once->slot[0]);
        slot = slot_of(once->slot[once->newest], id);
    }
    *slot = id;
    once->count++;
    return true;
}
