/* The gateway thread of simulated trading: plays a feed into the engine and hosts the simulated
 * venue that our orders go to.
 *
 * One thread, or inline in the engine's thread when cores are few (gateway_poll is the whole of
 * it). Producer of the market and execution rings, consumer of the order ring, writer of its own
 * answer on the kill page and of the ledger file.
 *
 * Times. Recorded times are shifted so that the first line is now. SPEED real plays at the
 * recorded pace, xN N times as fast (times of updates are then the moments they are delivered), max
 * as fast as the engine takes them: virtual time, which is the recorded time shifted and is the
 * engine's `now` (gateway_virtual_ns). At the end: hold (MARKET_ENDED to every book, market state
 * "ended"), loop (the same, then from the start with empty books), exit (asks main to stop).
 *
 * Data. An update goes to the venue and to the engine at once; with a data latency, or a fault
 * script that touches data, it goes to the venue, which passes it on (sim.h).
 *
 * Sending. A message taken off the ring is stamped, then the kill page is read, then it is written
 * to the ledger and given to the venue: so no line of the ledger carries a stamp later than a
 * block that the page had. A killed order goes back as KILLED_UNSENT, an amend of one as
 * AMEND_REJECT. Cancels and queries always go, and so does an exit (ORDER_EXIT).
 *
 * Before the first report come the executions that an earlier run's venue owes (owed.h); its
 * account has them from the start.
 *
 * Conservation. What leaves is what the engine meant to send: each new order is sent once, in the
 * order of its seq. One whose seq does not rise was handed over twice or out of turn; it goes back
 * as KILLED_UNSENT and is counted. The counters say how much was sent, so that another thread can
 * compare with what the engine says it sent. */
#ifndef PITWALL_GATEWAY_GATEWAY_H
#define PITWALL_GATEWAY_GATEWAY_H

#include "gateway/feed.h"
#include "gateway/owed.h"

#include <stdio.h>

enum speed_kind { SPEED_REAL, SPEED_TIMES, SPEED_MAX };
enum at_end { AT_END_HOLD, AT_END_LOOP, AT_END_EXIT };
enum market_state { MARKET_STATE_STARTING, MARKET_STATE_PLAYING, MARKET_STATE_ENDED };

struct gateway_config {
    uint16_t index;    /* on the kill page */
    struct feed *feed; /* owned from here on */
    const struct instrument *instruments;
    uint16_t instrument_count;
    enum speed_kind speed;
    uint32_t times; /* of SPEED_TIMES */
    enum at_end at_end;
    struct sim_config sim; /* instruments, hooks and faults are filled by gateway_open() */
    int64_t opening_lots[MAX_INSTRUMENTS]; /* that the simulated venue's account begins with */
    const char *ledger_path;               /* NULL: none. JSON lines as DESIGN "Venue simulator" */
    owed_fn is_news; /* of the executions in the ledger; NULL: it is not asked */
    void *is_news_ctx;
    const char *faults_path; /* NULL: none. A script as fault_script.h reads it */
    struct ring *market, *executions, *orders;
    struct kill_page *kill;
};

struct gateway;

/* Everything that can fail is done here: memory, ledger file. The caller's rings outlive it. */
enum status gateway_open(struct gateway **gateway, const struct gateway_config *config,
                         struct err *err);
/* One turn: orders first, then due executions, then market updates that are due and fit. Returns
 * how many messages it moved; 0: nothing to do. Never blocks. */
uint32_t gateway_poll(struct gateway *gateway);
void gateway_close(struct gateway *gateway);

/* Any thread. */
enum market_state gateway_market_state(const struct gateway *gateway);
bool gateway_wants_exit(const struct gateway *gateway);
/* SPEED_MAX: the engine's now; else 0 and the engine uses the real clock. */
int64_t gateway_virtual_ns(const struct gateway *gateway);
/* Real clock of the newest update of an instrument that was handed to the engine; 0: none yet. */
int64_t gateway_last_update_ns(const struct gateway *gateway, uint16_t instrument);
/* Sent: orders (new), their lots, amends, cancels, queries. Not sent: unsent (by a kill; new orders
 * and their lots, amends) and refused_repeats (dropped).
 * orders + unsent is what the engine handed over, and lots + unsent_lots its lots, once the ring is
 * empty; a repeat is more than it meant. */
struct gateway_counters {
    uint64_t updates, orders, lots, amends, cancels, queries;
    uint64_t unsent, unsent_lots, unsent_amends, refused_repeats;
    uint64_t executions, refused_frames;
};
struct gateway_counters gateway_counters(const struct gateway *gateway);

#endif
