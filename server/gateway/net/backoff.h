/* When to connect again: a backoff for each peer, and a budget for all of a net.
 *
 * Plain arithmetic on times that the caller brings; no clock, no memory. Any thread, one at a
 * time. */
#ifndef PITWALL_GATEWAY_NET_BACKOFF_H
#define PITWALL_GATEWAY_NET_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum { BUDGET_MAX = 512, BACKOFF_JITTER_PERCENT = 20 };

#define BACKOFF_FIRST_NS 100000000LL
#define BACKOFF_MOST_NS 30000000000LL
#define BUDGET_WINDOW_NS 300000000000LL

struct backoff {
    uint32_t failures; /* since a connection proved good */
};

/* How long to wait after one more failure: 100 ms doubling to 30 s, give or take 20 %. */
int64_t backoff_after_failure(struct backoff *backoff, uint64_t *random);
void backoff_proved(struct backoff *backoff);

/* Attempts within the window; a ring of their times. */
struct budget {
    uint32_t most; /* 1..BUDGET_MAX */
    uint32_t used; /* places of the ring that hold a time */
    uint32_t next;
    int64_t at_ns[BUDGET_MAX];
};

/* True: one more attempt may be made now, and has been counted. False: *free_ns says when. */
bool budget_take(struct budget *budget, int64_t now_ns, int64_t *free_ns);

#endif
