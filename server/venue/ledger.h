/* The venue simulator's ledger: one JSON line for each request with a key that came in, each answer
 * and each private message that went out, each connection opened and closed:
 *   {"seq","at_ns","conn","dir":"in|out","kind","account","order_link_id","order_id","symbol",
 *    "side","qty","price","status","exec_id","body"}
 * It is evidence: lines are in the file (write(2)) before the bytes they tell of leave. at_ns is
 * the real clock: of an incoming line when its bytes were read, of an outgoing one just before they
 * are written. `status` is null, "refused-CODE", or what a fault did ("dropped", "lost"). One
 * thread. A write that fails closes the ledger, and says so in the log. */
#ifndef PITWALL_VENUE_LEDGER_H
#define PITWALL_VENUE_LEDGER_H

#include "engine.h"

struct venue_ledger;

/* NULL or "": does not apply, null in the file. Decimals as texts. */
struct venue_ledger_line {
    uint64_t conn;
    bool is_out;
    const char *kind;
    uint64_t account; /* uid; 0: none */
    const char *order_link_id, *order_id, *symbol, *side, *qty, *price, *status, *exec_id;
    const char *body; /* JSON, or any text, which is then quoted */
    size_t body_length;
    bool body_is_json;
    int64_t at_ns;
};

/* Appends; a torn last line (a program that was killed) is cut off. */
enum status venue_ledger_open(struct venue_ledger **ledger, const char *path, struct err *err);
void venue_ledger_close(struct venue_ledger *ledger);
void venue_ledger_write(struct venue_ledger *ledger, const struct venue_ledger_line *line);

#endif
