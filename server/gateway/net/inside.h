/* What the parts of net share: connections, of which sockets and requests are the two users.
 *
 * A connection lives from its attempt until libwebsockets has destroyed its wsi. Its owner may let
 * go of it at any time, also from within a callback (conn_abandon); what it still hears is then
 * thrown away. */
#ifndef PITWALL_GATEWAY_NET_INSIDE_H
#define PITWALL_GATEWAY_NET_INSIDE_H

#include "gateway/net/backoff.h"
#include "gateway/net/net.h"
#include "gateway/net/resolve.h"
#include "gateway/net/tls.h"
#include "gateway/net/url.h"
#include "thread/clock.h"

#include <libwebsockets.h>

enum { NET_REQUESTS_MAX = 64, NET_LINKS_MAX = 4, NET_TURN_FRAMES = 256, NET_READ_BYTES = 32768 };
#define NET_CONNECT_NS 10000000000LL

_Static_assert((int)NET_HEADROOM >= (int)LWS_PRE, "room for the header in front");

struct conn;

/* Each is called with the connection's owner. ended() is the last. */
struct conn_ops {
    void (*up)(void *owner);
    /* ws: a piece of a message; raw: bytes. */
    void (*received)(void *owner, char *bytes, size_t length, bool first, bool last,
                     int64_t received_ns);
    void (*heard)(void *owner); /* a pong, or any bytes */
    void (*writable)(void *owner);
    void (*ended)(void *owner, enum net_why why, int http_status, const char *text);
};

struct conn {
    struct conn *next;
    struct net *net;
    struct lws *wsi; /* NULL: not made yet, or destroyed */
    void *owner;     /* NULL: abandoned */
    const struct conn_ops *ops;
    bool up, making, failed; /* making: within the call that connects */
    bool held;               /* reading stopped until the next turn */
    uint32_t frames;         /* of this turn */
    int64_t read_ns;         /* real clock as the first bytes of this turn came; 0: none yet */
    struct tls *tls;         /* of a raw connection; NULL: plain, or libwebsockets does it */
    const char *verdict;     /* what the check of a certificate said; NULL: nothing */
    enum net_why why;
    int http_status;
    char text[160];
};

struct net {
    struct lws_context *context;
    struct resolver *resolver;
    struct tls_trust *trust;
    struct conn *conns;
    struct net_socket *sockets;
    struct link *links;
    struct net_exchange *exchanges; /* NET_REQUESTS_MAX */
    uint32_t exchanges_open, callbacks;
    uint64_t serial;                      /* of the newest request */
    struct budget budget, request_budget; /* of sockets, and of requests */
    uint64_t random;
    int64_t now_ns; /* of this turn, monotonic */
    bool polling, closing;
    char ca_file[512];
};

/* NULL: out of memory. Failures come through ended(), never from within this call: it is told by
 * conns_turn(). */
struct conn *net_conn_open(struct net *net, const struct url *url, const char *address,
                           const struct conn_ops *ops, void *owner);
/* Closes it; the owner hears no more. */
void conn_abandon(struct conn *conn);
/* Nothing is waiting to be sent before what is written now. */
bool conn_can_write(const struct conn *conn);
/* `text` has LWS_PRE bytes in front and is spoiled. What the socket does not take is kept by
 * libwebsockets. False: the connection is broken, and will say so. */
bool conn_write(struct conn *conn, char *text, size_t length, enum lws_write_protocol kind);
void conn_want_writable(struct conn *conn);

/* Parts of a turn. */
void sockets_turn(struct net *net);
void requests_turn(struct net *net);
void sockets_close(struct net *net);
void requests_close(struct net *net);
enum status requests_open(struct net *net, struct err *err);

#endif
