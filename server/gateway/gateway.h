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
 * Sending. An order taken off the ring is stamped, then the kill page is read, then it is written
 * to the ledger and given to the venue: so no line of the ledger carries a stamp later than a
 * block that the page had. A killed order goes back as KILLED_UNSENT. Cancels always go. */
#ifndef PITWALL_GATEWAY_GATEWAY_H
#define PITWALL_GATEWAY_GATEWAY_H

#include "gateway/feed.h"

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
    struct sim_config sim;
    const char *ledger_path; /* NULL: none. JSON lines as DESIGN "Venue simulator" */
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
/* Market updates dropped, refused frames, gaps: for metrics and status. */
struct gateway_counters {
    uint64_t updates, orders, cancels, unsent, executions, refused_frames;
};
struct gateway_counters gateway_counters(const struct gateway *gateway);

#endif
