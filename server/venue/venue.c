/* Opening and closing, accounts, and the plain questions. */
#include "venue/inside.h"

#include <stdlib.h>
#include <string.h>

static const struct exchange_config book_config = {.orders = VENUE_BOOK_ORDERS,
                                                   .accounts = VENUE_ACCOUNTS_MAX,
                                                   .ids = EXCHANGE_IDS_OWN,
                                                   .market_band_ticks = 0};

/* ---- opening ---------------------------------------------------------------------------- */

static void check_instrument(const struct venue_config *config, uint16_t at)
{
    const struct venue_instrument *row = &config->instrument[at];

    assert(row->category < VENUE_CATEGORY_COUNT && row->status <= VENUE_CLOSED);
    assert(row->base < config->coins && row->quote < config->coins);
    assert(row->settle < config->coins);
    assert(!row->grid.inverse && row->grid.tick_value_e8 > 0 && row->grid.qty_decimals <= 8);
    assert(instrument_is_within_bounds(&row->grid));
    assert(row->min_lots > 0 && row->max_lots <= EXCHANGE_LOTS_MAX);
    assert(row->category == VENUE_SPOT || row->leverage_max >= RATIO_ONE_E8);
}

static bool open_book(struct venue *venue, uint16_t at)
{
    struct venue_book *book = &venue->book[at];
    size_t size = (exchange_size(&book_config) + CACHE_LINES_APART - 1) / CACHE_LINES_APART *
                  CACHE_LINES_APART;

    book->exchange = aligned_alloc(CACHE_LINES_APART, size);
    book->slots = malloc(VENUE_BOOK_ORDERS * sizeof *book->slots);
    if (!book->exchange || !book->slots)
        return false;
    memset(book->slots, 0xff, VENUE_BOOK_ORDERS * sizeof *book->slots);
    exchange_init(book->exchange, &book_config, venue_hear, venue);
    return true;
}

void venue_clear_book(struct venue *venue, uint16_t instrument)
{
    struct venue_book *book = &venue->book[instrument];

    memset(book->slots, 0xff, VENUE_BOOK_ORDERS * sizeof *book->slots);
    exchange_init(book->exchange, &book_config, venue_hear, venue);
    memset(book->minute, 0, sizeof book->minute);
    book->trades_from = book->trades;
    book->eaten_count = 0;
    book->seq++;
    book->grids++;
}

static bool open_tables(struct venue *venue)
{
    bool well = true;

    venue->slots = calloc(VENUE_ORDERS_MAX, sizeof *venue->slots);
    venue->done = calloc(VENUE_EXECUTIONS_MAX, sizeof *venue->done);
    venue->link_heads = malloc(VENUE_LINK_HEADS * sizeof *venue->link_heads);
    if (!venue->slots || !venue->done || !venue->link_heads)
        return false;
    memset(venue->link_heads, 0xff, VENUE_LINK_HEADS * sizeof *venue->link_heads);
    for (uint16_t at = 0; at < venue->instruments && well; at++)
        well = open_book(venue, at);
    return well;
}

struct venue *venue_open(const struct venue_config *config)
{
    struct venue *venue = calloc(1, sizeof *venue);

    assert(config->instruments <= VENUE_INSTRUMENTS_MAX && config->coins <= VENUE_COINS_MAX);
    if (!venue)
        return NULL;
    venue->listener = config->listener;
    venue->instruments = config->instruments;
    venue->coins = config->coins;
    venue->next_order = 1;
    venue->life = 1;
    for (uint16_t at = 0; at < config->instruments; at++) {
        check_instrument(config, at);
        venue->instrument[at] = config->instrument[at];
    }
    for (uint16_t at = 0; at < config->coins; at++)
        memcpy(venue->coin[at], config->coin[at], VENUE_TEXT_MAX);
    if (!open_tables(venue)) {
        venue_close(venue);
        return NULL;
    }
    (void)venue_add_account(venue); /* VENUE_MARKET */
    return venue;
}

void venue_close(struct venue *venue)
{
    if (!venue)
        return;
    for (uint16_t at = 0; at < venue->instruments; at++) {
        free(venue->book[at].exchange);
        free(venue->book[at].slots);
    }
    free(venue->slots);
    free(venue->done);
    free(venue->link_heads);
    free(venue);
}

/* ---- accounts --------------------------------------------------------------------------- */

static int64_t first_leverage_e8(const struct venue_instrument *row)
{
    int64_t usual_e8 = 10 * RATIO_ONE_E8;

    if (row->category != VENUE_LINEAR)
        return 0;
    return row->leverage_max < usual_e8 ? row->leverage_max : usual_e8;
}

uint16_t venue_add_account(struct venue *venue)
{
    struct venue_account *account;

    if (venue->accounts == VENUE_ACCOUNTS_MAX)
        return UINT16_MAX;
    account = &venue->account[venue->accounts];
    account->active_first = account->active_last = VENUE_NO_SLOT;
    for (uint16_t at = 0; at < venue->instruments; at++)
        account->position[at].leverage_e8 = first_leverage_e8(&venue->instrument[at]);
    return venue->accounts++;
}

void venue_deposit(struct venue *venue, uint16_t account, uint16_t coin, int64_t amount_e8)
{
    assert(account < venue->accounts && coin < venue->coins);
    venue->account[account].wallet[coin].balance_e8 += amount_e8;
    venue_tell_wallet(venue, account, coin);
}

void venue_set_uid(struct venue *venue, uint16_t account, uint64_t uid)
{
    assert(account < venue->accounts);
    venue->account[account].uid = uid;
}

uint64_t venue_uid(const struct venue *venue, uint16_t account)
{
    assert(account < venue->accounts);
    return venue->account[account].uid;
}

uint16_t venue_accounts(const struct venue *venue)
{
    return venue->accounts;
}

/* ---- what ids are made from ------------------------------------------------------------- */

void venue_set_salt(struct venue *venue, uint64_t salt)
{
    venue->salt = salt;
}

uint64_t venue_salt(const struct venue *venue)
{
    return venue->salt;
}

uint32_t venue_life(const struct venue *venue)
{
    return venue->life;
}

/* ---- questions -------------------------------------------------------------------------- */

uint16_t venue_instruments(const struct venue *venue)
{
    return venue->instruments;
}

const struct venue_instrument *venue_instrument(const struct venue *venue, uint16_t instrument)
{
    assert(instrument < venue->instruments);
    return &venue->instrument[instrument];
}

bool venue_find(const struct venue *venue, enum venue_category category, const char *symbol,
                uint16_t *instrument)
{
    for (uint16_t at = 0; at < venue->instruments; at++)
        if (venue->instrument[at].category == category &&
            strcmp(venue->instrument[at].symbol, symbol) == 0) {
            *instrument = at;
            return true;
        }
    return false;
}

const char *venue_coin(const struct venue *venue, uint16_t coin)
{
    assert(coin < venue->coins);
    return venue->coin[coin];
}

const struct venue_position *venue_position(const struct venue *venue, uint16_t account,
                                            uint16_t instrument)
{
    assert(account < venue->accounts && instrument < venue->instruments);
    return &venue->account[account].position[instrument];
}

struct venue_wallet venue_wallet(const struct venue *venue, uint16_t account, uint16_t coin)
{
    assert(account < venue->accounts && coin < venue->coins);
    return venue->account[account].wallet[coin];
}

uint32_t venue_levels(const struct venue *venue, uint16_t instrument, enum side side,
                      struct level *levels, uint32_t most)
{
    assert(instrument < venue->instruments);
    return exchange_levels(venue->book[instrument].exchange, side, levels, most);
}

uint64_t venue_seq(const struct venue *venue, uint16_t instrument)
{
    assert(instrument < venue->instruments);
    return venue->book[instrument].seq;
}
