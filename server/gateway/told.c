#include "gateway/told.h"

#include "engine.h"

#include <string.h>

enum { LOOKS = 1000 };

void told_set(struct told *told, const void *figures, size_t bytes)
{
    uint64_t version = atomic_load_explicit(&told->version, memory_order_relaxed);
    int64_t words[TOLD_WORDS] = {0};

    assert(bytes <= sizeof words);
    memcpy(words, figures, bytes);
    atomic_store_explicit(&told->version, version + 1, memory_order_relaxed);
    for (size_t at = 0; at < TOLD_WORDS; at++)
        /* Pairs with the acquire in look(): who sees it sees the odd version. */
        atomic_store_explicit(&told->word[at], words[at], memory_order_release);
    /* Pairs with the first acquire in look(): all words are there. */
    atomic_store_explicit(&told->version, version + 2, memory_order_release);
}

static bool look(const struct told *told, int64_t words[TOLD_WORDS])
{
    uint64_t version = atomic_load_explicit(&told->version, memory_order_acquire);

    for (size_t at = 0; at < TOLD_WORDS; at++)
        words[at] = atomic_load_explicit(&told->word[at], memory_order_acquire);
    return version % 2 == 0 &&
           atomic_load_explicit(&told->version, memory_order_relaxed) == version;
}

bool told_get(const struct told *told, void *figures, size_t bytes)
{
    int64_t words[TOLD_WORDS];

    assert(bytes <= sizeof words);
    if (atomic_load_explicit(&told->version, memory_order_acquire) == 0)
        return false;
    for (int looks = 0; looks < LOOKS; looks++)
        if (look(told, words)) {
            memcpy(figures, words, bytes);
            return true;
        }
    return false;
}
