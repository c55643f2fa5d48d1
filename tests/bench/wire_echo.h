/* What the gateway is measured against: a client on libwebsockets alone, with the same buffers,
 * that returns each frame from the callback that brought it, or only counts. One thread. */
#ifndef PITWALL_TESTS_BENCH_WIRE_ECHO_H
#define PITWALL_TESTS_BENCH_WIRE_ECHO_H

#include "engine.h"

struct wire_echo;

/* Begins to connect `sockets` connections to ws://127.0.0.1:port/path; a text `says` opens each
 * (NULL: nothing). NULL: no memory. */
struct wire_echo *wire_echo_open(uint16_t port, const char *path, uint32_t sockets,
                                 const char *says, bool returns);
void wire_echo_close(struct wire_echo *echo);
/* One turn; never blocks. */
void wire_echo_poll(struct wire_echo *echo);
uint32_t wire_echo_up(const struct wire_echo *echo);       /* connections that stand */
uint64_t wire_echo_received(const struct wire_echo *echo); /* whole texts */

#endif
