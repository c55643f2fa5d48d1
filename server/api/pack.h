/* gzip (RFC 1952) of whole bodies.
 *
 * A packer keeps its 256 KiB of working memory: made anew per answer they would be mapped and
 * unmapped, which interrupts the engine's core. One caller at a time: each listener has one, the
 * workers share one behind its lock. */
#ifndef PITWALL_API_PACK_H
#define PITWALL_API_PACK_H

#include "engine.h"

#include <stdbool.h>
#include <stddef.h>

struct packer;

/* Level 1 (fast: 20 kB of metrics take about 0.15 ms) to 9. NULL: out of memory. */
struct packer *packer_open(int level);
void packer_close(struct packer *packer);
/* *out is the caller's (free). False: out of memory, or it does not become smaller. */
bool packer_pack(struct packer *packer, const void *bytes, size_t length, void **out,
                 size_t *out_length);

#endif
