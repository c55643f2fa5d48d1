/* Instruments and fees as the venue has them, compared with the configuration.
 *
 * Each instrument in turn: its row (tick, lot, status), then its fee rates; at the start, and every
 * reference_ns. An instrument is fine when tick and lot are those of the configuration and it is
 * Trading. At the start one that is not keeps its orders from leaving; later a change stops the
 * instrument through io.stop, once for each reason, with both values. Fees above the configured are
 * a warning: what trading costs is believed too low. Gateway's thread. */
#ifndef PITWALL_GATEWAY_BYBIT_REFERENCE_H
#define PITWALL_GATEWAY_BYBIT_REFERENCE_H

#include "gateway/bybit/symbol.h"

struct bybit;
struct bybit_reply;
enum { BYBIT_SAYS_MAX = 200 };

/* What differs between a row of instruments-info and the configuration; empty: nothing. Takes the
 * base coin's name into the symbol. */
void bybit_compare_instrument(struct bybit_symbol *symbol, const json_t *row,
                              char says[BYBIT_SAYS_MAX]);
/* The same of fee rates: empty when neither is above the configured one. */
void bybit_compare_fees(const struct bybit_symbol *symbol, const json_t *row,
                        char says[BYBIT_SAYS_MAX]);

struct bybit_reference {
    bool is_asked;
    bool is_done; /* each instrument was compared once */
    bool is_fine[MAX_INSTRUMENTS];
    uint16_t at; /* symbol of the turn */
    bool at_fees;
    int64_t due_ns;
    int64_t looked_ns; /* monotonic, when a refusal made it look */
    bool wants_look;
    uint16_t look;                              /* symbol */
    char told[MAX_INSTRUMENTS][BYBIT_SAYS_MAX]; /* newest difference that was told */
    char told_fees[MAX_INSTRUMENTS][BYBIT_SAYS_MAX];
};

void bybit_reference_turn(struct bybit *bybit);
/* The venue refused an order as if the instrument did not trade: it is compared now, once a second
 * at most. */
void bybit_reference_look(struct bybit *bybit, uint16_t instrument);

#endif
