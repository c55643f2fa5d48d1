/* WebSocket from the client's side (RFC 6455), over bytes that somebody else moves: the opening
 * handshake as text, heads of frames in both directions, masks.
 *
 * Pure, no allocation. Why not libwebsockets' own: 4.1 takes a call for each byte that comes in,
 * and a system call for each mask that goes out; those cost a frame of the market more than all
 * that we do with it. */
#ifndef PITWALL_GATEWAY_NET_WS_H
#define PITWALL_GATEWAY_NET_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WS_MORE_OF_IT = 0, WS_TEXT = 1, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };
enum { WS_KEY_BYTES = 16, WS_KEY_TEXT = 25, WS_HEAD_MAX = 14, WS_CONTROL_MAX = 125 };

/* Of random bytes. */
void ws_key(const uint8_t bytes[WS_KEY_BYTES], char key[WS_KEY_TEXT]);
/* The request that opens; its length, 0: it does not fit. */
size_t ws_request(char *into, size_t size, const char *path, const char *authority,
                  const char *key);
/* The status of an answer's head, which ends with NUL; 0: that is no HTTP. */
int ws_status(const char *head);
/* A head with status 101 that accepts this key. */
bool ws_is_accepted(const char *head, const char *key);

/* Writes the head in front of `text` (WS_HEAD_MAX bytes are there) and masks the text; returns the
 * length of the head. */
size_t ws_write(char *text, size_t length, unsigned opcode, uint32_t mask);

/* The head of a frame that comes in, gathered from pieces. */
struct ws_head {
    uint8_t bytes[WS_HEAD_MAX];
    uint8_t used;
    bool is_whole;
    unsigned opcode;
    bool last;       /* frame of its message */
    uint64_t length; /* of what follows */
};
enum ws_result { WS_WHOLE, WS_PART, WS_BAD };
/* Takes bytes until the head is whole; *taken: how many. Of WS_BAD *wrong says what a server must
 * not send. Begin with a zeroed head. */
enum ws_result ws_read(struct ws_head *head, const char *bytes, size_t length, size_t *taken,
                       const char **wrong);

#endif
