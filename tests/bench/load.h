/* Loads for benches of the running program, one process each, pinned to a core (-1: to none):
 *
 *   benches http-bare CORE BYTES
 *     libmicrohttpd's bare handler: one constant body, shared by all; prints its port, ends with
 *     its input
 *   benches http-load PORT CORE CONNECTIONS DEPTH MS
 *     sends the request on its input again and again, on each connection up to DEPTH before an
 *     answer is there
 *   benches ws-load PORT CORE CLIENTS MS
 *     streams, of which every other does not read; its input is the request for a ticket. MS 0:
 *     until its input ends
 *   benches kill-call PORT CORE
 *     its input: a token, then bodies, a line each; answers each with the round trip in ns and the
 *     receipt
 *
 * The loads print one line of JSON. Exit 0, or 1 and why on stderr. */
#ifndef PITWALL_TESTS_BENCH_LOAD_H
#define PITWALL_TESTS_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int bare_main(int argc, char **argv);
int http_load_main(int argc, char **argv);
int ws_load_main(int argc, char **argv);
int kill_call_main(int argc, char **argv);

/* The whole of standard input, NUL-terminated; NULL: too much for `room`. */
size_t load_read_input(char *text, size_t room);
bool load_pin(const char *core); /* -1: anywhere */
/* A connected TCP socket without delay, on loopback; -1: refused. */
int load_connect(uint16_t port);
int64_t load_now_ns(void);
/* Length of the first whole answer in `bytes`; 0: not all is there. *code: its status. */
size_t load_answer_length(const char *bytes, size_t length, int *code);

#endif
