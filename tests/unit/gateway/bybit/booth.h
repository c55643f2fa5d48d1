/* A Bybit gateway without its sockets: what it sends is kept, what the venue says is given. */
#ifndef PITWALL_TESTS_GATEWAY_BYBIT_BOOTH_H
#define PITWALL_TESTS_GATEWAY_BYBIT_BOOTH_H

#include "gateway/bybit/inside.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { BOOTH_SENT_MAX = 64, BOOTH_ASKED_MAX = 64, BOOTH_TEXT_MAX = 4096 };
#define BOOTH_FIRST 0x0011000100000001ULL

struct booth_asked {
    char method[8], path[BOOTH_TEXT_MAX], body[BOOTH_TEXT_MAX];
    void *ctx;
    void (*done)(void *ctx, const struct net_answer *answer);
};

struct booth {
    struct bybit *bybit;
    struct instrument row[2];
    struct ring market, executions, orders;
    struct kill_page kill;
    alignas(8) uint8_t market_bytes[1024], execution_bytes[1 << 16], order_bytes[1 << 16];
    uint64_t seq;
    char sent[BOOTH_SENT_MAX][BOOTH_TEXT_MAX]; /* on the trade socket */
    uint32_t sent_count;
    bool socket_is_full;
    bool bytes_wait; /* the last frame taken has not left whole */
    struct booth_asked asked[BOOTH_ASKED_MAX];
    uint32_t asked_count;
    char stop_says[256];
    uint32_t stops;
    uint16_t stop_scope;
    uint64_t carried; /* an order that an earlier run left alive */
    bool carried_has_fills;
};

/* Linear unless said otherwise; everything is as it is when orders may be sent. */
struct booth *booth_open(bool is_spot);
void booth_close(struct booth *booth);

/* Messages of the engine, put on the ring; the id of the n-th order is BOOTH_FIRST + n. */
struct order_message booth_new(uint32_t n, int64_t price_ticks, int64_t qty_lots);
void booth_put(struct booth *booth, struct order_message message);
void booth_turn(struct booth *booth, int64_t step_ns);
/* Puts, and turns once. */
void booth_send(struct booth *booth, struct order_message message);
void booth_cancel(struct booth *booth, uint32_t n);
void booth_query(struct booth *booth, uint32_t n, uint32_t amend_no);

/* Sends an order of 10 lots at 1000 ticks, and has the venue acknowledge it. */
void booth_place(struct booth *booth, uint32_t n);

/* A frame of the private stream. */
bool booth_stream(struct booth *booth, const char *text);
/* An order's row there; extra: more members, with a comma in front. */
void booth_order(struct booth *booth, uint32_t n, const char *status, const char *price,
                 const char *qty, const char *cum, int64_t updated_ms, const char *extra);
void booth_fill(struct booth *booth, uint32_t n, const char *exec_id, const char *price,
                const char *qty);
/* An answer to the newest frame on the trade socket. */
void booth_reply(struct booth *booth, int64_t code);
/* An answer to the oldest request that waits; it must be about this path. */
void booth_answer(struct booth *booth, const char *path, const char *result);
void booth_answer_code(struct booth *booth, int http_status, int64_t code, const char *result);

/* The next report; fails when there is none. */
struct execution booth_next(struct booth *booth);
void booth_expect(struct booth *booth, enum report report, uint32_t n);
void booth_expect_nothing(struct booth *booth);
/* Whether the newest sent frame is of this op and order. */
void booth_expect_sent(struct booth *booth, const char *op, uint32_t n);

#endif
