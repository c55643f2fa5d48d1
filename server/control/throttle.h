/* Throttle: how long a pair of user and address must wait before its next try to log in.
 *
 * Three tries are free; each failure after them doubles the wait, from 1 s to 5 minutes. A try is
 * charged before the password is looked at, and forgiven when it was right, so that tries in
 * parallel count too. The pair, and not the user alone: nobody can lock another person out from
 * elsewhere. A table of 256 pairs; the longest unused one makes room. Not locked: the caller's
 * lock. */
#ifndef PITWALL_CONTROL_THROTTLE_H
#define PITWALL_CONTROL_THROTTLE_H

#include "engine.h"

enum { THROTTLE_ROWS = 256, THROTTLE_FREE = 3, THROTTLE_WAIT_MAX_S = 300 };

struct throttle {
    struct throttle_row {
        uint64_t pair; /* hash of user and address; 0: free */
        uint32_t tries;
        int64_t used_ns, open_ns; /* the next try is heard from open_ns on */
    } row[THROTTLE_ROWS];
};

/* Seconds still to wait, or 0 when the try is heard (and charged). Times are monotonic. */
int throttle_try(struct throttle *throttle, const char *user, const char *address, int64_t now_ns);
void throttle_forgive(struct throttle *throttle, const char *user, const char *address);

#endif
