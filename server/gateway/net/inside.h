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
#include "gateway/net/ws.h"
#include "thread/clock.h"

#include <libwebsockets.h>

enum { NET_REQUESTS_MAX = 64, NET_LINKS_MAX = 4, NET_TURN_FRAMES = 256, NET_READ_BYTES = 32768 };
enum { NET_QUEUE_BYTES = 256 << 10 };
enum { NET_ENTROPY = 64 }; /* masks that are at hand */
#define NET_COOL_NS 5000LL /* between two reads of a socket that is not hot */
#define NET_CONNECT_NS 10000000000LL

_Static_assert((int)NET_HEADROOM >= (int)WS_HEAD_MAX, "room for the head in front");

struct conn;

/* Each is called with the connection's owner. ended() is the last. */
struct conn_ops {
    /* Each turn begins with a read of it; libwebsockets only opens and closes it, and writes. What
     * received() leaves comes again in the next turn. Else it takes all. */
    bool reads_at_once;
    void (*up)(void *owner);
    size_t (*received)(void *owner, char *bytes, size_t length); /* how many it took */
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
    struct tls *tls;         /* NULL: plain */
    char *in;                /* NET_READ_BYTES, of one that is read at once; else NULL */
    size_t in_from, in_to;
    bool hot;        /* read in every turn */
    int64_t read_ns; /* when it was read last */
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
    uint64_t serial; /* of the newest request */
    struct budget budget, request_budget; /* of sockets, and of requests */
    uint64_t random;
    int64_t now_ns;  /* of this turn, monotonic */
    int64_t kept_ns; /* when the rest was done last */
    bool in_motion;  /* something of the rest is under way */
    uint32_t entropy[NET_ENTROPY], entropy_left;
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
/* What the socket does not take is kept by libwebsockets. False: the connection is broken, and will
 * say so. */
bool conn_write(struct conn *conn, char *bytes, size_t length);
void conn_want_writable(struct conn *conn);

/* socket.c: made again and again, and frames out; socket_in.c: the handshake, and frames in. */
struct net_socket {
    struct net_socket *next;
    struct net *net;
    struct net_socket_config config;
    struct url url;
    char heartbeat[128];
    bool closed;
    struct conn *conn; /* NULL: none, and none under way */
    bool attempting;   /* from the first look at the name until the connection stands or not */
    uint64_t epoch, connects;
    struct backoff backoff;
    uint32_t address, address_count;
    int64_t due_ns, attempt_ns, up_ns, heard_ns, beat_ns;
    char *gather;
    size_t gathered, gather_size;
    char key[WS_KEY_TEXT];                      /* of the handshake under way */
    struct ws_head head;                        /* of the frame that is coming in.. */
    uint64_t left;                              /* ..and how much of it is still to come */
    char control[WS_HEAD_MAX + WS_CONTROL_MAX]; /* what a ping says, room for a head in front */
    size_t control_used;
    size_t queue_from, queue_to;
    char queue[NET_QUEUE_BYTES]; /* uint32_t length and bytes of each frame */
    char out[NET_HEADROOM + NET_QUEUE_BYTES];
};

/* Ends the connection; closed() is called from within. */
void socket_break(struct net_socket *socket, enum net_why why, int http_status, const char *text);
/* A frame on the connection, at once; `text` has NET_HEADROOM bytes in front and is spoiled. */
bool socket_write(struct net_socket *socket, char *text, size_t length, unsigned opcode);
void socket_shake(void *owner);
size_t socket_received(void *owner, char *bytes, size_t length);

/* Of the kernel: a mask. */
uint32_t net_entropy(struct net *net);

/* Parts of a turn. */
void sockets_turn(struct net *net);
void requests_turn(struct net *net);
void sockets_close(struct net *net);
void requests_close(struct net *net);
enum status requests_open(struct net *net, struct err *err);

#endif
