/* Names to addresses, on a thread of its own: getaddrinfo() blocks.
 *
 * The thread begins with the first name that is no address. One user thread; the answers are kept
 * for a minute. The last of user and thread frees what both share, so that closing never waits for
 * a name server. */
#ifndef PITWALL_GATEWAY_NET_RESOLVE_H
#define PITWALL_GATEWAY_NET_RESOLVE_H

#include "gateway/net/net.h"

enum { ADDRESSES_MAX = 8, ADDRESS_TEXT_MAX = 64 };

struct resolver;

struct addresses {
    uint32_t count; /* 0: `why` says why */
    char text[ADDRESSES_MAX][ADDRESS_TEXT_MAX];
    char why[96];
};

/* NULL when memory is short. */
struct resolver *resolver_open(void);
void resolver_close(struct resolver *resolver);

/* NULL: not known yet, ask again; else the answer, valid until the next call. */
const struct addresses *resolver_ask(struct resolver *resolver, const char *host, int64_t now_ns);
/* None of its addresses took a connection: ask anew next time. */
void resolver_forget(struct resolver *resolver, const char *host);

#endif
