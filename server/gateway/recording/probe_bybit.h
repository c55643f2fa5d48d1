/* Whether a recording is of Bybit, and of which symbol, market, depth and grid. No state but the
 * caller's. */
#ifndef PITWALL_GATEWAY_RECORDING_PROBE_BYBIT_H
#define PITWALL_GATEWAY_RECORDING_PROBE_BYBIT_H

#include "gateway/bybit/decode.h"
#include "gateway/recording/probe.h"

struct bybit_hints {
    uint32_t frames;   /* of the symbol */
    bool linear, spot; /* something that only these say */
};

/* Frames of Bybit begin with their topic. */
bool probe_is_bybit(const char *frame, size_t length);
/* Takes what the frame tells into *probe (symbol, depth, grid) and *hints. */
void probe_bybit(struct probe *probe, struct bybit_hints *hints, const char *frame, size_t length,
                 struct level *levels);
/* Makes the grid so fine that the frame fits, if decimals are all that is wrong with it. `symbol`
 * "": whichever it is of. */
enum bybit_reason probe_bybit_decode(const char *frame, size_t length, const char *symbol,
                                     struct binance_grid *grid, struct bybit_frame *decoded,
                                     struct level *levels);
enum market probe_bybit_market(const struct bybit_hints *hints, const char *path);

#endif
