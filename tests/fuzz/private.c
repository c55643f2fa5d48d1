/* Fuzz target: a Bybit gateway without its sockets, and a venue that says anything. Lines of text:
 *   s{..}   a frame of the private stream      t{..}   a frame of the trade socket
 *   a{..}   the answer to the oldest request   h429    the same, refused by HTTP
 *   n c m q a new order, a cancel, an amend, a query of the engine's     k  the kill switch
 *   z       the trade socket breaks            w       time passes
 * @ in a line is the client id of the newest order, # the number of the newest request. What must
 * hold: no order leaves twice, none after a kill; what the engine is told is in bounds, and no
 * execution is told twice. */
#include "fuzz/fuzz.h"
#include "fuzz/private/stand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 64, LINE_MAX_BYTES = 4096 };

/* With its marks replaced; what is too long is cut. */
static size_t write_line(const struct stand *stand, const uint8_t *from, size_t length, char *out)
{
    char link[ORDER_ID_TEXT_MAX];
    size_t used = 0;

    order_id_print(link, STAND_FIRST + stand->orders);
    for (size_t at = 0; at < length && used < LINE_MAX_BYTES - 64; at++) {
        if (from[at] == '@')
            used += (size_t)sprintf(out + used, "%s", link);
        else if (from[at] == '#')
            used += (size_t)sprintf(out + used, "%llu",
                                    (unsigned long long)stand->bybit->orders.number);
        else
            out[used++] = (char)from[at];
    }
    out[used] = '\0';
    return used;
}

static void take_line(struct stand *stand, const uint8_t *line, size_t length)
{
    char text[LINE_MAX_BYTES];
    size_t used = write_line(stand, line + 1, length - 1, text);

    fuzz_trace("told %c %s", line[0], text);
    switch (line[0]) {
    case 's':
        bybit_stream_frame(stand->bybit, stand->bybit->session.stream.epoch, text, used, 77);
        break;
    case 't':
        bybit_trade_frame(stand->bybit, stand->bybit->session.trade.epoch, text, used, 77);
        break;
    case 'a':
        stand_answer(stand, 200, text, used);
        break;
    case 'h':
        stand_answer(stand, 429, text, used);
        break;
    case 'z':
        stand_break(stand);
        break;
    case 'w':
        stand_turn(stand, 400 * MS_NS);
        break;
    default:
        stand_engine(stand, (char)line[0]);
    }
    stand_turn(stand, MS_NS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stand *stand = stand_open(size > 0 && data[0] == 'S');

    for (uint32_t lines = 0; size > 0 && lines < LINES_MAX; lines++) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end ? (size_t)(end - data) : size;

        if (length > 0)
            take_line(stand, data, length);
        length += end != NULL;
        data += length;
        size -= length;
    }
    stand_close(stand);
    return 0;
}
