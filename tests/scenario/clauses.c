/* What a line must have led to. */
#include "scenario/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void lower(char *out, const char *text)
{
    while ((*out++ = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text) != '\0')
        text++;
}

static void expect_integer(struct story *story, const char *what, int64_t wanted, int64_t found)
{
    if (wanted != found)
        story_fail(story, "%s is %" PRId64 ", not %" PRId64, what, found, wanted);
}

static bool state_find(const char *word, uint8_t *state)
{
    char name[32];

    for (*state = 0; *state < ORDER_STATE_COUNT; ++*state) {
        lower(name, order_state_name((enum order_state) * state));
        if (strcmp(name, word) == 0)
            return true;
    }
    return false;
}

static void expect_state(struct story *story, const struct rig_order *order, uint8_t state)
{
    if (order->denied)
        story_fail(story, "the order was denied: %s",
                   denial_name((enum denial)order->verdict.denial));
    if (order->state != state)
        story_fail(story, "the order is %s, not %s",
                   order_state_name((enum order_state)order->state),
                   order_state_name((enum order_state)state));
}

static struct rig_order *subject_of(struct story *story)
{
    struct rig_order *order = rig_order_find(story->rig, story->subject);

    if (!order)
        story_fail(story, "the line is not about one order");
    return order;
}

/* ---- one function a clause -------------------------------------------------------------- */

static void clause_order(struct story *story, struct words *words)
{
    const struct rig_order *order = words_order(story, words);
    const char *word = words_next(story, words, "an order state");
    uint8_t state;

    if (!state_find(word, &state))
        story_fail(story, "no order state '%s'", word);
    expect_state(story, order, state);
    if (words_take(words, "leaves"))
        expect_integer(story, "leaves", words_integer(story, words, "lots"), order->leaves_lots);
}

static void clause_denied(struct story *story, struct words *words)
{
    const struct rig_order *order = subject_of(story);
    const char *reason = words_next(story, words, "a reason");
    enum limit_id id = limit_find(reason, (uint32_t)strlen(reason));
    enum limit_id denied_by;
    struct check check;
    uint32_t scale;

    if (!order->denied)
        story_fail(story, "the order was not denied");
    if (strcmp(reason, denial_name((enum denial)order->verdict.denial)) != 0)
        story_fail(story, "denied %s, not %s", denial_name((enum denial)order->verdict.denial),
                   reason);
    if (id == LIMIT_COUNT || !words_left(words))
        return;
    if (!explain_denial(&order->verdict, &denied_by, &check) || denied_by != id)
        story_fail(story, "the verdict does not say which limit denied");
    scale = limit_row(id)->type == LIMIT_INTEGER ? 0 : 8;
    expect_integer(story, "measured",
                   parse_decimal(story, words_next(story, words, "a value"), scale, "a value"),
                   check.measured);
    if (!words_take(words, ">"))
        story_fail(story, "'>' expected");
    expect_integer(story, "the limit",
                   parse_decimal(story, words_next(story, words, "a value"), scale, "a value"),
                   check.limit);
}

static void expect_trading_state(struct story *story, struct words *words, uint8_t state)
{
    uint16_t scope = words_scope(story, words);
    uint8_t found = story->rig->states[scope].state;

    if (found != state)
        story_fail(story, "the trading state is %s", trading_state_name((enum trading_state)found));
}

static void clause_halted(struct story *story, struct words *words)
{
    expect_trading_state(story, words, STATE_HALTED);
}

static void clause_reducing(struct story *story, struct words *words)
{
    expect_trading_state(story, words, STATE_REDUCING);
}

static void clause_active(struct story *story, struct words *words)
{
    expect_trading_state(story, words, STATE_ACTIVE);
}

static void clause_cancel(struct story *story, struct words *words)
{
    const struct rig_order *order = words_order(story, words);

    for (uint32_t at = 0; at < story->rig->cancel_count; at++)
        if (story->rig->cancels[at] == order->id)
            return;
    story_fail(story, "no cancel of it was sent");
}

static void clause_unsent(struct story *story, struct words *words)
{
    if (!words_order(story, words)->killed_unsent)
        story_fail(story, "it did not come back unsent");
}

/* [INSTRUMENT] before a figure. */
static uint16_t maybe_instrument(struct words *words)
{
    uint16_t instrument;

    if (words_left(words) && rig_instrument_find(words->word[words->at], &instrument)) {
        words->at++;
        return instrument;
    }
    return 0;
}

static void clause_position(struct story *story, struct words *words)
{
    uint16_t instrument = maybe_instrument(words);

    expect_integer(story, "the position", words_integer(story, words, "lots"),
                   engine_position(story->rig->engine, instrument)->lots);
    expect_integer(story, "the position as the events tell it",
                   engine_position(story->rig->engine, instrument)->lots,
                   story->rig->positions[instrument].lots);
}

static void clause_realised(struct story *story, struct words *words)
{
    uint16_t instrument = maybe_instrument(words);

    expect_integer(story, "realised, in 1e-8,", words_decimal(story, words, "money"),
                   engine_position(story->rig->engine, instrument)->realised_e8);
}

/* Less rebates: negative when makers were paid more than was charged. */
static void clause_fee(struct story *story, struct words *words)
{
    const struct position *position = engine_position(story->rig->engine, maybe_instrument(words));

    expect_integer(story, "the fee, in 1e-8,", words_decimal(story, words, "money"),
                   position->fee_e8 - position->rebate_e8);
}

static void clause_open(struct story *story, struct words *words)
{
    expect_integer(story, "open orders", words_integer(story, words, "a count"),
                   engine_open_orders(story->rig->engine));
}

static void clause_sent(struct story *story, struct words *words)
{
    expect_integer(story, "orders sent", words_integer(story, words, "a count"),
                   (int64_t)engine_orders_sent(story->rig->engine));
}

static void clause_book(struct story *story, struct words *words)
{
    uint16_t instrument = words_instrument(story, words);
    const char *wanted = words_next(story, words, "a book status");
    const char *found = book_status_name((enum book_status)story->rig->book_status[instrument]);

    if (strcmp(wanted, found) != 0)
        story_fail(story, "the book is %s", found);
}

static void clause_quote(struct story *story, struct words *words)
{
    uint16_t strategy = words_strategy(story, words);
    enum side side = words_side(story, words);
    const struct rig_order *quote = NULL;
    int64_t lots;
    int64_t price;
    int count = 0;

    for (uint32_t at = 0; at < story->rig->order_count; at++) {
        const struct rig_order *order = &story->rig->orders[at];

        if (order->denied || order->strategy != strategy || order->side != side ||
            order->instrument != 0 || order_state_is_terminal((enum order_state)order->state))
            continue;
        quote = order;
        count++;
    }
    if (words_take(words, "none")) {
        expect_integer(story, "live quotes", 0, count);
        return;
    }
    words_lots_at(story, words, &lots, &price);
    expect_integer(story, "live quotes", 1, count);
    expect_integer(story, "the quote's leaves", lots, quote ? quote->leaves_lots : 0);
    expect_integer(story, "the quote's price", price, quote ? quote->price_ticks : 0);
}

static void clause_event(struct story *story, struct words *words)
{
    const char *name = words_next(story, words, "an event");
    int64_t wanted = -1;

    if (words_left(words)) {
        const char *times = words_next(story, words, "xN");

        if (*times != 'x')
            story_fail(story, "xN expected, not '%s'", times);
        wanted = parse_decimal(story, times + 1, 0, "xN");
    }
    for (unsigned kind = 1; kind < EVENT_COUNT; kind++) {
        if (strcmp(event_name((enum event_kind)kind), name) != 0)
            continue;
        if (wanted >= 0)
            expect_integer(story, "the count of such events", wanted, story->rig->events[kind]);
        else if (story->rig->events[kind] == 0)
            story_fail(story, "no such event");
        return;
    }
    story_fail(story, "no event is called '%s'", name);
}

static void clause_refused(struct story *story, struct words *words)
{
    const char *wanted = words_next(story, words, "a code");
    const char *found = status_code((enum status)story->rig->done.status);

    if (strcmp(wanted, found) != 0)
        story_fail(story, "the answer is %s", found);
}

static void clause_applied(struct story *story, struct words *words)
{
    (void)words;
    if (story->rig->done.status != OK)
        story_fail(story, "refused: %s", status_code((enum status)story->rig->done.status));
}

static void clause_receipt(struct story *story, struct words *words)
{
    const struct event_kill_progress *progress = &story->rig->progress;
    const struct {
        const char *name;
        uint32_t count;
    } rows[] = {{"unsent", progress->unsent},
                {"sent", progress->sent},
                {"confirmed", progress->confirmed},
                {"refused", progress->refused},
                {"unknown", progress->unknown}};
    const char *name = words_next(story, words, "a count of the receipt");

    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++)
        if (strcmp(rows[at].name, name) == 0) {
            expect_integer(story, name, words_integer(story, words, "a count"), rows[at].count);
            return;
        }
    story_fail(story, "a receipt has no '%s'", name);
}

static const struct {
    const char *word;
    void (*check)(struct story *story, struct words *words);
} clauses[] = {
    {"order", clause_order},       {"denied", clause_denied},     {"halted", clause_halted},
    {"reducing", clause_reducing}, {"active", clause_active},     {"cancel", clause_cancel},
    {"unsent", clause_unsent},     {"position", clause_position}, {"realised", clause_realised},
    {"fee", clause_fee},           {"open", clause_open},         {"sent", clause_sent},
    {"book", clause_book},         {"quote", clause_quote},       {"event", clause_event},
    {"refused", clause_refused},   {"applied", clause_applied},   {"receipt", clause_receipt},
};

static void check_one(struct story *story, const char *text)
{
    struct words words;
    const char *word;
    uint8_t state;

    words_split(story, &words, text);
    word = words_next(story, &words, "a clause");
    for (size_t at = 0; at < sizeof clauses / sizeof clauses[0]; at++)
        if (strcmp(clauses[at].word, word) == 0) {
            clauses[at].check(story, &words);
            words_end(story, &words);
            return;
        }
    if (!state_find(word, &state))
        story_fail(story, "no clause '%s'", word);
    expect_state(story, subject_of(story), state);
    words_end(story, &words);
}

void clauses_check(struct story *story, const char *text)
{
    char clause[LINE_MAX_BYTES];

    for (;;) {
        size_t length = strcspn(text, ",");

        memcpy(clause, text, length);
        clause[length] = '\0';
        check_one(story, clause);
        if (text[length] == '\0')
            return;
        text += length + 1;
    }
}
