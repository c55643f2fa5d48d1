/* The simulated venue's ledger: one JSON line for each message that was sent to it or left it.
 *
 * It is evidence: a test or a bench reads it to learn what was really sent, what the venue did, and
 * when. The stamp of an incoming line is the real clock, taken before the kill page was read.
 * `kind` is a name of tables/fault_kinds.def. `status` is null, or what a fault made of it: dropped
 * (sent, never arrived), lost (happened, never told), repeated (told before; the same exec_id),
 * refused-CODE. `order_link_id` is ours, `order_id` that of an order that is not. qty and price of
 * a position are its lots (signed) and null. `body` of fills is {"fee","maker"}, of funding
 * {"fee"}: a cost is positive.
 *
 * Lines are buffered and flushed by ledger_flush(), at the latest before an answer leaves: what
 * anybody has heard of the venue is in the file, whenever the program is killed. A line that a kill
 * has torn is cut off at the next start: nobody has heard of it. A write that fails closes the
 * ledger, and says so in the log. Gateway thread only. */
#ifndef PITWALL_GATEWAY_SIMULATED_LEDGER_H
#define PITWALL_GATEWAY_SIMULATED_LEDGER_H

#include "engine.h"

struct ledger;

/* Appends to `path`, behind its last whole line, or begins it. */
enum status ledger_open(struct ledger **ledger, const char *path,
                        const struct instrument *instruments, struct err *err);
void ledger_close(struct ledger *ledger);

/* What the venue's ledger hook says; at_ns is the real clock. */
void ledger_write(struct ledger *ledger, const struct sim_entry *entry, int64_t at_ns);
/* Makes what was written visible to readers of the file. */
void ledger_flush(struct ledger *ledger);

#endif
