/* Every fixed size of the engine, in one place. What they cost together is printed by
 * `pitwall spec memory` and asserted at start; refusal when full, never growth. */
#ifndef PITWALL_DOMAIN_BOUNDS_H
#define PITWALL_DOMAIN_BOUNDS_H

enum {
    MAX_INSTRUMENTS = 32,
    MAX_VENUES = 8,
    MAX_GATEWAYS = 8,
    MAX_STRATEGIES = 16, /* slot 0 is `manual`: orders by people */
    MAX_SCOPES = 1 + MAX_VENUES + MAX_STRATEGIES + MAX_INSTRUMENTS,
    MAX_CURRENCIES = 8,
    MAX_ORDERS = 4096,      /* live orders and the most recent finished ones */
    MAX_LIVE_ORDERS = 2048, /* refused above */
    MAX_INCIDENTS = 64,     /* the newest are kept for their receipts */
    MAX_EPOCH = 1 << 20,    /* starts of one data directory */
    MAX_INSTANCE = 1 << 11, /* tags of instances; the top bit of an id marks foreign orders */
    MAX_INTENTS = 16,       /* of one strategy in one step */
    MAX_NAME = 48,
    MAX_MARKET_LEVELS = 8192, /* of one market update */
    BOOK_TOP_LEVELS = 25,     /* shown to people */
};

/* Preconditions of the arithmetic: the configuration check and the decoders refuse what lies
 * outside, accounts_init() asserts it. With them no 128-bit intermediate can overflow (2^127 is
 * 1.7e38):
 *   value of a linear position    MAX_LOTS * MAX_PRICE_TICKS * MAX_TICK_VALUE_E8   1e37
 *   of an inverse one, times 1e8  MAX_LOTS * MAX_INVERSE_E8_TICKS * PRICE_ONE_E8   1e38
 *   money times a ratio or rate   MAX_MONEY_E8 * MAX_MONEY_E8                      1.6e37
 * What comes out of them is refused above MAX_MONEY_E8, so that a sum of two figures, or of a price
 * part and three charges, fits an int64. */
#define MAX_PRICE_TICKS 1000000000LL
#define MAX_LOTS 1000000000000LL
#define MAX_TICK_VALUE_E8 10000000000000000LL
#define MAX_INVERSE_E8_TICKS 1000000000000000000LL
#define MAX_MONEY_E8 4000000000000000000LL
#define MAX_CHARGE_E8 1000000000000000000LL /* fees, rebates, funding of one position, each */
#define MAX_TICK_DECIMALS 10
#define MONEY_ONE_E8 100000000LL
#define RATIO_ONE_E8 100000000LL
#define PRICE_ONE_E8 100000000LL

#endif
