/* The simulated venue's ledger: one JSON line for each message that reached it or left it.
 *
 * It is evidence: a test or a bench reads it to learn what was really sent, and when. The stamp of
 * an incoming line is the real clock, taken before the kill page was read. Lines are buffered and
 * flushed by ledger_flush(); a write that fails closes the ledger, and says so in the log.
 * Gateway thread only. */
#ifndef PITWALL_GATEWAY_LEDGER_H
#define PITWALL_GATEWAY_LEDGER_H

#include "engine.h"

struct ledger;

/* Appends to `path`, or begins it. */
enum status ledger_open(struct ledger **ledger, const char *path,
                        const struct instrument *instruments, struct err *err);
void ledger_close(struct ledger *ledger);

void ledger_in(struct ledger *ledger, const struct order_message *message, int64_t at_ns);
void ledger_out(struct ledger *ledger, const struct execution *execution, int64_t at_ns);
/* Makes what was written visible to readers of the file. */
void ledger_flush(struct ledger *ledger);

#endif
