/* How long our count of a position and the venue's have differed.
 *
 * A difference of a moment is a fill on its way, and is called that. One that stays as it is for
 * two seconds, or whose instrument stands still, is a drift and stands there bare. The dashboard
 * judges alike (web/components/drift.js). Main thread. */
#ifndef PITWALL_CLI_DRIFT_H
#define PITWALL_CLI_DRIFT_H

#include <jansson.h>
#include <stdbool.h>

/* What was seen at the last looks; zeroed at first. */
struct drift {
    json_t *seen; /* instrument -> {drift, since_ms, moved} */
};

enum { DRIFT_LOOK_MS = 200 };

/* Gives each position its text "cli_drift". `states`: the items of the trading state, or NULL. True
 * when more looks, DRIFT_LOOK_MS apart, would tell whether a difference lasts: for two seconds at
 * the most. */
bool drift_look(struct drift *drift, json_t *positions, const json_t *states);
/* Waits until the next look. */
void drift_wait(void);
void drift_end(struct drift *drift);

#endif
