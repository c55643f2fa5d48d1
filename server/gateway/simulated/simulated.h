/* The gateway of simulated trading: plays a feed into the engine and hosts the simulated venue that
 * our orders go to. A gateway as gateway.h says, and the writer of the venue's ledger file.
 *
 * Times. Recorded times are shifted so that the first line is now. SPEED real plays at the
 * recorded pace, xN N times as fast (times of updates are then the moments they are delivered), max
 * as fast as the engine takes them: virtual time, which is the recorded time shifted and is the
 * engine's `now` (gateway_virtual_ns). At the end: hold (MARKET_ENDED to every book, market state
 * "ended"), loop (the same, then from the start with empty books), exit (asks main to stop).
 *
 * A live feed (feed.h) is played as it comes: its times are those of our clock and are not shifted,
 * it has no end, and the gateway's state, connects and gaps are what the feed says of itself.
 *
 * Data. An update goes to the venue and to the engine at once; with a data latency, or a fault
 * script that touches data, it goes to the venue, which passes it on (sim.h).
 *
 * Sending. The stamp is taken before the kill page is read, and the line of the ledger is written
 * after it: so no line of the ledger carries a stamp later than a block that the page had.
 *
 * Before the first report come the executions that an earlier run's venue owes (owed.h); its
 * account has them from the start. */
#ifndef PITWALL_GATEWAY_SIMULATED_H
#define PITWALL_GATEWAY_SIMULATED_H

#include "gateway/feed.h"
#include "gateway/gateway.h"
#include "gateway/simulated/owed.h"

enum speed_kind { SPEED_REAL, SPEED_TIMES, SPEED_MAX };
enum at_end { AT_END_HOLD, AT_END_LOOP, AT_END_EXIT };

struct simulated_config {
    struct gateway_io io;
    struct feed *feed; /* owned from here on */
    enum speed_kind speed;
    uint32_t times; /* of SPEED_TIMES */
    enum at_end at_end;
    struct sim_config sim; /* instruments, hooks and faults are filled by simulated_open() */
    int64_t opening_lots[MAX_INSTRUMENTS];  /* that the simulated venue's account begins with */
    bool served_elsewhere[MAX_INSTRUMENTS]; /* another gateway's: nothing is said of them here */
    const char *ledger_path;                /* NULL: none. JSON lines as DESIGN "Venue simulator" */
    owed_fn is_news; /* of the executions in the ledger; NULL: it is not asked */
    void *is_news_ctx;
    const char *faults_path; /* NULL: none. A script as fault_script.h reads it */
};

/* Everything that can fail is done here: memory, ledger file. */
enum status simulated_open(struct gateway **gateway, const struct simulated_config *config,
                           struct err *err);

#endif
