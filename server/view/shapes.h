/* Small helpers that make the JSON values of DESIGN section 5: decimals, ns and ids as strings,
 * counts as integers, the unknown as null. New references. */
#ifndef PITWALL_VIEW_SHAPES_H
#define PITWALL_VIEW_SHAPES_H

#include "view/json_text.h" /* json_ns, json_ns_or_null */
#include "view/model.h"

json_t *shape_decimal(int64_t units, uint32_t scale);
json_t *shape_money(bool known, int64_t amount_e8); /* null when not known */
json_t *shape_age(int64_t now_ns, int64_t at_ns);   /* at 0: null; never negative */
json_t *shape_id(uint64_t id);
json_t *shape_text(const char *text); /* NULL or empty: null */
json_t *shape_order_id(uint64_t id);
/* The venue's number alone is unique per venue only. */
json_t *shape_fill_id(const struct instrument *instrument, uint64_t exec_id);
json_t *shape_incident(uint64_t incident); /* 0: null */
json_t *shape_price(const struct instrument *instrument, int64_t price_ticks);
json_t *shape_average(const struct instrument *instrument, int64_t price_e8_ticks); /* 0: null */
json_t *shape_qty(const struct instrument *instrument, int64_t lots);
json_t *shape_scope(const struct view *view, uint16_t scope);
/* {"items":items,"next":cursor|null}; takes `items`. cursor 0: there is no more. */
json_t *shape_list(json_t *items, uint64_t cursor);

/* Reporting units for one of a currency's, 1e-8; 0: not known. In json_money.c. */
int64_t shape_rate_e8(const struct view *view, uint16_t currency);
/* PnL of a strategy, reporting currency; null while it cannot be told. In json_money.c. */
json_t *shape_strategy_total(const struct view *view, uint16_t strategy);

#endif
