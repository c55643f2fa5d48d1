/* Reads the state file: see state_inside.h. Everything is looked at before anything is changed. */
#include "venue/state_inside.h"

#include "thread/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parts of a file in memory. */
struct state {
    const char *path;
    uint8_t *bytes;
    struct state_head head;
    const char (*coin)[VENUE_TEXT_MAX];
    const struct state_instrument *instrument;
    const int64_t *pot_e8;
    const struct state_account *account;
    const struct state_order *order;
    const struct venue_execution *execution;
};

/* ---- reading ---------------------------------------------------------------------------- */

static enum status damaged(const struct state *state, struct err *err, const char *says)
{
    return err_format(err, ERR_DAMAGED, "%s: %s; move it away to start with empty accounts",
                      state->path, says);
}

static enum status read_file(struct state *state, size_t *size, struct err *err)
{
    FILE *file = fopen(state->path, "rbe");
    long length;

    if (!file)
        return err_format(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", state->path,
                          strerror(errno));
    length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    rewind(file);
    state->bytes = length > 0 ? malloc((size_t)length) : NULL;
    *size = state->bytes ? fread(state->bytes, 1, (size_t)length, file) : 0;
    (void)fclose(file);
    if (length < 0 || *size != (size_t)length)
        return err_format(err, ERR_IO, "%s: cannot be read", state->path);
    return OK;
}

static enum status check_head(struct state *state, size_t size, struct err *err)
{
    struct state_head *head = &state->head;

    if (size < sizeof *head)
        return damaged(state, err, "cut short in its head");
    memcpy(head, state->bytes, sizeof *head);
    if (memcmp(head->magic, STATE_MAGIC, sizeof head->magic) != 0)
        return damaged(state, err, "not a state file of the venue");
    if (head->version != STATE_VERSION || head->order_size != sizeof(struct state_order) ||
        head->execution_size != sizeof(struct venue_execution) ||
        head->account_size != sizeof(struct state_account) ||
        head->instrument_size != sizeof(struct state_instrument))
        return damaged(state, err, "written by another version of the program");
    if (head->coins > VENUE_COINS_MAX || head->instruments > VENUE_INSTRUMENTS_MAX ||
        head->accounts > VENUE_ACCOUNTS_MAX || head->accounts == 0 ||
        head->orders > VENUE_ORDERS_MAX || head->executions > VENUE_EXECUTIONS_MAX ||
        head->bytes != state_bytes(head))
        return damaged(state, err, "its head is damaged");
    if (size - sizeof *head != head->bytes)
        return damaged(state, err, "cut short, or something follows it");
    if (state_crc(*head, state->bytes + sizeof *head) != head->crc)
        return damaged(state, err, "checksum mismatch");
    return OK;
}

/* All rows are multiples of 8 bytes long, so each part is aligned. */
static void find_parts(struct state *state)
{
    const struct state_head *head = &state->head;
    const uint8_t *at = state->bytes + sizeof *head;

    state->coin = (const char(*)[VENUE_TEXT_MAX])(const void *)at;
    at += (size_t)head->coins * VENUE_TEXT_MAX;
    state->instrument = (const void *)at;
    at += head->instruments * sizeof *state->instrument;
    state->pot_e8 = (const void *)at;
    at += head->coins * sizeof *state->pot_e8;
    state->account = (const void *)at;
    at += head->accounts * sizeof *state->account;
    state->order = (const void *)at;
    at += head->orders * sizeof *state->order;
    state->execution = (const void *)at;
}

_Static_assert(sizeof(struct state_head) % 8 == 0 && sizeof(struct state_instrument) % 8 == 0 &&
                   sizeof(struct state_account) % 8 == 0 && sizeof(struct state_order) % 8 == 0 &&
                   VENUE_TEXT_MAX % 8 == 0,
               "rows keep each other aligned");

/* ---- does it fit? ----------------------------------------------------------------------- */

static bool is_same(const struct venue_instrument *now, const struct venue_instrument *saved)
{
    return strncmp(now->symbol, saved->symbol, VENUE_TEXT_MAX) == 0 &&
           now->category == saved->category && now->base == saved->base &&
           now->quote == saved->quote && now->settle == saved->settle;
}

static enum status check_fits(const struct state *state, const struct venue *venue, struct err *err)
{
    bool fits = state->head.coins == venue->coins && state->head.instruments == venue->instruments;

    for (uint16_t at = 0; fits && at < venue->coins; at++)
        fits = strncmp(state->coin[at], venue->coin[at], VENUE_TEXT_MAX) == 0;
    for (uint16_t at = 0; fits && at < venue->instruments; at++)
        fits = is_same(&venue->instrument[at], &state->instrument[at].row);
    if (!fits)
        return damaged(state, err,
                       "its instruments or coins are not those of the market that is played");
    if (venue->executions != 0 || venue->next_order != 1)
        return err_format(err, ERR_CONFLICT, "%s: the venue has traded already", state->path);
    return OK;
}

static bool is_sound_instrument(const struct state_instrument *row)
{
    const struct instrument *grid = &row->row.grid;

    return !grid->inverse && grid->tick_value_e8 > 0 && grid->qty_decimals <= 8 &&
           grid->tick_units > 0 && grid->lot_units > 0 && instrument_is_within_bounds(grid) &&
           row->row.status <= VENUE_CLOSED && row->last_ticks >= 0 &&
           row->last_ticks <= MAX_PRICE_TICKS && row->row.max_lots <= EXCHANGE_LOTS_MAX;
}

static bool is_sound_order(const struct state *state, const struct state_order *row)
{
    const struct venue_order *order = &row->order;

    if (order->no == 0 || order->no >= state->head.next_order ||
        order->account >= state->head.accounts || order->instrument >= state->head.instruments ||
        order->side > SIDE_SELL || order->link[VENUE_LINK_MAX - 1] != 0)
        return false;
    return row->queued == 0 ||
           (order->tif == TIF_GTC && order->type == TYPE_LIMIT && order->price_ticks > 0 &&
            order->price_ticks <= MAX_PRICE_TICKS && order->smp <= VENUE_SMP_CANCEL_BOTH &&
            order->filled_lots >= 0 && venue_leaves(order) > 0 &&
            venue_leaves(order) <= EXCHANGE_LOTS_MAX);
}

static bool is_sound_execution(const struct state *state, uint32_t at)
{
    const struct venue_execution *row = &state->execution[at];

    return row->no == state->head.next_execution - state->head.executions + at &&
           row->account < state->head.accounts && row->instrument < state->head.instruments &&
           row->fee_coin < state->head.coins && row->side <= SIDE_SELL &&
           row->link[VENUE_LINK_MAX - 1] == 0;
}

static bool is_sound_account(const struct state *state, const struct state_account *row)
{
    bool sound = true;

    for (uint32_t at = 0; sound && at < state->head.instruments; at++)
        sound = state->instrument[at].row.category != VENUE_LINEAR ||
                row->position[at].leverage_e8 >= RATIO_ONE_E8;
    return sound;
}

/* The checksum holds, so what is wrong here was written wrong. */
static enum status check_rows(const struct state *state, struct err *err)
{
    static uint64_t seen[VENUE_ORDERS_MAX / 64];
    bool sound = true;

    memset(seen, 0, sizeof seen);
    for (uint32_t at = 0; sound && at < state->head.instruments; at++)
        sound = is_sound_instrument(&state->instrument[at]);
    for (uint32_t at = 0; sound && at < state->head.orders; at++) {
        uint32_t slot = (uint32_t)(state->order[at].order.no & (VENUE_ORDERS_MAX - 1));

        sound = is_sound_order(state, &state->order[at]) && (seen[slot / 64] >> slot % 64 & 1) == 0;
        seen[slot / 64] |= 1ULL << slot % 64;
    }
    for (uint32_t at = 0; sound && at < state->head.accounts; at++)
        sound = is_sound_account(state, &state->account[at]);
    for (uint32_t at = 0; sound && at < state->head.executions; at++)
        sound = is_sound_execution(state, at);
    return sound ? OK : damaged(state, err, "a row in it cannot be");
}

/* ---- taking it on ----------------------------------------------------------------------- */

static void take_instruments(const struct state *state, struct venue *venue)
{
    for (uint16_t at = 0; at < venue->instruments; at++) {
        const struct state_instrument *saved = &state->instrument[at];
        struct venue_book *book = &venue->book[at];
        const struct instrument *now = &venue->instrument[at].grid;
        bool same = now->tick_units == saved->row.grid.tick_units &&
                    now->lot_units == saved->row.grid.lot_units &&
                    now->price_decimals == saved->row.grid.price_decimals &&
                    now->qty_decimals == saved->row.grid.qty_decimals;

        venue->instrument[at] = saved->row;
        if (!same)
            venue_clear_book(venue, at);
        book->seq += saved->seq;
        book->trades = book->trades_from = book->trades + saved->trades;
        if (book->last_ticks == 0 || !same)
            book->last_ticks = saved->last_ticks;
        book->next_funding_ns = saved->next_funding_ns;
    }
}

/* Accounts that were added since stay as they are. */
static void take_accounts(const struct state *state, struct venue *venue)
{
    while (venue->accounts < state->head.accounts)
        (void)venue_add_account(venue);
    for (uint16_t at = 0; at < state->head.accounts; at++) {
        struct venue_account *account = &venue->account[at];

        account->uid = state->account[at].uid;
        for (uint16_t coin = 0; coin < venue->coins; coin++)
            account->wallet[coin].balance_e8 = state->account[at].balance_e8[coin];
        for (uint16_t instrument = 0; instrument < venue->instruments; instrument++)
            account->position[instrument] = state->account[at].position[instrument];
    }
    memcpy(venue->pot_e8, state->pot_e8, venue->coins * sizeof venue->pot_e8[0]);
}

static void take_executions(const struct state *state, struct venue *venue)
{
    const struct venue_listener listener = venue->listener;

    venue->listener.execution = NULL; /* they were told in another life */
    venue->executions = state->head.next_execution - state->head.executions - 1;
    for (uint32_t at = 0; at < state->head.executions; at++) {
        struct venue_execution row = state->execution[at];

        venue_record(venue, &row);
    }
    venue->listener = listener;
}

static int by_place(const void *a, const void *b)
{
    const struct state_order *const *first = a, *const *second = b;

    return (*first)->queued < (*second)->queued ? -1 : (*first)->queued > (*second)->queued;
}

/* In the order of their places in the queues. What the market has passed meanwhile trades. */
static void rest_again(struct venue *venue, const struct state_order **active, uint32_t count,
                       int64_t now_ns)
{
    qsort(active, count, sizeof *active, by_place); /* NOLINT(bugprone-sizeof-expression) */
    for (uint32_t at = 0; at < count; at++) {
        struct venue_slot *slot = venue_slot(venue, active[at]->order.no);

        venue_count(venue, &slot->order, venue_leaves(&slot->order), 1);
        venue_activate(venue, slot);
        venue_begin(venue, slot->order.instrument, now_ns);
        venue_enter(venue, slot);
        venue_finish(venue);
    }
}

static enum status take_orders(const struct state *state, struct venue *venue, int64_t now_ns,
                               struct err *err)
{
    const struct state_order **active =
        malloc((state->head.orders + 1) * sizeof *active); /* NOLINT(bugprone-sizeof-expression) */
    uint32_t count = 0;

    if (!active)
        return err_format(err, ERR_UNAVAILABLE, "%s: no memory", state->path);
    for (uint32_t at = 0; at < state->head.orders; at++) {
        struct venue_slot *slot = venue_slot_restore(venue, &state->order[at].order);

        slot->order.exchange_id = 0;
        if (state->order[at].queued != 0)
            active[count++] = &state->order[at];
    }
    venue->next_order = state->head.next_order;
    venue->salt = state->head.salt;
    venue->life = state->head.life + 1;
    rest_again(venue, active, count, now_ns);
    free(active);
    return OK;
}

enum status venue_load(struct venue *venue, const char *path, int64_t now_ns, struct err *err)
{
    struct state state = {.path = path};
    size_t size = 0;
    enum status status = read_file(&state, &size, err);

    if (status == OK)
        status = check_head(&state, size, err);
    if (status == OK) {
        find_parts(&state);
        status = check_fits(&state, venue, err);
    }
    if (status == OK)
        status = check_rows(&state, err);
    if (status == OK) {
        take_instruments(&state, venue);
        take_accounts(&state, venue);
        take_executions(&state, venue);
        status = take_orders(&state, venue, now_ns, err);
    }
    free(state.bytes);
    return status;
}
