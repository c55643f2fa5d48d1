/* What goes over the venue's connections: HTTP/1.1 requests and WebSocket frames, as bytes.
 *
 * libwebsockets owns sockets, TLS and the loop (server.c); the bytes are read here, because a
 * signature covers the query string exactly as it was sent, which libwebsockets' own parser has
 * decoded by the time one sees it, and because a fault must reach every byte of an answer. Pure;
 * any thread; no allocation. */
#ifndef PITWALL_VENUE_WIRE_H
#define PITWALL_VENUE_WIRE_H

#include "engine.h"

enum {
    WIRE_HEAD_MAX = 32768,
    WIRE_BODY_MAX = 1 << 20,
    WIRE_HEADERS_MAX = 64,
    WIRE_MESSAGE_MAX = 1 << 20, /* of a WebSocket */
    WIRE_FRAME_HEAD_MAX = 10,
    WIRE_ACCEPT_MAX = 32,
};

/* --- HTTP: texts point into the buffer, which was changed (NULs put in) --- */
struct wire_header {
    const char *name; /* in lower case */
    const char *value;
};

struct wire_request {
    const char *method, *path, *query; /* query: raw, without the '?'; never NULL */
    uint32_t header_count;
    struct wire_header headers[WIRE_HEADERS_MAX];
    char *body; /* NUL behind it */
    size_t body_length, whole_length;
    bool keep_alive;
};

/* 0: more bytes are wanted; 200: *request is whole; else the HTTP status that refuses it, and the
 * connection is to be closed. buffer[length] must be writable. */
int wire_request_read(struct wire_request *request, char *buffer, size_t length);
/* "" when it is not there. */
const char *wire_header(const struct wire_request *request, const char *name);
const char *wire_status_text(int status);

/* --- WebSocket, server side --- */
enum wire_opcode {
    WIRE_CONTINUED = 0,
    WIRE_TEXT = 1,
    WIRE_BINARY = 2,
    WIRE_CLOSE = 8,
    WIRE_PING = 9,
    WIRE_PONG = 10,
};

struct wire_frame {
    uint8_t opcode;
    bool last;
    char *payload; /* unmasked in place */
    size_t length, whole_length;
};

/* 0: more bytes are wanted; 1: *frame is whole; else the close code (1002, 1009) that refuses it.
 */
int wire_frame_read(struct wire_frame *frame, char *buffer, size_t length);
/* Writes the head of an unmasked last frame; returns its length. */
size_t wire_frame_head(char head[WIRE_FRAME_HEAD_MAX], enum wire_opcode opcode, size_t length);
/* Sec-WebSocket-Accept for a key. False: the key is none. */
bool wire_accept(char accept[WIRE_ACCEPT_MAX], const char *key);

#endif
