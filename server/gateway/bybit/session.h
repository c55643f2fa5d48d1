/* The log-in to Bybit: private socket, trade socket, the venue's clock, disconnect-cancel-all.
 *
 * Private: authenticates, subscribes order, execution, position, wallet and the dcp topic of our
 * product, and is then the trusted stream. Trade: authenticates, and takes orders. Each has epochs;
 * what an earlier connection left is dropped. Both are pinged every heartbeat_ns; one that
 * says nothing for private_silence_ns is dropped and made again. So is one that owes a word (the
 * answer to a log-in or an order; on the private one, the state of a new order) and says nothing
 * for ANSWER_NS: it is dead and still open.
 *
 * Disconnect-cancel-all (DCP) fires when all private connections of the account are gone. So the
 * pings of the private one, and the connection, hang on the engine: while its beat is older than
 * ENGINE_SILENT_NS no ping is sent, and when it was silent for as long as the window of DCP the
 * connection is dropped, and not made again before it beats. The window is read for our product,
 * set when it is not ours, and read until it is: what reads back otherwise keeps the gateway from
 * READY.
 *
 * Clock: five requests for the venue's time, the one with the shortest way counts; anew at
 * each connection, every ten seconds, and each second while it is off. Stamps of requests are put
 * right by it. Beyond clock_alarm_ns, and before it was measured since the newest connection, no
 * new order leaves.
 *
 * Gateway's thread. Source: Bybit's v5 pages "Connect", "Websocket Trade Guideline", "DCP". */
#ifndef PITWALL_GATEWAY_BYBIT_SESSION_H
#define PITWALL_GATEWAY_BYBIT_SESSION_H

#include "gateway/bybit/rest.h"
#include "gateway/net/net.h"

struct bybit;
struct bybit_link {
    struct net_socket *socket;
    uint64_t epoch; /* of the connection that stands; 0: none */
    bool is_in;     /* authenticated and, of the private one, subscribed */
    bool was_refused;
    uint32_t refusals; /* log-ins in a row; each waits longer than the one before */
    int64_t pinged_ns;
    int64_t owes_ns; /* since when it owes a word; 0: it does not */
};

struct bybit_clock {
    uint32_t samples; /* of the measurement under way; 0: none */
    bool is_asked, is_known, is_off;
    bool is_old; /* of before a connection that stands now */
    int64_t best_trip_ns, best_offset_ns;
    int64_t offset_ns, due_ns;
};

struct bybit_dcp {
    bool is_asked, is_set, was_told;
    int64_t due_ns, wanted_ns, set_again_ns;
};

struct bybit_session {
    struct bybit_link stream, trade;
    struct bybit_clock clock;
    struct bybit_dcp dcp;
    bool is_cut; /* the private connection was dropped because the engine is silent */
};

enum status bybit_session_open(struct bybit *bybit, struct err *err);
void bybit_session_turn(struct bybit *bybit);
void bybit_clock_turn(struct bybit *bybit);
void bybit_dcp_turn(struct bybit *bybit);
/* An answer of query-dcp-info: on for our product, with our window. */
bool bybit_dcp_reads_as_set(const struct bybit *bybit, const json_t *result);
/* The private stream stands anew. */
void bybit_dcp_restart(struct bybit *bybit);
/* Frames of the two sockets, as their callbacks get them. */
void bybit_stream_opened(void *ctx, uint64_t epoch);
void bybit_stream_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns);
void bybit_trade_opened(void *ctx, uint64_t epoch);
void bybit_trade_frame(void *ctx, uint64_t epoch, char *text, size_t length, int64_t received_ns);
void bybit_trade_closed(void *ctx, uint64_t epoch, enum net_why why, int http_status,
                        const char *text);
/* An order message has left; `is_new`: the private stream will tell of it too. */
void bybit_session_sent(struct bybit *bybit, bool is_new);
/* It was refused: the private stream will not tell of it. What it owes of a log-in it still owes.
 */
void bybit_session_refused(struct bybit *bybit);
/* The private stream stands: the account may be read. */
bool bybit_session_can_read(const struct bybit *bybit);

#endif
