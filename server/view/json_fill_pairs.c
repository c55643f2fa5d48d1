/* Our fills against the venue's own list of them, one by one.
 *
 * Both sides are copied, ours under the view's lock, then sorted by the venue's number of the
 * execution and walked through together. What one side alone has is a difference only where the
 * other side would have it: the venue's list is whole up to when it was told, either side has
 * forgotten what is older than the newest that gave way, and what the venue has told within the
 * last second may be on its way to the engine. Elsewhere nothing is known, and the row says why. */
#include "view/shapes.h"

#include <stdlib.h>
#include <string.h>

#define ON_ITS_WAY_NS 1000000000LL

static const char *const state_names[VIEW_PAIR_STATES] = {"both", "differs", "ours_only",
                                                          "venue_only", "unknown"};

const char *view_pair_name(enum view_pair state)
{
    assert(state < VIEW_PAIR_STATES);
    return state_names[state];
}

struct pair {
    const struct view_fill *ours;       /* NULL: not there */
    const struct dropcopy_fill *theirs; /* NULL: not there */
    enum view_pair state;
    const char *why; /* of UNKNOWN; else NULL */
};

struct comparison {
    const struct config *config;
    const struct instrument *row;
    struct model_today today;
    struct gateway_tally told;
    bool is_told;
    int64_t forgotten_ns, venue_forgotten_ns;
    uint32_t our_count, their_count, pair_count;
    json_int_t counts[VIEW_PAIR_STATES];
    struct view_fill ours[KEPT_FILLS];
    struct dropcopy_fill theirs[DROPCOPY_FILLS];
    struct pair pair[KEPT_FILLS + DROPCOPY_FILLS];
};

/* ---- both sides ------------------------------------------------------------------------- */

/* The venue's first, and of it first up to when it is whole: what it adds meanwhile can only make
 * more of it known. */
static void take_theirs(struct comparison *it, const struct gateway *gateway, uint16_t instrument)
{
    if (!gateway)
        return;
    it->is_told = gateway_tally(gateway, instrument, &it->told);
    it->their_count =
        dropcopy_read(&gateway->dropcopy, instrument, it->theirs, &it->venue_forgotten_ns);
}

static void take_ours(struct comparison *it, struct view *view, uint16_t instrument)
{
    uint64_t kept;

    view_enter(view);
    it->today = model_today(view);
    kept = model_fills_kept(view);
    for (uint64_t back = 1; back <= kept; back++) {
        const struct view_fill *fill = &view->fills[(view->fill_count - back) % KEPT_FILLS];

        if (fill->instrument == instrument)
            it->ours[it->our_count++] = *fill;
    }
    it->forgotten_ns = view->fills_forgotten_ns[instrument];
    view_leave(view);
}

/* ---- pairs ------------------------------------------------------------------------------ */

static int by_our_number(const void *a, const void *b)
{
    const struct view_fill *left = a, *right = b;

    return (left->exec_id > right->exec_id) - (left->exec_id < right->exec_id);
}

static int by_their_number(const void *a, const void *b)
{
    const struct dropcopy_fill *left = a, *right = b;

    return (left->exec_id > right->exec_id) - (left->exec_id < right->exec_id);
}

static uint64_t number_of(const struct pair *pair)
{
    return pair->ours ? pair->ours->exec_id : pair->theirs->exec_id;
}

static int64_t venue_ns_of(const struct pair *pair)
{
    return pair->theirs ? pair->theirs->venue_ns : pair->ours->venue_ns;
}

/* The newest first. */
static int by_time(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;
    int64_t left_ns = venue_ns_of(left), right_ns = venue_ns_of(right);

    if (left_ns != right_ns)
        return left_ns < right_ns ? 1 : -1;
    return (number_of(left) < number_of(right)) - (number_of(left) > number_of(right));
}

static bool is_same(const struct view_fill *ours, const struct dropcopy_fill *theirs)
{
    return ours->side == theirs->side && ours->price_ticks == theirs->price_ticks &&
           ours->qty_lots == theirs->qty_lots && ours->fee_e8 == theirs->fee_e8;
}

/* NULL: the venue's list would have it. */
static const char *why_not_there(const struct comparison *it, const struct view_fill *ours)
{
    return !it->is_told                               ? "never_told"
           : ours->at_ns > it->told.told_ns           ? "not_told_since"
           : ours->venue_ns <= it->venue_forgotten_ns ? "venue_forgotten"
                                                      : NULL;
}

/* NULL: we would have it. */
static const char *why_not_here(const struct comparison *it, const struct dropcopy_fill *theirs)
{
    return theirs->venue_ns <= it->forgotten_ns                  ? "ours_forgotten"
           : it->today.now_ns - theirs->noted_ns < ON_ITS_WAY_NS ? "on_its_way"
                                                                 : NULL;
}

static void judge(const struct comparison *it, struct pair *pair)
{
    if (pair->ours && pair->theirs) {
        pair->state = is_same(pair->ours, pair->theirs) ? VIEW_PAIR_BOTH : VIEW_PAIR_DIFFERS;
        return;
    }
    pair->why = pair->ours ? why_not_there(it, pair->ours) : why_not_here(it, pair->theirs);
    pair->state = pair->why    ? VIEW_PAIR_UNKNOWN
                  : pair->ours ? VIEW_PAIR_OURS_ONLY
                               : VIEW_PAIR_VENUE_ONLY;
}

/* Of the trading day, as the counts are. */
static void add(struct comparison *it, const struct view_fill *ours,
                const struct dropcopy_fill *theirs)
{
    struct pair pair = {.ours = ours, .theirs = theirs};

    if (venue_ns_of(&pair) < it->today.day_ns)
        return;
    judge(it, &pair);
    it->counts[pair.state]++;
    it->pair[it->pair_count++] = pair;
}

static void pair_up(struct comparison *it)
{
    uint32_t ours = 0, theirs = 0;

    qsort(it->ours, it->our_count, sizeof it->ours[0], by_our_number);
    qsort(it->theirs, it->their_count, sizeof it->theirs[0], by_their_number);
    while (ours < it->our_count || theirs < it->their_count) {
        const struct view_fill *left = ours < it->our_count ? &it->ours[ours] : NULL;
        const struct dropcopy_fill *right = theirs < it->their_count ? &it->theirs[theirs] : NULL;
        bool is_ours = left && (!right || left->exec_id <= right->exec_id);
        bool is_theirs = right && (!left || right->exec_id <= left->exec_id);

        add(it, is_ours ? left : NULL, is_theirs ? right : NULL);
        ours += is_ours;
        theirs += is_theirs;
    }
    qsort(it->pair, it->pair_count, sizeof it->pair[0], by_time);
}

/* ---- as JSON ---------------------------------------------------------------------------- */

static json_t *terms_json(const struct comparison *it, uint8_t side, int64_t price_ticks,
                          int64_t qty_lots, int64_t fee_e8)
{
    return json_pack("{s:s, s:o, s:o, s:o}", "side", side_name((enum side)side), "qty",
                     shape_qty(it->row, qty_lots), "price", shape_price(it->row, price_ticks),
                     "fee", shape_decimal(fee_e8, 8));
}

static json_t *ours_json(const struct comparison *it, const struct view_fill *fill)
{
    return fill ? terms_json(it, fill->side, fill->price_ticks, fill->qty_lots, fill->fee_e8)
                : json_null();
}

static json_t *theirs_json(const struct comparison *it, const struct dropcopy_fill *fill)
{
    return fill ? terms_json(it, fill->side, fill->price_ticks, fill->qty_lots, fill->fee_e8)
                : json_null();
}

/* What we have booked it to; of what we have not, what the venue's list says. */
static json_t *order_json(const struct pair *pair)
{
    uint64_t order_id = pair->ours ? pair->ours->order_id : pair->theirs->order_id;

    return order_id == 0 ? json_null() : shape_order_id(order_id);
}

static json_t *pair_json(const struct comparison *it, const struct pair *pair)
{
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "id",
                     shape_fill_id(it->row, number_of(pair)), "state", view_pair_name(pair->state),
                     "why", shape_text(pair->why), "order", order_json(pair), "at_ns",
                     json_ns_or_null(venue_ns_of(pair)), "ours", ours_json(it, pair->ours), "venue",
                     theirs_json(it, pair->theirs));
}

static uint64_t count_asked(const struct comparison *it, uint32_t states)
{
    uint64_t count = 0;

    for (int state = 0; state < VIEW_PAIR_STATES; state++)
        if (1U << state & states)
            count += (uint64_t)it->counts[state];
    return count;
}

/* A page goes on with how many were left, so that newer ones push nothing onto the next. */
static json_t *page_json(const struct comparison *it, const struct view_pairs *asked)
{
    uint64_t left = count_asked(it, asked->states), skipped = 0;
    json_t *items = json_array();

    if (asked->cursor != 0 && asked->cursor < left) {
        skipped = left - asked->cursor;
        left = asked->cursor;
    }
    for (uint32_t at = 0; at < it->pair_count && json_array_size(items) < asked->limit; at++) {
        if (!(1U << it->pair[at].state & asked->states))
            continue;
        if (skipped > 0) {
            skipped--;
            continue;
        }
        json_array_append_new(items, pair_json(it, &it->pair[at]));
        left--;
    }
    return shape_list(items, left);
}

static json_t *counts_json(const struct comparison *it)
{
    json_t *counts = json_object();

    for (int state = 0; state < VIEW_PAIR_STATES; state++)
        json_object_set_new(counts, state_names[state], json_integer(it->counts[state]));
    return counts;
}

/* Since when neither side has forgotten any. */
static int64_t whole_since_ns(const struct comparison *it)
{
    int64_t since_ns = it->today.since_ns;

    if (it->forgotten_ns > since_ns)
        since_ns = it->forgotten_ns;
    return it->venue_forgotten_ns > since_ns ? it->venue_forgotten_ns : since_ns;
}

static json_t *comparison_json(const struct comparison *it, const struct view_pairs *asked)
{
    json_t *json = page_json(it, asked);
    int64_t told_ns = it->is_told ? it->told.told_ns : 0;

    json_object_set_new(json, "instrument", json_string(it->row->name));
    json_object_set_new(json, "currency",
                        json_string(it->config->currency[it->row->currency].name));
    json_object_set_new(json, "since_ns", json_ns_or_null(whole_since_ns(it)));
    json_object_set_new(json, "told_ns", json_ns_or_null(told_ns));
    json_object_set_new(json, "age_ns", shape_age(it->today.now_ns, told_ns));
    json_object_set_new(json, "counts", counts_json(it));
    return json;
}

json_t *view_fill_pairs(struct view *view, const struct view_pairs *asked)
{
    struct comparison *it = calloc(1, sizeof *it);
    json_t *json;

    if (!it)
        return NULL;
    it->config = view->from.config;
    it->row = &it->config->instrument[asked->instrument];
    take_theirs(it, view_gateway_of(&view->from, it->row->venue), asked->instrument);
    take_ours(it, view, asked->instrument);
    pair_up(it);
    json = comparison_json(it, asked);
    free(it);
    return json;
}
