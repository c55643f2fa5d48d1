/* The report of a trading day: what each instrument ended with, traded, paid and made, from the
 * audit's fills and the engine's own figures; and whether the ledger of the simulated venue tells
 * the same.
 *
 * {"day","from_ns","to_ns",
 *  "instruments":[{"instrument","currency","position","cost","fills","buy_qty","sell_qty","volume",
 *                  "realised","fee","rebate","funding","net"}],
 *  "currencies":[{"currency","realised","fee","rebate","funding","net"}],
 *  "ledger":null|{"file","balanced",
 *                 "instruments":[{"symbol","ours","venue","ours_qty","venue_qty"}],
 *                 "only_ours":[..],"only_venue":[..],"different":[..]}}
 *
 * `position` and `cost` are those at the end of the day, `volume` is the sum of price times
 * quantity; costs are negative, and net = realised + fee + rebate + funding. Quantities and money
 * are decimal strings.
 *
 * Fills are matched with the ledger's by execution id, also across the ends of the day: a fill on
 * its way at midnight is on one side before and on the other after. The lists hold at most 1,000.
 *
 * Any thread, on connections of its own. Cost: a pass over the day's fills, one over the ledger. */
#ifndef PITWALL_STORE_REPORT_H
#define PITWALL_STORE_REPORT_H

#include "engine.h"

#include <jansson.h>

struct report_day {
    int32_t roll_hour; /* given */
    int64_t from_ns, to_ns;
    char text[16]; /* "2026-11-26": the day on which it began */
};

/* `text`: YYYY-MM-DD, or NULL for the day that holds now_ns. */
enum status report_day_read(struct report_day *day, const char *text, int64_t now_ns,
                            struct err *err);
/* `ledger` may be NULL. */
enum status report_make(const char *dir, const struct report_day *day, const char *ledger,
                        json_t **report, struct err *err);

#endif
