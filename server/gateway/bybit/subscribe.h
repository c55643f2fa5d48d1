/* Requests of the public stream, and what its replies say. One thread. */
#ifndef PITWALL_GATEWAY_BYBIT_SUBSCRIBE_H
#define PITWALL_GATEWAY_BYBIT_SUBSCRIBE_H

#include "gateway/bybit/decode.h"
#include "gateway/net/net.h"

/* Book, trades and ticker of every symbol that next(ctx, 0..) names until NULL; a spot request has
 * at most ten topics, any request at most 21,000 characters of them. False: it cannot be sent. */
bool bybit_subscribe_all(struct net_socket *socket, uint64_t epoch, bool spot, uint16_t depth,
                         const char *(*next)(void *ctx, uint16_t index), void *ctx);
/* The book of one symbol anew, which begins with a snapshot. */
bool bybit_subscribe_again(struct net_socket *socket, uint64_t epoch, const char *symbol,
                           uint16_t depth);

/* False: the venue refuses something. Pongs are fine. */
bool bybit_reply_is_fine(const char *text, size_t length);
bool bybit_topic_is_book(struct scan_text topic);
/* The symbol at the end of a topic. */
struct scan_text bybit_topic_symbol(struct scan_text topic);

#endif
