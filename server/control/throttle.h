/* Throttle: how long somebody must wait before the next try to log in.
 *
 * Two counts. Of a pair of user and address three tries are free; each failure after them doubles
 * the wait, from 1 s to 5 minutes. Of an address, whatever the user, twenty are free, then the wait
 * doubles to 1 minute; ten quiet minutes end it. An IPv6 address is its /64.
 *
 * The pair, and not the user alone: nobody can lock another person out from elsewhere. A pair that
 * has logged in before does not wait for its address, so that nobody is locked out by a guesser
 * behind the same gateway either.
 *
 * A try is charged before the password is looked at, and forgiven when it was right, so that tries
 * in parallel count too. Fixed tables; the longest unused row makes room, one that has logged in
 * before last. Not locked: the caller's lock. */
#ifndef PITWALL_CONTROL_THROTTLE_H
#define PITWALL_CONTROL_THROTTLE_H

#include "engine.h"

enum {
    THROTTLE_ROWS = 256,
    THROTTLE_ADDRESSES = 256,
    THROTTLE_FREE = 3,
    THROTTLE_WAIT_MAX_S = 300,
    THROTTLE_ADDRESS_FREE = 20,
    THROTTLE_ADDRESS_WAIT_MAX_S = 60,
    THROTTLE_QUIET_S = 600
};

struct throttle_row {
    uint64_t key; /* hash of user and address; 0: free */
    uint32_t tries;
    bool is_known;            /* has logged in before */
    int64_t used_ns, open_ns; /* the next try is heard from open_ns on */
};

struct throttle {
    struct throttle_row pair[THROTTLE_ROWS];
    struct throttle_row address[THROTTLE_ADDRESSES];
};

/* Seconds still to wait, or 0 when the try is heard (and charged). Times are monotonic. */
int throttle_try(struct throttle *throttle, const char *user, const char *address, int64_t now_ns);
/* The same of a pair alone, for one who is known already and guesses at something of the own
 * account: `what` stands for the address, and others' tries at theirs count for nothing. */
int throttle_try_pair(struct throttle *throttle, const char *user, const char *what,
                      int64_t now_ns);
/* The try was right. */
void throttle_forgive(struct throttle *throttle, const char *user, const char *address);

#endif
