/* A few figures that belong together: one thread tells them, any thread reads them as they were
 * told, never half of one telling and half of the next.
 *
 * An odd version means that they are being written; a reader who meets that, or another version
 * after than before, looks again. Memory that is all zero has not been told yet. Never blocks the
 * one who tells; a read costs some ns. */
#ifndef PITWALL_GATEWAY_TOLD_H
#define PITWALL_GATEWAY_TOLD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOLD_WORDS = 5 };

struct told {
    _Atomic uint64_t version; /* 0: never told */
    _Atomic int64_t word[TOLD_WORDS];
};

/* Figures are structs of at most TOLD_WORDS int64_t; `bytes` is the size of theirs. */
void told_set(struct told *told, const void *figures, size_t bytes);

/* False: not told yet; or, which takes a writer that does not go on, not to be read now. */
bool told_get(const struct told *told, void *figures, size_t bytes);

#endif
