/* An HTTP/1.1 answer, read as its bytes come in. Pure; the bytes are the caller's. */
#ifndef PITWALL_GATEWAY_NET_ANSWER_H
#define PITWALL_GATEWAY_NET_ANSWER_H

#include "gateway/net/net.h"

enum answer_body { ANSWER_OF_LENGTH, ANSWER_CHUNKED, ANSWER_TO_THE_END };
enum answer_result { ANSWER_MORE, ANSWER_DONE, ANSWER_BAD };

struct answer {
    size_t head_length; /* 0: the head is not whole yet */
    size_t body_length; /* so far, at bytes + head_length; chunks are put together there */
    size_t expected;    /* of ANSWER_OF_LENGTH */
    size_t raw_at;      /* of ANSWER_CHUNKED: where the next chunk begins */
    enum answer_body kind;
    bool keep_alive;
    struct net_answer told; /* status and headers */
    const char *wrong;      /* of ANSWER_BAD */
};

void answer_begin(struct answer *answer);
/* `length` bytes have come in since answer_begin(), all at `bytes`, which may be changed behind
 * the head. After ANSWER_DONE, `left_over` says whether bytes follow that belong to nothing. */
enum answer_result answer_read(struct answer *answer, char *bytes, size_t length, bool *left_over);
/* The peer has closed: was that the end of the answer? */
bool answer_ends_here(const struct answer *answer);

#endif
