/* What a file holds, told from its first MiB: see recording.h. One thread, no memory kept. */
#ifndef PITWALL_GATEWAY_RECORDING_PROBE_H
#define PITWALL_GATEWAY_RECORDING_PROBE_H

#include "gateway/binance/decode.h"
#include "gateway/feed.h"
#include "gateway/recording/lines.h"

enum market { MARKET_SPOT, MARKET_USDM, MARKET_COINM, MARKET_BYBIT_LINEAR, MARKET_BYBIT_SPOT };

struct probe {
    enum market market;
    char symbol[MAX_NAME];
    int64_t first_ns;
    struct binance_grid grid; /* of Bybit too */
    uint16_t depth;           /* of Bybit: the deepest of its books; 0: none */
};

static inline bool probe_is_of_bybit(const struct probe *probe)
{
    return probe->market == MARKET_BYBIT_LINEAR || probe->market == MARKET_BYBIT_SPOT;
}

/* Local time at the start of a line; *frame and *length: what follows the blank. */
bool probe_time(const char *text, size_t length, int64_t *ns, const char **frame,
                size_t *frame_length);

/* `levels` has MAX_MARKET_LEVELS. ERR_DAMAGED: no frame in it names a symbol. */
enum status probe_file(struct lines *lines, const char *path, struct level *levels,
                       struct probe *probe, struct err *err);

/* Makes the grid so fine that the frame fits, if decimals are all that is wrong with it. */
enum binance_reason probe_decode(const char *frame, size_t length, struct binance_grid *grid,
                                 struct binance_frame *decoded, struct level *levels);

/* Name, decimals, value and fees of one lot; its venue and currency by name. False when the name
 * is too long. */
bool probe_instrument(const struct probe *probe, struct instrument *row, char venue[MAX_NAME],
                      char currency[16]);

#endif
